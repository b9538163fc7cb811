//! Brings a database file to this version, one small step at a time, each in its own transaction.

use rusqlite::{Connection, TransactionBehavior};

use crate::chance::Chance;
use crate::storage::sql::first_rows;
use crate::storage::sql::tx::Tx;
use crate::storage::{StorageError, StorageResult};

/// Never edited once shipped; the number is the place in the list, from 1.
const MIGRATIONS: &[&str] = &[include_str!("../../../migrations/sqlite/0001_init.sql")];

/// The file was written by a later version.
#[derive(Debug, thiserror::Error)]
#[error("the database has version {found}, this server knows up to {known}")]
struct TooNew {
    found: usize,
    known: usize,
}

pub(super) fn migrate(connection: &mut Connection, chance: &dyn Chance) -> StorageResult<()> {
    for (index, step) in MIGRATIONS.iter().enumerate() {
        // Two processes may open a new file at once; the second finds the work done.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = version(&transaction)?;
        if version > MIGRATIONS.len() {
            return Err(StorageError::Failed(Box::new(TooNew {
                found: version,
                known: MIGRATIONS.len(),
            })));
        }
        if version > index {
            continue;
        }
        transaction.execute_batch(step)?;
        if index == 0 {
            first_rows::first_rows(Tx::Sqlite(&transaction), chance)?;
            first_rows::first_receipt_key(Tx::Sqlite(&transaction), chance)?;
        }
        transaction.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

fn version(connection: &Connection) -> StorageResult<usize> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}
