//! Time and chance, as arguments of the replica.

use std::future::Future;
use std::pin::Pin;

use shared::clock::TimestampMs;

/// How much room the app has and uses. Units: bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Used by everything of the app.
    pub used_bytes: u64,
    /// The most that may be used.
    pub allowed_bytes: u64,
}

/// What the replica needs of the machine that it runs on.
pub trait Platform {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> TimestampMs;
    /// Fills `bytes` with unpredictable ones.
    fn fill_random(&self, bytes: &mut [u8]);
    /// Ends after `ms`.
    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()>>>;
    /// How much room there is; `None` when nobody says, as on a machine with a disk of its own.
    fn room(&self) -> Pin<Box<dyn Future<Output = Option<Room>>>> {
        Box::pin(std::future::ready(None))
    }
}
