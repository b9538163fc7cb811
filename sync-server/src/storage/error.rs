//! Why the storage does not do what it is asked.

/// Why the storage did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Somebody else writes for too long. Retry later.
    #[error("the database is busy")]
    Busy,
    /// The database cannot be reached, or is just stopping or starting. Retry later.
    #[error("the database cannot be reached")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk has no room for what was to be written; nothing of it was. Reading goes on. Retry when there is room.
    #[error("the disk has no room")]
    NoRoom(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Our own table holds nonsense. Report.
    #[error("a row of {table} cannot be read")]
    Inconsistent {
        /// The table.
        table: &'static str,
    },
    /// The database or its disk failed. Report.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What every method returns.
pub type StorageResult<T> = Result<T, StorageError>;
