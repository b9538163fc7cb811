//! Merging operations into records, and what is done before records go.

use rusqlite::{ToSql, Transaction};
use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::schema::RecordRef;

use super::{Writer, load, remove};
use crate::storage::{StorageError, StorageResult, own_operations, verify};

/// Merges an operation into its record. Merging it again changes nothing but its date (D10).
///
/// # Errors
/// A failing database.
pub fn merge(
    transaction: &Transaction<'_>,
    operation: &Operation,
    applied_at: Option<TimestampMs>,
) -> StorageResult<()> {
    let state = whole(transaction, operation.record, load(transaction, operation.record))?;
    Writer::new(transaction)?.merge_into(state, operation, applied_at)
}

/// What was read of a record into which something is to be merged. A row that went bad gives way to what comes: else one
/// row would hold up everything that is behind it, for ever. What the server has of it is read anew as soon as all is
/// read.
///
/// # Errors
/// A failing database.
pub(in crate::storage) fn whole(
    transaction: &Transaction<'_>,
    record: RecordRef,
    read: StorageResult<Option<RecordState>>,
) -> StorageResult<Option<RecordState>> {
    match read {
        Err(StorageError::Inconsistent { .. }) => {
            remove(transaction, record)?;
            verify::want(transaction)?;
            Ok(None)
        }
        read => read,
    }
}

/// Before records go: what hangs on them goes, and own operations that are read off their rows are written out.
/// `records` selects their ids.
pub(in crate::storage) fn release(
    transaction: &Transaction<'_>,
    records: &str,
    params: &[&dyn ToSql],
) -> StorageResult<()> {
    own_operations::keep_bodies(transaction, records, params)?;
    transaction.execute(
        &format!("DELETE FROM settled_conflict WHERE record IN ({records})"),
        params,
    )?;
    transaction.execute(
        &format!(
            "DELETE FROM photo_bytes WHERE state >= 2 AND hash IN (SELECT hash FROM photo WHERE id IN ({records}))"
        ),
        params,
    )?;
    Ok(())
}
