//! What the server said, kept in one transaction: receipts, set-aside operations, others' operations,
//! areas and names (D6, D8, D10).

mod areas;
mod error;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::change::encode::decode_pull;
use shared::change::{AppliedOperation, Operation};
use shared::clock::{CLOCK_AHEAD_MS_MAX, TimestampMs};
use shared::domain::schema::RecordKind;
use shared::guards::{self, Guard};
use shared::ids::AreaCode;
use shared::protocol::set_aside::in_extensions;
use shared::protocol::v1::{AreaPage, Directory, ParkedNotice, Receipt, SEGMENT_OPERATIONS, SyncReply};
use shared::validation::{validate, writes_move};

use super::meta::{self, ChainEnd, ServerView};
use super::own_operations::{self};
use super::verify::{self, Repair};
use super::{
    StorageResult, assigned, incomplete, lent, moves, photo_bytes, receipts, record_table, records,
    too_large, uploads,
};

use areas::{forget_unassigned, scope};
pub use error::ReplyError;

/// How long receipted operations and uploaded photos are kept, so that they can be offered again (D8).
pub const KEEP_RECEIPTED_MS: u64 = 90 * 24 * 3600 * 1000;

/// What a kept reply changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Operations of others merged.
    pub pulled: u64,
    /// Operations still behind the cursor.
    pub remaining: u64,
    /// Own operations receipted.
    pub receipted: u64,
    /// Own operations that were set aside and are applied now.
    pub taken_up: u64,
    /// Other areas are assigned now.
    pub scope_changed: bool,
    /// An area that is at least a segment behind.
    pub segment: Option<AreaCode>,
    /// Everything was read, and it is time to verify it.
    pub verify: bool,
}

/// Keeps a reply. `now_ms` is the device's time.
///
/// # Errors
/// [`ReplyError`]; the caller then drops the transaction and nothing has happened.
pub fn apply(
    transaction: &Transaction<'_>,
    reply: &SyncReply,
    now_ms: TimestampMs,
) -> Result<Kept, ReplyError> {
    let mut view: ServerView = meta::get(transaction, meta::SERVER_VIEW)?.unwrap_or_default();
    if view.epoch.is_some_and(|known| known != reply.epoch) {
        // A restored backup: what it lacks is offered again, and everything is read again.
        transaction.execute("UPDATE assigned SET cursor = 0", [])?;
        photo_bytes::offer_again(transaction)?;
        moves::doubt(transaction)?;
        // What is offered again may lie beside what has gone from here.
        incomplete::may_come(transaction)?;
        meta::set(transaction, READING_AGAIN, &true)?;
        verify::begin_again(transaction, now_ms)?;
        view.directory_version = 0;
    }
    view.epoch = Some(reply.epoch);
    let receipted_before = own_operations::receipted_through(transaction)?;
    let mut kept = Kept {
        receipted: receipt(transaction, &reply.receipt)?,
        ..Kept::default()
    };
    receipts::keep(transaction, reply)?;
    set_aside(transaction, &reply.parked)?;
    let applied_since = in_extensions(&reply.extensions);
    kept.taken_up = taken_up(transaction, &applied_since)?;
    moves::receipted(transaction, receipted_before, &applied_since, &reply.receipt)?;
    kept.scope_changed = scope(transaction, &reply.scope, now_ms)?;
    if let Some(directory) = &reply.directory {
        keep_directory(transaction, directory)?;
        view.directory_version = directory.version;
    }
    let repair = Repair::begin(transaction, reply)?;
    for page in &reply.pages {
        kept.pulled += pull(transaction, page)?;
        kept.remaining += page.remaining;
        let has_segments = page.remaining >= SEGMENT_OPERATIONS.into() && !page.area.is_unit();
        if has_segments && kept.segment.is_none() {
            kept.segment = Some(page.area.clone());
        }
    }
    if let Some(repair) = repair {
        repair.end(transaction, now_ms)?;
    }
    if kept.remaining == 0 {
        moves::undo_doubted(transaction)?;
        if is_reading_again(transaction)? {
            meta::set(transaction, READING_AGAIN, &false)?;
        }
        incomplete::forget(transaction)?;
        kept.verify = verify::is_due(transaction, now_ms)?;
        if kept.verify {
            uploads::records_may_have_come(transaction)?;
        }
    }
    let is_of_unit = reply.scope.iter().any(AreaCode::is_unit);
    if is_of_unit && kept.remaining == 0 {
        lent::end(transaction, reply.now_ms)?;
    }
    // While it is not known where things lie nothing goes: nor while what is lent may not have been read to its end.
    if !moves::are_doubted(transaction)? && (kept.remaining == 0 || !is_of_unit) {
        forget_unassigned(transaction, &reply.scope, now_ms)?;
    }
    let_go(transaction, reply.now_ms)?;
    view.last_success_at = now_ms;
    let ahead = i64::try_from(now_ms)
        .unwrap_or(i64::MAX)
        .saturating_sub_unsigned(reply.now_ms);
    view.clock_ahead_ms = if ahead.unsigned_abs() > CLOCK_AHEAD_MS_MAX {
        ahead
    } else {
        0
    };
    meta::set(transaction, meta::SERVER_VIEW, &view)?;
    Ok(kept)
}

/// Set from a restored backup on until everything is read again.
const READING_AGAIN: &str = "reading_again";

fn is_reading_again(connection: &Connection) -> StorageResult<bool> {
    Ok(meta::get(connection, READING_AGAIN)?.unwrap_or(false))
}

/// What this device has recorded about a record that had gone from it and is back with `first`: it is not handed out to
/// who offers it again. What is handed out all the same comes behind `first`, with its date.
fn merge_own(transaction: &Transaction<'_>, first: &Operation) -> StorageResult<()> {
    let own = own_operations::select(
        transaction,
        "WHERE record = ?1 ORDER BY seq",
        params![first.record.id],
    )?;
    let is_first = |operation: &Operation| (operation.device, operation.seq) == (first.device, first.seq);
    for operation in own.iter().filter(|operation| !is_first(operation)) {
        records::merge(transaction, operation, None)?;
    }
    Ok(())
}

/// Lets go of what was receipted long ago, by the server's clock: a device whose own clock runs ahead keeps it as
/// long as any other. The last of it stays: the chain of what is kept goes on from there.
fn let_go(transaction: &Transaction<'_>, server_ms: TimestampMs) -> StorageResult<()> {
    let through: u64 = transaction
        .prepare_cached("SELECT coalesce(max(through_seq), 0) FROM receipted WHERE at < ?1")?
        .query_row([server_ms.saturating_sub(KEEP_RECEIPTED_MS)], |row| row.get(0))?;
    let goes: bool = transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM operation WHERE seq < ?1)")?
        .query_row([through], |row| row.get(0))?;
    if goes {
        own_operations::keep_chain(transaction, through)?;
        transaction.execute(
            "DELETE FROM operation WHERE seq < ?1 AND seq NOT IN (SELECT seq FROM set_aside)",
            [through],
        )?;
        transaction.execute("DELETE FROM receipted WHERE through_seq < ?1", [through])?;
    }
    Ok(())
}

fn receipt(transaction: &Transaction<'_>, receipt: &Receipt) -> Result<u64, ReplyError> {
    let end: ChainEnd = meta::get(transaction, meta::CHAIN_END)?.unwrap_or_default();
    // Without the check any reply would count as a receipt for all that was done.
    let is_checked = guards::holds(Guard::ReceiptCheck);
    let through = if is_checked { receipt.through_seq } else { end.seq };
    let fits = match own_operations::chain_at(transaction, through)? {
        Some(ours) => ours == receipt.chain,
        // Older than what is kept here cannot be compared; newer than what was made here is not ours.
        None => through < end.seq,
    };
    if !fits && is_checked && guards::holds(Guard::ReceiptChain) {
        return Err(ReplyError::ReceiptMismatch);
    }
    let before = own_operations::receipted_through(transaction)?;
    if through < before {
        offer_again(transaction, through)?;
        return Ok(0);
    }
    let receipted = through.min(end.seq).saturating_sub(before);
    if receipted > 0 {
        transaction
            .prepare_cached("INSERT INTO receipted (through_seq, at) VALUES (?1, ?2)")?
            .execute(params![through, receipt.applied_at])?;
        own_operations::keep_receipted_chain(transaction, through, receipt.chain)?;
        date_anew(transaction, receipt, &end)?;
    }
    Ok(receipted)
}

/// A restored server holds less than it once receipted or set aside. What it dated then has no date any more.
fn offer_again(transaction: &Transaction<'_>, through: u64) -> Result<(), ReplyError> {
    let scope: Vec<AreaCode> = assigned::cursors(transaction)?.into_keys().collect();
    let are_doubted = moves::are_doubted(transaction)?;
    for operation in own_operations::select(transaction, "WHERE seq > ?1 ORDER BY seq", params![through])? {
        let record = operation.record;
        let state = records::whole(transaction, record, records::load(transaction, record))?;
        // A record of an area that is not assigned stays away. One that went with a household, of whose move the
        // server may know nothing now, is back: also where a form held the household itself here.
        let is_back = state.is_none()
            && validate(&operation, None).is_ok()
            && match are_doubted {
                true => scope.iter().any(|area| operation.area.is_within(area)),
                false => !moves::is_elsewhere(transaction, &scope, &operation)?,
            };
        if state.is_some() || is_back {
            records::Writer::new(transaction)?.merge_into(state, &operation, None)?;
        }
    }
    // The receipt that covered it and more now covers so much.
    transaction.execute(
        "INSERT OR IGNORE INTO receipted (through_seq, at)
         SELECT ?1, at FROM receipted WHERE through_seq > ?1 AND ?1 > 0 ORDER BY through_seq LIMIT 1",
        [through],
    )?;
    transaction.execute("DELETE FROM receipted WHERE through_seq > ?1", [through])?;
    // What is too large for the way is so for this server, too.
    transaction.execute(
        "DELETE FROM set_aside WHERE seq > ?1 AND code <> ?2",
        params![through, too_large::CODE],
    )?;
    Ok(())
}

/// Own operations from a clock that ran ahead count from when the server applied them (D10).
fn date_anew(transaction: &Transaction<'_>, receipt: &Receipt, end: &ChainEnd) -> Result<(), ReplyError> {
    let latest = receipt.applied_at.saturating_add(CLOCK_AHEAD_MS_MAX);
    // The device's clock never goes back: it is at least at the last of them.
    if end.clock.last().ms <= latest {
        return Ok(());
    }
    let dated = own_operations::select(
        transaction,
        "WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
        params![receipt.applied_from_seq, receipt.through_seq],
    )?;
    for operation in dated {
        if operation.stamp.ms > latest {
            records::merge(transaction, &operation, Some(receipt.applied_at))?;
        }
    }
    Ok(())
}

fn set_aside(transaction: &Transaction<'_>, parked: &[ParkedNotice]) -> StorageResult<()> {
    for notice in parked {
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO set_aside (seq, code) SELECT seq, ?2 FROM operation WHERE seq = ?1",
            )?
            .execute(params![notice.seq, notice.code])?;
    }
    Ok(())
}

/// The record has come for which these were set aside.
/// Returns how many were set aside until now.
fn taken_up(transaction: &Transaction<'_>, applied: &[u64]) -> StorageResult<u64> {
    let mut count = 0;
    for seq in applied {
        count += transaction
            .prepare_cached("DELETE FROM set_aside WHERE seq = ?1")?
            .execute([seq])? as u64;
        let record = transaction
            .prepare_cached("SELECT record FROM operation WHERE seq = ?1")?
            .query_row([seq], |row| row.get(0))
            .optional()?;
        if let Some(record) = record {
            uploads::record_came(transaction, record)?;
        }
    }
    Ok(count)
}

fn keep_directory(transaction: &Transaction<'_>, directory: &Directory) -> StorageResult<()> {
    transaction.execute("DELETE FROM area", [])?;
    for area in &directory.areas {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO area (code, name) VALUES (?1, ?2)")?
            .execute(params![area.code.as_str(), area.name])?;
    }
    // Names of people who have left stay, so that what they did keeps its author.
    for worker in &directory.workers {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO worker (id, name, role) VALUES (?1, ?2, ?3)")?
            .execute(params![worker.id.0, worker.name, worker.role.number()])?;
    }
    Ok(())
}

/// Keeps a segment of the log: operations of everybody, and where to go on. Returns how many there were.
///
/// # Errors
/// [`ReplyError::BadPage`] or a failing database; the caller then drops the transaction and nothing has happened.
pub fn segment(transaction: &Transaction<'_>, page: &AreaPage) -> Result<u64, ReplyError> {
    pull(transaction, page)
}

fn pull(transaction: &Transaction<'_>, page: &AreaPage) -> Result<u64, ReplyError> {
    let operations = decode_pull(&page.page).map_err(|_| ReplyError::BadPage)?;
    let scope: Vec<AreaCode> = assigned::cursors(transaction)?.into_keys().collect();
    let reading_again = is_reading_again(transaction)?;
    let mut end: ChainEnd = meta::get(transaction, meta::CHAIN_END)?.unwrap_or_default();
    let mut reader = records::Reader::new(transaction);
    let mut writer = records::Writer::new(transaction)?;
    for AppliedOperation {
        operation,
        applied_at,
    } in &operations
    {
        end.clock.observe(operation.stamp.clamped(Some(*applied_at)));
        if page.area.is_unit() && lent::is_of_nothing(transaction, operation)? {
            continue;
        }
        let is_move = writes_move(operation).is_some();
        // Most operations make a record that is not here: writing it asks whether it is.
        let mut is_new = !is_move && writer.create_if_new(operation, Some(*applied_at))?;
        if !is_new {
            let record = operation.record;
            let state = records::whole(transaction, record, reader.load(record))?;
            is_new = state.is_none();
            if is_move {
                moves::applied(transaction, operation, *applied_at)?;
                writer = records::Writer::new(transaction)?;
                // A household that goes and never was here leaves no more than word of where it went.
                if is_new && moves::is_elsewhere(transaction, &scope, operation)? {
                    continue;
                }
            }
            writer.merge_into(state, operation, Some(*applied_at))?;
        }
        if operation.record.kind == RecordKind::PHOTO {
            uploads::record_came(transaction, operation.record.id)?;
        }
        record_table::take_up_within(transaction, operation.record, &page.area)?;
        if is_new {
            writer.came(operation.record)?;
            if reading_again {
                merge_own(transaction, operation)?;
            }
        }
    }
    if !operations.is_empty() {
        meta::set(transaction, meta::CHAIN_END, &end)?;
    }
    transaction
        .prepare_cached("UPDATE assigned SET cursor = ?2 WHERE area = ?1")?
        .execute(params![page.area.as_str(), page.cursor])?;
    Ok(operations.len() as u64)
}

#[cfg(test)]
#[path = "replies_tests.rs"]
mod tests;
