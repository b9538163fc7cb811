//! Looks whether every photo that was received is there and is what its name says.

use shared::ids::PhotoHash;

use super::PhotoStore;
use crate::storage::{Storage, StorageResult};

/// How many names are read from the storage at once.
const NAMES_AT_ONCE: u32 = 500;

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PhotoReport {
    /// Photos that are there and whole.
    pub whole: u64,
    /// Photos that are missing, cannot be read, or have other bytes than their name says.
    pub damaged: Vec<PhotoHash>,
}

/// Reads every photo that the storage says was received.
///
/// # Errors
/// When the storage fails. A photo that cannot be read is damage, not an error.
pub async fn verify(storage: &dyn Storage, photos: &PhotoStore) -> StorageResult<PhotoReport> {
    let mut report = PhotoReport::default();
    let mut after = None;
    loop {
        let names = storage.stored_photos(after, NAMES_AT_ONCE).await?;
        let Some(last) = names.last() else {
            return Ok(report);
        };
        after = Some(*last);
        for hash in names {
            match photos.get(hash).await {
                Ok(Some(bytes)) if PhotoHash::of(&bytes) == hash => report.whole += 1,
                _ => report.damaged.push(hash),
            }
        }
    }
}
