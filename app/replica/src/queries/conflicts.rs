//! Conflicts: every value with who and when.

use rusqlite::Connection;
use shared::domain::schema::{FieldId, KindSpec, Meaning, RecordKind, RecordRef, kinds};
use shared::domain::value::Value;
use shared::ids::HouseholdId;
use uuid::Uuid;

use super::names;
use crate::api::{Conflict, ConflictValue};
use crate::storage::StorageResult;
use crate::storage::duplicates::{self, GROUP};
use crate::storage::meta::{self, Enrolment};
use crate::storage::record_table::{Place, place_of};
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

/// What the records are called that a value names; none for other values, and none for what is not here.
pub(super) fn named(
    connection: &Connection,
    kind: RecordKind,
    field: FieldId,
    value: &Value,
) -> StorageResult<Vec<String>> {
    let meaning = kind
        .spec()
        .and_then(|spec| spec.field(field))
        .map(|field| field.meaning);
    let Some(Meaning::Names { kinds, .. }) = meaning else {
        return Ok(Vec::new());
    };
    let ids = match value {
        Value::Ids(ids) => ids.as_slice(),
        Value::Id(id) => std::slice::from_ref(id),
        _ => &[],
    };
    let mut called = Vec::with_capacity(ids.len());
    for id in ids {
        for kind in kinds {
            called.push(names::title(connection, RecordRef::new(*kind, *id))?.0);
        }
    }
    called.retain(|name| !name.is_empty());
    Ok(called)
}

/// Every conflict on this device.
pub(crate) fn all(connection: &Connection) -> StorageResult<Vec<Conflict>> {
    let mut conflicts = Vec::new();
    for spec in edited(connection)? {
        let Place { table, of_kind } = place_of(spec.kind);
        let sql = format!(
            "SELECT id FROM {table} WHERE conflicts > 0 AND removed = 0{of_kind} AND {NOT_FROM_ABOVE}
             ORDER BY row LIMIT {CONFLICTS_MAX}"
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
    total_of("conflicts > 0 AND removed = 0", connection)
}

/// Which records do not only reach down from a community or street: nobody who works here may end what is wrong there.
pub(super) const NOT_FROM_ABOVE: &str = "area NOT IN (SELECT area FROM assigned WHERE area LIKE '%-00')";

/// The kinds that who is signed in here may edit.
pub(super) fn edited(connection: &Connection) -> StorageResult<Vec<&'static KindSpec>> {
    let enrolment: Option<Enrolment> = meta::get(connection, meta::ENROLMENT)?;
    let may_edit = |spec: &&KindSpec| {
        let role = enrolment.as_ref().map(|enrolment| enrolment.worker.role);
        // Nobody edits a photo.
        spec.kind != RecordKind::PHOTO && role.is_none_or(|role| spec.rights.edit.contains(role))
    };
    Ok(kinds().filter(may_edit).collect())
}

/// How many records are so of those that who is signed in here may edit.
pub(super) fn total_of(condition: &str, connection: &Connection) -> StorageResult<u64> {
    let count = |spec: &KindSpec| {
        let Place { table, of_kind } = place_of(spec.kind);
        format!("(SELECT count(*) FROM {table} WHERE {condition}{of_kind} AND {NOT_FROM_ABOVE})")
    };
    let counts: Vec<String> = edited(connection)?.into_iter().map(count).collect();
    if counts.is_empty() {
        return Ok(0);
    }
    Ok(connection
        .prepare_cached(&format!("SELECT {}", counts.join(" + ")))?
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
