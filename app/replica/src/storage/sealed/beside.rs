//! What stands beside sealed rows.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::storage::{StorageResult, meta};

/// Where it stands.
pub(super) const SEALED: &str = "sealed";

/// What stands beside the blocks, to be read without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Own operations in it that no receipt covers.
    pub operations: u64,
    /// Photos in it whose bytes are not on the server.
    pub photos: u64,
    /// Half-filled forms in it.
    pub drafts: u64,
    /// The schema of the rows.
    pub(super) schema: i64,
    /// The first part of each nonce.
    pub(super) nonce: [u8; 16],
}

/// What is sealed here, if anything is.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn standing(connection: &Connection) -> StorageResult<Option<Sealed>> {
    meta::get(connection, SEALED)
}
