//! Conflicts: every value with who and when.

use rusqlite::Connection;
use shared::domain::schema::{FieldId, KINDS, RecordKind, RecordRef};
use shared::domain::value::Value;
use shared::domain::{issue, resident, visit};
use shared::ids::HouseholdId;
use uuid::Uuid;

use super::names;
use crate::api::{Conflict, ConflictValue};
use crate::storage::StorageResult;
use crate::storage::duplicates::{self, GROUP};
use crate::storage::records::load;

/// The most conflicts listed at once.
const CONFLICTS_MAX: usize = 200;

/// The conflicts of one record.
pub(super) fn of(connection: &Connection, record: RecordRef) -> StorageResult<Vec<Conflict>> {
    let Some(state) = load(connection, record)? else {
        return Ok(Vec::new());
    };
    let found = state.conflicts();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let (title, household) = names::title(connection, record)?;
    let mut conflicts = Vec::with_capacity(found.len());
    for conflict in found {
        let mut values = Vec::with_capacity(conflict.values.len());
        for written in conflict.values {
            values.push(ConflictValue {
                names: named(connection, record.kind, conflict.field, &written.value)?,
                value: written.value,
                author: names::worker(connection, written.origin.author)?,
                at: written.origin.stamp.ms,
            });
        }
        conflicts.push(Conflict {
            record,
            title: title.clone(),
            household,
            field: conflict.field,
            field_name: names::field(record.kind, conflict.field),
            values,
        });
    }
    Ok(conflicts)
}

/// What the record is called that a value names; empty for other values.
pub(super) fn named(
    connection: &Connection,
    kind: RecordKind,
    field: FieldId,
    value: &Value,
) -> StorageResult<String> {
    let of_kind = match (kind, field) {
        _ if Some(field) == kind.merged_into() => kind,
        (RecordKind::RESIDENT, resident::HOUSEHOLD)
        | (RecordKind::VISIT, visit::HOUSEHOLD)
        | (RecordKind::ISSUE, issue::HOUSEHOLD) => RecordKind::HOUSEHOLD,
        _ => return Ok(String::new()),
    };
    let Some(id) = value.as_id() else {
        return Ok(String::new());
    };
    Ok(names::title(connection, RecordRef::new(of_kind, id))?.0)
}

/// Every conflict on this device.
pub(super) fn all(connection: &Connection) -> StorageResult<Vec<Conflict>> {
    let mut conflicts = Vec::new();
    for spec in KINDS.iter().filter(|spec| spec.kind != RecordKind::PHOTO) {
        let sql = format!(
            "SELECT id FROM {} WHERE conflicts > 0 AND removed = 0 ORDER BY row LIMIT {CONFLICTS_MAX}",
            spec.name
        );
        let ids: Vec<Uuid> = connection
            .prepare_cached(&sql)?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in ids {
            conflicts.extend(of(connection, RecordRef { kind: spec.kind, id })?);
        }
    }
    conflicts.truncate(CONFLICTS_MAX);
    Ok(conflicts)
}

/// How many records have a conflict.
pub(super) fn count(connection: &Connection) -> StorageResult<u64> {
    Ok(connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM household WHERE conflicts > 0 AND removed = 0)
                  + (SELECT count(*) FROM resident WHERE conflicts > 0 AND removed = 0)
                  + (SELECT count(*) FROM visit WHERE conflicts > 0 AND removed = 0)
                  + (SELECT count(*) FROM issue WHERE conflicts > 0 AND removed = 0)",
        )?
        .query_row([], |row| row.get(0))?)
}

/// The conflicts of a household and its people.
pub(super) fn of_household(connection: &Connection, household: HouseholdId) -> StorageResult<Vec<Conflict>> {
    let mut conflicts = of(connection, RecordRef::new(RecordKind::HOUSEHOLD, household))?;
    for id in duplicates::of(connection, household.0)? {
        conflicts.extend(of(connection, RecordRef::new(RecordKind::HOUSEHOLD, id))?);
    }
    let people: Vec<Uuid> = connection
        .prepare_cached(&format!(
            "SELECT id FROM resident WHERE household IN {GROUP} AND removed = 0 AND conflicts > 0 ORDER BY row"
        ))?
        .query_map([household.0], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in people {
        conflicts.extend(of(
            connection,
            RecordRef {
                kind: RecordKind::RESIDENT,
                id,
            },
        )?);
    }
    Ok(conflicts)
}
