//! Parked operations that wait for a record. It may come later: after a restored backup each device offers again
//! what it has, and an edit may arrive before the record that another device made. When the record comes, the
//! operations that waited for it are applied (D5), at positions of their own; their devices read them like any other.
//!
//! A supervisor takes up what does not come by itself: the operation is applied as it was recorded, with its author and
//! its time, and the supervisor's rights stand for it.

use std::collections::BTreeSet;

use shared::change::Operation;
use shared::change::hash::ChainHash;
use shared::clock::TimestampMs;
use shared::domain::RecordRef;
use shared::ids::{AreaCode, DeviceId, WorkerId};
use shared::validation::Rejection;

use super::columns::{self, int, uint, uuid};
use super::log::{LogEnd, LogWriter};
use super::tx::Tx;
use super::value::values;
use super::{batch, lending, moves, records, units};
use crate::apply::{AssignmentSpan, Batch, Needs, OTHER_AREA, Prepared, Sender, WaitsFor, moves_household};
use crate::storage::{NotDone, ParkedPlace, Storage, StorageError, StorageResult, TakenUp};

impl Storage {
    /// Of these operations of a device those that are applied: one that was parked is applied when the record comes
    /// for which it waited.
    pub async fn applied_of(&self, device: DeviceId, seqs: Vec<u64>) -> StorageResult<Vec<u64>> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT 1 FROM operation WHERE device = ?1 AND seq = ?2
                 UNION ALL SELECT 1 FROM compacted WHERE device = ?1 AND seq = ?2",
            )?;
            let mut applied = Vec::new();
            for seq in seqs {
                if statement.exists(values![device.0.as_bytes(), int(seq)])? {
                    applied.push(seq);
                }
            }
            Ok(applied)
        })
        .await
    }

    /// Applies a parked operation as it was recorded, because a supervisor says so: its author and its time stay, the
    /// supervisor's role and present areas stand for it. What the same device had set aside before of records that it
    /// changes or names and that are not here comes along. Taking it up again changes nothing.
    pub async fn take_up_parked(
        &self,
        place: ParkedPlace,
        supervisor: WorkerId,
        now_ms: TimestampMs,
    ) -> StorageResult<TakenUp> {
        let taken = self.write_unless(move |tx| take_up_for(tx, place, supervisor, now_ms));
        Ok(taken.await?.unwrap_or_else(TakenUp::Refused))
    }
}

/// Notes what an operation that was parked waits for.
pub(super) fn note(tx: Tx<'_>, device: DeviceId, seq: u64, waits: &WaitsFor) -> StorageResult<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO parked_waits (kind, record, device, seq, for_move) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )?;
    let (records, for_move) = match waits {
        WaitsFor::Record(records) => (records, false),
        WaitsFor::Move(records) => (records, true),
    };
    for record in records {
        statement.execute(values![
            record.kind.0,
            record.id.as_bytes(),
            device.0.as_bytes(),
            int(seq),
            for_move
        ])?;
    }
    Ok(())
}

/// Records for which something may have waited.
#[derive(Default)]
pub(super) struct Came {
    /// They were made or changed.
    pub(super) changed: BTreeSet<RecordRef>,
    /// They lie in another area now.
    pub(super) moved: BTreeSet<RecordRef>,
}

/// Applies what waited for these records, and what waited for the records that come of that.
pub(super) fn take_up(tx: Tx<'_>, mut came: Came, log: &mut LogEnd) -> StorageResult<()> {
    loop {
        let waiting = waiting_for(tx, &std::mem::take(&mut came))?;
        if waiting.is_empty() {
            return Ok(());
        }
        for (device, seq) in waiting {
            try_again(tx, device, seq, log, &mut came)?;
        }
    }
}

/// In the order of each device's work.
fn waiting_for(tx: Tx<'_>, came: &Came) -> StorageResult<BTreeSet<(DeviceId, u64)>> {
    let mut waiting = BTreeSet::new();
    let none: bool = tx
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM parked_waits)")?
        .query_row(values![], |row| row.get(0))?;
    if none {
        return Ok(waiting);
    }
    let mut statement = tx.prepare_cached(
        "SELECT device, seq FROM parked_waits WHERE kind = ?1 AND record = ?2 AND for_move = ?3",
    )?;
    let changed = came.changed.iter().map(|record| (record, false));
    for (record, for_move) in changed.chain(came.moved.iter().map(|record| (record, true))) {
        let rows = statement.query_map(values![record.kind.0, record.id.as_bytes(), for_move], |row| {
            Ok((DeviceId(uuid(row, 0)?), uint(row, 1)?))
        })?;
        waiting.extend(rows);
    }
    Ok(waiting)
}

/// Adds the records that it changed or moved; none when it stays parked.
fn try_again(tx: Tx<'_>, device: DeviceId, seq: u64, log: &mut LogEnd, came: &mut Came) -> StorageResult<()> {
    let Some(prepared) = parked(tx, device, seq)? else {
        return Err(StorageError::Inconsistent {
            table: "parked_waits",
        });
    };
    // Whether it came in time was decided when it came.
    let sender = batch::sender(tx, prepared.operation.author, 0)?;
    let mut batch = batch::over(tx, std::slice::from_ref(&prepared), sender, log.applied_at)?;
    let taken = batch.take(&prepared);
    tx.prepare_cached("DELETE FROM parked_waits WHERE device = ?1 AND seq = ?2")?
        .execute(values![device.0.as_bytes(), int(seq)])?;
    match taken {
        Ok(home) => apply(tx, &prepared, batch, &home, log, came),
        Err(rejection) => {
            let shown_in = units::shown_in(tx, &batch, &prepared.operation)?;
            tx.prepare_cached("UPDATE parked SET code = ?3, shown_in = ?4 WHERE device = ?1 AND seq = ?2")?
                .execute(values![
                    device.0.as_bytes(),
                    int(seq),
                    rejection.code,
                    shown_in.as_ref().map_or("", AreaCode::as_str)
                ])?;
            note(tx, device, seq, &batch.waits_for(&prepared.operation, rejection))
        }
    }
}

/// The parked operation of a device.
fn parked(tx: Tx<'_>, device: DeviceId, seq: u64) -> StorageResult<Option<Prepared>> {
    let body: Option<Vec<u8>> = tx
        .prepare_cached("SELECT body FROM parked WHERE device = ?1 AND seq = ?2")?
        .query_opt(values![device.0.as_bytes(), int(seq)], |row| row.get(0))?;
    let prepared = |body: Vec<u8>| {
        Ok(Prepared {
            operation: columns::operation("parked", &body)?,
            body,
            chain: ChainHash::default(),
        })
    };
    body.map(prepared).transpose()
}

/// Writes what was parked into the log, where its record lies, and what came of it.
fn apply(
    tx: Tx<'_>,
    prepared: &Prepared,
    batch: Batch<'_>,
    home: &AreaCode,
    log: &mut LogEnd,
    came: &mut Came,
) -> StorageResult<()> {
    let operation = &prepared.operation;
    tx.prepare_cached("DELETE FROM parked WHERE device = ?1 AND seq = ?2")?
        .execute(values![operation.device.0.as_bytes(), int(operation.seq)])?;
    LogWriter::new(tx, log.applied_at)?.insert(log.append(home), home, prepared)?;
    let mut writer = records::Writer::new(tx)?;
    let changed = batch.into_changed();
    for changed in &changed {
        writer.write(changed)?;
        came.changed.insert(changed.record);
    }
    if lending::concerns(operation) {
        let lent = lending::follow(tx, &[operation], &changed, log)?;
        came.moved.extend(lent);
    }
    let moved = moves::follow(tx, operation, home, log.applied_at, log)?;
    came.moved.extend(lending::moved(tx, &moved, log)?);
    came.moved.extend(moved);
    Ok(())
}

/// [`Storage::take_up_parked`], in a transaction.
fn take_up_for(
    tx: Tx<'_>,
    place: ParkedPlace,
    supervisor: WorkerId,
    now_ms: TimestampMs,
) -> Result<TakenUp, NotDone<&'static str>> {
    let ParkedPlace { device, seq, .. } = place;
    let mut sender = batch::sender(tx, supervisor, 0)?;
    sender.spans.retain(|span| span.ended_at.is_none());
    sender.vouches = Some(supervisor);
    let overseen: Vec<AreaCode> = sender.spans.iter().map(|span| span.area.clone()).collect();
    let oversees = |area: &AreaCode| overseen.iter().any(|own| area.is_within(own));
    let shown_in: Option<String> = tx
        .prepare_cached("SELECT shown_in FROM parked WHERE device = ?1 AND seq = ?2")?
        .query_opt(values![device.0.as_bytes(), int(seq)], |row| row.get(0))?;
    let is_shown = shown_in.is_some_and(|area| AreaCode::new(&area).is_ok_and(|area| oversees(&area)));
    let Some(prepared) = parked(tx, device, seq)?.filter(|_| is_shown) else {
        return Ok(taken_up_before(tx, device, seq, oversees)?);
    };
    let made_in = &prepared.operation.area;
    if made_in.is_unit() {
        // It is shown where it lies. The unit's area stands for what is or was lent there, and for nothing else.
        sender.spans.push(AssignmentSpan {
            area: made_in.clone(),
            ended_at: None,
        });
    } else if !oversees(made_in) {
        return Err(NotDone::Refused("parked.not_yours"));
    }
    let mut log = LogEnd::open(tx, now_ms)?;
    let mut came = Came::default();
    for earlier in needed_by(tx, &prepared)? {
        // What is not to be had is missed below.
        let _ = take_one(tx, &earlier, &sender, &mut log, &mut came)?;
    }
    take_one(tx, &prepared, &sender, &mut log, &mut came)?
        .map_err(|rejection| NotDone::Refused(rejection.code))?;
    take_up(tx, came, &mut log)?;
    Ok(TakenUp::Applied(log.close(tx)?))
}

fn take_one(
    tx: Tx<'_>,
    prepared: &Prepared,
    sender: &Sender,
    log: &mut LogEnd,
    came: &mut Came,
) -> StorageResult<Result<(), Rejection>> {
    let mut batch = batch::over(tx, std::slice::from_ref(prepared), sender.clone(), log.applied_at)?;
    let home = match batch.take(prepared) {
        // Where a household went there are other supervisors.
        Ok(home) if !sender.has_area(&home) => return Ok(Err(OTHER_AREA)),
        Ok(home) => home,
        Err(rejection) => return Ok(Err(rejection)),
    };
    let Operation { device, seq, .. } = prepared.operation;
    tx.prepare_cached("DELETE FROM parked_waits WHERE device = ?1 AND seq = ?2")?
        .execute(values![device.0.as_bytes(), int(seq)])?;
    apply(tx, prepared, batch, &home, log, came).map(Ok)
}

/// How many parked operations of a device are looked through for what one of them needs.
const LOOKED_THROUGH_MAX: u64 = 1_000;

/// What the same device recorded before and is parked too, of records that an operation changes or names and that are
/// not here: a visit goes before its photo. In order. Nothing else comes along: the supervisor has not seen it.
fn needed_by(tx: Tx<'_>, prepared: &Prepared) -> StorageResult<Vec<Prepared>> {
    let missing = |prepared: &Prepared| -> StorageResult<BTreeSet<RecordRef>> {
        let Needs { records, named, .. } = Needs::of(std::slice::from_ref(prepared));
        let mut missing: BTreeSet<RecordRef> = records.into_iter().chain(named).collect();
        for (here, _) in records::areas(tx, missing.clone())? {
            missing.remove(&here);
        }
        Ok(missing)
    };
    let Operation { device, seq, .. } = prepared.operation;
    let mut wanted = missing(prepared)?;
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let seqs: Vec<u64> = tx
        .prepare_cached("SELECT seq FROM parked WHERE device = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3")?
        .query_map(
            values![device.0.as_bytes(), int(seq), int(LOOKED_THROUGH_MAX)],
            |row| uint(row, 0),
        )?;
    let mut needed = Vec::new();
    for seq in seqs {
        if let Some(earlier) = parked(tx, device, seq)?
            && wanted.contains(&earlier.operation.record)
            && earlier.operation.change.removal.is_none()
            && !moves_household(&earlier.operation)
        {
            wanted.extend(missing(&earlier)?);
            needed.push(earlier);
        }
    }
    needed.reverse();
    Ok(needed)
}

/// Of what is not parked here for them: whether it is applied already where they oversee.
fn taken_up_before(
    tx: Tx<'_>,
    device: DeviceId,
    seq: u64,
    oversees: impl Fn(&AreaCode) -> bool,
) -> StorageResult<TakenUp> {
    let area = tx
        .prepare_cached("SELECT area FROM operation WHERE device = ?1 AND seq = ?2")?
        .query_opt(values![device.0.as_bytes(), int(seq)], |row| {
            columns::area(row, 0)
        })?;
    match area {
        Some(area) if oversees(&area) => Ok(TakenUp::Applied(BTreeSet::new())),
        _ => Ok(TakenUp::Unknown),
    }
}
