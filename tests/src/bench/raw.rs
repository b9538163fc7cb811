//! The limit that figures are held against: SQLite alone, one plain table, the same rows.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::usage;
use super::workload::VisitRow;

/// What the plain table took.
#[derive(Debug, Clone, Copy)]
pub struct Raw {
    /// Processor time of the transaction.
    pub cpu: Duration,
    /// Its wall time.
    pub wall: Duration,
    /// The file after a checkpoint, bytes.
    pub file_bytes: u64,
}

/// Inserts the rows in one transaction: WAL, synchronous FULL, primary key and one index.
///
/// # Errors
/// When SQLite or the disk fails.
pub fn insert(path: &Path, worker: Uuid, rows: &[VisitRow]) -> rusqlite::Result<Raw> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch(
        "CREATE TABLE visit (
             id BLOB PRIMARY KEY NOT NULL, household BLOB NOT NULL, worker BLOB NOT NULL, started_at INTEGER NOT NULL,
             outcome INTEGER NOT NULL, note TEXT NOT NULL, need_1 INTEGER NOT NULL, need_2 INTEGER NOT NULL,
             need_3 INTEGER NOT NULL, position BLOB NOT NULL, photo_1 BLOB NOT NULL, photo_2 BLOB NOT NULL
         ) STRICT;
         CREATE INDEX visit_by_household ON visit (household, started_at);",
    )?;
    let (began, cpu) = (Instant::now(), usage::cpu());
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction
            .prepare("INSERT INTO visit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?;
        for row in rows {
            let [need_1, need_2, need_3] = row.needs;
            let [photo_1, photo_2] = &row.photos;
            insert.execute(params![
                row.id.as_bytes(),
                row.household.as_bytes(),
                worker.as_bytes(),
                row.started_at,
                row.outcome,
                row.note,
                need_1,
                need_2,
                need_3,
                row.position,
                photo_1,
                photo_2
            ])?;
        }
    }
    transaction.commit()?;
    let (wall, cpu) = (began.elapsed(), usage::cpu().saturating_sub(cpu));
    let file_bytes = checkpointed_bytes(&connection)?;
    Ok(Raw {
        cpu,
        wall,
        file_bytes,
    })
}

/// The size of a database after a checkpoint, bytes.
///
/// # Errors
/// When SQLite or the disk fails.
pub fn checkpointed_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let pages: u64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let free: u64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    let size: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    Ok((pages - free) * size)
}
