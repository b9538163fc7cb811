//! Why a reply is not kept.

use crate::storage::StorageError;

/// Why a reply was not kept. Nothing of it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The server's chain of this device differs from ours: a cloned or restored phone.
    #[error("the receipt does not fit this device's operations")]
    ReceiptMismatch,
    /// A page of operations is damaged.
    #[error("a page of the reply cannot be read")]
    BadPage,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<rusqlite::Error> for ReplyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}
