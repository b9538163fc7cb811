//! The tables of what is lent: what stands there, and how it ends.

use shared::clock::TimestampMs;
use shared::crdt::Lent;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::AreaCode;
use uuid::Uuid;

use super::columns::{self, int, uint, uuid};
use super::former;
use super::tx::Tx;
use super::value::values;
use crate::storage::StorageResult;

/// For a unit's area, when a record that is still lent to it leaves it, ms: not yet.
pub(super) const NOT_YET: TimestampMs = i64::MAX as u64;

/// A record that is lent.
pub(super) struct Row {
    /// The issue beside which it lies, or that it is.
    pub(super) issue: Uuid,
    /// The unit's.
    pub(super) area: AreaCode,
}

pub(super) fn issue(id: Uuid) -> RecordRef {
    RecordRef::new(RecordKind::ISSUE, id)
}

pub(super) fn row(tx: Tx<'_>, record: RecordRef) -> StorageResult<Option<Row>> {
    Ok(row_until(tx, record)?.map(|(row, _)| row))
}

pub(super) fn row_until(tx: Tx<'_>, record: RecordRef) -> StorageResult<Option<(Row, TimestampMs)>> {
    tx.prepare_cached("SELECT issue, area, until FROM lent WHERE kind = ?1 AND record = ?2")?
        .query_opt(values![record.kind.0, record.id.as_bytes()], |row| {
            let held = Row {
                issue: uuid(row, 0)?,
                area: columns::area(row, 1)?,
            };
            Ok((held, uint(row, 2)?))
        })
}

/// Notes until when an issue is lent, with its photos.
pub(super) fn until(tx: Tx<'_>, issue: Uuid, lent: &Lent) -> StorageResult<()> {
    tx.prepare_cached("UPDATE lent SET until = ?2 WHERE issue = ?1 AND until <> ?2")?
        .execute(values![issue.as_bytes(), int(lent.until.unwrap_or(NOT_YET))])?;
    Ok(())
}

/// Ends the lending of an issue, with its photos: its steps stay in the unit's log, so that who holds it learns of the
/// end, and nothing else does.
pub(super) fn end(tx: Tx<'_>, record: RecordRef, area: &AreaCode, now_ms: TimestampMs) -> StorageResult<()> {
    let beside = tx
        .prepare_cached("SELECT record FROM lent WHERE issue = ?1 AND kind = ?2")?
        .query_map(values![record.id.as_bytes(), RecordKind::PHOTO.0], |row| {
            uuid(row, 0)
        })?;
    for photo in beside {
        let photo = RecordRef::new(RecordKind::PHOTO, photo);
        forget(tx, photo, area)?;
        end_one(tx, photo, area, now_ms)?;
    }
    let logged = tx
        .prepare_cached(
            "SELECT lent_log.position, body FROM lent_log
             JOIN operation ON operation.device = lent_log.device AND operation.seq = lent_log.seq
             WHERE lent_log.area = ?1 AND lent_log.kind = ?2 AND lent_log.record = ?3 ORDER BY lent_log.position",
        )?
        .query_map(
            values![area.as_str(), record.kind.0, record.id.as_bytes()],
            |row| Ok((uint(row, 0)?, columns::operation("operation", row.bytes(1)?)?)),
        )?;
    let mut goes = tx.prepare_cached("DELETE FROM lent_log WHERE area = ?1 AND position = ?2")?;
    let needed = record.kind.never_without();
    for (position, operation) in &logged {
        let change = &operation.change;
        let ends = change.event.is_some() || change.removal.is_some();
        // What makes it says what it is. A device that went on under another identity may have made it twice.
        let makes = change.writes.iter().any(|write| Some(write.field) == needed);
        if makes || !ends {
            goes.execute(values![area.as_str(), int(*position)])?;
        }
    }
    end_one(tx, record, area, now_ms)
}

/// A record is not lent any more. What was recorded in the unit's area before is still accepted.
pub(super) fn end_one(
    tx: Tx<'_>,
    record: RecordRef,
    area: &AreaCode,
    now_ms: TimestampMs,
) -> StorageResult<()> {
    tx.prepare_cached("DELETE FROM lent WHERE kind = ?1 AND record = ?2")?
        .execute(values![record.kind.0, record.id.as_bytes()])?;
    former::note(tx, record, area, now_ms)
}

/// Nothing of a record stands in a unit's log.
pub(super) fn forget(tx: Tx<'_>, record: RecordRef, area: &AreaCode) -> StorageResult<()> {
    tx.prepare_cached("DELETE FROM lent_log WHERE area = ?1 AND kind = ?2 AND record = ?3")?
        .execute(values![area.as_str(), record.kind.0, record.id.as_bytes()])?;
    Ok(())
}

/// When operations have left the log, the units' logs have them no more.
pub(super) fn forget_compacted(tx: Tx<'_>) -> StorageResult<()> {
    tx.execute(
        "DELETE FROM lent_log WHERE NOT EXISTS (SELECT 1 FROM operation
             WHERE operation.device = lent_log.device AND operation.seq = lent_log.seq)",
        values![],
    )?;
    Ok(())
}

pub(super) fn waits(tx: Tx<'_>, record: RecordRef) -> StorageResult<bool> {
    tx.prepare_cached("SELECT 1 FROM lent_waits WHERE issue = ?1")?
        .exists(values![record.id.as_bytes()])
}

/// Whether a record is lent to the unit with this area.
pub(super) fn is_lent(tx: Tx<'_>, record: RecordRef, area: &AreaCode) -> StorageResult<bool> {
    Ok(row(tx, record)?.is_some_and(|row| row.area == *area))
}

/// What is wrong with the lending of an issue; `None` when it is as its life says.
pub(super) fn fault(
    tx: Tx<'_>,
    record: RecordRef,
    lent: Option<Lent>,
) -> StorageResult<Option<&'static str>> {
    let held = row_until(tx, record)?;
    Ok(match (held, lent) {
        (Some((held, until)), Some(lent))
            if held.area == lent.area() && until == lent.until.unwrap_or(NOT_YET) =>
        {
            None
        }
        (Some(_), _) => Some("is lent, and its life says otherwise"),
        (None, Some(Lent { until: None, .. })) if !waits(tx, record)? => {
            Some("is lent to nobody, and its life says otherwise")
        }
        (None, _) => None,
    })
}
