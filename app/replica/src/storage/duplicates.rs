//! Which record stands for which: the table `duplicate`, made from the records and nothing else.
//!
//! It holds only records that are shown under another one, which are few. A record's answer depends on the
//! records on its way, so when one changes, everything that leads to it is looked at again.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::crdt::duplicates;
use shared::domain::schema::{RecordKind, RecordRef};
use uuid::Uuid;

use super::StorageResult;

/// `?1` and everything that is shown under it.
pub const GROUP: &str = "(SELECT ?1 UNION ALL SELECT id FROM duplicate WHERE kept = ?1)";

fn table(kind: RecordKind) -> Option<&'static str> {
    kind.merged_into()?;
    kind.spec().map(|spec| spec.name)
}

/// The record under which `record` is shown; itself when it is merged into nothing.
///
/// # Errors
/// A failing database.
pub fn kept(connection: &Connection, id: Uuid) -> StorageResult<Uuid> {
    let found = connection
        .prepare_cached("SELECT kept FROM duplicate WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(id))
}

/// The records that are shown under this one, in the order in which they were made.
///
/// # Errors
/// A failing database.
pub fn of(connection: &Connection, id: Uuid) -> StorageResult<Vec<Uuid>> {
    let mut statement = connection.prepare_cached("SELECT id FROM duplicate WHERE kept = ?1 ORDER BY id")?;
    let rows = statement.query_map([id], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Brings the table up to date after a record changed, came or was removed.
pub(super) fn follow(transaction: &Transaction<'_>, record: RecordRef, removed: bool) -> StorageResult<()> {
    let Some(table) = table(record.kind) else {
        return Ok(());
    };
    let concerned: bool = transaction
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM duplicate WHERE id = ?1)
                 OR EXISTS (SELECT 1 FROM {table} WHERE merged_into = ?1)
                 OR EXISTS (SELECT 1 FROM {table} WHERE id = ?1 AND merged_into IS NOT NULL)"
        ))?
        .query_row([record.id], |row| row.get(0))?;
    if !concerned {
        return Ok(());
    }
    stand(transaction, table, record.id)?;
    if removed {
        // What led to it stands for itself now.
        for id in pointing_at(transaction, table, record.id)? {
            stand(transaction, table, id)?;
        }
    }
    Ok(())
}

/// Notes under which record `id` and all that leads to it are shown.
fn stand(transaction: &Transaction<'_>, table: &str, id: Uuid) -> StorageResult<()> {
    let mut next = transaction.prepare_cached(&format!(
        "SELECT other.id FROM {table} AS this JOIN {table} AS other ON other.id = this.merged_into
         WHERE this.id = ?1 AND other.removed = 0"
    ))?;
    let kept = duplicates::kept(id, |id| next.query_row([id], |row| row.get(0)).optional())?;
    let mut seen = std::collections::BTreeSet::from([id]);
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        if id == kept {
            transaction
                .prepare_cached("DELETE FROM duplicate WHERE id = ?1")?
                .execute([id])?;
        } else {
            transaction
                .prepare_cached(
                    "INSERT INTO duplicate (id, kept) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET kept = ?2",
                )?
                .execute(params![id, kept])?;
        }
        // Nothing leads through a removed record.
        let is_there: bool = transaction
            .prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?1 AND removed = 0)"
            ))?
            .query_row([id], |row| row.get(0))?;
        if is_there {
            open.extend(
                pointing_at(transaction, table, id)?
                    .into_iter()
                    .filter(|id| seen.insert(*id)),
            );
        }
    }
    Ok(())
}

fn pointing_at(transaction: &Transaction<'_>, table: &str, id: Uuid) -> StorageResult<Vec<Uuid>> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT id FROM {table} WHERE merged_into = ?1 ORDER BY id"
    ))?;
    let rows = statement.query_map([id], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets records that are not on this device any more.
pub(super) fn forget_absent(transaction: &Transaction<'_>) -> StorageResult<()> {
    transaction.execute(
        "DELETE FROM duplicate WHERE id NOT IN (SELECT id FROM household UNION ALL SELECT id FROM resident)
            OR kept NOT IN (SELECT id FROM household UNION ALL SELECT id FROM resident)",
        [],
    )?;
    Ok(())
}
