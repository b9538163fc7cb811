//! Compaction: what later operations have replaced whole leaves the log (D7). Of each that goes the device's hash
//! chain stays, so that it is known when it is sent again and the chain can still be recomputed.

use std::collections::{BTreeMap, BTreeSet};

use shared::change::AppliedOperation;
use shared::change::hash::{CHAIN_START, ChainHash};
use shared::clock::TimestampMs;
use shared::ids::{AreaCode, DeviceId};

use super::columns::{self, chain, int, uint, uuid};
use super::lent;
use super::tx::{Row, Tx};
use super::value::values;
use crate::apply::{Prepared, replaced};
use crate::storage::{Storage, StorageResult};

impl Storage {
    /// Drops from the log what was applied before `before_ms` and has been [replaced whole](crate::apply::replaced);
    /// how many operations. Records stay as they are, and so do cursors and what is held of each device. One
    /// transaction per area.
    pub async fn compact(&self, before_ms: TimestampMs) -> StorageResult<u64> {
        let mut dropped = 0;
        for area in self.read(move |tx| areas(tx, before_ms)).await? {
            dropped += self.write(move |tx| compact(tx, &area, before_ms)).await?;
        }
        if dropped > 0 {
            self.write(lent::forget_compacted).await?;
        }
        Ok(dropped)
    }
}

/// Records of area `?1` with more operations than it takes to tell who made them and each device's last.
const REPEATED: &str = "SELECT record FROM operation WHERE area = ?1
     GROUP BY kind, record HAVING count(*) > 1 + count(DISTINCT device) AND min(applied_at) < ?2";

/// The areas in which something may go, in order.
fn areas(tx: Tx<'_>, before: TimestampMs) -> StorageResult<Vec<AreaCode>> {
    let mut all = tx.prepare_cached("SELECT code FROM area ORDER BY code")?;
    let mut repeated = tx.prepare_cached(&format!("SELECT EXISTS ({REPEATED})"))?;
    let mut areas = Vec::new();
    for area in all.query_map(values![], |row| columns::area(row, 0))? {
        if repeated.query_row(values![area.as_str(), int(before)], |row| row.get(0))? {
            areas.push(area);
        }
    }
    Ok(areas)
}

/// Drops from the log of exactly this area what was applied before `before` and has been replaced whole; how many.
fn compact(tx: Tx<'_>, area: &AreaCode, before: TimestampMs) -> StorageResult<u64> {
    // The importer looks its operations up again when a register comes a second time.
    let importer = tx.query_row("SELECT import_device FROM meta", values![], |row| uuid(row, 0))?;
    let may_go = |applied: &AppliedOperation| {
        applied.applied_at < before && applied.operation.device != DeviceId(importer)
    };
    let mut statement = tx.prepare_cached(&format!(
        "SELECT position, applied_at, body FROM operation WHERE area = ?1 AND record IN ({REPEATED})
         ORDER BY kind, record, position"
    ))?;
    let mut rows = statement.scan(values![area.as_str(), int(before)])?;
    let mut going = Going::default();
    let mut of_record: Vec<(u64, AppliedOperation)> = Vec::new();
    while let Some(row) = rows.next()? {
        let next = logged(&row)?;
        let is_another = |(_, last): &(_, AppliedOperation)| last.operation.record != next.1.operation.record;
        if of_record.last().is_some_and(is_another) {
            going.add(&std::mem::take(&mut of_record), may_go);
        }
        of_record.push(next);
    }
    going.add(&of_record, may_go);
    going.leave(tx, area)
}

fn logged(row: &Row<'_>) -> StorageResult<(u64, AppliedOperation)> {
    let body: Vec<u8> = row.get(2)?;
    let applied = AppliedOperation {
        operation: columns::operation("operation", &body)?,
        applied_at: uint(row, 1)?,
    };
    Ok((uint(row, 0)?, applied))
}

/// Operations that go.
#[derive(Default)]
struct Going {
    positions: BTreeSet<u64>,
    by_device: BTreeMap<DeviceId, BTreeSet<u64>>,
}

impl Going {
    /// Adds what can go of a record's operations.
    fn add(&mut self, of_record: &[(u64, AppliedOperation)], may_go: impl Fn(&AppliedOperation) -> bool) {
        let (positions, operations): (Vec<u64>, Vec<AppliedOperation>) = of_record.iter().cloned().unzip();
        for place in replaced(&operations, may_go) {
            if let Some((position, applied)) = positions.get(place).zip(operations.get(place)) {
                let AppliedOperation { operation, .. } = applied;
                self.positions.insert(*position);
                self.by_device
                    .entry(operation.device)
                    .or_default()
                    .insert(operation.seq);
            }
        }
    }

    fn leave(self, tx: Tx<'_>, area: &AreaCode) -> StorageResult<u64> {
        let Some(first) = self.positions.first() else {
            return Ok(0);
        };
        for (device, seqs) in &self.by_device {
            keep_chain(tx, *device, seqs)?;
        }
        let mut statement = tx.prepare_cached("DELETE FROM operation WHERE position = ?1")?;
        for position in &self.positions {
            statement.execute(values![int(*position)])?;
        }
        // What was packed of it is packed anew, from there on: each segment goes on behind the one before it.
        tx.prepare_cached(
            "DELETE FROM segment WHERE substr(?1, 1, length(area)) = area AND last_position >= ?2",
        )?
        .execute(values![area.as_str(), int(*first)])?;
        Ok(self.positions.len() as u64)
    }
}

/// Keeps a device's chain at each of these operations, before they go.
fn keep_chain(tx: Tx<'_>, device: DeviceId, seqs: &BTreeSet<u64>) -> StorageResult<()> {
    let Some(first) = seqs.first() else {
        return Ok(());
    };
    let known = tx
        .prepare_cached(
            "SELECT seq, chain FROM compacted WHERE device = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1",
        )?
        .query_opt(values![device.0.as_bytes(), int(*first)], |row| {
            Ok((uint(row, 0)?, chain(row, 1)?))
        })?;
    let (mut seq, mut at) = known.unwrap_or((0, CHAIN_START));
    let mut kept: Vec<(u64, ChainHash)> = Vec::with_capacity(seqs.len());
    let mut statement = tx.prepare_cached(LINKS)?;
    let mut rows = statement.scan(values![device.0.as_bytes(), int(seq)])?;
    while let Some(row) = rows.next()?
        && kept.len() < seqs.len()
    {
        (seq, at) = link(&row, at)?;
        if seqs.contains(&seq) {
            kept.push((seq, at));
        }
    }
    let mut keep = tx.prepare_cached("INSERT INTO compacted (device, seq, chain) VALUES (?1, ?2, ?3)")?;
    for (seq, chain) in kept {
        keep.execute(values![device.0.as_bytes(), int(seq), chain.0])?;
    }
    Ok(())
}

/// All that is held of device `?1` behind number `?2`, by sequence.
pub(super) const LINKS: &str = "SELECT seq, body, 0 FROM operation WHERE device = ?1 AND seq > ?2
     UNION ALL SELECT seq, body, 0 FROM parked WHERE device = ?1 AND seq > ?2
     UNION ALL SELECT seq, chain, 1 FROM compacted WHERE device = ?1 AND seq > ?2 ORDER BY seq";

/// Whether a row of [`LINKS`] is of an operation that went: then its bytes are the chain at it.
pub(super) fn is_compacted(row: &Row<'_>) -> StorageResult<bool> {
    row.get(2)
}

/// The number and the chain at a row of [`LINKS`]; `before` is the chain before it.
pub(super) fn link(row: &Row<'_>, before: ChainHash) -> StorageResult<(u64, ChainHash)> {
    let chain = match is_compacted(row)? {
        true => chain(row, 1)?,
        false => before.then_bytes(row.bytes(1)?),
    };
    Ok((uint(row, 0)?, chain))
}

/// Whether exactly these bytes of a device went.
pub(super) fn has_gone(tx: Tx<'_>, prepared: &Prepared) -> StorageResult<bool> {
    let Prepared { operation, chain, .. } = prepared;
    tx.prepare_cached("SELECT 1 FROM compacted WHERE device = ?1 AND seq = ?2 AND chain = ?3")?
        .exists(values![
            operation.device.0.as_bytes(),
            int(operation.seq),
            chain.0
        ])
}
