//! Incomplete records: a device that goes on under another identity, or offers again to a restored server, makes anew
//! what it had worked on. Of what is another area's by now the server hands out nothing: a record then lacks its
//! beginning, or what it lies beside.

use std::sync::LazyLock;

use rusqlite::{Connection, Transaction, params};
use shared::domain::schema::{RecordKind, RecordRef};
use uuid::Uuid;

use super::own_operations::UNSETTLED_RECORDS;
use super::{StorageResult, meta, records};

/// Set while there may be incomplete records.
const INCOMPLETE: &str = "incomplete";

/// Notes that records are made of own operations alone, until everything is read.
pub(super) fn may_come(transaction: &Transaction<'_>) -> StorageResult<()> {
    meta::set(transaction, INCOMPLETE, &true)
}

/// When everything was read: lets go of what is still no whole record, once own operations about it are receipted and
/// the bytes of a photo are sent.
pub(super) fn forget(transaction: &Transaction<'_>) -> StorageResult<()> {
    if !meta::get(transaction, INCOMPLETE)?.unwrap_or(false) {
        return Ok(());
    }
    for record in worked_on(transaction, &format!("NOT ({})", *UNSETTLED))? {
        if is_incomplete(transaction, record)? {
            records::release(transaction, "SELECT ?1", params![record.id])?;
            records::remove(transaction, record)?;
        }
    }
    let unsettled = worked_on(transaction, &UNSETTLED)?;
    meta::set(transaction, INCOMPLETE, &!unsettled.is_empty())
}

/// Photos whose bytes are still to be sent.
const UNSENT_PHOTOS: &str =
    "SELECT id FROM photo WHERE hash IN (SELECT hash FROM photo_bytes WHERE state = 1)";

/// Something about a record is still to be sent, or was set aside.
static UNSETTLED: LazyLock<String> =
    LazyLock::new(|| format!("(record IN ({UNSETTLED_RECORDS}) OR record IN ({UNSENT_PHOTOS}))"));

/// Something was done to a record that was set aside, and its worker has seen that; a photo's bytes are sent.
pub(super) static GIVEN_UP: LazyLock<String> = LazyLock::new(|| {
    format!("seq IN (SELECT seq FROM set_aside WHERE seen <> 0) AND record NOT IN ({UNSENT_PHOTOS})")
});

/// Whether it lacks what it began with, or lies beside such a one or beside nothing that is here.
fn is_incomplete(transaction: &Transaction<'_>, record: RecordRef) -> StorageResult<bool> {
    let read = records::load(transaction, record);
    let Some(state) = records::whole(transaction, record, read)? else {
        return Ok(true);
    };
    let lacks = |needed| state.values_of(needed).is_empty();
    if record.kind.never_without().is_some_and(lacks) {
        return Ok(true);
    }
    match record.kind.lies_beside(&state.values()) {
        // What is lent lies beside nothing here.
        Some(_) if record.kind == RecordKind::ISSUE && state.area().is_unit() => Ok(false),
        Some(other) => is_incomplete(transaction, other),
        None => Ok(false),
    }
}

/// The records of own operations of this kind.
pub(super) fn worked_on(connection: &Connection, which: &str) -> StorageResult<Vec<RecordRef>> {
    let mut statement = connection.prepare(&format!(
        "SELECT DISTINCT kind, record FROM operation WHERE {which}"
    ))?;
    let rows = statement.query_map([], |row| {
        Ok(RecordRef::new(RecordKind(row.get(0)?), row.get::<_, Uuid>(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
