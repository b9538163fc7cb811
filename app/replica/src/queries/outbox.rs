//! What goes out and what went, and how much room it takes.

use rusqlite::{Connection, Row, params};
use shared::change::{Change, Operation};
use shared::domain::schema::{RecordKind, RecordRef};
use uuid::Uuid;

use super::{households, names, photos, today};
use crate::api::{Outbox, OutboxEntry, StorageState};
use crate::storage::records::load;
use crate::storage::{StorageError, StorageResult};

/// Drafts, what waits, what was uploaded lately, what needs attention.
pub(super) fn outbox(connection: &Connection) -> StorageResult<Outbox> {
    Ok(Outbox {
        drafts: today::drafts(connection, None)?,
        waiting: entries(connection, "state = 0 ORDER BY seq LIMIT ?1", 200)?,
        uploaded: entries(connection, "state = 1 ORDER BY seq DESC LIMIT ?1", 100)?,
        attention: entries(connection, "state = 2 ORDER BY seq LIMIT ?1", 200)?,
        photos: photos::waiting(connection)?,
        refused_photos: photos::refused(connection)?,
    })
}

struct Stored {
    seq: u64,
    record: RecordRef,
    at: u64,
    body: Vec<u8>,
    code: String,
    receipted_at: u64,
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        seq: row.get(0)?,
        record: RecordRef {
            kind: RecordKind(row.get(1)?),
            id: row.get::<_, Uuid>(2)?,
        },
        at: row.get(3)?,
        body: row.get(4)?,
        code: row.get(5)?,
        receipted_at: row.get(6)?,
    })
}

fn entries(connection: &Connection, condition: &str, limit: u32) -> StorageResult<Vec<OutboxEntry>> {
    let sql =
        format!("SELECT seq, kind, record, at, body, code, receipted_at FROM operation WHERE {condition}");
    let rows: Vec<Stored> = connection
        .prepare_cached(&sql)?
        .query_map(params![limit], stored)?
        .collect::<Result<_, _>>()?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let damaged = |_| StorageError::Inconsistent { table: "operation" };
        let operation: Operation = postcard::from_bytes(&row.body).map_err(damaged)?;
        let (title, _) = names::title(connection, row.record)?;
        entries.push(OutboxEntry {
            seq: row.seq,
            record: row.record,
            title,
            action: action(connection, &operation)?.to_owned(),
            at: row.at,
            receipted_at: row.receipted_at,
            code: row.code,
        });
    }
    Ok(entries)
}

/// What an operation did to its record: the one that made it is its origin.
fn action(connection: &Connection, operation: &Operation) -> StorageResult<&'static str> {
    let state = load(connection, operation.record)?;
    let made_it = state.is_some_and(|state| {
        (state.origin().device, state.origin().seq) == (operation.device, operation.seq)
    });
    Ok(match &operation.change {
        Change { removal: Some(_), .. } => "removed",
        _ if made_it => "created",
        Change { event: Some(_), .. } => "step",
        _ => "edited",
    })
}

/// How much room the replica takes.
pub(super) fn storage(connection: &Connection) -> StorageResult<StorageState> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
    Ok(StorageState {
        database_bytes: number("PRAGMA page_count")? * number("PRAGMA page_size")?,
        photo_bytes: number("SELECT coalesce(sum(length(bytes)), 0) FROM photo_bytes")?,
        households: number(&households::count_shown("household"))?,
        residents: number(&households::count_shown("resident"))?,
        visits: number("SELECT count(*) FROM visit WHERE removed = 0")?,
    })
}
