//! Time and chance, as arguments of the replica.

use std::future::Future;
use std::pin::Pin;

use shared::clock::TimestampMs;

/// What the replica needs of the machine that it runs on.
pub trait Platform {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> TimestampMs;
    /// Fills `bytes` with unpredictable ones.
    fn fill_random(&self, bytes: &mut [u8]);
    /// Ends after `ms`.
    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()>>>;
}
