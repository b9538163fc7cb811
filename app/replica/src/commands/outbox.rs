//! Operations that the server set aside: send again, or leave with the supervisor.

use shared::domain::RecordRef;
use shared::ids::PhotoHash;

use super::values::existing;
use crate::api::{ApiError, ErrorCode, api_error};
use crate::replica::Replica;
use crate::storage::{operations, photo_bytes, too_large, uploads};
use crate::sync::engine::Event;

pub(crate) fn retry(replica: &mut Replica, seq: u64) -> Result<RecordRef, ApiError> {
    let not_found = || api_error(ErrorCode::NotFound, "");
    let old = operations::by_seq(&replica.connection, seq)?.ok_or_else(not_found)?;
    let state = existing(replica, old.record)?;
    let change = operations::made_now(&state, &old.change);
    replica.save(vec![(state.area().clone(), old.record, change)], |transaction| {
        too_large::forget(transaction, seq)?;
        operations::set_seen(transaction, seq, true).map(|_| ())
    })?;
    Ok(old.record)
}

/// Another try with a photo that the server would not take.
pub(crate) fn retry_photo(replica: &mut Replica, hash: PhotoHash) -> Result<(), ApiError> {
    uploads::forget(&replica.connection, hash)?;
    replica.engine_event(Event::PhotoWanted(hash));
    Ok(())
}

/// Gives up a photo that the server would not take: its bytes are nowhere then. What was recorded of it stays.
pub(crate) fn discard_photo(replica: &mut Replica, hash: PhotoHash) -> Result<(), ApiError> {
    let transaction = replica.connection.transaction()?;
    if !photo_bytes::discard_refused(&transaction, hash)? {
        return Err(api_error(ErrorCode::NotFound, ""));
    }
    transaction.commit()?;
    replica.engine_event(Event::PhotoWanted(hash));
    Ok(())
}

/// Leaves what was set aside with the supervisor, or takes that back. What this phone set aside for its size the supervisor
/// does not have.
pub(crate) fn dismiss(replica: &mut Replica, seq: u64, seen: bool) -> Result<(), ApiError> {
    if operations::set_aside_code(&replica.connection, seq)?.as_deref() == Some(too_large::CODE) {
        return Err(api_error(ErrorCode::Invalid, too_large::CODE));
    }
    match operations::set_seen(&replica.connection, seq, seen)? {
        true => Ok(()),
        false => Err(api_error(ErrorCode::NotFound, "")),
    }
}
