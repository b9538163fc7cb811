//! Time: a hybrid logical clock whose physical time is an argument (D10).
//!
//! State: the greatest stamp seen or given out. Order: by time, then counter, then device. A stamp is
//! always later than everything its author had seen, even when the phone's clock runs behind.

use serde::{Deserialize, Serialize};

use crate::ids::DeviceId;

/// Milliseconds since the Unix epoch.
pub type TimestampMs = u64;

/// How far ahead of the server's time an operation may be before the server's time is used instead.
pub const CLOCK_AHEAD_MS_MAX: u64 = 5 * 60 * 1000;

/// A point in hybrid logical time.
///
/// Units: `ms` since the Unix epoch by the author's device; `counter` orders operations of one millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Stamp {
    /// Milliseconds since the Unix epoch.
    pub ms: TimestampMs,
    /// Orders stamps of the same millisecond.
    pub counter: u32,
}

impl Stamp {
    /// The stamp that decides who wins, given when the server applied the operation.
    ///
    /// A phone that runs ahead wins nothing by it: more than [`CLOCK_AHEAD_MS_MAX`] ahead becomes the
    /// server's time. `None` means that the server has not seen the operation yet.
    #[must_use]
    pub fn clamped(self, applied_at: Option<TimestampMs>) -> Self {
        match applied_at {
            Some(applied_at) if self.ms > applied_at.saturating_add(CLOCK_AHEAD_MS_MAX) => Self {
                ms: applied_at,
                counter: self.counter,
            },
            _ => self,
        }
    }
}

/// The device's hybrid logical clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hlc {
    last: Stamp,
}

impl Hlc {
    /// A clock that continues after `last`.
    pub fn after(last: Stamp) -> Self {
        Self { last }
    }

    /// The greatest stamp seen or given out.
    pub fn last(&self) -> Stamp {
        self.last
    }

    /// A stamp later than all before it.
    pub fn tick(&mut self, now_ms: TimestampMs) -> Stamp {
        self.last = if now_ms > self.last.ms {
            Stamp {
                ms: now_ms,
                counter: 0,
            }
        } else {
            match self.last.counter.checked_add(1) {
                Some(counter) => Stamp {
                    ms: self.last.ms,
                    counter,
                },
                None => Stamp {
                    ms: self.last.ms.saturating_add(1),
                    counter: 0,
                },
            }
        };
        self.last
    }

    /// Notes a stamp from elsewhere, already clamped, so that the next own stamp is later.
    pub fn observe(&mut self, seen: Stamp) {
        self.last = self.last.max(seen);
    }
}

/// Orders two writes: time, counter, then device, so that every replica picks the same winner.
pub fn winner_key(stamp: Stamp, device: DeviceId) -> (TimestampMs, u32, DeviceId) {
    (stamp.ms, stamp.counter, device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_back_still_moves_forward() {
        let mut clock = Hlc::default();
        let first = clock.tick(1_000);
        let second = clock.tick(10);
        assert!(second > first);
        assert_eq!(
            second,
            Stamp {
                ms: 1_000,
                counter: 1
            }
        );
    }

    #[test]
    fn what_was_seen_is_earlier_than_what_follows() {
        let mut clock = Hlc::default();
        clock.observe(Stamp {
            ms: 5_000,
            counter: 7,
        });
        assert!(
            clock.tick(1)
                > Stamp {
                    ms: 5_000,
                    counter: 7
                }
        );
    }

    #[test]
    fn only_a_clock_far_ahead_is_clamped() {
        let near = Stamp {
            ms: 1_000 + CLOCK_AHEAD_MS_MAX,
            counter: 3,
        };
        assert_eq!(near.clamped(Some(1_000)), near);
        let far = Stamp {
            ms: 1_001 + CLOCK_AHEAD_MS_MAX,
            counter: 3,
        };
        assert_eq!(
            far.clamped(Some(1_000)),
            Stamp {
                ms: 1_000,
                counter: 3
            }
        );
        assert_eq!(far.clamped(None), far);
    }
}
