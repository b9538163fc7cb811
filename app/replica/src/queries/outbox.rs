//! What goes out and what went, and how much room it takes.

use rusqlite::{Connection, params};
use shared::change::{Change, Operation};

use super::{drafts, households, names, photos};
use crate::api::{OutboxEntry, OutboxPage, StorageState};
use crate::storage::StorageResult;
use crate::storage::own_operations::{self, Kept};
use crate::storage::records::{Reader, load};

/// Drafts, what waits, what was uploaded lately, what needs attention.
pub(crate) fn outbox(connection: &Connection) -> StorageResult<OutboxPage> {
    Ok(OutboxPage {
        drafts: drafts::open(connection, None)?,
        waiting: entries(
            connection,
            "operation.seq > ?2 ORDER BY operation.seq LIMIT ?1",
            200,
        )?,
        uploaded: entries(
            connection,
            "operation.seq <= ?2 AND code IS NULL ORDER BY operation.seq DESC LIMIT ?1",
            100,
        )?,
        attention: entries(
            connection,
            "operation.seq <= ?2 AND seen = 0 ORDER BY operation.seq LIMIT ?1",
            200,
        )?,
        photos: photos::waiting(connection)?,
        refused_photos: photos::refused(connection)?,
    })
}

/// `condition` is given how many are wanted, and up to which everything is receipted.
fn entries(connection: &Connection, condition: &str, limit: u32) -> StorageResult<Vec<OutboxEntry>> {
    let sql = format!(
        "SELECT operation.seq, kind, record, body, operation.at, coalesce(code, ''),
                coalesce((SELECT receipted.at FROM receipted WHERE through_seq >= operation.seq
                          ORDER BY through_seq LIMIT 1), 0)
         FROM operation LEFT JOIN set_aside ON set_aside.seq = operation.seq WHERE {condition}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![limit, own_operations::receipted_through(connection)?])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let kept = Kept::from_row(row)?;
        // What went bad is told of apart, and must not hide the rest.
        let Ok(operation) = kept.operation(&mut Reader::new(connection)) else {
            continue;
        };
        let (title, _) = names::title(connection, kept.record)?;
        entries.push(OutboxEntry {
            seq: kept.seq,
            record: kept.record,
            title,
            action: action(connection, &operation)?.to_owned(),
            at: match row.get(4)? {
                0 => operation.stamp.ms,
                at => at,
            },
            code: row.get(5)?,
            receipted_at: row.get(6)?,
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
pub(crate) fn storage(connection: &Connection) -> StorageResult<StorageState> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
    Ok(StorageState {
        database_bytes: number("PRAGMA page_count")? * number("PRAGMA page_size")?,
        photo_bytes: number("SELECT coalesce(sum(length(bytes)), 0) FROM photo_bytes")?,
        households: number(&households::count_shown("household"))?,
        residents: number(&households::count_shown("resident"))?,
        visits: number("SELECT count(*) FROM visit WHERE removed = 0")?,
    })
}
