//! A record as a fold of its operations.
//!
//! State: a register per field (`Register`), a set per member of a set field (`Orswot`), the events, the
//! removals, and the origin. Operations: [`Operation`]. Merge rule: apply every operation, in any order.
//! Tie-break: (time, counter, device) of the clamped stamp. Owes: commutative, associative, idempotent.
//!
//! A set field is one `Orswot` per member, so that operations of one device may arrive in any order.

use std::collections::BTreeMap;

use crdts::{CmRDT, Dot, Orswot, orswot};
use serde::{Deserialize, Serialize};

use super::life::{LifeState, TakenStep, fold};
use super::register::Register;
use crate::change::{Change, MemberEdit, Operation, Seen, Write};
use crate::clock::{Stamp, TimestampMs, winner_key};
use crate::domain::issue::Event;
use crate::domain::life_cycle::STEPS_SEEN;
use crate::domain::schema::{FieldId, FieldMerge, RecordKind};
use crate::domain::value::{FieldMap, Value};
use crate::ids::{AreaCode, DeviceId, WorkerId};

/// Which operation did something, when, and who.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// Clamped stamp (D10).
    pub stamp: Stamp,
    /// The device.
    pub device: DeviceId,
    /// The device's sequence number.
    pub seq: u64,
    /// The person.
    pub author: WorkerId,
}

/// A value as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The value.
    pub value: Value,
    /// By which operation.
    pub origin: Origin,
}

/// An event as somebody appended it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordEvent {
    /// The event.
    pub event: Event,
    /// By which operation.
    pub origin: Origin,
}

/// A field with several values, written without knowing of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflict {
    /// The field.
    pub field: FieldId,
    /// The distinct values, the shown one first.
    pub values: Vec<Written>,
}

pub(super) type MemberSet = Orswot<u64, DeviceId>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Removal {
    pub(super) seen: Seen,
    pub(super) origin: Origin,
}

/// A record and everything needed to merge further operations into it.
#[derive(Debug, Clone)]
pub struct RecordState {
    /// Where it was made.
    pub(super) area: AreaCode,
    /// Where it lies, when that is another area: its household was moved. Storages keep it beside the state.
    home: Option<AreaCode>,
    pub(super) origin: Origin,
    pub(super) fields: BTreeMap<FieldId, Register>,
    pub(super) members: BTreeMap<(FieldId, u64), MemberSet>,
    pub(super) events: BTreeMap<(DeviceId, u64), RecordEvent>,
    /// Of each event that says so: the earlier events that its author had seen.
    pub(super) events_seen: BTreeMap<(DeviceId, u64), Seen>,
    pub(super) removals: BTreeMap<(DeviceId, u64), Removal>,
    /// Every operation but removals: what a removal must have seen to be final.
    pub(super) edits: Seen,
}

impl RecordState {
    /// The state after one operation. `applied_at` is the server's time, `None` while it has not seen it.
    pub fn start(operation: &Operation, applied_at: Option<TimestampMs>) -> Self {
        let mut state = Self::empty(operation.area.clone(), origin_of(operation, applied_at));
        state.apply(operation, applied_at);
        state
    }

    pub(super) fn empty(area: AreaCode, origin: Origin) -> Self {
        Self {
            area,
            home: None,
            origin,
            fields: BTreeMap::new(),
            members: BTreeMap::new(),
            events: BTreeMap::new(),
            events_seen: BTreeMap::new(),
            removals: BTreeMap::new(),
            edits: Seen::default(),
        }
    }

    /// Merges one more operation on the same record. Applying it again with the server's time re-dates it.
    pub fn apply(&mut self, operation: &Operation, applied_at: Option<TimestampMs>) {
        let origin = origin_of(operation, applied_at);
        let same = (origin.device, origin.seq) == (self.origin.device, self.origin.seq);
        // The first operation made it; but nothing is made by a unit to which it can only have been lent, whatever time
        // the unit says. Units make photos, and alter none.
        let is_lent = |area: &AreaCode| area.is_unit() && operation.record.kind != RecordKind::PHOTO;
        let first = |area: &AreaCode, origin: Origin| (is_lent(area), origin);
        if same || first(&operation.area, origin) < first(&self.area, self.origin) {
            self.origin = origin;
            self.area = operation.area.clone();
        }
        let dot = Dot::new(operation.device, operation.seq);
        let Change {
            writes,
            members,
            event,
            removal,
        } = &operation.change;
        if removal.is_none() {
            self.edits.apply(dot);
        }
        for write in writes {
            self.put(write, origin);
        }
        for edit in members {
            let set = self.members.entry((edit.field, edit.member)).or_default();
            set.apply(match &edit.removes {
                None => orswot::Op::Add {
                    dot,
                    members: vec![edit.member],
                },
                Some(seen) => orswot::Op::Rm {
                    clock: seen.clone(),
                    members: vec![edit.member],
                },
            });
        }
        if let Some(event) = event {
            let key = (operation.device, operation.seq);
            if let Some(write) = writes.iter().find(|write| write.field == STEPS_SEEN) {
                self.events_seen.insert(key, write.seen.clone());
            }
            self.events.insert(
                key,
                RecordEvent {
                    event: event.clone(),
                    origin,
                },
            );
        }
        if let Some(seen) = removal {
            self.removals.insert(
                (operation.device, operation.seq),
                Removal {
                    seen: seen.clone(),
                    origin,
                },
            );
        }
    }

    /// Puts a value that the creating operation wrote.
    pub(super) fn put_origin(&mut self, write: &Write) {
        self.put(write, self.origin);
    }

    fn put(&mut self, write: &Write, origin: Origin) {
        let written = Written {
            value: write.value.clone(),
            origin,
        };
        self.fields
            .entry(write.field)
            .or_default()
            .put(&write.seen, written);
    }

    /// The area that the record lies in.
    pub fn area(&self) -> &AreaCode {
        self.home.as_ref().unwrap_or(&self.area)
    }

    /// The area that the record was made in.
    pub fn made_in(&self) -> &AreaCode {
        &self.area
    }

    /// The record lies in `area` from now on.
    pub fn bring_to(&mut self, area: AreaCode) {
        self.home = (area != self.area).then_some(area);
    }

    /// The operation that made the record.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The shown value of every field; set fields as ascending numbers.
    pub fn values(&self) -> FieldMap {
        let mut values: FieldMap = FieldMap::new();
        for (field, register) in &self.fields {
            if let Some(winner) = ranked(register).into_iter().next() {
                values.insert(*field, winner.value);
            }
        }
        for (field, member) in self.present_members() {
            match values.entry(field).or_default() {
                Value::Numbers(numbers) => numbers.push(member),
                other => *other = Value::Numbers(vec![member]),
            }
        }
        values.retain(|_, value| *value != Value::Null);
        values
    }

    /// The shown value of a field with its origin, also when it was emptied; `None` when nobody wrote it.
    pub fn written(&self, field: FieldId) -> Option<Written> {
        ranked(self.fields.get(&field)?).into_iter().next()
    }

    /// The operations, by device and number, because of which a member is in a set; none when it is not.
    pub fn given_by(&self, field: FieldId, member: u64) -> Vec<(DeviceId, u64)> {
        let set = self.members.get(&(field, member));
        let seen = set.map(|set| set.contains(&member)).filter(|read| read.val);
        let dots = seen.into_iter().flat_map(|read| read.rm_clock);
        dots.map(|dot| (dot.actor, dot.counter)).collect()
    }

    fn present_members(&self) -> impl Iterator<Item = (FieldId, u64)> {
        self.members
            .iter()
            .filter(|((_, member), set)| set.contains(member).val)
            .map(|((field, member), _)| (*field, *member))
    }

    /// All values of a field that stand side by side, the shown one first.
    pub fn values_of(&self, field: FieldId) -> Vec<Written> {
        self.fields.get(&field).map(ranked).unwrap_or_default()
    }

    /// Every write of a field that is known: what a write that replaces them all has seen.
    pub fn seen_of(&self, field: FieldId) -> Seen {
        self.fields.get(&field).map(clock_of).unwrap_or_default()
    }

    /// Fields with more than one distinct value.
    pub fn conflicts(&self) -> Vec<FieldConflict> {
        let of_field = |(field, register): (&FieldId, &Register)| {
            let mut values: Vec<Written> = Vec::new();
            for written in ranked(register) {
                if values.iter().all(|kept| kept.value != written.value) {
                    values.push(written);
                }
            }
            (values.len() > 1).then_some(FieldConflict {
                field: *field,
                values,
            })
        };
        self.fields.iter().filter_map(of_field).collect()
    }

    /// The events by (time, counter, device, sequence).
    pub fn events(&self) -> Vec<&RecordEvent> {
        let mut events: Vec<&RecordEvent> = self.events.values().collect();
        events.sort_by_key(|event| event.origin);
        events
    }

    /// Where the record stands in its life; `None` for a kind that takes no steps, or is one of a later version.
    pub fn life(&self, kind: RecordKind) -> Option<LifeState> {
        let cycle = kind.life_cycle()?;
        Some(fold(cycle, &self.steps()))
    }

    /// The steps with what their authors had seen, for [`fold`].
    pub fn steps(&self) -> Vec<TakenStep<'_>> {
        let step = |(key, event)| TakenStep {
            event,
            seen: self.events_seen.get(key),
        };
        self.events.iter().map(step).collect()
    }

    /// Whether the record is withdrawn: some removal had seen every edit. An edit beside it wins.
    pub fn is_removed(&self) -> bool {
        self.removals.values().any(|removal| self.edits <= removal.seen)
    }

    /// Whether somebody withdrew the record while somebody else edited it, and nobody has decided since.
    pub fn is_kept_by_edit(&self, kind: RecordKind) -> bool {
        let kept = kind
            .kept_after_removal()
            .and_then(|field| self.fields.get(&field));
        let known = kept.map(clock_of).unwrap_or_default();
        let open = |(device, seq): &(DeviceId, u64)| known.get(device) < *seq;
        !self.is_removed() && self.removals.keys().any(open)
    }

    /// The latest removal, whether it holds or not.
    pub fn last_removal(&self) -> Option<Origin> {
        self.removals.values().map(|removal| removal.origin).max()
    }

    /// The latest edit that the latest removal had not seen, as far as the state still tells.
    pub fn edit_beside_removal(&self) -> Option<Origin> {
        let removal = self.removals.values().max_by_key(|removal| removal.origin)?;
        let written = self
            .fields
            .values()
            .flat_map(ranked)
            .map(|written| written.origin);
        let events = self.events.values().map(|event| event.origin);
        let unseen = |origin: &Origin| removal.seen.get(&origin.device) < origin.seq;
        written.chain(events).filter(unseen).max()
    }

    /// The change that keeps the record although it was removed, or brings a removed one back; `None` for a kind
    /// that cannot say so.
    pub fn keep(&self, kind: RecordKind) -> Option<Change> {
        let mut write = Self::write(Some(self), kind.kept_after_removal()?, Value::Int(1));
        for (device, seq) in self.removals.keys() {
            write.seen.apply(Dot::new(*device, *seq));
        }
        Some(Change {
            writes: vec![write],
            ..Change::default()
        })
    }

    /// The change that makes the given fields hold the given values; empty if they do already.
    ///
    /// `state` is `None` for a new record.
    pub fn change_to(kind: RecordKind, state: Option<&Self>, wanted: FieldMap) -> Change {
        let current = state.map(Self::values).unwrap_or_default();
        let mut change = Change::default();
        change.writes.reserve(wanted.len());
        for (field, value) in wanted {
            let before = current.get(&field).unwrap_or(&Value::Null);
            if *before == value {
                continue;
            }
            let is_set = kind
                .spec()
                .and_then(|spec| spec.field(field))
                .is_some_and(|field| field.merge == FieldMerge::Set);
            if is_set {
                change.members.extend(member_edits(
                    state,
                    field,
                    before.as_numbers(),
                    value.as_numbers(),
                ));
            } else {
                change.writes.push(Self::write(state, field, value));
            }
        }
        change
    }

    /// The change that makes `value` the only value of `field`, ending a conflict.
    pub fn settle(&self, field: FieldId, value: Value) -> Change {
        Change {
            writes: vec![Self::write(Some(self), field, value)],
            ..Change::default()
        }
    }

    /// The change that takes a step, knowing all steps that are in `state`.
    pub fn step(state: Option<&Self>, event: Event) -> Change {
        Change {
            writes: vec![Self::write(state, STEPS_SEEN, Value::Int(1))],
            event: Some(event),
            ..Change::default()
        }
    }

    /// The change that withdraws the record.
    pub fn removal(&self) -> Change {
        Change {
            removal: Some(self.edits.clone()),
            ..Change::default()
        }
    }

    fn write(state: Option<&Self>, field: FieldId, value: Value) -> Write {
        let seen = state.map(|state| state.seen_of(field)).unwrap_or_default();
        Write { field, value, seen }
    }

    /// Whether two states are the same to everybody who looks: values, conflicts, events, removal.
    pub fn looks_like(&self, other: &Self) -> bool {
        let events = |state: &Self| state.events().into_iter().cloned().collect::<Vec<_>>();
        let same_steps = self.events_seen == other.events_seen;
        self.area() == other.area()
            && self.area == other.area
            && self.origin == other.origin
            && self.values() == other.values()
            && self.conflicts() == other.conflicts()
            && events(self) == events(other)
            && same_steps
            && self.is_removed() == other.is_removed()
            && self.last_removal() == other.last_removal()
    }
}

/// The origin of what an operation does. `applied_at` is the server's time, `None` while it has not seen it.
pub fn origin_of(operation: &Operation, applied_at: Option<TimestampMs>) -> Origin {
    Origin {
        stamp: operation.stamp.clamped(applied_at),
        device: operation.device,
        seq: operation.seq,
        author: operation.author,
    }
}

fn member_edits(
    state: Option<&RecordState>,
    field: FieldId,
    before: &[u64],
    wanted: &[u64],
) -> Vec<MemberEdit> {
    let added = wanted.iter().filter(|member| !before.contains(member));
    let removed = before.iter().filter(|member| !wanted.contains(member));
    let seen = |member: u64| {
        let set = state.and_then(|state| state.members.get(&(field, member)));
        set.map(|set| set.clock()).unwrap_or_default()
    };
    added
        .map(|member| MemberEdit {
            field,
            member: *member,
            removes: None,
        })
        .chain(removed.map(|member| MemberEdit {
            field,
            member: *member,
            removes: Some(seen(*member)),
        }))
        .collect()
}

/// The values of a register, the winner first.
pub(super) fn ranked(register: &Register) -> Vec<Written> {
    let mut written: Vec<Written> = register.values().cloned().collect();
    written.sort_by_key(|written| std::cmp::Reverse(winner_key(written.origin.stamp, written.origin.device)));
    written
}

pub(super) fn clock_of(register: &Register) -> Seen {
    register.clock()
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
