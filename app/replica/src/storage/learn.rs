//! What an updated app makes at its first start of rows that an earlier one wrote: kinds and fields that the earlier one
//! could only keep are shown, and found text becomes what this one looks for.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::domain::schema::{KindSpec, RecordKind, RecordRef, kinds};
use shared::guards::{self, Guard};
use uuid::Uuid;

use super::records::{self, field_columns, fields_from_row, found_text};
use super::sealed::standing;
use super::{StorageError, StorageResult, meta, record_table};
use crate::search::IndexText;

/// What the app knew that wrote here last: every kind and field.
const KNOWN: &str = "fields_known";

/// Takes up what an earlier app could only keep, unless this one, or another that knows the same, has done so. What is
/// sealed waits until it is opened.
pub(super) fn after_update(connection: &mut Connection) -> StorageResult<()> {
    let is_known = meta::get(connection, KNOWN)?.is_some_and(|known: Vec<(u8, u8)>| known == all_fields());
    if is_known || standing(connection)?.is_some() || !guards::holds(Guard::Learning) {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    learn(&transaction)?;
    transaction.commit()?;
    Ok(())
}

fn all_fields() -> Vec<(u8, u8)> {
    let of_kind = |spec: &KindSpec| {
        let kind = spec.kind.0;
        spec.fields
            .iter()
            .map(move |field| (kind, field.id.0))
            .collect::<Vec<_>>()
    };
    kinds().flat_map(of_kind).collect()
}

/// Takes up kinds, fields and found text.
pub(super) fn learn(transaction: &Transaction<'_>) -> StorageResult<()> {
    for spec in record_table::with_table() {
        fields(transaction, spec)?;
    }
    // Of a kind that has become known: what lists need; and one that has a table now goes there.
    let mut writer = records::Writer::new(transaction)?;
    for record in record_table::all(transaction)? {
        let state = match record_table::load(transaction, record) {
            Ok(Some(state)) => state,
            Ok(None) | Err(StorageError::Inconsistent { .. }) => continue,
            Err(error) => return Err(error),
        };
        if record.kind.spec().is_some_and(|spec| spec.has_table) {
            record_table::remove(transaction, record)?;
        }
        writer.save(record, &state)?;
    }
    for kind in [RecordKind::HOUSEHOLD, RecordKind::RESIDENT] {
        text(transaction, kind)?;
    }
    meta::set(transaction, KNOWN, &all_fields())
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
