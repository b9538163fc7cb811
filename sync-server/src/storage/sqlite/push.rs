//! Pushes: reads what [`crate::apply`] asks for, and writes what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};
use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::RecordRef;
use shared::guards::{self, Guard};
use shared::ids::{AreaCode, DeviceId, WorkerId};
use shared::protocol::v1::{ParkedMember, ParkedNotice, ParkedOperation, Receipt};

use super::columns::{self, behind, chain, int, uint, uuid};
use super::photos;
use super::waiting::{self, LogEnd};
use crate::apply::{
    AssignmentSpan, Batch, Changed, Held, HeldChain, Loaded, Needs, Placement, Prepared, PreparedPush,
    PushRefusal, place, times_are_plain,
};
use crate::storage::{PushOutcome, StorageError, StorageResult, Taken};

/// A device as pushes need it.
pub(super) struct DeviceRow {
    pub(super) worker: WorkerId,
    pub(super) revoked: bool,
    pub(super) held: HeldChain,
}

pub(super) fn device(tx: &Connection, device: DeviceId) -> StorageResult<Option<DeviceRow>> {
    let mut statement = tx.prepare_cached(
        "SELECT worker, revoked_at, last_seq, chain, applied_at, applied_from_seq FROM device WHERE id = ?1",
    )?;
    let row = statement.query_row([device.0.as_bytes()], |row| {
        let held = HeldChain {
            through_seq: uint(row, 2)?,
            chain: chain(row, 3)?,
            applied_at: uint(row, 4)?,
            applied_from_seq: uint(row, 5)?,
        };
        Ok(DeviceRow {
            worker: WorkerId(uuid(row, 0)?),
            revoked: uint(row, 1)? > 0,
            held,
        })
    });
    Ok(row.optional()?)
}

pub(super) fn apply_push(
    tx: &Connection,
    push: &PreparedPush,
    now_ms: TimestampMs,
) -> StorageResult<PushOutcome> {
    let row = device(tx, push.device())?.ok_or(StorageError::Inconsistent { table: "device" })?;
    if row.revoked || row.worker != push.author() {
        return Ok(PushOutcome::Refused(PushRefusal::Revoked));
    }
    let held_count = match place(push, &row.held) {
        Err(refusal) => return Ok(PushOutcome::Refused(refusal)),
        Ok(Placement::Continues { .. }) if !guards::holds(Guard::Idempotency) => 0,
        Ok(Placement::Continues { held }) => held,
        Ok(Placement::Earlier) if is_held(tx, push)? => push.operations().len(),
        Ok(Placement::Earlier) => return Ok(PushOutcome::Refused(PushRefusal::Fork { held: row.held })),
    };
    let (held_part, new_part) = push
        .operations()
        .split_at_checked(held_count)
        .unwrap_or((push.operations(), &[]));
    if new_part.is_empty() || !times_are_plain(held_part, &row.held) {
        let taken = Taken {
            receipt: receipt(&row.held),
            applied: 0,
            parked: parked_of(tx, push.device(), push.first_seq(), u32::MAX)?,
            areas: BTreeSet::new(),
        };
        return Ok(PushOutcome::Taken(taken));
    }
    take(tx, push, new_part, now_ms).map(PushOutcome::Taken)
}

/// Whether every operation of a push that ends before what is held is held byte for byte.
fn is_held(tx: &Connection, push: &PreparedPush) -> StorageResult<bool> {
    let mut statement = tx.prepare_cached(
        "SELECT body FROM operation WHERE device = ?1 AND seq = ?2
         UNION ALL SELECT body FROM parked WHERE device = ?1 AND seq = ?2",
    )?;
    for Prepared { operation, body, .. } in push.operations() {
        let held: Option<Vec<u8>> = statement
            .query_row(params![push.device().0.as_bytes(), int(operation.seq)], |row| {
                row.get(0)
            })
            .optional()?;
        if held.as_ref() != Some(body) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn take(tx: &Connection, push: &PreparedPush, new: &[Prepared], now_ms: TimestampMs) -> StorageResult<Taken> {
    let (position, last_applied_at): (u64, u64) =
        tx.query_row("SELECT last_position, last_applied_at FROM meta", [], |row| {
            Ok((uint(row, 0)?, uint(row, 1)?))
        })?;
    let applied_at = now_ms.max(last_applied_at);
    let needs = Needs::of(new);
    let known_areas = needs
        .areas
        .iter()
        .filter_map(|area| match columns::area_exists(tx, area) {
            Ok(exists) => exists.then(|| Ok(area.clone())),
            Err(error) => Some(Err(error)),
        })
        .collect::<StorageResult<_>>()?;
    let mut batch = Batch::new(
        load(tx, &needs)?,
        known_areas,
        spans(tx, push.author())?,
        applied_at,
    );
    let mut log = LogEnd {
        position,
        last_in_area: BTreeMap::new(),
    };
    let mut applied = 0;
    for prepared in new {
        match batch.take(prepared) {
            Ok(()) => {
                log.position += 1;
                applied += 1;
                insert_operation(tx, log.position, prepared, applied_at)?;
                log.last_in_area
                    .insert(prepared.operation.area.clone(), log.position);
            }
            Err(rejection) => {
                let shown_in = batch.shown_in(&prepared.operation);
                insert_parked(tx, prepared, shown_in.as_ref(), rejection.code, applied_at)?;
                let Operation { device, seq, .. } = prepared.operation;
                waiting::note(tx, device, seq, &batch.missing(&prepared.operation))?;
            }
        }
    }
    let mut came = BTreeSet::new();
    for changed in batch.into_changed() {
        write_record(tx, &changed)?;
        came.insert(changed.record);
    }
    waiting::take_up(tx, came, applied_at, &mut log)?;
    let LogEnd {
        position,
        last_in_area,
    } = log;
    for (area, position) in &last_in_area {
        tx.prepare_cached("UPDATE area SET last_position = ?2 WHERE code = ?1")?
            .execute(params![area.as_str(), int(*position)])?;
    }
    tx.execute(
        "UPDATE meta SET last_position = ?1, last_applied_at = ?2",
        [int(position), int(applied_at)],
    )?;
    let held = HeldChain {
        through_seq: push.last_seq(),
        chain: push.chain_after(),
        applied_at,
        applied_from_seq: new.first().map_or(0, |prepared| prepared.operation.seq),
    };
    tx.execute(
        "UPDATE device SET last_seq = ?2, chain = ?3, applied_at = ?4, applied_from_seq = ?5 WHERE id = ?1",
        params![
            push.device().0.as_bytes(),
            int(held.through_seq),
            held.chain.0,
            int(held.applied_at),
            int(held.applied_from_seq)
        ],
    )?;
    let parked = parked_of(tx, push.device(), push.first_seq(), u32::MAX)?;
    Ok(Taken {
        receipt: receipt(&held),
        applied,
        parked,
        areas: last_in_area.into_keys().collect(),
    })
}

fn receipt(held: &HeldChain) -> Receipt {
    Receipt {
        through_seq: held.through_seq,
        chain: held.chain,
        applied_at: held.applied_at,
        applied_from_seq: held.applied_from_seq,
    }
}

pub(super) fn load(tx: &Connection, needs: &Needs) -> StorageResult<BTreeMap<RecordRef, Held>> {
    let mut records = BTreeMap::new();
    let mut areas = tx.prepare_cached("SELECT area FROM record WHERE kind = ?1 AND id = ?2")?;
    for record in needs.named.difference(&needs.records) {
        let area = areas
            .query_row(params![record.kind.0, record.id.as_bytes()], |row| {
                columns::area(row, 0)
            })
            .optional()?;
        if let Some(area) = area {
            records.insert(*record, Held::Named(area));
        }
    }
    let mut states = tx.prepare_cached("SELECT state FROM record WHERE kind = ?1 AND id = ?2")?;
    for record in &needs.records {
        let state: Option<Vec<u8>> = states
            .query_row(params![record.kind.0, record.id.as_bytes()], |row| row.get(0))
            .optional()?;
        if let Some(blob) = state {
            let state = RecordState::unpack_whole(record.kind, &blob)
                .map_err(|_| StorageError::Inconsistent { table: "record" })?;
            let size_bytes = blob.len();
            records.insert(*record, Held::Loaded(Loaded { state, size_bytes }));
        }
    }
    Ok(records)
}

pub(super) fn spans(tx: &Connection, worker: WorkerId) -> StorageResult<Vec<AssignmentSpan>> {
    let mut statement = tx.prepare_cached("SELECT area, ended_at FROM assignment WHERE worker = ?1")?;
    let spans = statement.query_map([worker.0.as_bytes()], |row| {
        let ended_at = uint(row, 1)?;
        Ok(AssignmentSpan {
            area: columns::area(row, 0)?,
            ended_at: (ended_at > 0).then_some(ended_at),
        })
    })?;
    Ok(spans.collect::<Result<_, _>>()?)
}

pub(super) fn insert_operation(
    tx: &Connection,
    position: u64,
    prepared: &Prepared,
    applied_at: u64,
) -> StorageResult<()> {
    let operation = &prepared.operation;
    let mut statement = tx.prepare_cached(
        "INSERT INTO operation (position, area, device, seq, author, kind, record, applied_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    statement.execute(params![
        int(position),
        operation.area.as_str(),
        operation.device.0.as_bytes(),
        int(operation.seq),
        operation.author.0.as_bytes(),
        operation.record.kind.0,
        operation.record.id.as_bytes(),
        int(applied_at),
        prepared.body
    ])?;
    Ok(())
}

fn insert_parked(
    tx: &Connection,
    prepared: &Prepared,
    shown_in: Option<&AreaCode>,
    code: &str,
    parked_at: u64,
) -> StorageResult<()> {
    let operation = &prepared.operation;
    let mut statement = tx.prepare_cached(
        "INSERT INTO parked (device, seq, author, shown_in, code, parked_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(params![
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

pub(super) fn write_record(tx: &Connection, changed: &Changed) -> StorageResult<()> {
    let Changed {
        record,
        area,
        packed,
        state,
    } = changed;
    let mut statement = tx.prepare_cached(
        "INSERT INTO record (kind, id, area, state) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, id) DO UPDATE SET area = excluded.area, state = excluded.state",
    )?;
    statement.execute(params![
        record.kind.0,
        record.id.as_bytes(),
        area.as_str(),
        packed
    ])?;
    match state {
        Some(state) => photos::follow_record(tx, *record, state),
        None => Ok(()),
    }
}

pub(super) fn parked_of(
    tx: &Connection,
    device: DeviceId,
    from_seq: u64,
    limit: u32,
) -> StorageResult<Vec<ParkedNotice>> {
    let mut statement = tx.prepare_cached(
        "SELECT seq, code FROM parked WHERE device = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
    )?;
    let notices = statement.query_map(params![device.0.as_bytes(), int(from_seq), limit], |row| {
        Ok(ParkedNotice {
            seq: uint(row, 0)?,
            code: row.get(1)?,
        })
    })?;
    Ok(notices.collect::<Result<_, _>>()?)
}

pub(super) fn parked_in(
    tx: &Connection,
    areas: &[AreaCode],
    limit: u32,
) -> StorageResult<Vec<ParkedOperation>> {
    let mut statement = tx.prepare_cached(
        "SELECT author, code, parked_at, body FROM parked WHERE shown_in >= ?1 AND shown_in < ?2
         ORDER BY parked_at DESC, device, seq DESC LIMIT ?3",
    )?;
    let mut parked = Vec::new();
    for area in areas {
        let mut rows = statement.query(params![area.as_str(), behind(area), limit])?;
        while let Some(row) = rows.next()? {
            let body: Vec<u8> = row.get(3)?;
            let operation = columns::operation("parked", &body)?;
            let (code, parked_at) = (row.get(1)?, uint(row, 2)?);
            parked.push(shown(WorkerId(uuid(row, 0)?), operation, code, parked_at));
        }
    }
    parked.sort_by_key(|operation| std::cmp::Reverse(operation.parked_at));
    parked.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(parked)
}

/// What supervisors see of a parked operation: all that it would have changed, nothing of clocks.
fn shown(author: WorkerId, operation: Operation, code: String, parked_at: u64) -> ParkedOperation {
    let writes = operation.change.writes.into_iter();
    let members = operation.change.members.into_iter();
    ParkedOperation {
        author,
        area: operation.area,
        record: operation.record,
        code,
        parked_at,
        fields: writes.map(|write| (write.field, write.value)).collect(),
        members: members
            .map(|edit| ParkedMember {
                field: edit.field,
                member: edit.member,
                adds: edit.removes.is_none(),
            })
            .collect(),
        event: operation.change.event,
        removes: operation.change.removal.is_some(),
    }
}
