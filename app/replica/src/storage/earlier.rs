//! Earlier values: what a field held before somebody wrote another value, who had written it, and who replaced it. A
//! correction is a new version; this is its history. What lost a conflict is among it.
//!
//! Kept on this device only: the table `settled_conflict`. A replaced value leaves no trace in the record, or every
//! record would grow by all that was ever written in it. The device notes what it sees disappear. Since a value is
//! handed out behind those that it replaces, every device that was given the operations one by one has noted the same;
//! one that began from a log that was compacted knows what was replaced since.

use rusqlite::{Connection, Transaction, params};
use shared::change::Operation;
use shared::clock::{Stamp, TimestampMs};
use shared::crdt::{Origin, RecordState, Written};
use shared::domain::life_cycle::STEPS_SEEN;
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::domain::value::Value;
use shared::ids::{DeviceId, WorkerId};

use super::{StorageError, StorageResult};

/// The most values kept of one record.
pub const EARLIER_PER_RECORD_MAX: u32 = 40;

/// What is written by every step or decision and says nothing by itself.
pub(crate) fn says_nothing(kind: RecordKind, field: FieldId) -> bool {
    kind.life_cycle().is_some() && field == STEPS_SEEN || kind.kept_after_removal() == Some(field)
}

/// The values of the fields that an operation writes. Of fields that say nothing by themselves, and of photos, only
/// those that are in conflict.
pub(super) fn at_stake(state: &RecordState, operation: &Operation) -> Vec<(FieldId, Vec<Written>)> {
    let kind = operation.record.kind;
    let standing = |field| {
        let values = state.values_of(field);
        let is_worth_noting = kind != RecordKind::PHOTO && !says_nothing(kind, field);
        (values.len() > 1 || is_worth_noting).then_some((field, values))
    };
    let writes = operation.change.writes.iter();
    writes.filter_map(|write| standing(write.field)).collect()
}

/// What a field of a record held before, as far as it is known here.
pub(crate) fn written(
    connection: &Connection,
    record: RecordRef,
    field: FieldId,
) -> StorageResult<Vec<Written>> {
    let mut statement = connection.prepare_cached(
        "SELECT value, at, device, seq, author FROM settled_conflict WHERE record = ?1 AND field = ?2",
    )?;
    let mut rows = statement.query(params![record.id, field.0])?;
    let mut written = Vec::new();
    while let Some(row) = rows.next()? {
        let value: Vec<u8> = row.get(0)?;
        let stamp = Stamp {
            ms: row.get(1)?,
            counter: 0,
        };
        written.push(Written {
            value: postcard::from_bytes(&value).map_err(|_| StorageError::Inconsistent {
                table: "settled_conflict",
            })?,
            origin: Origin {
                stamp,
                device: DeviceId(row.get(2)?),
                seq: row.get(3)?,
                author: WorkerId(row.get(4)?),
            },
        });
    }
    Ok(written)
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
        let was_conflict = values.len() > 1;
        let lost = values
            .into_iter()
            .filter(|written| was_conflict || written.value != Value::Null)
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
        .execute(params![record.id, EARLIER_PER_RECORD_MAX])?;
    Ok(())
}
