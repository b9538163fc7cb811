//! Pushes: reads what [`crate::apply`] asks for, and writes what comes of it.

use std::collections::BTreeSet;

use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::guards::{self, Guard};
use shared::ids::{AreaCode, WorkerId};
use shared::protocol::v1::Receipt;

use super::columns::int;
use super::compact::has_gone;
use super::log::{LogEnd, LogWriter};
use super::tx::Tx;
use super::value::values;
use super::waiting::{self, Came};
use super::{batch, device, lending, moves, parked, records, units};
use crate::apply::{
    AT_ONCE, HeldChain, IncomingPush, Operations, Prepared, PushRefusal, Told, moves_household, overlap,
    times_are_plain,
};
use crate::storage::{NotDone, PushOutcome, Storage, StorageError, StorageResult, Taken};

impl Storage {
    /// Takes a push: applies, parks or refuses its operations (D2, D5, D8). A push that is held already
    /// changes nothing and has the same receipt. The time at which operations are applied never goes back,
    /// even when `now_ms` does.
    pub async fn apply_push(&self, push: IncomingPush, now_ms: TimestampMs) -> StorageResult<PushOutcome> {
        let taken = self.write_unless(move |tx| apply_push(tx, &push, now_ms)).await?;
        Ok(match taken {
            Ok(taken) => PushOutcome::Taken(taken),
            Err(refusal) => PushOutcome::Refused(refusal),
        })
    }
}

type NotTaken = NotDone<PushRefusal>;

impl From<PushRefusal> for NotTaken {
    fn from(refusal: PushRefusal) -> Self {
        Self::Refused(refusal)
    }
}

fn apply_push(tx: Tx<'_>, push: &IncomingPush, now_ms: TimestampMs) -> Result<Taken, NotTaken> {
    let row = device::find(tx, push.device())?.ok_or(StorageError::Inconsistent { table: "device" })?;
    if row.revoked || row.worker != push.author() {
        return Err(PushRefusal::Revoked.into());
    }
    let mut operations = push.operations()?;
    let is_taken = match held_part(tx, push, &mut operations, &row.held) {
        // Of a push that is not whole nothing else is said.
        Err(NotTaken::Refused(refusal)) => {
            operations.check_rest()?;
            return Err(refusal.into());
        }
        other => other?,
    };
    if is_taken {
        operations.check_rest()?;
        return Ok(Taken {
            receipt: receipt(&row.held),
            applied: 0,
            parked: parked::parked_of(tx, push.device(), push.first_seq(), u32::MAX)?,
            areas: BTreeSet::new(),
        });
    }
    if !guards::holds(Guard::Idempotency) {
        operations = push.operations()?;
    }
    take(tx, push, operations, row.told, now_ms)
}

/// Reads what is held already of a push. Whether that is all that is to be taken of it now.
fn held_part(
    tx: Tx<'_>,
    push: &IncomingPush,
    operations: &mut Operations<'_>,
    held: &HeldChain,
) -> Result<bool, NotTaken> {
    let fork = PushRefusal::Fork { held: *held };
    let Some(mut overlap) = overlap(push.first_seq(), operations.left(), held)? else {
        return match is_held(tx, operations)? {
            true => Ok(true),
            false => Err(fork.into()),
        };
    };
    let mut plain = true;
    while overlap > 0 {
        let part = operations.take(overlap.min(AT_ONCE))?;
        plain &= times_are_plain(&part, held);
        overlap = overlap.saturating_sub(part.len().max(1));
    }
    // The chain proves that what is held is the same.
    if operations.chain() != held.chain && guards::holds(Guard::HashCheck) {
        return Err(fork.into());
    }
    let is_taken = operations.left() == 0 || !plain;
    Ok(is_taken && guards::holds(Guard::Idempotency))
}

/// Whether every operation of a push that ends before what is held is held byte for byte.
fn is_held(tx: Tx<'_>, operations: &mut Operations<'_>) -> Result<bool, NotTaken> {
    let mut statement = tx.prepare_cached(
        "SELECT body FROM operation WHERE device = ?1 AND seq = ?2
         UNION ALL SELECT body FROM parked WHERE device = ?1 AND seq = ?2",
    )?;
    loop {
        let part = operations.take(AT_ONCE)?;
        if part.is_empty() {
            return Ok(true);
        }
        for prepared in &part {
            let Operation { device, seq, .. } = prepared.operation;
            let held: Option<Vec<u8>> =
                statement.query_opt(values![device.0.as_bytes(), int(seq)], |row| row.get(0))?;
            let is_held = match held {
                Some(held) => held == prepared.body,
                None => has_gone(tx, prepared)?,
            };
            if !is_held {
                return Ok(false);
            }
        }
    }
}

/// The most moves that one push makes: each reads the log of an area. What comes behind them is not taken; the receipt
/// says so, and the device sends it again.
const MOVES_PER_PUSH_MAX: usize = 16;

fn take(
    tx: Tx<'_>,
    push: &IncomingPush,
    mut operations: Operations<'_>,
    told: Told,
    now_ms: TimestampMs,
) -> Result<Taken, NotTaken> {
    let mut log = LogEnd::open(tx, now_ms)?;
    let applied_at = log.applied_at;
    let known_until = told.known_until(applied_at);
    let (mut applied, mut came) = (0, Came::default());
    let mut moves_left = MOVES_PER_PUSH_MAX;
    let mut held = HeldChain {
        applied_at,
        ..HeldChain::default()
    };
    while moves_left > 0 {
        let part = operations.take(AT_ONCE)?;
        if part.is_empty() {
            break;
        }
        // What comes behind a move is decided where the household lies then.
        for part in part.split_inclusive(|prepared| moves_household(&prepared.operation)) {
            let (Some(first), Some(last)) = (part.first(), part.last()) else {
                break;
            };
            applied += take_part(tx, (push.author(), known_until), part, &mut log, &mut came)?;
            if held.applied_from_seq == 0 {
                held.applied_from_seq = first.operation.seq;
            }
            (held.through_seq, held.chain) = (last.operation.seq, last.chain);
            moves_left -= usize::from(moves_household(&last.operation));
            if moves_left == 0 {
                break;
            }
        }
    }
    operations.check_rest()?;
    waiting::take_up(tx, came, &mut log)?;
    let areas = log.close(tx)?;
    tx.execute(
        "UPDATE device SET last_seq = ?2, chain = ?3, applied_at = ?4, applied_from_seq = ?5 WHERE id = ?1",
        values![
            push.device().0.as_bytes(),
            int(held.through_seq),
            held.chain.0,
            int(held.applied_at),
            int(held.applied_from_seq)
        ],
    )?;
    let parked = parked::parked_of(tx, push.device(), push.first_seq(), u32::MAX)?;
    Ok(Taken {
        receipt: receipt(&held),
        applied,
        parked,
        areas,
    })
}

/// Takes operations of which none but the last moves a household. Returns how many were applied.
fn take_part(
    tx: Tx<'_>,
    (author, known_until): (WorkerId, TimestampMs),
    part: &[Prepared],
    log: &mut LogEnd,
    came: &mut Came,
) -> StorageResult<u64> {
    let applied_at = log.applied_at;
    let Some(last) = part.last() else {
        return Ok(0);
    };
    let sender = batch::sender(tx, author, known_until)?;
    let mut batch = batch::over(tx, part, sender, applied_at)?;
    let mut log_writer = LogWriter::new(tx, applied_at)?;
    let (mut applied, mut taken_last) = (0, None);
    let mut may_be_lent = Vec::new();
    for prepared in part {
        match batch.take(prepared) {
            Ok(home) => {
                applied += 1;
                log_writer.insert(log.append(&home), &home, prepared)?;
                may_be_lent
                    .extend(Some(&prepared.operation).filter(|operation| lending::concerns(operation)));
                taken_last = (prepared.operation.seq == last.operation.seq).then_some(home);
            }
            Err(rejection) => {
                let shown_in = units::shown_in(tx, &batch, &prepared.operation)?;
                insert_parked(tx, prepared, shown_in.as_ref(), rejection.code, applied_at)?;
                let Operation { device, seq, .. } = prepared.operation;
                waiting::note(tx, device, seq, &batch.waits_for(&prepared.operation, rejection))?;
            }
        }
    }
    let mut writer = records::Writer::new(tx)?;
    let changed = batch.into_changed();
    for changed in &changed {
        writer.write(changed)?;
        came.changed.insert(changed.record);
    }
    if !may_be_lent.is_empty() {
        let lent = lending::follow(tx, &may_be_lent, &changed, log)?;
        came.moved.extend(lent);
    }
    if let Some(lay_in) = taken_last {
        let moved = moves::follow(tx, &last.operation, &lay_in, applied_at, log)?;
        came.moved.extend(lending::moved(tx, &moved, log)?);
        came.moved.extend(moved);
    }
    Ok(applied)
}

fn receipt(held: &HeldChain) -> Receipt {
    Receipt {
        through_seq: held.through_seq,
        chain: held.chain,
        applied_at: held.applied_at,
        applied_from_seq: held.applied_from_seq,
    }
}

fn insert_parked(
    tx: Tx<'_>,
    prepared: &Prepared,
    shown_in: Option<&AreaCode>,
    code: &str,
    parked_at: u64,
) -> StorageResult<()> {
    let operation = &prepared.operation;
    let mut statement = tx.prepare_cached(
        "INSERT INTO parked (device, seq, author, shown_in, code, parked_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(values![
        operation.device.0.as_bytes(),
        int(operation.seq),
        operation.author.0.as_bytes(),
        shown_in.map_or("", AreaCode::as_str),
        code,
        int(parked_at),
        prepared.body
    ])?;
    Ok(())
}
