//! What fields held before: of one record, and of a household with all that belongs to it.

use rusqlite::Connection;
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::domain::value::Value;
use shared::ids::{HouseholdId, WorkerId};
use uuid::Uuid;

use super::{conflicts, names};
use crate::api::EarlierValue;
use crate::storage::duplicates::GROUP;
use crate::storage::{StorageError, StorageResult};

/// The most entries of one page.
const EARLIER_MAX: u32 = 50;

struct Stored {
    record: RecordRef,
    field: FieldId,
    value: Vec<u8>,
    author: WorkerId,
    at: u64,
    replaced_by: WorkerId,
    replaced_at: u64,
}

/// The records of a household: itself, its people, visits and issues.
const BELONGS: &str = "SELECT id FROM household WHERE id IN GROUP
                       UNION ALL SELECT id FROM resident WHERE household IN GROUP
                       UNION ALL SELECT id FROM visit WHERE household IN GROUP
                       UNION ALL SELECT id FROM issue WHERE household IN GROUP";

/// Of a household and all that belongs to it, the last replaced first.
pub(super) fn of_household(
    connection: &Connection,
    household: HouseholdId,
) -> StorageResult<Vec<EarlierValue>> {
    select(connection, &BELONGS.replace("GROUP", GROUP), household.0)
}

/// Of one record, the last replaced first.
pub(super) fn of(connection: &Connection, record: Uuid) -> StorageResult<Vec<EarlierValue>> {
    select(connection, "SELECT ?1", record)
}

/// `records` selects the ids, given the id `?1`.
fn select(connection: &Connection, records: &str, id: Uuid) -> StorageResult<Vec<EarlierValue>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT kind, record, field, value, author, at, settled_by, settled_at FROM settled_conflict
         WHERE record IN ({records}) ORDER BY settled_at DESC, record, field, device, seq LIMIT {EARLIER_MAX}"
    ))?;
    let rows = statement.query_map([id], |row| {
        Ok(Stored {
            record: RecordRef {
                kind: RecordKind(row.get(0)?),
                id: row.get(1)?,
            },
            field: FieldId(row.get(2)?),
            value: row.get(3)?,
            author: WorkerId(row.get(4)?),
            at: row.get(5)?,
            replaced_by: WorkerId(row.get(6)?),
            replaced_at: row.get(7)?,
        })
    })?;
    let rows: Vec<Stored> = rows.collect::<Result<_, _>>()?;
    let mut earlier = Vec::with_capacity(rows.len());
    for row in rows {
        let value: Value = postcard::from_bytes(&row.value).map_err(|_| StorageError::Inconsistent {
            table: "settled_conflict",
        })?;
        earlier.push(EarlierValue {
            record: row.record,
            title: names::title(connection, row.record)?.0,
            field: row.field,
            field_name: names::field(row.record.kind, row.field),
            names: conflicts::named(connection, row.record.kind, row.field, &value)?,
            value,
            author: names::worker(connection, row.author)?,
            at: row.at,
            replaced_by: names::worker(connection, row.replaced_by)?,
            replaced_at: row.replaced_at,
        });
    }
    Ok(earlier)
}
