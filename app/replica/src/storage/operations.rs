//! Own operations: numbered, chained, and stored in the transaction that changes the records (D2).

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::change::hash::ChainHash;
use shared::change::{Change, Operation, Seen};
use shared::crdt::RecordState;
use shared::ids::DeviceId;

use super::meta::{self, ChainEnd};
use super::own_operations::{self};
use super::recorder::{Author, SaveError, record};
use super::{StorageResult, incomplete, records, too_large};

/// Gives the device a new identity: its chain begins where the server says, and what waits or was set aside under
/// the old one goes out under the new, as it was done and when it was done. After a restore, of which this device
/// knows nothing but the new epoch, so does everything that is kept here: the server may lack it.
///
/// The records that it touches are made anew from the server's operations and these: in what is here the old ones
/// are folded in, a second time nobody else sees. Until the next sync they hold these operations only. What was set
/// aside and seen is with the supervisor; records that hold it are read again without it.
///
/// Returns how many that waited cannot be read any more: their rows went bad, and nobody else has them.
///
/// # Errors
/// A failing database.
pub fn start_anew(
    transaction: &Transaction<'_>,
    author: Author,
    through_seq: u64,
    chain: ChainHash,
    is_restored: bool,
) -> Result<u64, SaveError> {
    let receipted = own_operations::receipted_through(transaction)?;
    let waited = count_waiting(transaction)?;
    let mut unsent = own_operations::select(
        transaction,
        "WHERE ?1 OR seq > ?2 OR seq IN (SELECT seq FROM set_aside WHERE seen = 0 OR code = ?3) ORDER BY seq",
        params![is_restored, receipted, too_large::CODE],
    )?;
    let lost = waited.saturating_sub(unsent.iter().filter(|old| old.seq > receipted).count() as u64);
    for old in unsent.iter_mut().filter(|old| old.change.is_empty()) {
        if let Some(whole) = too_large::whole(transaction, old.seq)? {
            *old = whole;
        }
    }
    // Those that were sent again since say nothing any more.
    unsent.retain(|old| !old.change.is_empty());
    too_large::forget_all(transaction)?;
    let held_through = match (is_restored, unsent.first()) {
        (true, first) => first.map_or(0, |first| first.seq - 1),
        (false, _) => receipted.min(own_operations::last_seq(transaction)?),
    };
    let given_up = incomplete::worked_on(transaction, &incomplete::GIVEN_UP)?;
    transaction.execute_batch("DELETE FROM operation; DELETE FROM receipted; DELETE FROM set_aside;")?;
    if through_seq > 0 {
        transaction.execute(
            "INSERT INTO receipted (through_seq, at) VALUES (?1, 0)",
            [through_seq],
        )?;
    }
    // What others hold of these records, and what a copy of this phone did, is read again.
    transaction.execute("UPDATE assigned SET cursor = 0", [])?;
    for record in given_up {
        records::release(transaction, "SELECT ?1", params![record.id])?;
        records::remove(transaction, record)?;
    }
    for old in &unsent {
        records::remove(transaction, old.record)?;
    }
    incomplete::may_come(transaction)?;
    let clock = meta::get::<ChainEnd>(transaction, meta::CHAIN_END)?
        .unwrap_or_default()
        .clock;
    meta::set(
        transaction,
        meta::CHAIN_END,
        &ChainEnd {
            seq: through_seq,
            chain,
            clock,
        },
    )?;
    let renaming = Renaming {
        to: author.device,
        after: through_seq,
        held_through,
        unsent: unsent.iter().map(|old| old.seq).collect(),
    };
    record(transaction, author, |recorder| {
        for old in &unsent {
            recorder.again(old, renaming.change(old))?;
        }
        Ok(lost)
    })
}

/// Which operation of the new identity stands for which of the old one.
struct Renaming {
    to: DeviceId,
    /// The number before the first new one.
    after: u64,
    /// Up to here the server holds the old identity's operations.
    held_through: u64,
    /// The old numbers, ascending.
    unsent: Vec<u64>,
}

impl Renaming {
    fn change(&self, old: &Operation) -> Change {
        let mut change = old.change.clone();
        for write in &mut change.writes {
            self.rename(old.device, &mut write.seen);
        }
        let removes = change.members.iter_mut().filter_map(|edit| edit.removes.as_mut());
        for seen in removes.chain(&mut change.removal) {
            self.rename(old.device, seen);
        }
        change
    }

    /// What was seen of oneself under the old name is seen under the new one. Beyond what the server holds the old
    /// name may stand for work of a copy of this phone, which was not seen.
    fn rename(&self, from: DeviceId, seen: &mut Seen) {
        let through = seen.get(&from);
        let renamed = self.unsent.partition_point(|seq| *seq <= through) as u64;
        if renamed > 0 {
            seen.dots.insert(self.to, self.after + renamed);
        }
        match through.min(self.held_through) {
            0 => drop(seen.dots.remove(&from)),
            held => drop(seen.dots.insert(from, held)),
        }
    }
}

/// The same change, made now: it has seen what has come since.
pub fn made_now(state: &RecordState, old: &Change) -> Change {
    let settled = old
        .writes
        .iter()
        .flat_map(|write| state.settle(write.field, write.value.clone()).writes);
    Change {
        writes: settled.collect(),
        members: old.members.clone(),
        event: old.event.clone(),
        removal: old.removal.as_ref().and_then(|_| state.removal().removal),
    }
}

/// Waiting operations in sequence, at most `count_max` of them and about `bytes_max` of bodies, with the chain
/// before the first and after the last.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn waiting(
    connection: &Connection,
    count_max: usize,
    bytes_max: usize,
) -> StorageResult<Option<(ChainHash, Vec<Operation>, ChainHash)>> {
    from_seq(
        connection,
        own_operations::receipted_through(connection)? + 1,
        count_max,
        bytes_max,
    )
}

/// Own operations from a number on, in whatever state, with the same limits and the same chains as [`waiting`].
///
/// # Errors
/// A failing database or an unreadable row.
pub fn from_seq(
    connection: &Connection,
    first: u64,
    count_max: usize,
    bytes_max: usize,
) -> StorageResult<Option<(ChainHash, Vec<Operation>, ChainHash)>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, kind, record, body FROM operation WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = statement.query(params![first, i64::try_from(count_max).unwrap_or(i64::MAX)])?;
    let mut reader = records::Reader::new(connection);
    let (mut operations, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let operation = own_operations::Kept::from_row(row)?.operation(&mut reader)?;
        bytes += own_operations::weight(&operation);
        if bytes > bytes_max && !operations.is_empty() {
            break;
        }
        operations.push(operation);
    }
    let (Some(first), Some(last)) = (operations.first(), operations.last()) else {
        return Ok(None);
    };
    let before = own_operations::chain_at(connection, first.seq - 1)?.unwrap_or_default();
    let after = match own_operations::chain_at(connection, last.seq)? {
        Some(after) => after,
        None => operations
            .iter()
            .fold(before, |chain, operation| chain.then(operation)),
    };
    Ok(Some((before, operations, after)))
}

/// One own operation.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn by_seq(connection: &Connection, seq: u64) -> StorageResult<Option<Operation>> {
    match too_large::whole(connection, seq)? {
        Some(whole) => Ok(Some(whole)),
        None => Ok(own_operations::select(connection, "WHERE seq = ?1", params![seq])?.pop()),
    }
}

/// How many own operations wait.
///
/// # Errors
/// A failing database.
pub fn count_waiting(connection: &Connection) -> StorageResult<u64> {
    Ok(own_operations::last_seq(connection)?.saturating_sub(own_operations::receipted_through(connection)?))
}

/// How many were set aside and nobody has seen it.
///
/// # Errors
/// A failing database.
pub fn count_set_aside(connection: &Connection) -> StorageResult<u64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM set_aside WHERE seen = 0")?
        .query_row([], |row| row.get(0))?)
}

/// The numbers of the first set-aside operations, seen or not.
///
/// # Errors
/// A failing database.
pub fn set_aside(connection: &Connection, count_max: usize) -> StorageResult<Vec<u64>> {
    let mut statement = connection.prepare_cached("SELECT seq FROM set_aside ORDER BY seen, seq LIMIT ?1")?;
    let rows = statement.query_map([count_max as u64], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Why an operation was set aside; `None` when it was not.
///
/// # Errors
/// A failing database.
pub fn set_aside_code(connection: &Connection, seq: u64) -> StorageResult<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT code FROM set_aside WHERE seq = ?1")?;
    Ok(statement.query_row([seq], |row| row.get(0)).optional()?)
}

/// Moves a set-aside operation on: its worker has seen it; or back.
///
/// # Errors
/// A failing database.
pub fn set_seen(connection: &Connection, seq: u64, seen: bool) -> StorageResult<bool> {
    let sql = "UPDATE set_aside SET seen = ?2 WHERE seq = ?1 AND seen <> ?2";
    Ok(connection.execute(sql, params![seq, seen])? == 1)
}
