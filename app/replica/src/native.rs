//! The native home: a file, the system's clock and random source, tokio's timer.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use shared::clock::TimestampMs;

use crate::platform::Platform;
use crate::replica::Replica;
use crate::storage::{Home, StorageResult};

/// The machine itself. [`sleep`](Platform::sleep) needs a tokio runtime with its timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct NativePlatform;

impl Platform for NativePlatform {
    #[expect(clippy::disallowed_methods, reason = "the one real clock of native programs")]
    fn now_ms(&self) -> TimestampMs {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }

    /// # Panics
    /// When the system has no random source: ids would collide, so nothing may go on.
    fn fill_random(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has a random source");
    }

    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

/// Opens the replica in a file, which is created when it is not there.
///
/// # Errors
/// See [`Replica::open`].
pub fn open_file(path: impl AsRef<Path>) -> StorageResult<Replica> {
    Replica::open(Connection::open(path)?, Home::File, Rc::new(NativePlatform))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;

    #[test]
    fn what_was_kept_in_a_file_is_there_after_opening_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replica.db");
        let set = api::SetSetting {
            name: "language".into(),
            value: "en".into(),
        };
        assert_eq!(open_file(&path).unwrap().call(set), Ok(()));
        let ask = api::Setting {
            name: "language".into(),
        };
        assert_eq!(open_file(&path).unwrap().call(ask), Ok(Some("en".into())));
    }

    #[test]
    fn the_clock_is_past_2026_and_randomness_differs() {
        assert!(NativePlatform.now_ms() > 1_767_225_600_000);
        let (mut one, mut other) = ([0; 16], [0; 16]);
        NativePlatform.fill_random(&mut one);
        NativePlatform.fill_random(&mut other);
        assert_ne!(one, other);
    }
}
