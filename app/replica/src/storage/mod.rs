//! The store: one SQLite database in three homes (D1).
//!
//! **Contract.** Writers take [`rusqlite::Transaction`], readers [`rusqlite::Connection`]. A transaction that
//! is dropped leaves no trace; one that is committed survives the end of the process at any instant
//! (synchronous FULL). Not found is `Ok(None)`. Lists are ordered as their function says. The suite in
//! `conformance.rs` holds every home to this.

pub mod assigned;
pub mod conformance;
pub mod drafts;
pub mod duplicates;
pub mod earlier;
pub mod held_areas;
mod incomplete;
mod learn;
pub(crate) mod lent;
pub mod meta;
pub mod migrate;
pub(crate) mod moves;
#[cfg(any(test, feature = "testing"))]
pub mod next;
pub mod operations;
pub mod own_operations;
pub mod peers;
pub mod photo_bytes;
pub mod receipts;
pub(crate) mod record_table;
pub mod recorder;
pub mod records;
pub mod replies;
pub mod room;
pub mod sealed;
pub mod short_names;
pub mod too_large;
pub mod uploads;
pub mod verify;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

/// Why the store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// No room left on the device: ask the person.
    #[error("no room left on this device")]
    Full,
    /// The file was written by an app with another major schema: update the app.
    #[error("the database has schema {found}, this app knows {known}")]
    NewerSchema {
        /// Major version of the file.
        found: i64,
        /// Major version of this app.
        known: i64,
    },
    /// This SQLite can lose committed writes: report.
    #[error("sqlite {0} is older than 3.51.3")]
    OldSqlite(&'static str),
    /// A row holds what no version of ours wrote: report.
    #[error("a row of {table} cannot be read")]
    Inconsistent {
        /// Which table.
        table: &'static str,
    },
    /// The database failed: report.
    #[error("database: {0}")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            _ => Self::Database(error),
        }
    }
}

/// The result of everything in here.
pub type StorageResult<T> = Result<T, StorageError>;

/// Where the database lives, which decides how it is journalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// A native file: WAL.
    File,
    /// The origin-private file system of a browser: one connection and no shared memory, so no WAL.
    Opfs,
    /// Memory, for tests.
    Memory,
}

/// Sets a fresh connection up and brings its schema to this version.
///
/// # Errors
/// [`StorageError::OldSqlite`], [`StorageError::NewerSchema`], or a failing database.
pub fn prepare(connection: &mut Connection, home: Home) -> StorageResult<()> {
    if rusqlite::version_number() < 3_051_003 {
        return Err(StorageError::OldSqlite(rusqlite::version()));
    }
    let journal = match home {
        Home::File => "wal",
        Home::Opfs => "truncate",
        Home::Memory => "memory",
    };
    // A browser has no files: what is done for them is not downloaded.
    let is_file = home == Home::File && cfg!(not(target_arch = "wasm32"));
    if is_file {
        // Half as many pages are half as many writes. A file that is there already keeps its own.
        connection.pragma_update(None, "page_size", 8192)?;
        // Pages that a pull changes again and again go into the file once for several segments.
        connection.pragma_update(None, "wal_autocheckpoint", 2_000)?;
    }
    connection.pragma_update(None, "journal_mode", journal)?;
    connection.pragma_update(None, "synchronous", "full")?;
    if is_file {
        // What a killed app wrote last may be read and not be durable: SQLite takes it up without syncing it. Nothing
        // may be shown as saved before.
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    // What goes is overwritten: a revoked device, and one on which somebody signed out, has nothing to read in it.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    // Else a statement that a partial index might serve is planned anew with every value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(128);
    migrate::migrate(connection)
}
