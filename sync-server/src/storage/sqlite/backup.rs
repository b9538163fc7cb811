//! A copy of the whole database at one moment, while others read and write it.

use std::fs::File;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::SqliteStorage;
use crate::storage::{StorageError, StorageResult};

impl SqliteStorage {
    /// Copies the database into a file that does not exist yet; durable when this returns.
    ///
    /// # Errors
    /// When the disk fails or a writer cannot be waited for.
    pub async fn back_up(&self, to: &Path) -> StorageResult<()> {
        let source = self.reader().lock_owned().await;
        let to = to.to_path_buf();
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
    // One file: a write-ahead log beside it could be left behind.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.close().map_err(|(_, error)| StorageError::from(error))?;
    File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(|error| StorageError::Failed(Box::new(error)))
}
