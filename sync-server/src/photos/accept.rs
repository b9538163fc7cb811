//! The end of every way in: bytes are checked, stored, and only then noted.

use bytes::Bytes;
use shared::ids::{AreaCode, PhotoHash};

use super::{PhotoFault, PhotoStoreError, check};
use crate::state::AppState;

/// Why bytes did not become a photo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// They are others than were announced.
    #[error("the bytes have another hash")]
    Hash,
    /// They are no photo as devices prepare it.
    #[error(transparent)]
    Fault(#[from] PhotoFault),
    /// The photo store failed; what was sent can be sent again.
    #[error(transparent)]
    Store(#[from] PhotoStoreError),
    /// The server is ending, or a check broke off.
    #[error("the check broke off")]
    Interrupted,
}

/// Checks bytes and stores them under their hash; durable when this returns. The caller notes for whom.
///
/// # Errors
/// [`AcceptError`]; nothing was stored then.
pub async fn accept(state: &AppState, hash: PhotoHash, bytes: Bytes) -> Result<(), AcceptError> {
    let permit = state
        .photo_work
        .acquire()
        .await
        .map_err(|_| AcceptError::Interrupted)?;
    let picture = bytes.clone();
    crate::blocking::apart(move || {
        if PhotoHash::of(&picture) != hash {
            return Err(AcceptError::Hash);
        }
        Ok(check(&picture)?)
    })
    .await
    .map_err(|_| AcceptError::Interrupted)??;
    drop(permit);
    Ok(state.photos.put(hash, bytes).await?)
}

/// Whether the bytes are there for every one of these areas.
///
/// # Errors
/// A failing storage.
pub async fn stored_for_all(
    state: &AppState,
    hash: PhotoHash,
    areas: &[AreaCode],
) -> Result<bool, crate::storage::StorageError> {
    for area in areas {
        let stored = state.storage.photo_stored_in(hash, std::slice::from_ref(area));
        if stored.await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
