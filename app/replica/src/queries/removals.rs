//! Removed records: those that an edit kept, and those that can still be brought back.

use rusqlite::{Connection, params};
use shared::clock::TimestampMs;
use shared::domain::schema::{RecordRef, kinds};
use shared::ids::HouseholdId;
use uuid::Uuid;

use super::conflicts::{NOT_FROM_ABOVE, edited, total_of};
use super::{drafts, names};
use crate::api::{RemovalEntry, RemovalsPage};
use crate::storage::StorageResult;
use crate::storage::drafts::BIN_MS;
use crate::storage::duplicates::GROUP;
use crate::storage::record_table::{Place, place_of};
use crate::storage::records::load;

/// The most entries of each list.
const REMOVALS_MAX: u32 = 200;

fn entries(connection: &Connection, condition: &str, since: TimestampMs) -> StorageResult<Vec<RemovalEntry>> {
    let mut found = Vec::new();
    for spec in edited(connection)?
        .into_iter()
        .filter(|spec| spec.kept_after_removal.is_some())
    {
        let Place { table, of_kind } = place_of(spec.kind);
        let sql = format!(
            "SELECT id FROM {table} WHERE {condition} AND ?1 <= removed_at{of_kind} AND {NOT_FROM_ABOVE}
             ORDER BY removed_at DESC, id LIMIT {REMOVALS_MAX}"
        );
        let ids: Vec<Uuid> = connection
            .prepare_cached(&sql)?
            .query_map([since], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in ids {
            found.extend(entry(connection, RecordRef { kind: spec.kind, id })?);
        }
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.removed_at));
    found.truncate(REMOVALS_MAX as usize);
    Ok(found)
}

/// Of one record: that an edit kept it.
pub(super) fn kept_of(connection: &Connection, record: RecordRef) -> StorageResult<Vec<RemovalEntry>> {
    let state = load(connection, record)?;
    match state.is_some_and(|state| state.is_kept_by_edit(record.kind)) {
        true => Ok(entry(connection, record)?.into_iter().collect()),
        false => Ok(Vec::new()),
    }
}

/// Who removed a record, and who edited it without knowing.
fn entry(connection: &Connection, record: RecordRef) -> StorageResult<Option<RemovalEntry>> {
    let state = load(connection, record)?;
    let Some(last) = state.as_ref().and_then(|state| state.last_removal()) else {
        return Ok(None);
    };
    let edit = state.as_ref().and_then(|state| state.edit_beside_removal());
    let (title, household) = names::title(connection, record)?;
    Ok(Some(RemovalEntry {
        record,
        title,
        household,
        removed_by: names::worker(connection, last.author)?,
        removed_at: last.stamp.ms,
        edited_by: match edit {
            Some(edit) => names::worker(connection, edit.author)?,
            None => String::new(),
        },
        edited_at: edit.map(|edit| edit.stamp.ms),
    }))
}

/// Records that an edit kept, and those removed lately.
pub(crate) fn all(connection: &Connection, now_ms: TimestampMs) -> StorageResult<RemovalsPage> {
    Ok(RemovalsPage {
        kept: entries(connection, "removal_open = 1", 0)?,
        removed: entries(connection, "removed = 1", now_ms.saturating_sub(BIN_MS))?,
        drafts: drafts::in_bin(connection, now_ms.saturating_sub(BIN_MS))?,
    })
}

/// How many records an edit kept.
pub(super) fn count(connection: &Connection) -> StorageResult<u64> {
    total_of("removal_open = 1", connection)
}

/// Of a household and all that belongs to it: what an edit kept.
pub(super) fn of_household(
    connection: &Connection,
    household: HouseholdId,
) -> StorageResult<Vec<RemovalEntry>> {
    let mut found = Vec::new();
    for spec in kinds().filter(|spec| spec.kept_after_removal.is_some()) {
        let Place { table, of_kind } = place_of(spec.kind);
        let belongs = match table {
            "household" => "id",
            "record" => "beside",
            _ => "household",
        };
        let sql = format!(
            "SELECT id FROM {table} WHERE removal_open = 1 AND {belongs} IN {GROUP}{of_kind}
             ORDER BY row LIMIT {REMOVALS_MAX}"
        );
        let ids: Vec<Uuid> = connection
            .prepare_cached(&sql)?
            .query_map(params![household.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in ids {
            found.extend(entry(connection, RecordRef { kind: spec.kind, id })?);
        }
    }
    Ok(found)
}
