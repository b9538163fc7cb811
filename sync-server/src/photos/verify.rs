//! Looks whether every photo that was received is there and is what its name says.

use shared::ids::PhotoHash;

use super::{PhotoStore, PhotoStoreError};
use crate::storage::{Storage, StorageError};

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

/// Why [`verify`] came to no end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The bucket's service failed, which says nothing of the photos.
    #[error(transparent)]
    Photos(#[from] PhotoStoreError),
}

/// Reads every photo that the storage says was received.
///
/// # Errors
/// When the storage or a bucket's service fails. A photo that cannot be read from a folder is damage, not an error.
pub async fn verify(storage: &Storage, photos: &PhotoStore) -> Result<PhotoReport, VerifyError> {
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
                Err(error) if photos.is_bucket() => return Err(error.into()),
                _ => report.damaged.push(hash),
            }
        }
    }
}
