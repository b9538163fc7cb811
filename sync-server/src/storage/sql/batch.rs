//! Batches: what operations are decided over.

use std::collections::{BTreeSet, HashMap};

use shared::clock::TimestampMs;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::WorkerId;

use super::columns::{self, uint};
use super::tx::Tx;
use super::value::values;
use super::{accounts, former, records, units};
use crate::apply::{AssignmentSpan, Batch, Held, Needs, Prepared, Sender};
use crate::storage::{StorageError, StorageResult};

/// A batch for these operations, over what they need.
pub(super) fn over<'a>(
    tx: Tx<'_>,
    operations: &'a [Prepared],
    sender: Sender,
    applied_at: TimestampMs,
) -> StorageResult<Batch<'a>> {
    let needs = Needs::of(operations);
    let mut known_areas = BTreeSet::new();
    for area in &needs.areas {
        if columns::area_exists(tx, area)? {
            known_areas.insert(area.clone());
        }
    }
    let held = load(tx, &needs)?;
    let former = former::areas(tx, &held, &needs.areas)?;
    let mut unit_areas = BTreeSet::new();
    if needs.records.iter().any(|record| record.kind == RecordKind::UNIT) {
        unit_areas.extend(units::areas(tx)?.into_iter().map(|(area, _)| area));
    }
    Ok(Batch::new(held, known_areas, sender, former, applied_at).beside_units(unit_areas))
}

fn load<'a>(tx: Tx<'_>, needs: &Needs) -> StorageResult<HashMap<RecordRef, Held<'a>>> {
    let mut held = HashMap::with_capacity(needs.records.len() + needs.named.len());
    let only_named = needs.named.difference(&needs.records).copied();
    for (record, area) in records::areas(tx, only_named)? {
        held.insert(record, Held::Named(area));
    }
    for (record, loaded) in records::load(tx, needs.records.iter().copied())? {
        held.insert(record, Held::Loaded(Box::new(loaded)));
    }
    Ok(held)
}

/// Who sends, from a device that knows for long what happened until then.
pub(super) fn sender(tx: Tx<'_>, author: WorkerId, known_until: TimestampMs) -> StorageResult<Sender> {
    let author = accounts::worker(tx, author)?.ok_or(StorageError::Inconsistent { table: "worker" })?;
    // Who works in no area writes in none, and is told nothing of what is there.
    let mut spans = spans(tx, author.id)?;
    spans.retain(|span| columns::may_hold(author.role, &span.area));
    Ok(Sender {
        role: author.role,
        spans,
        known_until,
        vouches: None,
    })
}

fn spans(tx: Tx<'_>, worker: WorkerId) -> StorageResult<Vec<AssignmentSpan>> {
    let mut statement = tx.prepare_cached("SELECT area, ended_at FROM assignment WHERE worker = ?1")?;
    statement.query_map(values![worker.0.as_bytes()], |row| {
        let ended_at = uint(row, 1)?;
        Ok(AssignmentSpan {
            area: columns::area(row, 0)?,
            ended_at: (ended_at > 0).then_some(ended_at),
        })
    })
}
