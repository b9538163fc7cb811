//! Own operations as they are kept: read, with their chain, and what became of them.
//!
//! Most operations make a record that nothing touches for a long time. Such an operation is kept as an empty body: it
//! is read off the record's row, which holds the same. Whoever changes or removes that row calls `keep_body` or
//! `keep_bodies` before.
//!
//! A row that went bad takes the operation with it that is read off it. Such an operation counts as one that is not kept
//! any more: it stops neither the receipts of others nor their way out (`is_whole`).

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, params};
use shared::change::Operation;
use shared::change::hash::{ChainHash, canonical_bytes};
use shared::clock::Stamp;
use shared::crdt::{RecordState, creation};
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::Value;
use shared::ids::DeviceId;
use uuid::Uuid;

use super::meta::{self, ChainEnd, Enrolment};
use super::{StorageError, StorageResult, records};

/// The chain is kept at every so many operations; between them it is computed.
pub(super) const CHAIN_EVERY: u64 = 64;

/// Records about which an own operation waits.
pub(super) const WAITING_RECORDS: &str =
    "SELECT record FROM operation WHERE seq > (SELECT coalesce(max(through_seq), 0) FROM receipted)";
/// Records about which an own operation waits or was set aside.
pub const UNSETTLED_RECORDS: &str = "SELECT record FROM operation
     WHERE seq > (SELECT coalesce(max(through_seq), 0) FROM receipted)
     UNION ALL SELECT record FROM operation JOIN set_aside USING (seq)";

/// Whether an own operation about the record waits.
///
/// # Errors
/// A failing database.
pub(crate) fn is_waiting(connection: &Connection, record: Uuid) -> StorageResult<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM operation WHERE seq > ?1 AND record = ?2")?
        .exists(params![receipted_through(connection)?, record])?)
}

/// An own operation as it is kept.
pub(crate) struct Kept {
    pub(crate) seq: u64,
    pub(crate) record: RecordRef,
    body: Vec<u8>,
}

impl Kept {
    /// From a row that begins with `seq, kind, record, body`.
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            record: RecordRef {
                kind: RecordKind(row.get(1)?),
                id: row.get::<_, Uuid>(2)?,
            },
            body: row.get(3)?,
        })
    }

    /// The operation itself.
    ///
    /// # Errors
    /// [`StorageError::Inconsistent`] when it is read off a row that does not hold it any more.
    pub(crate) fn operation(&self, reader: &mut records::Reader<'_>) -> StorageResult<Operation> {
        let damaged = StorageError::Inconsistent { table: "operation" };
        if self.body.is_empty() {
            let made = reader.creation_of(self.record)?;
            return made.filter(|made| made.seq == self.seq).ok_or(damaged);
        }
        postcard::from_bytes(&self.body).map_err(|_| damaged)
    }
}

/// Own operations, as far as they can be read; `condition` goes on from `SELECT ... FROM operation`.
pub(crate) fn select(
    connection: &Connection,
    condition: &str,
    params: &[&dyn ToSql],
) -> StorageResult<Vec<Operation>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, kind, record, body FROM operation {condition}"
    ))?;
    let mut rows = statement.query(params)?;
    let mut reader = records::Reader::new(connection);
    let mut operations = Vec::new();
    while let Some(row) = rows.next()? {
        match Kept::from_row(row)?.operation(&mut reader) {
            Ok(operation) => operations.push(operation),
            Err(StorageError::Inconsistent { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(operations)
}

/// Whether all own operations that no receipt covers can be read as they were made: the chain leads over them to its
/// end.
pub(crate) fn is_whole(connection: &Connection) -> StorageResult<bool> {
    let receipted = receipted_through(connection)?;
    let end: ChainEnd = meta::get(connection, meta::CHAIN_END)?.unwrap_or_default();
    let waiting = select(connection, "WHERE seq > ?1 ORDER BY seq", params![receipted])?;
    let chain = chain_at(connection, receipted)?;
    let is_there = |chain| {
        waiting
            .iter()
            .fold(chain, |chain: ChainHash, one| chain.then(one))
            == end.chain
    };
    Ok(waiting.is_empty() && end.seq <= receipted || chain.is_some_and(is_there))
}

/// Of an own operation that was read off a row that is about to go: its number, and itself if it can be read.
pub(super) type ReadOff = (RecordRef, u64, Option<Operation>);

/// Own operations that are read off the rows of these records.
pub(super) fn read_off(
    connection: &Connection,
    records: &BTreeSet<RecordRef>,
) -> StorageResult<Vec<ReadOff>> {
    let mut statement = connection
        .prepare_cached("SELECT seq, kind, record, body FROM operation WHERE body = x'' ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut reader = records::Reader::new(connection);
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kept = Kept::from_row(row)?;
        if records.contains(&kept.record) {
            found.push((kept.record, kept.seq, kept.operation(&mut reader).ok()));
        }
    }
    Ok(found)
}

/// When rows have come in place of others: what was read off them and is not read off the new ones is written out.
/// `came` are own operations as the server has them.
pub(super) fn write_out_lost(
    transaction: &Transaction<'_>,
    read_off: Vec<ReadOff>,
    came: &[Operation],
) -> StorageResult<()> {
    let mut reader = records::Reader::new(transaction);
    for (record, seq, before) in read_off {
        let made = came.iter().find(|made| (made.record, made.seq) == (record, seq));
        let made = made.cloned().or(before);
        let held = reader.creation_of(record).unwrap_or_default();
        if let Some(made) = made.filter(|made| held.as_ref() != Some(made)) {
            write_out(transaction, &made)?;
        }
    }
    Ok(())
}

/// Up to which own operation everything is durable on the server; 0 for none.
pub(crate) fn receipted_through(connection: &Connection) -> StorageResult<u64> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(through_seq), 0) FROM receipted")?
        .query_row([], |row| row.get(0))?)
}

/// The last own operation that is kept; 0 for none.
pub(super) fn last_seq(connection: &Connection) -> StorageResult<u64> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM operation")?
        .query_row([], |row| row.get(0))?)
}

/// The chain at an own operation; the start for 0, `None` when it is not kept any more.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn chain_at(connection: &Connection, seq: u64) -> StorageResult<Option<ChainHash>> {
    if seq == 0 {
        return Ok(Some(ChainHash::default()));
    }
    let end: ChainEnd = meta::get(connection, meta::CHAIN_END)?.unwrap_or_default();
    if end.seq == seq {
        return Ok(Some(end.chain));
    }
    let kept: Option<(u64, [u8; 32])> = connection
        .prepare_cached(
            "SELECT seq, chain FROM operation WHERE seq <= ?1 AND chain <> x'' ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (from, chain) = kept.map_or((0, ChainHash::default()), |(seq, chain)| (seq, ChainHash(chain)));
    let between = select(
        connection,
        "WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
        params![from, seq],
    )?;
    if between.len() as u64 != seq - from {
        return Ok(None);
    }
    Ok(Some(
        between
            .iter()
            .fold(chain, |chain, operation| chain.then(operation)),
    ))
}

/// Keeps the chain at the last own operation that a receipt covers: what waits behind it goes out whatever became of
/// what is before it.
pub(super) fn keep_receipted_chain(
    transaction: &Transaction<'_>,
    seq: u64,
    chain: ChainHash,
) -> StorageResult<()> {
    transaction
        .prepare_cached("UPDATE operation SET chain = ?2 WHERE seq = ?1")?
        .execute(params![seq, chain.0])?;
    Ok(())
}

/// Keeps the chain at an own operation, so that what is before it may go.
pub(super) fn keep_chain(transaction: &Transaction<'_>, seq: u64) -> StorageResult<()> {
    if let Some(chain) = chain_at(transaction, seq)? {
        transaction.execute(
            "UPDATE operation SET chain = ?2 WHERE seq = ?1",
            params![seq, chain.0],
        )?;
    }
    Ok(())
}

/// Before something touches a record: an own operation that is read off its row is written out. Returns whether
/// there is one, which `operation` repeats: then nothing changes.
pub(super) fn keep_body(
    transaction: &Transaction<'_>,
    state: &RecordState,
    operation: &Operation,
    dated: Stamp,
) -> StorageResult<bool> {
    let origin = state.origin();
    let is_in_row = transaction
        .prepare_cached("SELECT 1 FROM operation WHERE seq = ?1 AND record = ?2 AND body = x''")?
        .exists(params![origin.seq, operation.record.id])?;
    // Another device's operation on the record may have the same number.
    if !is_in_row || !is_own(transaction, origin.device)? {
        return Ok(false);
    }
    if (operation.device, operation.seq, dated) == (origin.device, origin.seq, origin.stamp) {
        return Ok(true);
    }
    let made = creation(origin, state.made_in(), operation.record, state.values());
    write_out(transaction, &made)?;
    Ok(false)
}

/// Whether operations of a device are this device's own. Before anybody has signed in all are.
fn is_own(connection: &Connection, device: DeviceId) -> StorageResult<bool> {
    let enrolment: Option<Enrolment> = meta::get(connection, meta::ENROLMENT)?;
    Ok(enrolment.is_none_or(|enrolment| enrolment.device == device))
}

/// Before rows go: own operations that are read off them are written out. `records` selects their ids.
pub(super) fn keep_bodies(
    transaction: &Transaction<'_>,
    records: &str,
    params: &[&dyn ToSql],
) -> StorageResult<()> {
    for made in select(
        transaction,
        &format!("WHERE body = x'' AND record IN ({records})"),
        params,
    )? {
        write_out(transaction, &made)?;
    }
    Ok(())
}

fn write_out(transaction: &Transaction<'_>, made: &Operation) -> StorageResult<()> {
    transaction
        .prepare_cached("UPDATE operation SET body = ?2 WHERE seq = ?1")?
        .execute(params![made.seq, canonical_bytes(made)])?;
    Ok(())
}

/// About how many bytes an operation has, without writing it.
pub(super) fn weight(operation: &Operation) -> usize {
    let value = |value: &Value| match value {
        Value::Null => 0,
        Value::Int(_) | Value::Id(_) => 16,
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Numbers(numbers) => numbers.len() * 4,
        Value::Texts(texts) => texts.iter().map(String::len).sum(),
        Value::Ids(ids) => ids.len() * 16,
    };
    let writes = operation.change.writes.iter();
    80 + writes.map(|write| 4 + value(&write.value)).sum::<usize>() + operation.change.members.len() * 4
}

#[cfg(test)]
#[path = "own_operations_tests.rs"]
mod tests;
