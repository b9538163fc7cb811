//! What a record must look like, computed anew from all operations on it by the rules of `docs/data-model.md`.
//!
//! Written without the crate `crdts` and without the project's merge: lists of writes with what each had seen, and
//! nothing cleverer. Slow and plain, so that it can be compared with the real thing.

use std::collections::{BTreeMap, BTreeSet};

use shared::change::{AppliedOperation, Operation, Seen};
use shared::clock::{CLOCK_AHEAD_MS_MAX, Stamp};
use shared::domain::issue::{self, Event};
use shared::domain::value::{FieldMap, Value};
use shared::domain::{FieldId, RecordKind, RecordRef, household, photo, resident, visit};
use shared::ids::{AreaCode, DeviceId, WorkerId};
use uuid::Uuid;

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
    /// The unit that it is lent to, and until when, ms.
    pub lent: Option<(Uuid, Option<u64>)>,
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
    let mut records: BTreeMap<RecordRef, Expected> = by_record
        .iter()
        .map(|(record, operations)| (*record, record_of(operations)))
        .collect();
    let homes: Vec<(RecordRef, AreaCode)> = records
        .keys()
        .filter_map(|record| Some((*record, home(*record, &records, &by_record)?)))
        .collect();
    for (record, home) in homes {
        if let Some(expected) = records.get_mut(&record) {
            expected.area = home;
        }
    }
    records
}

/// Whom a record is lent to: an issue as its steps say, a photo with its issue.
pub fn lent(record: RecordRef, records: &BTreeMap<RecordRef, Expected>) -> Option<(Uuid, Option<u64>)> {
    let expected = records.get(&record)?;
    match (record.kind, expected.values.get(&photo::OWNER)) {
        (RecordKind::PHOTO, Some(Value::Id(owner))) => {
            lent(RecordRef::new(RecordKind::ISSUE, *owner), records).filter(|_| !expected.removed)
        }
        _ => expected.lent.filter(|_| !expected.removed),
    }
}

/// Where a record lies that does not lie where it was made: with its household, which lies where the latest of all
/// moves has put it.
fn home(
    record: RecordRef,
    records: &BTreeMap<RecordRef, Expected>,
    operations: &BTreeMap<RecordRef, Vec<&AppliedOperation>>,
) -> Option<AreaCode> {
    let values = &records.get(&record)?.values;
    let with = |kind: RecordKind, field: FieldId| match values.get(&field)? {
        Value::Id(id) => Some(RecordRef::new(kind, *id)),
        _ => None,
    };
    let with = match record.kind {
        RecordKind::HOUSEHOLD => {
            let moves = operations.get(&record)?.iter().filter_map(|applied| {
                let mut writes = applied.operation.change.writes.iter();
                let moved = writes.find(|write| write.field == household::MOVED_TO)?;
                Some((when(applied), AreaCode::new(moved.value.as_text()).ok()?))
            });
            return moves.max().map(|(_, area)| area);
        }
        RecordKind::RESIDENT => with(RecordKind::HOUSEHOLD, resident::HOUSEHOLD),
        RecordKind::VISIT => with(RecordKind::HOUSEHOLD, visit::HOUSEHOLD),
        RecordKind::ISSUE => {
            with(RecordKind::HOUSEHOLD, issue::HOUSEHOLD).or_else(|| with(RecordKind::VISIT, issue::VISIT))
        }
        RecordKind::PHOTO => with(RecordKind::VISIT, photo::OWNER)
            .filter(|visit| records.contains_key(visit))
            .or_else(|| with(RecordKind::ISSUE, photo::OWNER)),
        kind => {
            let lies_alone = kind.spec().is_some_and(|spec| spec.beside.is_empty());
            assert!(lies_alone, "the model does not know beside what {kind:?} lies");
            return None;
        }
    };
    // Nothing lies where it is only lent.
    let made_for_a_unit = records.get(&record)?.area.is_unit();
    let there = records
        .get(&with?)
        .filter(|_| made_for_a_unit)
        .map(|with| with.area.clone());
    home(with?, records, operations).or(there)
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
    // A unit makes photos of what is lent to it, and nothing else.
    let area = in_order
        .iter()
        .find(|applied| {
            !applied.operation.area.is_unit() || applied.operation.record.kind == RecordKind::PHOTO
        })
        .or(in_order.first())
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
    let record = in_order.first().map(|first| first.operation.record);
    let kept = record.and_then(|record| record.kind.kept_after_removal());
    let undecided = in_order
        .iter()
        .filter(|applied| applied.operation.change.removal.is_some())
        .any(|removal| !kept.is_some_and(|field| decided(&in_order, field, &removal.operation)));
    let (step, lent) = step_of(&in_order);
    Expected {
        area,
        values,
        conflicts,
        step,
        lent,
        events,
        kept_by_edit: undecided && !removed,
        removed,
    }
}

/// Whether somebody who knew of a removal said that the record stays, and nobody has taken that back unseen.
fn decided(in_order: &[&AppliedOperation], field: FieldId, removal: &Operation) -> bool {
    let writes = || {
        in_order.iter().flat_map(|applied| {
            let writes = applied.operation.change.writes.iter();
            writes
                .filter(|write| write.field == field)
                .map(|write| (&applied.operation, write))
        })
    };
    let replaced = |operation: &Operation| writes().any(|(_, write)| saw(&write.seen, operation));
    writes().any(|(operation, write)| !replaced(operation) && saw(&write.seen, removal))
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

/// Which of two steps taken at the same time comes first; by the number of the step.
const RANKS: [u8; 11] = [0, 0, 2, 3, 4, 5, 6, 7, 9, 1, 8];
const ON_THE_SPOT: u64 = 2;
const ACCEPTED: u64 = 3;
const ASSIGNED: u64 = 4;
const IN_PROGRESS: u64 = 5;
const RESOLVED: u64 = 6;
const CONFIRMED: u64 = 7;
const CLOSED: u64 = 8;
const RETURNED: u64 = 9;
const REOPENED: u64 = 10;
const MERGED: u64 = 11;
/// On the spot, resolved, confirmed, closed, returned, merged: nothing is left to do.
const FINISHED: [u64; 6] = [2, 6, 7, 8, 9, 11];

/// A step, when it was taken, and what its author had seen, if the app said so.
#[derive(Clone, Copy)]
struct Taken<'a> {
    event: &'a Event,
    when: When,
    operation: &'a Operation,
    seen: Option<&'a Seen>,
}

fn place(step: u64) -> Option<usize> {
    let place = usize::try_from(step.checked_sub(1)?).ok()?;
    (place < STEPS.len()).then_some(place)
}

/// Whether the author of `later` had seen `earlier`; where an app did not say, the clock does.
fn knew(later: &Taken<'_>, earlier: &Taken<'_>) -> bool {
    if std::ptr::eq(later.operation, earlier.operation) {
        return false;
    }
    match (later.seen, earlier.seen) {
        (Some(_), Some(_)) if later.operation.device == earlier.operation.device => {
            earlier.operation.seq < later.operation.seq
        }
        (Some(seen), Some(_)) => saw(seen, earlier.operation),
        _ => earlier.when < later.when,
    }
}

/// How long what was closed is lent still, ms.
const LENT_AFTER_CLOSING_MS: u64 = 30 * 86_400_000;

/// Where an issue stands, and whom it is lent to until when.
fn step_of(in_order: &[&AppliedOperation]) -> (u64, Option<(Uuid, Option<u64>)>) {
    let taken = |applied: &&'_ AppliedOperation| applied.operation.change.event.is_some();
    let mut left: Vec<Taken<'_>> = in_order
        .iter()
        .filter(|applied| taken(applied))
        .filter_map(|applied| {
            let change = &applied.operation.change;
            let said = change
                .writes
                .iter()
                .find(|write| write.field == issue::STEPS_SEEN);
            Some(Taken {
                event: change.event.as_ref()?,
                when: when(applied),
                operation: &applied.operation,
                seen: said.map(|write| &write.seen),
            })
        })
        .collect();
    let (mut step, mut counted) = (1, Vec::<Taken<'_>>::new());
    let (mut lent_to, mut closed_at) = (None, None);
    let mut resolved_by = BTreeSet::new();
    let mut first = true;
    while !left.is_empty() {
        let free = |taken: &Taken<'_>| !left.iter().any(|other| knew(taken, other));
        let any_free = left.iter().any(free);
        let rank = |taken: &Taken<'_>| {
            let rank = place(taken.event.step).and_then(|place| RANKS.get(place));
            (rank.copied().unwrap_or(u8::MAX), taken.when)
        };
        let next = (0..left.len())
            .filter(|index| !any_free || left.get(*index).is_some_and(free))
            .min_by_key(|index| left.get(*index).map(rank))
            .expect("something is left");
        let taken = left.remove(next);
        let author = taken.operation.author;
        let own_work = taken.event.step == CONFIRMED && resolved_by.contains(&author);
        let moves = first || !own_work && counts(step, &taken, &counted);
        if [RESOLVED, ON_THE_SPOT].contains(&taken.event.step) {
            resolved_by.insert(author);
        }
        if place(taken.event.step).is_some() && moves {
            step = taken.event.step;
            if step == REOPENED {
                resolved_by.clear();
            }
            match step {
                ASSIGNED => lent_to = Uuid::parse_str(&taken.event.target).ok(),
                RETURNED | MERGED => lent_to = None,
                _ => {}
            }
            closed_at = [CONFIRMED, CLOSED]
                .contains(&step)
                .then(|| closed_at.unwrap_or(taken.when.0));
            counted.push(taken);
        }
        first = false;
    }
    let until = closed_at.map(|closed_at| closed_at + LENT_AFTER_CLOSING_MS);
    (step, lent_to.map(|unit| (unit, until)))
}

/// Whether a step moves an issue that stands at `step`, given the steps that counted before it.
fn counts(step: u64, taken: &Taken<'_>, counted: &[Taken<'_>]) -> bool {
    let next = taken.event.step;
    let meanwhile = |steps: &[u64]| {
        let beside = |other: &&Taken<'_>| !knew(taken, other) && !knew(other, taken);
        counted
            .iter()
            .filter(beside)
            .any(|other| steps.contains(&other.event.step))
    };
    let same_dispatch = counted.last().is_some_and(|last| {
        last.event.step == ASSIGNED && !knew(taken, last) && last.event.target == taken.event.target
    });
    let barred = FINISHED.contains(&next) && meanwhile(&[REOPENED])
        || next == RETURNED && meanwhile(&[ACCEPTED, ASSIGNED, IN_PROGRESS])
        || next == ASSIGNED && same_dispatch;
    let row = place(step).and_then(|row| STEPS.get(row));
    let moves = row
        .zip(place(next))
        .and_then(|(row, column)| row.as_bytes().get(column));
    !barred && moves == Some(&b'x')
}
