//! What an updated app makes of rows that an earlier one wrote, in the transaction of its last step of the schema: fields
//! that the earlier one could only keep go into their columns, and found text becomes what this one looks for.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::domain::schema::{KINDS, KindSpec, RecordKind, RecordRef};
use uuid::Uuid;

use super::records::{self, field_columns, fields_from_row, found_text};
use super::{StorageError, StorageResult};
use crate::search::IndexText;

/// Takes both up.
pub(super) fn learn(transaction: &Transaction<'_>) -> StorageResult<()> {
    for spec in KINDS {
        fields(transaction, spec)?;
    }
    for kind in [RecordKind::HOUSEHOLD, RecordKind::RESIDENT] {
        text(transaction, kind)?;
    }
    Ok(())
}

/// Every record with fields that an earlier app did not know is saved again, as this one knows them.
fn fields(transaction: &Transaction<'_>, spec: &KindSpec) -> StorageResult<()> {
    let mut statement = transaction.prepare(&format!("SELECT id FROM {} WHERE more <> x''", spec.name))?;
    let ids: Vec<Uuid> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in ids {
        let record = RecordRef { kind: spec.kind, id };
        match records::load(transaction, record) {
            Ok(Some(state)) => records::Writer::new(transaction)?.save(record, &state)?,
            // One that went bad is mended where it is read; the app opens all the same.
            Ok(None) | Err(StorageError::Inconsistent { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Found text is written again where this app would write another.
fn text(transaction: &Transaction<'_>, kind: RecordKind) -> StorageResult<()> {
    let Some(spec) = kind.spec() else {
        return Ok(());
    };
    let columns = field_columns(kind, "");
    let mut statement = transaction.prepare(&format!(
        "SELECT row, {columns} FROM {} WHERE removed = 0",
        spec.name
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let fields = fields_from_row(spec, row, 1)?;
        let Some((rowid, text)) = found_text(kind, row.get(0)?, &fields) else {
            continue;
        };
        let is_other = as_indexed(transaction, rowid)?.is_some_and(|indexed| indexed != text);
        if is_other {
            transaction
                .prepare_cached("UPDATE search SET chars = ?2, latin = ?3, digits = ?4 WHERE rowid = ?1")?
                .execute(params![rowid, text.chars, text.latin, text.digits])?;
        }
    }
    Ok(())
}

fn as_indexed(connection: &Connection, rowid: i64) -> StorageResult<Option<IndexText>> {
    let mut statement =
        connection.prepare_cached("SELECT chars, latin, digits FROM search WHERE rowid = ?1")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(IndexText {
            chars: row.get(0)?,
            latin: row.get(1)?,
            digits: row.get(2)?,
        })
    };
    Ok(statement.query_row([rowid], read).optional()?)
}

#[cfg(test)]
#[path = "learn_tests.rs"]
mod tests;
