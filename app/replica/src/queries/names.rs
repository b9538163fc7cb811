//! What people, records and fields are called.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::ids::{AreaCode, HouseholdId, WorkerId};
use uuid::Uuid;

use crate::storage::StorageResult;

/// A colleague's name; empty when it is not known here.
pub(crate) fn worker(connection: &Connection, id: WorkerId) -> StorageResult<String> {
    let mut statement = connection.prepare_cached("SELECT name FROM worker WHERE id = ?1")?;
    Ok(statement
        .query_row([id.0], |row| row.get(0))
        .optional()?
        .unwrap_or_default())
}

/// An area's name; its code when it is not known here.
pub(crate) fn area(connection: &Connection, code: &AreaCode) -> StorageResult<String> {
    let mut statement = connection.prepare_cached("SELECT name FROM area WHERE code = ?1")?;
    let name = statement.query_row([code.as_str()], |row| row.get(0));
    Ok(name.optional()?.unwrap_or_else(|| code.as_str().to_owned()))
}

/// A door number; empty when the household is not here.
pub(crate) fn door(connection: &Connection, household: Option<Uuid>) -> StorageResult<String> {
    let mut statement = connection.prepare_cached("SELECT door FROM household WHERE id = ?1")?;
    Ok(statement
        .query_row([household], |row| row.get(0))
        .optional()?
        .unwrap_or_default())
}

/// A resident's name; `None` when the resident is not here.
pub(super) fn resident(connection: &Connection, id: Uuid) -> StorageResult<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT name FROM resident WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

/// What a record is called, and the household to open for it.
pub(super) fn title(
    connection: &Connection,
    record: RecordRef,
) -> StorageResult<(String, Option<HouseholdId>)> {
    let sql = match record.kind {
        RecordKind::HOUSEHOLD => "SELECT door, id FROM household WHERE id = ?1",
        RecordKind::RESIDENT => "SELECT name, household FROM resident WHERE id = ?1",
        RecordKind::ISSUE => "SELECT title, household FROM issue WHERE id = ?1",
        RecordKind::VISIT => {
            "SELECT coalesce(household.door, ''), visit.household
             FROM visit LEFT JOIN household ON household.id = visit.household WHERE visit.id = ?1"
        }
        RecordKind::PHOTO => {
            "SELECT coalesce(household.door, issue.title, ''), coalesce(visit.household, issue.household)
             FROM photo LEFT JOIN visit ON visit.id = photo.owner LEFT JOIN issue ON issue.id = photo.owner
             LEFT JOIN household ON household.id = visit.household WHERE photo.id = ?1"
        }
        kind => return title_of_other(connection, RecordRef { kind, id: record.id }),
    };
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement
        .query_row([record.id], titled)
        .optional()?
        .unwrap_or_default())
}

fn titled(row: &Row<'_>) -> rusqlite::Result<(String, Option<HouseholdId>)> {
    Ok((row.get(0)?, row.get::<_, Option<Uuid>>(1)?.map(HouseholdId)))
}

/// The same of a kind without a table of its own.
fn title_of_other(
    connection: &Connection,
    record: RecordRef,
) -> StorageResult<(String, Option<HouseholdId>)> {
    let mut statement = connection.prepare_cached(
        "SELECT title, (SELECT id FROM household WHERE id = beside) FROM record WHERE kind = ?1 AND id = ?2",
    )?;
    Ok(statement
        .query_row(params![record.kind.0, record.id], titled)
        .optional()?
        .unwrap_or_default())
}

/// A field's name as in the language files, e.g. `resident.phones`.
pub(super) fn field(kind: RecordKind, field: FieldId) -> String {
    match kind.spec() {
        Some(spec) => match spec.field(field) {
            Some(known) => format!("{}.{}", spec.name, known.name),
            None => format!("{}.{}", spec.name, field.0),
        },
        None => format!("{}.{}", kind.0, field.0),
    }
}
