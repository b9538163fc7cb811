//! What becomes of a push: pure decisions, without SQL, the same for every storage.
//!
//! ```text
//!   page ──► PreparedPush::new ──► place ──► Batch::needs ──► Batch::take, one by one ──► Batch::into_changed
//!            decode, hash chain    gap, fork  what to read     apply or park               what to write
//! ```
//!
//! A storage reads what [`Needs`] names, asks, and writes what came of it, in one transaction.

mod push;

use std::collections::{BTreeMap, BTreeSet};

use shared::change::{Operation, Write};
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::value::Value;
use shared::domain::{FieldId, RecordKind, RecordRef, issue, photo, resident, visit};
use shared::ids::{AreaCode, PhotoHash};
use shared::validation::{Rejection, validate};

pub use push::{HeldChain, Placement, Prepared, PreparedPush, PushRefusal, place, times_are_plain};

/// The most bytes of one record's packed state; what would make it larger is parked.
pub const RECORD_BYTES_MAX: usize = 512 * 1024;

/// An area that was assigned to the author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentSpan {
    /// The area.
    pub area: AreaCode,
    /// When the assignment ended, ms; `None` while it lasts. What was recorded before is still accepted (D5).
    pub ended_at: Option<TimestampMs>,
}

/// What a storage must read before a batch can be decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Records that are changed or named.
    pub records: BTreeSet<RecordRef>,
    /// Areas that are named.
    pub areas: BTreeSet<AreaCode>,
}

impl Needs {
    /// What these operations need.
    pub fn of(operations: &[Prepared]) -> Self {
        let mut needs = Self::default();
        for Prepared { operation, .. } in operations {
            needs.areas.insert(operation.area.clone());
            needs.records.insert(operation.record);
            for write in &operation.change.writes {
                needs.records.extend(named(operation.record.kind, write));
            }
        }
        needs
    }
}

/// The records that a write may name. A photo's owner is a visit or an issue; which, another field says.
fn named(kind: RecordKind, write: &Write) -> Vec<RecordRef> {
    let Value::Id(id) = write.value else {
        return Vec::new();
    };
    let kinds: &[RecordKind] = match (kind, write.field) {
        (RecordKind::RESIDENT, resident::HOUSEHOLD)
        | (RecordKind::VISIT, visit::HOUSEHOLD)
        | (RecordKind::ISSUE, issue::HOUSEHOLD) => &[RecordKind::HOUSEHOLD],
        (RecordKind::ISSUE, issue::VISIT) => &[RecordKind::VISIT],
        (RecordKind::PHOTO, photo::OWNER) => &[RecordKind::VISIT, RecordKind::ISSUE],
        _ => &[],
    };
    kinds.iter().map(|kind| RecordRef::new(*kind, id)).collect()
}

/// A record as it was read, with the size of its packed state.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The state.
    pub state: RecordState,
    /// Bytes of its packed state.
    pub size_bytes: usize,
}

/// Operations being applied one after the other to records in memory.
#[derive(Debug)]
pub struct Batch {
    records: BTreeMap<RecordRef, Loaded>,
    areas: BTreeSet<AreaCode>,
    spans: Vec<AssignmentSpan>,
    applied_at: TimestampMs,
    changed: BTreeSet<RecordRef>,
}

impl Batch {
    /// A batch over what was read: of the records and areas in [`Needs`] those that exist.
    pub fn new(
        records: BTreeMap<RecordRef, Loaded>,
        areas: BTreeSet<AreaCode>,
        spans: Vec<AssignmentSpan>,
        applied_at: TimestampMs,
    ) -> Self {
        Self {
            records,
            areas,
            spans,
            applied_at,
            changed: BTreeSet::new(),
        }
    }

    /// Applies one operation, or says with which code it is parked.
    ///
    /// # Errors
    /// The [`Rejection`] with which it is parked; nothing changed.
    pub fn take(&mut self, prepared: &Prepared) -> Result<(), Rejection> {
        let operation = &prepared.operation;
        self.authorise(operation)?;
        let loaded = self.records.get(&operation.record);
        validate(operation, loaded.map(|loaded| &loaded.state))?;
        let size_bytes = loaded
            .map_or(0, |loaded| loaded.size_bytes)
            .saturating_add(prepared.body.len());
        if size_bytes > RECORD_BYTES_MAX {
            return park("record.too_large");
        }
        match self.records.get_mut(&operation.record) {
            Some(loaded) => {
                loaded.state.apply(operation, Some(self.applied_at));
                loaded.size_bytes = size_bytes;
            }
            None => {
                let state = RecordState::start(operation, Some(self.applied_at));
                self.records
                    .insert(operation.record, Loaded { state, size_bytes });
            }
        }
        self.changed.insert(operation.record);
        Ok(())
    }

    /// Whose supervisors see an operation when it is parked: those of its area when the author ever worked
    /// there, else those of the author's own area. Nobody can fill a stranger's list.
    pub fn shown_in(&self, operation: &Operation) -> Option<AreaCode> {
        let at_home = self.spans.iter().any(|span| operation.area.is_within(&span.area));
        if at_home {
            Some(operation.area.clone())
        } else {
            self.spans.first().map(|span| span.area.clone())
        }
    }

    /// The records that changed.
    pub fn into_changed(mut self) -> Vec<(RecordRef, RecordState)> {
        let changed = std::mem::take(&mut self.changed);
        self.records
            .into_iter()
            .filter(|(record, _)| changed.contains(record))
            .map(|(record, loaded)| (record, loaded.state))
            .collect()
    }

    fn authorise(&self, operation: &Operation) -> Result<(), Rejection> {
        let assigned = self.spans.iter().any(|span| {
            let in_time = span
                .ended_at
                .is_none_or(|ended_at| operation.stamp.ms <= ended_at);
            in_time && operation.area.is_within(&span.area)
        });
        if !assigned {
            return park("area.not_assigned");
        }
        if !self.areas.contains(&operation.area) {
            return park("area.unknown");
        }
        let state = self.records.get(&operation.record).map(|loaded| &loaded.state);
        if state.is_some_and(|state| *state.area() != operation.area) {
            return park("record.other_area");
        }
        self.check_named(operation)
    }

    /// What an operation names must exist in its area; elsewhere is as good as nowhere.
    fn check_named(&self, operation: &Operation) -> Result<(), Rejection> {
        let writes = &operation.change.writes;
        let owner_kind = writes
            .iter()
            .find(|write| write.field == photo::OWNER_KIND)
            .and_then(|w| w.value.as_int());
        let half_an_owner = operation.record.kind == RecordKind::PHOTO
            && writes.iter().any(|write| write.field == photo::OWNER) != owner_kind.is_some();
        if half_an_owner {
            return park("photo.owner_missing");
        }
        for write in writes {
            let mut candidates = named(operation.record.kind, write);
            if operation.record.kind == RecordKind::PHOTO {
                candidates.retain(|record| Some(i64::from(record.kind.0)) == owner_kind);
            }
            let must_exist = is_reference(operation.record.kind, write.field) && write.value != Value::Null;
            let exists = |record: &RecordRef| {
                self.records
                    .get(record)
                    .is_some_and(|loaded| *loaded.state.area() == operation.area)
            };
            if must_exist && !candidates.iter().any(exists) {
                return park("reference.unknown");
            }
        }
        Ok(())
    }
}

fn is_reference(kind: RecordKind, field: FieldId) -> bool {
    !named(
        kind,
        &Write {
            field,
            value: Value::Id(uuid::Uuid::nil()),
            seen: Default::default(),
        },
    )
    .is_empty()
}

fn park<T>(code: &'static str) -> Result<T, Rejection> {
    Err(Rejection { code })
}

/// The bytes that a photo record speaks for, unless it was withdrawn.
pub fn photo_named(record: RecordRef, state: &RecordState) -> Option<PhotoHash> {
    if record.kind != RecordKind::PHOTO || state.is_removed() {
        return None;
    }
    let fields = state.values();
    shared::domain::value::field(&fields, photo::HASH)
        .as_bytes()
        .try_into()
        .ok()
        .map(PhotoHash)
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
