//! SQLite inside the server process: the default storage.
//!
//! One writer connection, WAL, `synchronous=FULL`: what a method returned is on the disk. Readers have
//! connections of their own. A command line may work on the same file while the server runs; the two wait
//! for each other up to [`BUSY_MS_MAX`].

mod backup;
mod migrate;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::Mutex;

pub(super) use backup::{look_into_file, make_file};

use super::sql::tx::Tx;
use super::{StorageError, StorageResult};
use crate::chance::Chance;

/// How long one process waits for another that writes.
const BUSY_MS_MAX: u64 = 10_000;
/// Before this version two connections that write and checkpoint at once can lose committed work.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
const READERS: usize = 3;
/// More than there are: a push and its pull need about fifty.
const STATEMENTS_CACHED: usize = 192;

/// A database file, or one in memory.
#[derive(Debug)]
pub(super) struct Sqlite {
    /// Empty for a database in memory, which has one connection only. Closed before the writer, which then
    /// moves the write-ahead log into the file.
    readers: Vec<Arc<Mutex<Connection>>>,
    writer: Arc<Mutex<Connection>>,
    next_reader: AtomicUsize,
}

impl Sqlite {
    /// Opens the file, making or migrating it first.
    pub(super) fn open(path: &Path, chance: &dyn Chance) -> StorageResult<Self> {
        let mut writer = Connection::open(path)?;
        prepare(&writer)?;
        // Half as many pages are half as many writes. A file that is there already keeps its own.
        writer.pragma_update(None, "page_size", 8192)?;
        // The pages of a large push: what has no room goes to the disk, and more than once.
        writer.pragma_update(None, "cache_size", -32_000)?;
        writer.pragma_update(None, "wal_autocheckpoint", 2_000)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        // What a killed server wrote last may be read and not be durable: SQLite takes it up without syncing it.
        // Nobody may be told of it before.
        let moved = writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        match moved.map_err(StorageError::from) {
            // It syncs first. What has no room in the file stays in the log.
            Err(StorageError::NoRoom(_)) => {}
            other => other?,
        }
        migrate::migrate(&mut writer, chance)?;
        let reader = || -> StorageResult<_> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_URI;
            let reader = Connection::open_with_flags(path, flags)?;
            prepare(&reader)?;
            Ok(Arc::new(Mutex::new(reader)))
        };
        let readers = (0..READERS).map(|_| reader()).collect::<StorageResult<_>>()?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            readers,
            next_reader: AtomicUsize::new(0),
        })
    }

    /// A database that lives as long as this value.
    pub(super) fn in_memory(chance: &dyn Chance) -> StorageResult<Self> {
        let mut writer = Connection::open_in_memory()?;
        prepare(&writer)?;
        migrate::migrate(&mut writer, chance)?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            readers: Vec::new(),
            next_reader: AtomicUsize::new(0),
        })
    }

    /// A connection to read from, each in its turn.
    fn reader(&self) -> Arc<Mutex<Connection>> {
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let reader = turn
            .checked_rem(self.readers.len())
            .and_then(|index| self.readers.get(index));
        Arc::clone(reader.unwrap_or(&self.writer))
    }

    /// Does `work` on one moment's view.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(Tx<'_>) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        run(self.reader(), TransactionBehavior::Deferred, |tx| {
            work(Tx::Sqlite(tx))
        })
        .await
    }

    /// Does `work` in a transaction that writes.
    pub(super) async fn write<T: Send + 'static, E: From<StorageError> + Send + 'static>(
        &self,
        work: impl FnOnce(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        run(Arc::clone(&self.writer), TransactionBehavior::Immediate, |tx| {
            work(Tx::Sqlite(tx))
        })
        .await
    }
}

/// Waits for the connection without holding a thread, then works on a thread that may block. Work that has
/// begun is finished even when the caller is gone.
async fn run<T: Send + 'static, E: From<StorageError> + Send + 'static>(
    connection: Arc<Mutex<Connection>>,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let mut connection = connection.lock_owned().await;
    let done = crate::blocking::apart(move || {
        let begun = connection.transaction_with_behavior(behavior);
        let transaction = begun.map_err(StorageError::from)?;
        let result = work(&transaction)?;
        transaction.commit().map_err(StorageError::from)?;
        Ok(result)
    });
    done.await
        .map_err(|error| StorageError::Failed(Box::new(error)))?
}

fn prepare(connection: &Connection) -> StorageResult<()> {
    // An assertion on what we were built with, not on anything from outside.
    assert!(
        rusqlite::version_number() >= SQLITE_VERSION_MIN,
        "this SQLite can lose committed work"
    );
    connection.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Else a statement that a partial index might serve is planned anew with every value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(())
}

/// What SQLite itself finds wrong.
pub(super) fn damage(connection: &Connection) -> StorageResult<Vec<String>> {
    let mut faults = Vec::new();
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            faults.push(format!("sqlite: {line}"));
        }
    }
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    for table in statement.query_map([], |row| row.get::<_, String>(0))? {
        faults.push(format!("a row of {} refers to a row that is missing", table?));
    }
    Ok(faults)
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            // A disk that takes no more says so by its own code, or by failing to write or to lengthen a file.
            Some(ErrorCode::DiskFull) => Self::NoRoom(Box::new(error)),
            Some(ErrorCode::SystemIoFailure) if is_of_writing(&error) => Self::NoRoom(Box::new(error)),
            _ => Self::Failed(Box::new(error)),
        }
    }
}

fn is_of_writing(error: &rusqlite::Error) -> bool {
    const OF_WRITING: [i32; 2] = [
        rusqlite::ffi::SQLITE_IOERR_WRITE,
        rusqlite::ffi::SQLITE_IOERR_SHMSIZE,
    ];
    error
        .sqlite_error()
        .is_some_and(|error| OF_WRITING.contains(&error.extended_code))
}

#[cfg(test)]
mod tests {
    use crate::storage::Storage;
    use crate::testing::SeededChance;

    crate::conformance_suite!(memory, || async {
        (Storage::in_memory(&SeededChance::new(1)).unwrap(), ())
    });

    crate::conformance_suite!(file, || async {
        let folder = tempfile::tempdir().unwrap();
        let storage =
            Storage::open_file(&folder.path().join("koumen.sqlite"), &SeededChance::new(1)).unwrap();
        (storage, folder)
    });
}
