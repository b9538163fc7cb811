//! Operations that the server set aside: send again, or leave with the supervisor.

use shared::change::Change;
use shared::crdt::RecordState;

use super::edits::existing;
use crate::api::{Answer, ApiError, ErrorCode};
use crate::replica::{Replica, api_error};
use crate::storage::operations;

pub(super) fn retry(replica: &mut Replica, seq: u64) -> Result<Answer, ApiError> {
    let not_found = || api_error(ErrorCode::NotFound, "");
    let old = operations::by_seq(&replica.connection, seq)?.ok_or_else(not_found)?;
    let state = existing(replica, old.record)?;
    let change = again(&state, &old.change);
    replica.save(vec![(state.area().clone(), old.record, change)], |transaction| {
        operations::set_seen(transaction, seq).map(|_| ())
    })?;
    Ok(Answer::Saved(old.record))
}

/// The same change, made now: it has seen what has come since.
fn again(state: &RecordState, old: &Change) -> Change {
    let settled = old.writes.iter().flat_map(|write| state.settle(write.field, write.value.clone()).writes);
    Change {
        writes: settled.collect(),
        members: old.members.clone(),
        event: old.event.clone(),
        removal: old.removal.as_ref().and_then(|_| state.removal().removal),
    }
}

pub(super) fn dismiss(replica: &mut Replica, seq: u64) -> Result<Answer, ApiError> {
    match operations::set_seen(&replica.connection, seq)? {
        true => Ok(Answer::Done),
        false => Err(api_error(ErrorCode::NotFound, "")),
    }
}
