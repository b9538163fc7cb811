//! Uploads that are under way, as a storage knows them.

use std::fmt;

use shared::clock::TimestampMs;
use shared::ids::{DeviceId, PhotoHash};
use uuid::Uuid;

/// Names one upload. Drawn by the server, and of use only together with the device that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(pub Uuid);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_simple().fmt(f)
    }
}

/// An upload to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    /// Its name, drawn anew.
    pub id: UploadId,
    /// Whose it is.
    pub device: DeviceId,
    /// What the bytes must be in the end.
    pub hash: PhotoHash,
    /// How many bytes there will be.
    pub length: u64,
    /// What the client said about it, to be given back.
    pub metadata: String,
    /// When it is swept unless a chunk arrives.
    pub expires_at: TimestampMs,
    /// The bytes are in the photo store already: nothing needs to be sent.
    pub stored: bool,
}

/// An upload under way, or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its name.
    pub id: UploadId,
    /// What the bytes must be in the end.
    pub hash: PhotoHash,
    /// How many bytes there will be.
    pub length: u64,
    /// How many are durable.
    pub offset: u64,
    /// What the client said about it.
    pub metadata: String,
    /// When it is swept unless a chunk arrives.
    pub expires_at: TimestampMs,
    /// The photo was checked and is in the photo store.
    pub stored: bool,
}

/// What came of beginning an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreatedUpload {
    /// It is there; an open one of this device for the same bytes goes on instead of a second one.
    Open(Upload),
    /// The device has as many open as it may have.
    TooMany,
}

/// What came of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendedUpload {
    /// The chunk is durable.
    Appended(Upload),
    /// Nothing was written: the upload stands at another offset, or the chunk goes beyond its end.
    Misplaced {
        /// Where it stands.
        offset: u64,
    },
    /// There is no such upload of this device.
    Unknown,
}
