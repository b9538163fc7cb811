//! Brings a database file to this version, one small step at a time, each in its own transaction.

use rusqlite::{Connection, TransactionBehavior, params};
use shared::change::hash::CHAIN_START;
use shared::domain::worker::Role;

use crate::chance::Chance;
use crate::receipt_key::SEED_BYTES;
use crate::storage::{StorageError, StorageResult};

/// Never edited once shipped; the number is the place in the list, from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_init.sql"),
    include_str!("../../../migrations/sqlite/0002_segments.sql"),
    include_str!("../../../migrations/sqlite/0003_uploads.sql"),
    include_str!("../../../migrations/sqlite/0004_receipts.sql"),
    include_str!("../../../migrations/sqlite/0005_waiting.sql"),
    include_str!("../../../migrations/sqlite/0006_moves.sql"),
    include_str!("../../../migrations/sqlite/0007_compacted.sql"),
    include_str!("../../../migrations/sqlite/0008_made_by.sql"),
];

/// The name under which imported registers appear in logs.
const IMPORTER_NAME: &str = "名册导入";

/// The file was written by a later version.
#[derive(Debug, thiserror::Error)]
#[error("the database has version {found}, this server knows up to {known}")]
struct TooNew {
    found: usize,
    known: usize,
}

pub(super) fn migrate(connection: &mut Connection, chance: &dyn Chance) -> StorageResult<()> {
    for (index, sql) in MIGRATIONS.iter().enumerate() {
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
        transaction.execute_batch(sql)?;
        if index == 0 {
            first_rows(&transaction, chance)?;
        }
        if sql.contains("CREATE TABLE receipt_key") {
            receipt_key(&transaction, chance)?;
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

fn receipt_key(connection: &Connection, chance: &dyn Chance) -> StorageResult<()> {
    let mut seed = [0; SEED_BYTES];
    chance.fill(&mut seed);
    connection.execute("INSERT INTO receipt_key (one, seed) VALUES (1, ?1)", [seed])?;
    Ok(())
}

fn first_rows(connection: &Connection, chance: &dyn Chance) -> StorageResult<()> {
    let (epoch, worker, device) = (chance.uuid(), chance.uuid(), chance.uuid());
    connection.execute(
        "INSERT INTO meta (one, epoch, import_worker, import_device) VALUES (1, ?1, ?2, ?3)",
        params![epoch.as_bytes(), worker.as_bytes(), device.as_bytes()],
    )?;
    // Without a password nobody signs in as the importer; its empty name belongs to nobody else.
    connection.execute(
        "INSERT INTO worker (id, username, name, role) VALUES (?1, '', ?2, ?3)",
        params![
            worker.as_bytes(),
            IMPORTER_NAME,
            Role::Administrator.number() as i64
        ],
    )?;
    connection.execute(
        "INSERT INTO device (id, worker, name, enrolled_at, chain) VALUES (?1, ?2, ?3, 0, ?4)",
        params![device.as_bytes(), worker.as_bytes(), IMPORTER_NAME, CHAIN_START.0],
    )?;
    Ok(())
}
