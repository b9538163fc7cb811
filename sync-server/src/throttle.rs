//! Slows down guessing of passwords, per account and address. Nobody is locked out: the longest wait is a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use shared::clock::TimestampMs;

/// Wrong passwords that cost nothing: people mistype.
const FREE_TRIES: u32 = 5;
/// The longest wait between two tries.
const WAIT_MS_MAX: u64 = 60_000;
/// Tries are forgotten after this.
const FORGOTTEN_AFTER_MS: u64 = 15 * 60_000;
/// The most accounts and addresses remembered at once.
const ENTRIES_MAX: usize = 10_000;

/// An account name as typed, and where the request came from.
pub type TryKey = (String, Option<IpAddr>);

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    last_ms: TimestampMs,
}

/// Remembers wrong passwords for a while.
#[derive(Debug, Default)]
pub struct Throttle {
    tries: Mutex<HashMap<TryKey, Tries>>,
}

impl Throttle {
    /// Notes a try before its password is looked at, so that tries side by side count too.
    ///
    /// # Errors
    /// The milliseconds to wait, when it comes too soon; it is not counted then.
    pub fn begin(&self, key: &TryKey, now_ms: TimestampMs) -> Result<(), u64> {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tries
            .get(key)
            .copied()
            .filter(|known| now_ms < known.last_ms.saturating_add(FORGOTTEN_AFTER_MS));
        if let Some(known) = known {
            let free_at = known.last_ms.saturating_add(wait_ms(known.count));
            if now_ms < free_at {
                return Err(free_at - now_ms);
            }
        }
        if tries.len() >= ENTRIES_MAX {
            tries.retain(|_, known| now_ms < known.last_ms.saturating_add(FORGOTTEN_AFTER_MS));
        }
        if tries.len() >= ENTRIES_MAX {
            // Somebody tries thousands of names. Forgetting all is better than growing without end.
            tries.clear();
        }
        let count = known.map_or(0, |known| known.count).saturating_add(1);
        tries.insert(
            key.clone(),
            Tries {
                count,
                last_ms: now_ms,
            },
        );
        Ok(())
    }

    /// The password was right.
    pub fn succeeded(&self, key: &TryKey) {
        self.tries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }
}

fn wait_ms(count: u32) -> u64 {
    match count.checked_sub(FREE_TRIES) {
        None => 0,
        Some(beyond) => 1_000_u64
            .checked_shl(beyond)
            .unwrap_or(WAIT_MS_MAX)
            .clamp(1_000, WAIT_MS_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_a_minute_and_is_forgotten() {
        let throttle = Throttle::default();
        let key = ("zhao".to_owned(), None);
        for _ in 0..FREE_TRIES {
            assert_eq!(throttle.begin(&key, 1_000), Ok(()));
        }
        assert_eq!(throttle.begin(&key, 1_000), Err(1_000));
        assert_eq!(throttle.begin(&key, 2_000), Ok(()));
        assert_eq!(throttle.begin(&key, 2_000), Err(2_000));
        let mut now_ms = 2_000;
        for _ in 0..100 {
            now_ms += throttle.begin(&key, now_ms).err().unwrap_or(0);
        }
        assert!(
            throttle
                .begin(&key, now_ms)
                .err()
                .is_none_or(|wait| wait <= WAIT_MS_MAX)
        );
        assert_eq!(throttle.begin(&key, now_ms + FORGOTTEN_AFTER_MS), Ok(()));
        assert_eq!(
            throttle.begin(&("qian".to_owned(), None), 2_000),
            Ok(()),
            "somebody else is not slowed"
        );
    }

    #[test]
    fn a_right_password_forgives() {
        let throttle = Throttle::default();
        let key = ("zhao".to_owned(), None);
        for _ in 0..FREE_TRIES {
            assert_eq!(throttle.begin(&key, 0), Ok(()));
        }
        throttle.succeeded(&key);
        assert_eq!(throttle.begin(&key, 0), Ok(()));
    }
}
