//! Backups: a database of PostgreSQL as a file of SQLite, and such a file as a database. So a backup is the same whatever
//! it was made of, and a community moves from one to the other by restoring it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::migrate::migrate;
use super::{Kind, Postgres, Transaction};
use crate::chance::Chance;
use crate::storage::sql::copy::copy;
use crate::storage::sql::tx::Tx;
use crate::storage::sql::value::values;
use crate::storage::{StorageError, StorageResult, sqlite};

/// There is something in the database already.
#[derive(Debug, thiserror::Error)]
#[error("the database is not empty; with --force what is in it is moved aside, not removed")]
struct NotEmpty;

impl Postgres {
    /// Copies the database at one moment into a file of SQLite that does not exist yet; durable when this returns.
    pub(in crate::storage) async fn back_up(
        &self,
        file: PathBuf,
        chance: Arc<dyn Chance>,
    ) -> StorageResult<()> {
        let work = move |transaction: &Transaction<'_>| {
            sqlite::make_file(&file, &*chance, |to| copy(Tx::Postgres(transaction), to))
        };
        self.transact(Kind::Reads, work).await
    }

    /// Fills the database at an address with what a file of SQLite holds, whole or not at all. What is in it already
    /// stays as the schema that is returned, if `aside` names one; else nothing is done.
    pub(in crate::storage) async fn restore(
        address: &str,
        authority: Option<&Path>,
        file: PathBuf,
        aside: Option<String>,
        chance: Arc<dyn Chance>,
    ) -> StorageResult<Option<String>> {
        let work = move |transaction: &Transaction<'_>| {
            let moved = move_aside(transaction, aside)?;
            migrate(transaction, &*chance)?;
            sqlite::look_into_file(&file, |from| copy(from, Tx::Postgres(transaction)))?;
            Ok(moved)
        };
        Postgres::new(address, authority)?
            .transact(Kind::Writes, work)
            .await
    }
}

fn move_aside(transaction: &Transaction<'_>, aside: Option<String>) -> StorageResult<Option<String>> {
    let tables = "SELECT 1 FROM pg_tables WHERE schemaname = 'koumen' LIMIT 1";
    if !Tx::Postgres(transaction)
        .prepare_cached(tables)?
        .exists(values![])?
    {
        return Ok(None);
    }
    let aside = aside.ok_or_else(|| StorageError::Failed(Box::new(NotEmpty)))?;
    transaction.batch(&format!(
        "ALTER SCHEMA koumen RENAME TO {aside}; CREATE SCHEMA koumen"
    ))?;
    Ok(Some(aside))
}
