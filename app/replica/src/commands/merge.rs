//! Duplicates: two records of one household or person, and taking that back.

use shared::crdt::RecordState;
use shared::domain::schema::RecordRef;
use shared::domain::value::{FieldMap, Value, field};
use uuid::Uuid;

use super::values::existing;
use crate::api::{ApiError, ErrorCode, api_error};
use crate::replica::Replica;
use crate::storage::duplicates;

/// Writes that `record` is shown under `kept`, or under what that one is shown under already.
pub(crate) fn merge_into(
    replica: &mut Replica,
    record: RecordRef,
    kept: Uuid,
) -> Result<RecordRef, ApiError> {
    let pointer = record.kind.merged_into();
    let pointer = pointer.ok_or_else(|| api_error(ErrorCode::Invalid, "merge.kind_impossible"))?;
    let kept = RecordRef {
        id: duplicates::kept(&replica.connection, kept)?,
        ..record
    };
    let (state, into) = (existing(replica, record)?, existing(replica, kept)?);
    if into.is_removed() {
        return Err(api_error(ErrorCode::NotFound, ""));
    }
    if into.area() != state.area() {
        return Err(api_error(ErrorCode::Invalid, "merge.other_area"));
    }
    // A pointer of the kept one would lead in a circle.
    let change = RecordState::change_to(
        record.kind,
        Some(&state),
        FieldMap::from_iter([(pointer, Value::Id(kept.id))]),
    );
    replica.save(vec![(state.area().clone(), record, change)], |_| Ok(()))?;
    Ok(kept)
}

/// Empties the pointer of `record`. When two were merged into each other, the other one's is emptied too,
/// or it would disappear in turn.
pub(crate) fn separate(replica: &mut Replica, record: RecordRef) -> Result<RecordRef, ApiError> {
    let pointer = record.kind.merged_into();
    let pointer = pointer.ok_or_else(|| api_error(ErrorCode::Invalid, "merge.kind_impossible"))?;
    let kept = RecordRef {
        id: duplicates::kept(&replica.connection, record.id)?,
        ..record
    };
    let mut changes = Vec::new();
    for record in [record, kept] {
        let state = existing(replica, record)?;
        if *field(&state.values(), pointer) != Value::Null {
            changes.push((state.area().clone(), record, state.settle(pointer, Value::Null)));
        }
    }
    if kept == record {
        changes.truncate(1);
    }
    replica.save(changes, |_| Ok(()))?;
    Ok(record)
}
