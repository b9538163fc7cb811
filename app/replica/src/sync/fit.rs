//! How much goes through at once. What stands between a device and its server may let less through than they would
//! send: a proxy with a limit, a slow network. The device finds out how much does, and remembers it for a while.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::protocol::v1::SEGMENT_OPERATIONS;

use super::upload::CHUNK_BYTES;

/// About the most bytes of operations in a request.
const REQUEST_BYTES: usize = 4 * 1024 * 1024;
/// No fewer operations are asked for at once.
const PULL_OPERATIONS_MIN: u32 = 8;
/// No smaller chunks of a photo are tried.
const CHUNK_BYTES_MIN: u64 = 1_024;
/// A request of no more bytes is small: that nothing answered it says that there is no way, not that it was too much.
const SMALL_BYTES: usize = 64 * 1024;
/// After this it tries the usual again, ms: the way may be another one.
const REMEMBERED_MS: u64 = 3_600 * 1_000;

/// How much is sent and asked for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    /// The most bytes of a request that brings more than one operation.
    pub request_bytes: usize,
    /// The most operations of others that are asked for.
    pub pull_operations: u32,
    /// The most bytes of a photo in one request.
    pub chunk_bytes: u64,
    /// When it was made smaller.
    since: TimestampMs,
    /// Requests are smaller only because nothing answered larger ones: there may have been no way at all.
    is_guess: bool,
}

impl Default for Fit {
    fn default() -> Self {
        Self {
            request_bytes: REQUEST_BYTES,
            pull_operations: SEGMENT_OPERATIONS,
            chunk_bytes: CHUNK_BYTES,
            since: 0,
            is_guess: false,
        }
    }
}

impl Fit {
    /// What is still known of it now.
    #[must_use]
    pub fn remembered(self, now_ms: TimestampMs) -> Self {
        let is_fresh = self.since <= now_ms && now_ms < self.since.saturating_add(REMEMBERED_MS);
        if is_fresh { self } else { Self::default() }
    }

    /// A request of so many bytes did not go through.
    #[must_use]
    pub fn after_request_of(self, bytes: usize, now_ms: TimestampMs) -> Self {
        Self {
            request_bytes: (bytes / 2).min(self.request_bytes),
            since: now_ms,
            is_guess: false,
            ..self
        }
    }

    /// Nothing answered a request of so many bytes; `None` when that says nothing.
    #[must_use]
    pub fn after_silence(self, bytes: usize, now_ms: TimestampMs) -> Option<Self> {
        (bytes > SMALL_BYTES).then(|| Self {
            is_guess: true,
            ..self.after_request_of(bytes, now_ms)
        })
    }

    /// A request with so many bytes of own work was answered; `None` when nothing else is known now. Only a large one says
    /// that a guess was right.
    #[must_use]
    pub fn after_answer_to(self, bytes: usize) -> Option<Self> {
        (self.is_guess && bytes <= SMALL_BYTES).then_some(Self {
            request_bytes: REQUEST_BYTES,
            is_guess: false,
            ..self
        })
    }

    /// A reply did not come through; `None` when no less can be asked for.
    #[must_use]
    pub fn after_lost_reply(self, now_ms: TimestampMs) -> Option<Self> {
        (self.pull_operations > PULL_OPERATIONS_MIN).then(|| Self {
            pull_operations: (self.pull_operations / 2).max(PULL_OPERATIONS_MIN),
            since: now_ms,
            ..self
        })
    }

    /// A chunk did not go through; `None` when no smaller one is tried.
    #[must_use]
    pub fn after_lost_chunk(self, now_ms: TimestampMs) -> Option<Self> {
        (self.chunk_bytes > CHUNK_BYTES_MIN).then(|| Self {
            chunk_bytes: (self.chunk_bytes / 2).max(CHUNK_BYTES_MIN),
            since: now_ms,
            ..self
        })
    }

    /// Whether segments of the log, which have a size of their own, are worth trying.
    pub fn takes_segments(&self) -> bool {
        self.pull_operations == SEGMENT_OPERATIONS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_go_through_is_halved_to_an_end_and_forgotten_after_an_hour() {
        let mut fit = Fit::default();
        for _ in 0..30 {
            fit = fit.after_request_of(fit.request_bytes, 5);
            fit = fit.after_lost_reply(5).unwrap_or(fit);
            fit = fit.after_lost_chunk(5).unwrap_or(fit);
        }
        assert_eq!(
            (fit.request_bytes, fit.pull_operations, fit.chunk_bytes),
            (0, PULL_OPERATIONS_MIN, CHUNK_BYTES_MIN)
        );
        assert_eq!((fit.after_lost_reply(5), fit.after_lost_chunk(5)), (None, None));
        assert_eq!(fit.remembered(5 + REMEMBERED_MS - 1), fit);
        assert_eq!(fit.remembered(5 + REMEMBERED_MS), Fit::default());
        assert_eq!(
            fit.remembered(4),
            Fit::default(),
            "a clock that jumped back remembers nothing"
        );
    }

    #[test]
    fn silence_says_something_of_large_requests_only_and_is_forgotten_with_the_first_answer() {
        let fit = Fit::default();
        assert_eq!(fit.after_silence(SMALL_BYTES, 5), None, "a dead zone");
        let smaller = fit.after_silence(SMALL_BYTES * 4, 5).unwrap();
        assert_eq!(smaller.request_bytes, SMALL_BYTES * 2);
        assert_eq!(smaller.pull_operations, fit.pull_operations);
        assert_eq!(
            smaller.after_answer_to(SMALL_BYTES * 2),
            None,
            "so much does go through"
        );
        let usual = smaller.after_answer_to(300).unwrap();
        assert_eq!(usual.request_bytes, fit.request_bytes);
        // What somebody on the way has said is no guess.
        assert_eq!(
            fit.after_request_of(SMALL_BYTES * 4, 5).after_answer_to(300),
            None
        );
    }
}
