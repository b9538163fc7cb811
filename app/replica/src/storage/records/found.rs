//! Found text: what is looked for in a record.

use rusqlite::{Transaction, params};
use shared::domain::schema::RecordKind;
use shared::domain::value::{Fields, field};
use shared::domain::{household, resident};

use crate::search;
use crate::storage::StorageResult;

/// Writes a record's text into the index, or takes it out.
pub(super) fn index_text(
    transaction: &Transaction<'_>,
    kind: RecordKind,
    row: i64,
    values: &dyn Fields,
    removed: bool,
) -> StorageResult<()> {
    let Some((rowid, text)) = found_text(kind, row, values) else {
        return Ok(());
    };
    transaction
        .prepare_cached("DELETE FROM search WHERE rowid = ?1")?
        .execute([rowid])?;
    if !removed {
        transaction
            .prepare_cached("INSERT INTO search (rowid, chars, latin, digits) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![rowid, text.chars, text.latin, text.digits])?;
    }
    Ok(())
}

/// Where a record's text stands in the index, and what it is; `None` for a kind that is not searched for.
pub(in crate::storage) fn found_text(
    kind: RecordKind,
    row: i64,
    values: &dyn Fields,
) -> Option<(i64, search::IndexText)> {
    let value = |id| field(values, id);
    match kind {
        RecordKind::HOUSEHOLD => Some((row * 2, search::household_text(value(household::DOOR).as_text()))),
        RecordKind::RESIDENT => Some((
            row * 2 + 1,
            search::resident_text(
                value(resident::NAME).as_text(),
                value(resident::PHONES).as_texts(),
            ),
        )),
        _ => None,
    }
}
