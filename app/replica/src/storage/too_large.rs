//! Operations that alone are larger than something on the way to the server lets through.
//!
//! Such an operation is set aside here, so that what follows it goes. It keeps its number and its place in the chain,
//! but says nothing there; what it says is kept beside it until somebody sends it again. The server holds such an empty
//! operation like any other that it cannot put in place.

use rusqlite::{Connection, Transaction, params};
use shared::change::hash::canonical_bytes;
use shared::change::{Change, Operation};

use super::meta::{self, ChainEnd};
use super::own_operations::{self, CHAIN_EVERY};
use super::{StorageError, StorageResult};

/// Why it was set aside.
pub const CODE: &str = "push.too_large";

fn key(seq: u64) -> String {
    format!("too_large.{seq}")
}

/// What an operation said before it was set aside for its size.
pub(crate) fn whole(connection: &Connection, seq: u64) -> StorageResult<Option<Operation>> {
    let bytes: Option<Vec<u8>> = meta::get(connection, &key(seq))?;
    let damaged = StorageError::Inconsistent { table: "meta" };
    bytes
        .map(|bytes| postcard::from_bytes(&bytes).map_err(|_| damaged))
        .transpose()
}

/// What it said goes again, as another operation.
pub(crate) fn forget(transaction: &Transaction<'_>, seq: u64) -> StorageResult<()> {
    transaction.execute("DELETE FROM meta WHERE key = ?1", [key(seq)])?;
    Ok(())
}

/// The numbers mean other operations from now on.
pub(crate) fn forget_all(transaction: &Transaction<'_>) -> StorageResult<()> {
    transaction.execute("DELETE FROM meta WHERE key GLOB 'too_large.*'", [])?;
    Ok(())
}

/// Whether something is kept here alone that an operation said.
pub(crate) fn is_any_kept(connection: &Connection) -> StorageResult<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM meta WHERE key GLOB 'too_large.*')")?
        .query_row([], |row| row.get(0))?)
}

/// Sets the first operation that waits aside. What waits behind it is chained anew: the server has not seen it.
/// `false` when it stands aside already, or cannot be read: nothing has happened then.
pub(crate) fn set_first_aside(transaction: &Transaction<'_>) -> StorageResult<bool> {
    let first = own_operations::receipted_through(transaction)? + 1;
    let mut chain = own_operations::chain_at(transaction, first - 1)?.unwrap_or_default();
    let mut waiting = own_operations::select(transaction, "WHERE seq >= ?1 ORDER BY seq", params![first])?;
    // An empty one stands in for what it said: that is the only copy, and is not written over.
    let may_stand_aside = |large: &&mut Operation| large.seq == first && !large.change.is_empty();
    let Some(large) = waiting.first_mut().filter(may_stand_aside) else {
        return Ok(false);
    };
    let empty = Operation {
        change: Change::default(),
        ..large.clone()
    };
    let large = std::mem::replace(large, empty.clone());
    meta::set(transaction, &key(first), &canonical_bytes(&large))?;
    transaction.execute(
        "INSERT OR REPLACE INTO set_aside (seq, code) VALUES (?1, ?2)",
        params![first, CODE],
    )?;
    transaction.execute(
        "UPDATE operation SET body = ?2, at = ?3 WHERE seq = ?1",
        params![first, canonical_bytes(&empty), large.stamp.ms],
    )?;
    let mut keep = transaction.prepare_cached("UPDATE operation SET chain = ?2 WHERE seq = ?1")?;
    for operation in &waiting {
        chain = chain.then(operation);
        if operation.seq.is_multiple_of(CHAIN_EVERY) {
            keep.execute(params![operation.seq, chain.0])?;
        }
    }
    let mut end: ChainEnd = meta::get(transaction, meta::CHAIN_END)?.unwrap_or_default();
    end.chain = chain;
    meta::set(transaction, meta::CHAIN_END, &end)?;
    Ok(true)
}
