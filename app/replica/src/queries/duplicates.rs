//! Records that are, or may be, the same household or person.

use rusqlite::{Connection, params};
use shared::domain::schema::{RecordKind, RecordRef};
use shared::ids::WorkerId;
use uuid::Uuid;

use super::{households, names, shown};
use crate::api::{AlikeEntry, DuplicateEntry};
use crate::storage::{StorageResult, duplicates, records};

/// The most records offered.
const ALIKE_MAX: u32 = 30;

/// What is shown under a record, with who said so and when.
pub(super) fn of(connection: &Connection, record: RecordRef) -> StorageResult<Vec<DuplicateEntry>> {
    let mut entries = Vec::new();
    for id in duplicates::of(connection, record.id)? {
        let duplicate = RecordRef { id, ..record };
        let state = records::load(connection, duplicate)?;
        let pointer = record.kind.merged_into().zip(state);
        let Some(origin) = pointer.and_then(|(field, state)| Some(state.written(field)?.origin)) else {
            continue;
        };
        let (title, _) = names::title(connection, duplicate)?;
        entries.push(DuplicateEntry {
            record: duplicate,
            title,
            detail: detail(connection, duplicate)?,
            author: names::worker(connection, WorkerId(origin.author.0))?,
            at: origin.stamp.ms,
        });
    }
    Ok(entries)
}

fn detail(connection: &Connection, record: RecordRef) -> StorageResult<String> {
    if record.kind == RecordKind::HOUSEHOLD {
        return Ok(households::people(connection, record.id)?.0.join("、"));
    }
    let (_, household) = names::title(connection, record)?;
    names::door(connection, household.map(Uuid::from))
}

/// Records of the same area that may be the same: first those that are called the same, then neighbours.
pub(crate) fn alike(connection: &Connection, record: RecordRef) -> StorageResult<Vec<AlikeEntry>> {
    let sql = match record.kind {
        RecordKind::HOUSEHOLD => format!(
            "SELECT household.id, household.door, household.door = this.door
             FROM household JOIN household AS this ON this.id = ?1
             WHERE household.area = this.area AND household.building = this.building AND household.removed = 0
               AND household.id <> ?1 AND {}
             ORDER BY household.door <> this.door, household.door_order, household.id LIMIT ?2",
            shown("household")
        ),
        RecordKind::RESIDENT => format!(
            "SELECT resident.id, resident.name, resident.name = this.name
             FROM resident JOIN resident AS this ON this.id = ?1
             WHERE resident.area = this.area AND resident.removed = 0 AND resident.id <> ?1 AND {}
               AND (resident.name = this.name OR resident.household IN
                    (SELECT this.household UNION ALL SELECT id FROM duplicate WHERE kept = this.household))
             ORDER BY resident.name <> this.name, resident.household <> this.household, resident.id LIMIT ?2",
            shown("resident")
        ),
        _ => return Ok(Vec::new()),
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![record.id, ALIKE_MAX], |row| {
        Ok((
            row.get::<_, Uuid>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, bool>(2)?,
        ))
    })?;
    let mut entries = Vec::new();
    for row in rows {
        let (id, title, same_title) = row?;
        let record = RecordRef { id, ..record };
        entries.push(AlikeEntry {
            record,
            title,
            detail: detail(connection, record)?,
            same_title,
        });
    }
    Ok(entries)
}
