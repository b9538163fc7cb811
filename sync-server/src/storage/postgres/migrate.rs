//! Brings a database to this version, one small step after the other, in one transaction.

use std::sync::Arc;

use super::{Kind, Postgres, Transaction};
use crate::chance::Chance;
use crate::storage::sql::first_rows;
use crate::storage::sql::tx::Tx;
use crate::storage::sql::value::values;
use crate::storage::{StorageError, StorageResult};

/// Never edited once shipped; the number is the place in the list, from 1.
const MIGRATIONS: &[&str] = &[include_str!("../../../migrations/postgres/0001_init.sql")];

const VERSION_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS version (one BIGINT PRIMARY KEY CHECK (one = 1), number BIGINT NOT NULL);
    INSERT INTO version (one, number) VALUES (1, 0) ON CONFLICT DO NOTHING";

/// The tables were made by a later version.
#[derive(Debug, thiserror::Error)]
#[error("the database has version {found}, this server knows up to {known}")]
struct TooNew {
    found: u64,
    known: usize,
}

impl Postgres {
    pub(super) async fn migrate(&self, chance: Arc<dyn Chance>) -> StorageResult<()> {
        self.transact(Kind::Writes, move |transaction| migrate(transaction, &*chance))
            .await
    }
}

/// All steps in one transaction: other processes that start at the same time wait, and find the work done.
pub(super) fn migrate(transaction: &Transaction<'_>, chance: &dyn Chance) -> StorageResult<()> {
    let found = prepare(transaction)?;
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        return Err(StorageError::Failed(Box::new(TooNew {
            found,
            known: MIGRATIONS.len(),
        })));
    }
    let tx = Tx::Postgres(transaction);
    for (step, number) in MIGRATIONS.iter().zip(1_u32..).skip(done) {
        transaction.batch(step)?;
        if number == 1 {
            first_rows::first_rows(tx, chance)?;
            first_rows::first_receipt_key(tx, chance)?;
        }
        tx.execute("UPDATE version SET number = ?1", values![number])?;
    }
    Ok(())
}

/// Makes the schema, unless somebody has, for a role that may not. Returns the number of steps that were done.
fn prepare(transaction: &Transaction<'_>) -> StorageResult<u64> {
    let tx = Tx::Postgres(transaction);
    let mut schema = tx.prepare_cached("SELECT 1 FROM pg_namespace WHERE nspname = 'koumen'")?;
    if !schema.exists(values![])? {
        transaction.batch("CREATE SCHEMA koumen")?;
    }
    transaction.batch(VERSION_TABLE)?;
    tx.query_row("SELECT number FROM version", values![], |row| row.get(0))
}
