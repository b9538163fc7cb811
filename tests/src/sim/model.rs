//! What a record must look like, computed anew from all operations on it by the rules of `docs/data-model.md`.
//!
//! Written without the crate `crdts` and without the project's merge: lists of writes with what each had seen, and
//! nothing cleverer. Slow and plain, so that it can be compared with the real thing.

use std::collections::{BTreeMap, BTreeSet};

use shared::change::{AppliedOperation, Operation, Seen};
use shared::clock::{CLOCK_AHEAD_MS_MAX, Stamp};
use shared::domain::issue::Event;
use shared::domain::value::{FieldMap, Value};
use shared::domain::{FieldId, RecordRef};
use shared::ids::{AreaCode, DeviceId, WorkerId};

/// When, where and by whom: clamped time, counter, device, number, author.
type When = (u64, u32, DeviceId, u64, WorkerId);

/// A record as everybody must see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Where it lies.
    pub area: AreaCode,
    /// The shown value of every field that holds something.
    pub values: FieldMap,
    /// Fields with several values, the shown one first.
    pub conflicts: BTreeMap<FieldId, Vec<Value>>,
    /// The events in order.
    pub events: Vec<Event>,
    /// Where an issue stands.
    pub step: u64,
    /// Withdrawn, and nobody edited it meanwhile.
    pub removed: bool,
    /// Withdrawn, but somebody edited it meanwhile.
    pub kept_by_edit: bool,
}

/// Every record of these operations.
pub fn records(operations: &[AppliedOperation]) -> BTreeMap<RecordRef, Expected> {
    let mut by_record: BTreeMap<RecordRef, Vec<&AppliedOperation>> = BTreeMap::new();
    for applied in operations {
        by_record
            .entry(applied.operation.record)
            .or_default()
            .push(applied);
    }
    by_record
        .into_iter()
        .map(|(record, operations)| (record, record_of(&operations)))
        .collect()
}

fn when(applied: &AppliedOperation) -> When {
    let Operation {
        device,
        seq,
        author,
        stamp,
        ..
    } = &applied.operation;
    let Stamp { ms, counter } = *stamp;
    // A clock that ran ahead counts from when the server applied the operation.
    let ms = if ms > applied.applied_at.saturating_add(CLOCK_AHEAD_MS_MAX) {
        applied.applied_at
    } else {
        ms
    };
    (ms, counter, *device, *seq, *author)
}

fn saw(seen: &Seen, operation: &Operation) -> bool {
    seen.dots
        .get(&operation.device)
        .is_some_and(|through| *through >= operation.seq)
}

fn record_of(operations: &[&AppliedOperation]) -> Expected {
    let mut in_order = operations.to_vec();
    in_order.sort_by_key(|applied| when(applied));
    let area = in_order
        .first()
        .map(|first| first.operation.area.clone())
        .expect("a record has an operation");
    let (mut values, conflicts) = registers(&in_order);
    for (field, members) in sets(&in_order) {
        values.insert(field, Value::Numbers(members.into_iter().collect()));
    }
    let edits = || {
        in_order
            .iter()
            .filter(|applied| applied.operation.change.removal.is_none())
    };
    let removals: Vec<&Seen> = in_order
        .iter()
        .filter_map(|applied| applied.operation.change.removal.as_ref())
        .collect();
    let removed = removals
        .iter()
        .any(|seen| edits().all(|edit| saw(seen, &edit.operation)));
    let events: Vec<Event> = in_order
        .iter()
        .filter_map(|applied| applied.operation.change.event.clone())
        .collect();
    Expected {
        area,
        values,
        conflicts,
        step: step_of(&events),
        events,
        kept_by_edit: !removals.is_empty() && !removed,
        removed,
    }
}

/// Per register field the shown value, and all of them where there are several.
fn registers(in_order: &[&AppliedOperation]) -> (FieldMap, BTreeMap<FieldId, Vec<Value>>) {
    let mut writes: BTreeMap<FieldId, Vec<(&AppliedOperation, &Value, &Seen)>> = BTreeMap::new();
    for applied in in_order {
        for write in &applied.operation.change.writes {
            writes
                .entry(write.field)
                .or_default()
                .push((applied, &write.value, &write.seen));
        }
    }
    let (mut values, mut conflicts) = (FieldMap::new(), BTreeMap::new());
    for (field, writes) in writes {
        let replaced =
            |applied: &AppliedOperation| writes.iter().any(|(_, _, seen)| saw(seen, &applied.operation));
        let mut current: Vec<Value> = Vec::new();
        // The greatest in time is the shown one.
        for (_, value, _) in writes.iter().rev().filter(|(applied, ..)| !replaced(applied)) {
            if !current.contains(value) {
                current.push((*value).clone());
            }
        }
        if let Some(shown) = current.first().filter(|value| **value != Value::Null) {
            values.insert(field, shown.clone());
        }
        if current.len() > 1 {
            conflicts.insert(field, current);
        }
    }
    (values, conflicts)
}

/// Per set field the members of which some addition was not seen by any removal.
fn sets(in_order: &[&AppliedOperation]) -> BTreeMap<FieldId, BTreeSet<u64>> {
    let edits = || {
        in_order.iter().flat_map(|applied| {
            let members = &applied.operation.change.members;
            members.iter().map(|edit| (&applied.operation, edit))
        })
    };
    let mut present: BTreeMap<FieldId, BTreeSet<u64>> = BTreeMap::new();
    for (operation, added) in edits().filter(|(_, edit)| edit.removes.is_none()) {
        let removed = edits().any(|(_, edit)| {
            let same = (edit.field, edit.member) == (added.field, added.member);
            same && edit.removes.as_ref().is_some_and(|seen| saw(seen, operation))
        });
        if !removed {
            present.entry(added.field).or_default().insert(added.member);
        }
    }
    present
}

/// The table of issue steps as `docs/data-model.md` has it: a row per state, a column per step, `x` moves the issue.
const STEPS: [&str; 11] = [
    //reported, on the spot, accepted, assigned, in progress, resolved, confirmed, closed, returned, reopened, merged
    "..xx....x.x", // reported
    "......x..x.", // handled on the spot
    "...xxx..x.x", // accepted
    "...xxx..x.x", // assigned
    "...x.x..x.x", // in progress
    "......x..x.", // resolved
    ".......x.x.", // confirmed
    ".........x.", // closed
    ".........x.", // returned
    "..xxxx..x.x", // reopened
    ".........x.", // merged
];

fn step_of(events: &[Event]) -> u64 {
    let place = |step: u64| usize::try_from(step.checked_sub(1)?).ok();
    let mut step = 1;
    for (index, event) in events.iter().enumerate() {
        let moves = place(step)
            .and_then(|row| STEPS.get(row))
            .zip(place(event.step))
            .and_then(|(row, column)| row.as_bytes().get(column));
        if index == 0 && place(event.step).is_some_and(|place| place < STEPS.len()) || moves == Some(&b'x') {
            step = event.step;
        }
    }
    step
}
