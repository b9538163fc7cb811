//! What one should know before knocking, from every record of a household. Merging hides no warning: what a record
//! says that is shown under another one counts for both, and is its own again when they are separated.

use rusqlite::{Connection, params};
use shared::domain::Household;
use shared::domain::schema::RecordKind;
use uuid::Uuid;

use crate::storage::StorageResult;
use crate::storage::duplicates::GROUP;
use crate::storage::records::{field_columns, fields_from_row};

/// The household as it is to be visited, and what the records under it say besides: when to come, and notes.
pub(crate) fn of(connection: &Connection, id: Uuid) -> StorageResult<(Household, Vec<String>)> {
    let Some(spec) = RecordKind::HOUSEHOLD.spec() else {
        return Ok((Household::default(), Vec::new()));
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM household WHERE id IN {GROUP} AND (removed = 0 OR id = ?1) ORDER BY id <> ?1, id",
        field_columns(RecordKind::HOUSEHOLD, "")
    ))?;
    let mut records = statement
        .query_map(params![id], |row| fields_from_row(spec, row, 0))?
        .map(|fields| Ok(Household::from_fields(&fields?)))
        .collect::<StorageResult<Vec<_>>>()?
        .into_iter();
    let mut household = records.next().unwrap_or_default();
    let mut besides = Vec::new();
    for other in records {
        household.heed(&other);
        for (own, text) in [
            (&household.preferred_hours, other.preferred_hours),
            (&household.note, other.note),
        ] {
            if !text.is_empty() && text != *own && !besides.contains(&text) {
                besides.push(text);
            }
        }
    }
    Ok((household, besides))
}
