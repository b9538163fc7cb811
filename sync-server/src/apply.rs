//! What becomes of a push: pure decisions, without SQL, the same for every storage.
//!
//! ```text
//!   page ──► overlap ──► Operations::take ──► Needs::of ──► Batch::take, one by one ──► Batch::into_changed
//!            gap         a part: decode,      what to read  apply or park               what to write
//!                        hash chain, fork
//! ```
//!
//! A storage reads what [`Needs`] names, asks, and writes what came of it, in one transaction.

mod batch;
mod moves;
mod push;
mod replaced;

use std::collections::{BTreeMap, BTreeSet};

use shared::change::{Operation, Write};
use shared::clock::TimestampMs;
use shared::crdt::{Lent, RecordState};
use shared::domain::schema::Meaning;
use shared::domain::value::ValueShape;
use shared::domain::worker::Role;
use shared::domain::{FieldId, RecordKind, RecordRef, photo};
use shared::ids::{AreaCode, DeviceId, PhotoHash, WorkerId};
use shared::validation::Rejection;

pub use batch::Batch;
pub use moves::{FormerAreas, move_target, moves_household};
pub use push::{
    AT_ONCE, HeldChain, IncomingPush, Operations, Prepared, PushRefusal, overlap, times_are_plain,
};
pub use replaced::replaced;

/// The most bytes of one record's packed state; what would make it larger is parked.
pub const RECORD_BYTES_MAX: usize = 512 * 1024;

/// The record lies in another area than the operation says.
pub const OTHER_AREA: Rejection = Rejection::of("record.other_area");

/// How long work from before an area was taken away is still accepted from a device that has spoken to the server since,
/// ms. It has learnt of it then, so what it still brings waited for a request that had no room for it, or whose answer
/// was lost: days at most. A device that was silent brings its work however late.
pub const LATE_WORK_MS_MAX: u64 = 7 * 24 * 3_600_000;

/// The author has lost the area for so long, and their device knows it, that nobody can say when it was recorded.
const TOO_LATE: Rejection = Rejection::of("area.too_late");

/// When a device was told of everything that had happened by then: two answers of the server's, at least
/// [`LATE_WORK_MS_MAX`] apart. Finer is not needed, and when somebody works is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// The later one, ms; 0: none yet.
    pub last: TimestampMs,
    /// The one before, ms.
    pub before: TimestampMs,
}

impl Told {
    /// Up to when the device knows for [`LATE_WORK_MS_MAX`] what happened. Work from before is accepted only where nothing
    /// was taken away before then.
    pub fn known_until(self, now_ms: TimestampMs) -> TimestampMs {
        match now_ms.saturating_sub(self.last) >= LATE_WORK_MS_MAX {
            true => self.last,
            false => self.before,
        }
    }

    /// After an answer at `now_ms`; `None` when it need not be noted.
    pub fn answered(self, now_ms: TimestampMs) -> Option<Self> {
        let is_due = now_ms.saturating_sub(self.last) >= LATE_WORK_MS_MAX;
        is_due.then_some(Self {
            last: now_ms,
            before: self.last,
        })
    }
}

/// Who sends: what they may do and where, and what their device knows.
#[derive(Debug, Clone)]
pub struct Sender {
    /// What they may do.
    pub role: Role,
    /// The areas that are or were assigned to them.
    pub spans: Vec<AssignmentSpan>,
    /// [`Told::known_until`] of their device.
    pub known_until: TimestampMs,
    /// Whose role and areas these are, when that is not the author: a supervisor takes up what was set aside, and may do
    /// no more by it than by an operation of their own.
    pub vouches: Option<WorkerId>,
}

impl Sender {
    /// Whether an area is or was theirs.
    pub fn has_area(&self, area: &AreaCode) -> bool {
        self.spans.iter().any(|span| area.is_within(&span.area))
    }
}

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
    /// Records that are named: their area is enough. May overlap with those that are changed. Of a changed record
    /// that [lies beside](RecordKind::lies_beside) another one, that one too.
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
            needs.areas.extend(move_target(operation));
        }
        needs
    }
}

/// The kinds of records of which a field names one. A photo's owner is a visit or an issue; which, another field says.
fn kinds_named(kind: RecordKind, field: FieldId) -> &'static [RecordKind] {
    let field = kind.spec().and_then(|spec| spec.field(field));
    match field.map(|field| (field.shape, field.meaning)) {
        Some((ValueShape::Id, Meaning::Names { kinds, .. })) => kinds,
        _ => &[],
    }
}

/// The field that says of which kind the named record is; `None` where there is only one.
fn kind_in(kind: RecordKind, field: FieldId) -> Option<FieldId> {
    match kind.spec()?.field(field)?.meaning {
        Meaning::Names { kind_in, .. } => kind_in,
        _ => None,
    }
}

/// The records that a write may name.
fn named(kind: RecordKind, write: &Write) -> impl Iterator<Item = RecordRef> {
    let id = write.value.as_id();
    let kinds = kinds_named(kind, write.field).iter();
    kinds.filter_map(move |kind| Some(RecordRef::new(*kind, id?)))
}

/// A record as it was read, with about how many bytes it has.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The state.
    pub state: RecordState,
    /// Bytes of its packed state, or of the operation that made it.
    pub size_bytes: usize,
}

/// A record in a batch.
#[derive(Debug, Clone)]
pub enum Held<'a> {
    /// Somebody names it; only its area was read.
    Named(AreaCode),
    /// Read, or changed by more than one operation.
    Loaded(Box<Loaded>),
    /// Made by one operation of this batch and not touched since: folded only when somebody asks.
    Created {
        /// Its area.
        area: AreaCode,
        /// What made it.
        by: &'a Prepared,
    },
}

impl Held<'_> {
    /// Where it lies.
    pub fn area(&self) -> &AreaCode {
        match self {
            Self::Named(area) | Self::Created { area, .. } => area,
            Self::Loaded(loaded) => loaded.state.area(),
        }
    }
}

/// What a storage writes of a record.
#[derive(Debug, Clone)]
pub enum Written {
    /// The operation that made it says everything: this one of its author's device.
    Made {
        /// The device.
        device: DeviceId,
        /// The operation's number.
        seq: u64,
    },
    /// Its packed state.
    Packed(Vec<u8>),
}

/// A record that a batch changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Which.
    pub record: RecordRef,
    /// Its area.
    pub area: AreaCode,
    /// What it holds.
    pub written: Written,
    /// The state of a photo.
    pub photo: Option<RecordState>,
    /// Whom an issue is lent to, as its life says.
    pub lent: Option<Lent>,
    /// Of a new one that was recorded where it does not lie: the areas that it is as if it had left, and when, ms.
    pub left: BTreeMap<AreaCode, TimestampMs>,
}

/// What may let a parked operation be taken after all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitsFor {
    /// One of these records comes.
    Record(Vec<RecordRef>),
    /// One of these records is moved.
    Move(Vec<RecordRef>),
}

/// The record beside which an operation puts a new one.
fn beside(operation: &Operation) -> Option<RecordRef> {
    operation.record.kind.lies_beside(&operation.change)
}

/// A record that an operation has made and that lies in `home`.
pub fn made_by(operation: &Operation, home: AreaCode, applied_at: TimestampMs) -> RecordState {
    let mut state = RecordState::start(operation, Some(applied_at));
    state.bring_to(home);
    state
}

fn park<T>(code: &'static str) -> Result<T, Rejection> {
    Err(Rejection::of(code))
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
