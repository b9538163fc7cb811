//! What becomes of a push: pure decisions, without SQL, the same for every storage.
//!
//! ```text
//!   page ──► PreparedPush::new ──► place ──► Batch::needs ──► Batch::take, one by one ──► Batch::into_changed
//!            decode, hash chain    gap, fork  what to read     apply or park               what to write
//! ```
//!
//! A storage reads what [`Needs`] names, asks, and writes what came of it, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use shared::change::encode::{PushOrigin, decode_push};
use shared::change::hash::{ChainHash, canonical_bytes};
use shared::change::{Operation, Write};
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::value::Value;
use shared::domain::{FieldId, RecordKind, RecordRef, issue, photo, resident, visit};
use shared::ids::{AreaCode, DeviceId, PhotoHash, WorkerId};
use shared::protocol::v1::{PUSH_OPERATIONS_MAX, Push};
use shared::validation::{Rejection, validate};

/// The most bytes of one record's packed state; what would make it larger is parked.
pub const RECORD_BYTES_MAX: usize = 512 * 1024;

/// Why a push is refused as a whole. Nothing of it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushRefusal {
    /// The page or its numbers cannot be read.
    #[error("the push cannot be read")]
    Damaged,
    /// The chain does not lead from its beginning to its end: altered, or recorded under another name.
    #[error("the operations do not match their hash chain")]
    Chain,
    /// Operations before the first one are missing here.
    #[error("operations before this push are missing")]
    Gap {
        /// What the server holds.
        held: HeldChain,
    },
    /// The server holds other operations under these numbers: two devices share one identity.
    #[error("the server holds other operations under these numbers")]
    Fork {
        /// What the server holds.
        held: HeldChain,
    },
    /// The device may not send any more.
    #[error("the device was revoked")]
    Revoked,
}

/// Up to where the server holds a device's operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeldChain {
    /// The last operation; 0 for none.
    pub through_seq: u64,
    /// The chain at that operation.
    pub chain: ChainHash,
    /// When the last push that brought something new was applied, ms.
    pub applied_at: TimestampMs,
    /// The first operation of that push.
    pub applied_from_seq: u64,
}

/// A push that was decoded and whose chain is whole in itself.
#[derive(Debug, Clone)]
pub struct PreparedPush {
    device: DeviceId,
    author: WorkerId,
    chain_before: ChainHash,
    operations: Vec<Prepared>,
}

/// One operation, the bytes that were hashed, and the chain after it.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The operation.
    pub operation: Operation,
    /// [`canonical_bytes`].
    pub body: Vec<u8>,
    /// The chain after it.
    pub chain: ChainHash,
}

impl PreparedPush {
    /// Decodes a push of `device`; device and author come from the credential, never from the body.
    ///
    /// # Errors
    /// [`PushRefusal::Damaged`] or [`PushRefusal::Chain`].
    pub fn new(device: DeviceId, author: WorkerId, push: &Push) -> Result<Self, PushRefusal> {
        let origin = PushOrigin {
            device,
            author,
            first_seq: push.first_seq,
        };
        let operations = decode_push(&push.page, origin).map_err(|_| PushRefusal::Damaged)?;
        Self::of(push.chain_before, push.chain_after, operations)
    }

    /// Checks operations that are decoded already: in sequence, of one device and author.
    ///
    /// # Errors
    /// [`PushRefusal::Damaged`] or [`PushRefusal::Chain`].
    pub fn of(
        chain_before: ChainHash,
        chain_after: ChainHash,
        operations: Vec<Operation>,
    ) -> Result<Self, PushRefusal> {
        let Some(first) = operations.first() else {
            return Err(PushRefusal::Damaged);
        };
        let (device, author, first_seq) = (first.device, first.author, first.seq);
        let last_seq = first_seq
            .checked_add(operations.len() as u64)
            .filter(|last| i64::try_from(*last).is_ok());
        if first_seq == 0 || last_seq.is_none() || operations.len() > PUSH_OPERATIONS_MAX {
            return Err(PushRefusal::Damaged);
        }
        let mut chain = chain_before;
        let mut prepared = Vec::with_capacity(operations.len());
        for (operation, seq) in operations.into_iter().zip(first_seq..) {
            if (operation.device, operation.author, operation.seq) != (device, author, seq) {
                return Err(PushRefusal::Damaged);
            }
            chain = chain.then(&operation);
            prepared.push(Prepared {
                body: canonical_bytes(&operation),
                operation,
                chain,
            });
        }
        if chain != chain_after {
            return Err(PushRefusal::Chain);
        }
        Ok(Self {
            device,
            author,
            chain_before,
            operations: prepared,
        })
    }

    /// The device.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The author.
    pub fn author(&self) -> WorkerId {
        self.author
    }

    /// The operations in sequence; never empty.
    pub fn operations(&self) -> &[Prepared] {
        &self.operations
    }

    /// The first operation's number.
    pub fn first_seq(&self) -> u64 {
        self.operations
            .first()
            .map_or(0, |prepared| prepared.operation.seq)
    }

    /// The last operation's number.
    pub fn last_seq(&self) -> u64 {
        self.operations
            .last()
            .map_or(0, |prepared| prepared.operation.seq)
    }

    /// The chain after the last operation.
    pub fn chain_after(&self) -> ChainHash {
        self.operations
            .last()
            .map_or(self.chain_before, |prepared| prepared.chain)
    }
}

/// Where a push stands to what the server holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Continues it: the first `held` operations are there already, byte for byte.
    Continues {
        /// How many are held.
        held: usize,
    },
    /// Lies wholly before the end of what is held: the storage compares the bytes.
    Earlier,
}

/// Finds a push's place; the chain proves that what overlaps is the same.
///
/// A push whose beginning is held (its reply was lost) and whose held part has a stamp that the server
/// clamped is taken only as far as it is held: the device must learn those operations' own time before
/// a receipt with a later time covers them.
///
/// # Errors
/// [`PushRefusal::Gap`] and [`PushRefusal::Fork`].
pub fn place(push: &PreparedPush, held: &HeldChain) -> Result<Placement, PushRefusal> {
    let Some(gap) = push.first_seq().checked_sub(1) else {
        return Err(PushRefusal::Damaged);
    };
    if gap > held.through_seq {
        return Err(PushRefusal::Gap { held: *held });
    }
    let overlap = usize::try_from(held.through_seq - gap).unwrap_or(usize::MAX);
    if overlap > push.operations.len() {
        return Ok(Placement::Earlier);
    }
    let here = match overlap.checked_sub(1) {
        None => Some(push.chain_before),
        Some(last) => push.operations.get(last).map(|prepared| prepared.chain),
    };
    if here == Some(held.chain) {
        Ok(Placement::Continues { held: overlap })
    } else {
        Err(PushRefusal::Fork { held: *held })
    }
}

/// Whether a receipt with a later time may cover these operations, which are held already.
pub fn times_are_plain(held_part: &[Prepared], held: &HeldChain) -> bool {
    held_part
        .iter()
        .filter(|prepared| prepared.operation.seq >= held.applied_from_seq)
        .all(|prepared| prepared.operation.stamp.clamped(Some(held.applied_at)) == prepared.operation.stamp)
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
