//! A copy of the whole database at one moment, while others read and write it.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::Sqlite;
use crate::chance::Chance;
use crate::storage::sql::tx::Tx;
use crate::storage::{StorageError, StorageResult};

impl Sqlite {
    /// Copies the database into a file that does not exist yet; durable when this returns.
    pub(in crate::storage) async fn back_up(&self, to: PathBuf) -> StorageResult<()> {
        let source = self.reader().lock_owned().await;
        let copied = tokio::task::spawn_blocking(move || copy(&source, &to));
        copied
            .await
            .map_err(|error| StorageError::Failed(Box::new(error)))?
    }
}

/// All pages in one step are one moment's view; in WAL mode this hinders no writer.
fn copy(source: &Connection, to: &Path) -> StorageResult<()> {
    let mut target = Connection::open(to)?;
    target.pragma_update(None, "synchronous", "FULL")?;
    {
        let backup = Backup::new(source, &mut target)?;
        if backup.step(-1)? != StepResult::Done {
            return Err(StorageError::Busy);
        }
    }
    close_whole(target, to)
}

/// Leaves one file: a write-ahead log beside it could be left behind.
fn close_whole(database: Connection, file: &Path) -> StorageResult<()> {
    database.pragma_update(None, "journal_mode", "DELETE")?;
    database.close().map_err(|(_, error)| StorageError::from(error))?;
    File::open(file)
        .and_then(|file| file.sync_all())
        .map_err(|error| StorageError::Failed(Box::new(error)))
}

/// Makes a file that does not exist yet, with what `fill` writes into its tables; durable when this returns.
pub(in crate::storage) fn make_file(
    file: &Path,
    chance: &dyn Chance,
    fill: impl FnOnce(Tx<'_>) -> StorageResult<()>,
) -> StorageResult<()> {
    let mut database = Connection::open(file)?;
    super::prepare(&database)?;
    database.pragma_update(None, "page_size", 8192)?;
    super::migrate::migrate(&mut database, chance)?;
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    fill(Tx::Sqlite(&transaction))?;
    transaction.commit()?;
    close_whole(database, file)
}

/// Shows `look` a file at one moment.
pub(in crate::storage) fn look_into_file<T>(
    file: &Path,
    look: impl FnOnce(Tx<'_>) -> StorageResult<T>,
) -> StorageResult<T> {
    let mut database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let moment = database.transaction()?;
    look(Tx::Sqlite(&moment))
}
