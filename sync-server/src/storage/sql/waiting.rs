//! Parked operations that wait for a record. It may come later: after a restored backup each device offers again
//! what it has, and an edit may arrive before the record that another device made. When the record comes, the
//! operations that waited for it are applied (D5), at positions of their own; their devices read them like any other.

use std::collections::{BTreeMap, BTreeSet};

use shared::change::hash::ChainHash;
use shared::domain::RecordRef;
use shared::ids::{AreaCode, DeviceId};
use shared::protocol::known::OwnRange;
use uuid::Uuid;

use super::columns::{self, int, uint, uuid};
use super::moves;
use super::push::{LogWriter, batch, sender};
use super::records;
use super::tx::{Tx, values};
use crate::apply::{Prepared, WaitsFor};
use crate::storage::{StorageError, StorageResult};

/// Where the log ends, and in which areas it grew.
pub(super) struct LogEnd {
    pub(super) position: u64,
    pub(super) last_in_area: BTreeMap<AreaCode, u64>,
}

impl LogEnd {
    /// The position of what comes next, in an area.
    pub(super) fn append(&mut self, area: &AreaCode) -> u64 {
        self.position += 1;
        self.last_in_area.insert(area.clone(), self.position);
        self.position
    }
}

/// Notes what an operation that was parked waits for.
pub(super) fn note(tx: Tx<'_>, device: DeviceId, seq: u64, waits: &WaitsFor) -> StorageResult<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO parked_waits (kind, record, device, seq, for_move) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )?;
    let (records, for_move) = match waits {
        WaitsFor::Record(records) => (records, false),
        WaitsFor::Move(records) => (records, true),
    };
    for record in records {
        statement.execute(values![
            record.kind.0,
            record.id.as_bytes(),
            device.0.as_bytes(),
            int(seq),
            for_move
        ])?;
    }
    Ok(())
}

/// Records for which something may have waited.
#[derive(Default)]
pub(super) struct Came {
    /// They were made or changed.
    pub(super) changed: BTreeSet<RecordRef>,
    /// They lie in another area now.
    pub(super) moved: BTreeSet<RecordRef>,
}

/// Applies what waited for these records, and what waited for the records that come of that.
pub(super) fn take_up(tx: Tx<'_>, mut came: Came, applied_at: u64, log: &mut LogEnd) -> StorageResult<()> {
    loop {
        let waiting = waiting_for(tx, &std::mem::take(&mut came))?;
        if waiting.is_empty() {
            return Ok(());
        }
        for (device, seq) in waiting {
            try_again(tx, device, seq, applied_at, log, &mut came)?;
        }
    }
}

/// In the order of each device's work.
fn waiting_for(tx: Tx<'_>, came: &Came) -> StorageResult<BTreeSet<(DeviceId, u64)>> {
    let mut waiting = BTreeSet::new();
    let none: bool = tx
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM parked_waits)")?
        .query_row(values![], |row| row.get(0))?;
    if none {
        return Ok(waiting);
    }
    let mut statement = tx.prepare_cached(
        "SELECT device, seq FROM parked_waits WHERE kind = ?1 AND record = ?2 AND for_move = ?3",
    )?;
    let changed = came.changed.iter().map(|record| (record, false));
    for (record, for_move) in changed.chain(came.moved.iter().map(|record| (record, true))) {
        let rows = statement.query_map(values![record.kind.0, record.id.as_bytes(), for_move], |row| {
            Ok((DeviceId(uuid(row, 0)?), uint(row, 1)?))
        })?;
        waiting.extend(rows);
    }
    Ok(waiting)
}

/// Adds the records that it changed or moved; none when it stays parked.
fn try_again(
    tx: Tx<'_>,
    device: DeviceId,
    seq: u64,
    applied_at: u64,
    log: &mut LogEnd,
    came: &mut Came,
) -> StorageResult<()> {
    let body: Option<Vec<u8>> = tx
        .prepare_cached("SELECT body FROM parked WHERE device = ?1 AND seq = ?2")?
        .query_opt(values![device.0.as_bytes(), int(seq)], |row| row.get(0))?;
    let Some(body) = body else {
        return Err(StorageError::Inconsistent {
            table: "parked_waits",
        });
    };
    let prepared = Prepared {
        operation: columns::operation("parked", &body)?,
        body,
        chain: ChainHash::default(),
    };
    let operation = &prepared.operation;
    // Whether it came in time was decided when it came.
    let sender = sender(tx, operation.author, 0)?;
    let mut batch = batch(tx, std::slice::from_ref(&prepared), sender, applied_at)?;
    let taken = batch.take(&prepared);
    tx.prepare_cached("DELETE FROM parked_waits WHERE device = ?1 AND seq = ?2")?
        .execute(values![device.0.as_bytes(), int(seq)])?;
    let home = match taken {
        Ok(home) => home,
        Err(rejection) => {
            tx.prepare_cached("UPDATE parked SET code = ?3 WHERE device = ?1 AND seq = ?2")?
                .execute(values![device.0.as_bytes(), int(seq), rejection.code])?;
            note(tx, device, seq, &batch.waits_for(operation, rejection))?;
            return Ok(());
        }
    };
    tx.prepare_cached("DELETE FROM parked WHERE device = ?1 AND seq = ?2")?
        .execute(values![device.0.as_bytes(), int(seq)])?;
    LogWriter::new(tx, applied_at)?.insert(log.append(&home), &home, &prepared)?;
    let mut writer = records::Writer::new(tx)?;
    for changed in batch.into_changed() {
        writer.write(&changed)?;
        came.changed.insert(changed.record);
    }
    came.moved
        .extend(moves::follow(tx, operation, &home, applied_at, log)?);
    Ok(())
}

/// Of these operations of a device those that are applied.
pub(super) fn applied_of(tx: Tx<'_>, device: DeviceId, seqs: &[u64]) -> StorageResult<Vec<u64>> {
    let mut statement = tx.prepare_cached(
        "SELECT 1 FROM operation WHERE device = ?1 AND seq = ?2
         UNION ALL SELECT 1 FROM compacted WHERE device = ?1 AND seq = ?2",
    )?;
    let mut applied = Vec::new();
    for seq in seqs {
        if statement.exists(values![device.0.as_bytes(), int(*seq)])? {
            applied.push(*seq);
        }
    }
    Ok(applied)
}

/// The records of these operations of a device, in sequence; empty unless all are held.
pub(super) fn records_of(tx: Tx<'_>, device: DeviceId, range: OwnRange) -> StorageResult<Vec<Uuid>> {
    let OwnRange { first_seq, last_seq } = range;
    let (first_seq, last_seq) = (int(first_seq), int(last_seq));
    let mut applied =
        tx.prepare_cached("SELECT seq, record FROM operation WHERE device = ?1 AND seq BETWEEN ?2 AND ?3")?;
    let mut records: BTreeMap<u64, Uuid> = applied
        .query_map(values![device.0.as_bytes(), first_seq, last_seq], |row| {
            Ok((uint(row, 0)?, uuid(row, 1)?))
        })?
        .into_iter()
        .collect();
    let mut parked =
        tx.prepare_cached("SELECT seq, body FROM parked WHERE device = ?1 AND seq BETWEEN ?2 AND ?3")?;
    let mut rows = parked.query(values![device.0.as_bytes(), first_seq, last_seq])?;
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(1)?;
        records.insert(uint(&row, 0)?, columns::operation("parked", &body)?.record.id);
    }
    match records.len() as u64 == range.count() {
        true => Ok(records.into_values().collect()),
        false => Ok(Vec::new()),
    }
}
