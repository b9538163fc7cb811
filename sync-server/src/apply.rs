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
use shared::crdt::{RecordState, pack_created};
use shared::domain::value::Value;
use shared::domain::{FieldId, RecordKind, RecordRef, household, issue, photo, resident, visit};
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
    /// Records that are changed: their state.
    pub records: BTreeSet<RecordRef>,
    /// Records that are named: their area is enough. May overlap with those that are changed.
    pub named: BTreeSet<RecordRef>,
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
                needs.named.extend(named(operation.record.kind, write));
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
        (RecordKind::RESIDENT, resident::MERGED_INTO) => &[RecordKind::RESIDENT],
        (RecordKind::HOUSEHOLD, household::MERGED_INTO)
        | (RecordKind::RESIDENT, resident::HOUSEHOLD)
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

/// A record in a batch.
#[derive(Debug, Clone)]
pub enum Held {
    /// Somebody names it; only its area was read.
    Named(AreaCode),
    /// Read, or changed by more than one operation.
    Loaded(Loaded),
    /// Made by one plain operation of this batch and not touched since: packed without a fold.
    Created {
        /// Its area.
        area: AreaCode,
        /// [`pack_created`].
        packed: Vec<u8>,
    },
}

impl Held {
    fn area(&self) -> &AreaCode {
        match self {
            Self::Named(area) | Self::Created { area, .. } => area,
            Self::Loaded(loaded) => loaded.state.area(),
        }
    }
}

/// A record that a batch changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Which.
    pub record: RecordRef,
    /// Its area.
    pub area: AreaCode,
    /// Its packed state.
    pub packed: Vec<u8>,
    /// Its state, when the fold was needed; always for photos.
    pub state: Option<RecordState>,
}

/// Operations being applied one after the other to records in memory.
#[derive(Debug)]
pub struct Batch {
    records: BTreeMap<RecordRef, Held>,
    areas: BTreeSet<AreaCode>,
    spans: Vec<AssignmentSpan>,
    applied_at: TimestampMs,
    changed: BTreeSet<RecordRef>,
}

impl Batch {
    /// A batch over what was read: of the records and areas in [`Needs`] those that exist.
    pub fn new(
        records: BTreeMap<RecordRef, Held>,
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
        self.unfold(operation.record);
        let loaded = match self.records.get(&operation.record) {
            Some(Held::Loaded(loaded)) => Some(loaded),
            _ => None,
        };
        validate(operation, loaded.map(|loaded| &loaded.state))?;
        let size_bytes = loaded
            .map_or(0, |loaded| loaded.size_bytes)
            .saturating_add(prepared.body.len());
        if size_bytes > RECORD_BYTES_MAX {
            return park("record.too_large");
        }
        let applied_at = Some(self.applied_at);
        match self.records.get_mut(&operation.record) {
            Some(Held::Loaded(loaded)) => {
                loaded.state.apply(operation, applied_at);
                loaded.size_bytes = size_bytes;
            }
            _ => {
                self.records
                    .insert(operation.record, made_by(operation, applied_at, size_bytes));
            }
        }
        self.changed.insert(operation.record);
        Ok(())
    }

    /// A record that this batch made is folded only when somebody touches it again.
    fn unfold(&mut self, record: RecordRef) {
        if let Some(held) = self.records.get_mut(&record)
            && let Held::Created { packed, .. } = held
        {
            let state = RecordState::unpack_whole(record.kind, packed).expect("this batch packed it");
            *held = Held::Loaded(Loaded {
                state,
                size_bytes: packed.len(),
            });
        }
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

    /// The records that an operation names or changes and that are not here: when one of them comes, what was
    /// parked may be taken after all.
    pub fn missing(&self, operation: &Operation) -> Vec<RecordRef> {
        let writes = operation.change.writes.iter();
        let named = writes.flat_map(|write| named(operation.record.kind, write));
        let records = std::iter::once(operation.record).chain(named);
        records
            .filter(|record| !self.records.contains_key(record))
            .collect()
    }

    /// The records that changed.
    pub fn into_changed(mut self) -> Vec<Changed> {
        let changed = std::mem::take(&mut self.changed);
        let packed = |(record, held): (RecordRef, Held)| match held {
            Held::Loaded(Loaded { state, .. }) => Some(Changed {
                record,
                area: state.area().clone(),
                packed: state.pack_whole(record.kind),
                state: Some(state),
            }),
            Held::Created { area, packed } => Some(Changed {
                record,
                area,
                packed,
                state: None,
            }),
            Held::Named(_) => None,
        };
        self.records
            .into_iter()
            .filter(|(record, _)| changed.contains(record))
            .filter_map(packed)
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
        let held = self.records.get(&operation.record);
        if held.is_some_and(|held| *held.area() != operation.area) {
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
                    .is_some_and(|held| *held.area() == operation.area)
            };
            if must_exist && !candidates.iter().any(exists) {
                return park("reference.unknown");
            }
        }
        Ok(())
    }
}

/// A record that an operation makes. Photos are folded at once: what they name is asked for.
fn made_by(operation: &Operation, applied_at: Option<TimestampMs>, size_bytes: usize) -> Held {
    let plain = match operation.record.kind {
        RecordKind::PHOTO => None,
        _ => pack_created(operation, applied_at),
    };
    match plain {
        Some(packed) => Held::Created {
            area: operation.area.clone(),
            packed,
        },
        None => Held::Loaded(Loaded {
            state: RecordState::start(operation, applied_at),
            size_bytes,
        }),
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
