//! Conflicts that were settled: the values that lost, who wrote them, and who chose.
//!
//! Kept on this device only. A conflict leaves no trace in the record once it is settled, or every record
//! would grow by all that was ever written in it. The device notes what it sees disappear. Since a choice
//! is handed out behind the values that it chose among, every device that was given the operations one by
//! one has noted the same; one that began from a snapshot knows what was settled since.

use rusqlite::{Transaction, params};
use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::crdt::{RecordState, Written};
use shared::domain::schema::FieldId;

use super::{StorageError, StorageResult};

/// The most values kept of one record.
pub const SETTLED_PER_RECORD_MAX: u32 = 20;

/// The values of those fields that an operation writes and that are in conflict.
pub(super) fn at_stake(state: &RecordState, operation: &Operation) -> Vec<(FieldId, Vec<Written>)> {
    if operation.change.writes.is_empty() {
        return Vec::new();
    }
    let conflicts = state.conflicts().into_iter();
    conflicts
        .filter(|conflict| {
            operation
                .change
                .writes
                .iter()
                .any(|write| write.field == conflict.field)
        })
        .map(|conflict| (conflict.field, conflict.values))
        .collect()
}

/// Notes which of them are gone after the operation.
pub(super) fn note(
    transaction: &Transaction<'_>,
    operation: &Operation,
    before: Vec<(FieldId, Vec<Written>)>,
    after: &RecordState,
    applied_at: Option<TimestampMs>,
) -> StorageResult<()> {
    if before.is_empty() {
        return Ok(());
    }
    let record = operation.record;
    for (field, values) in before {
        let standing = after.values_of(field);
        let lost = values
            .into_iter()
            .filter(|written| standing.iter().all(|kept| kept.value != written.value));
        for written in lost {
            let value = postcard::to_stdvec(&written.value).map_err(|_| StorageError::Inconsistent {
                table: "settled_conflict",
            })?;
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO settled_conflict
                         (record, kind, field, device, seq, value, author, at, settled_by, settled_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    record.id,
                    record.kind.0,
                    field.0,
                    written.origin.device.0,
                    written.origin.seq,
                    value,
                    written.origin.author.0,
                    written.origin.stamp.ms,
                    operation.author.0,
                    operation.stamp.clamped(applied_at).ms
                ])?;
        }
    }
    transaction
        .prepare_cached(
            "DELETE FROM settled_conflict WHERE record = ?1 AND (field, device, seq) NOT IN
                 (SELECT field, device, seq FROM settled_conflict WHERE record = ?1
                  ORDER BY settled_at DESC, field, device, seq LIMIT ?2)",
        )?
        .execute(params![record.id, SETTLED_PER_RECORD_MAX])?;
    Ok(())
}
