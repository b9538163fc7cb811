//! Moves: the log of a household goes to another area, whole, and the area that it left is told.
//!
//! ```text
//!   area A   … h1 … r1 … v1 … ──► …                    … departed (the operation that moved it)
//!   area B   …                    … moved h1 r1 v1 …   (the same operations, at new positions)
//! ```
//!
//! A device that holds A reads in A's log that the household went, and lets go of it. One that holds B reads all of it
//! behind its cursor, the move first: it then knows where the rest lies.

use std::collections::{BTreeMap, BTreeSet};

use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::AreaCode;

use super::columns::{int, uint, uuid};
use super::log::LogEnd;
use super::tx::Tx;
use super::value::values;
use super::{former, records};
use crate::apply::move_target;
use crate::storage::StorageResult;

/// Follows an operation that was applied just now and whose record lay in `from`: when it moves a household and no
/// later move is known, everything goes along. Returns what did.
pub(super) fn follow(
    tx: Tx<'_>,
    by: &Operation,
    from: &AreaCode,
    applied_at: TimestampMs,
    log: &mut LogEnd,
) -> StorageResult<BTreeSet<RecordRef>> {
    match move_target(by) {
        Some(to) if hold(tx, by, &to, applied_at)? && to != *from => {
            relocate(tx, by, from, &to, applied_at, log)
        }
        _ => Ok(BTreeSet::new()),
    }
}

/// Whether a move is the latest one of its household.
fn hold(tx: Tx<'_>, by: &Operation, to: &AreaCode, applied_at: TimestampMs) -> StorageResult<bool> {
    let stamp = by.stamp.clamped(Some(applied_at));
    let mut statement = tx.prepare_cached(
        "INSERT INTO moved (household, area, ms, counter, device, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (household) DO UPDATE SET area = excluded.area, ms = excluded.ms,
             counter = excluded.counter, device = excluded.device, seq = excluded.seq
         WHERE (excluded.ms, excluded.counter, excluded.device, excluded.seq) > (moved.ms, moved.counter, moved.device, moved.seq)",
    )?;
    let held = statement.execute(values![
        by.record.id.as_bytes(),
        to.as_str(),
        int(stamp.ms),
        stamp.counter,
        by.device.0.as_bytes(),
        int(by.seq)
    ])?;
    Ok(held == 1)
}

fn relocate(
    tx: Tx<'_>,
    by: &Operation,
    from: &AreaCode,
    to: &AreaCode,
    applied_at: TimestampMs,
    log: &mut LogEnd,
) -> StorageResult<BTreeSet<RecordRef>> {
    let lies_there = log_of(tx, from)?;
    let coming = beside(tx, by.record, lies_there.iter().map(|row| row.record).collect())?;
    let (first, rest): (Vec<_>, Vec<_>) = lies_there
        .iter()
        .filter(|row| coming.contains(&row.record))
        .partition(|row| (row.device, row.seq) == (by.device.0, by.seq));
    let mut relocate =
        tx.prepare_cached("UPDATE operation SET position = ?2, area = ?3 WHERE position = ?1")?;
    for row in first.into_iter().chain(rest) {
        let position = log.append(to);
        relocate.execute(values![int(row.position), int(position), to.as_str()])?;
    }
    tx.prepare_cached("INSERT INTO departed (position, area, device, seq) VALUES (?1, ?2, ?3, ?4)")?
        .execute(values![
            int(log.append(from)),
            from.as_str(),
            by.device.0.as_bytes(),
            int(by.seq)
        ])?;
    for record in &coming {
        bring(tx, *record, from, to, applied_at)?;
    }
    // Segments that hold what has left are not for those who begin there and have not where it went.
    tx.prepare_cached(
        "DELETE FROM segment WHERE substr(?1, 1, length(area)) = area AND substr(?2, 1, length(area)) <> area",
    )?
    .execute(values![from.as_str(), to.as_str()])?;
    Ok(coming)
}

/// An operation of an area's log.
struct LogRow {
    position: u64,
    record: RecordRef,
    device: uuid::Uuid,
    seq: u64,
}

fn log_of(tx: Tx<'_>, area: &AreaCode) -> StorageResult<Vec<LogRow>> {
    let mut statement = tx.prepare_cached(
        "SELECT position, kind, record, device, seq FROM operation WHERE area = ?1 ORDER BY position",
    )?;
    statement.query_map(values![area.as_str()], |row| {
        Ok(LogRow {
            position: uint(row, 0)?,
            record: RecordRef::new(RecordKind(row.get(1)?), uuid(row, 2)?),
            device: uuid(row, 3)?,
            seq: uint(row, 4)?,
        })
    })
}

/// The household and, of these records, those that lie beside it or beside one that does.
fn beside(
    tx: Tx<'_>,
    household: RecordRef,
    lying_there: BTreeSet<RecordRef>,
) -> StorageResult<BTreeSet<RecordRef>> {
    let mut beside: BTreeMap<RecordRef, RecordRef> = BTreeMap::new();
    let others = lying_there
        .into_iter()
        .filter(|record| record.kind != RecordKind::HOUSEHOLD);
    for (record, loaded) in records::load(tx, others)? {
        if let Some(other) = record.kind.lies_beside(&loaded.state.values()) {
            beside.insert(record, other);
        }
    }
    let mut coming = BTreeSet::from([household]);
    loop {
        let before = coming.len();
        let more = beside.iter().filter(|(_, other)| coming.contains(other));
        let more: Vec<RecordRef> = more.map(|(record, _)| *record).collect();
        coming.extend(more);
        if coming.len() == before {
            return Ok(coming);
        }
    }
}

fn bring(
    tx: Tx<'_>,
    record: RecordRef,
    from: &AreaCode,
    to: &AreaCode,
    left_at: TimestampMs,
) -> StorageResult<()> {
    let id = record.id.as_bytes();
    tx.prepare_cached("UPDATE record SET area = ?3 WHERE kind = ?1 AND id = ?2")?
        .execute(values![record.kind.0, id, to.as_str()])?;
    former::note(tx, record, from, left_at)?;
    if record.kind != RecordKind::PHOTO {
        return Ok(());
    }
    tx.prepare_cached("UPDATE photo_record SET area = ?2 WHERE record = ?1")?
        .execute(values![id, to.as_str()])?;
    // Bytes that were received for it are for those who have it now.
    tx.prepare_cached(
        "INSERT INTO photo (hash, area, size_bytes, device, stored_at)
         SELECT hash, CAST(?3 AS TEXT), size_bytes, device, stored_at FROM photo
         WHERE area = ?2 AND hash = (SELECT hash FROM photo_record WHERE record = ?1) ON CONFLICT DO NOTHING",
    )?
    .execute(values![id, from.as_str(), to.as_str()])?;
    Ok(())
}
