//! Photos, of forms and of records.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::ids::{DraftId, PhotoHash};

use super::Ask;

/// Prepares a photo (upright, 1600 px, metadata gone) and keeps it with a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddPhoto {
    /// The draft.
    pub draft: DraftId,
    /// The file as the camera made it: JPEG or PNG.
    pub file: Vec<u8>,
    /// When the file was last changed, used when the file itself does not say when it was taken.
    pub modified_at: TimestampMs,
}

impl Ask for AddPhoto {
    type Reply = PhotoSummary;
}

/// Takes a photo out of a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovePhoto {
    /// The draft.
    pub draft: DraftId,
    /// The photo.
    pub hash: PhotoHash,
}

impl Ask for RemovePhoto {
    type Reply = ();
}

/// Puts a photo back that was taken out of a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PutPhotoBack {
    /// The draft.
    pub draft: DraftId,
    /// The photo.
    pub hash: PhotoHash,
}

impl Ask for PutPhotoBack {
    type Reply = ();
}

/// A photo's bytes, a JPEG, from the device or else from the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhotoBytes {
    /// The photo.
    pub hash: PhotoHash,
}

impl Ask for PhotoBytes {
    type Reply = Vec<u8>;
}

/// A photo in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhotoSummary {
    /// Its name.
    pub hash: PhotoHash,
    /// A small JPEG.
    pub thumbnail: Vec<u8>,
    /// When it was taken.
    pub taken_at: TimestampMs,
    /// Bytes.
    pub size: u32,
    /// Its bytes are on the server.
    pub uploaded: bool,
}
