//! A phone that records: numbers, stamps and chains its operations as a replica does.

use std::collections::BTreeMap;

use shared::change::encode::encode_push;
use shared::change::hash::{CHAIN_START, ChainHash};
use shared::change::{Change, Operation};
use shared::clock::{Hlc, TimestampMs};
use shared::crdt::RecordState;
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::{FieldMap, Household, Photo, RecordKind, RecordRef, Resident, Visit};
use shared::ids::{AreaCode, DeviceId, HouseholdId, PhotoHash, WorkerId};
use shared::protocol::v1::{PROTOCOL_VERSION, Push, SignInReply, SyncRequest};
use uuid::Uuid;

use super::{SeededChance, TEST_START_MS};
use crate::apply::IncomingPush;
use crate::chance::Chance;

/// A phone with everything that it ever recorded.
#[derive(Debug)]
pub struct TestPhone {
    /// The device.
    pub device: DeviceId,
    /// Its worker.
    pub worker: WorkerId,
    /// Where it records.
    pub area: AreaCode,
    /// What its clock shows; goes on by one ms with every operation.
    pub now_ms: TimestampMs,
    /// Everything it recorded, in sequence.
    pub operations: Vec<Operation>,
    /// The chain after each operation.
    pub chains: Vec<ChainHash>,
    clock: Hlc,
    chance: SeededChance,
}

impl TestPhone {
    /// A phone that has recorded nothing yet.
    pub fn new(device: DeviceId, worker: WorkerId, area: &str) -> Self {
        Self {
            device,
            worker,
            area: AreaCode::new(area).unwrap_or_else(|_| unreachable!("{area}")),
            now_ms: TEST_START_MS,
            operations: Vec::new(),
            chains: Vec::new(),
            clock: Hlc::default(),
            chance: SeededChance::new(u64::from_le_bytes(first_eight(device.0))),
        }
    }

    /// The phone that signed in.
    pub fn of(session: &SignInReply, area: &str) -> Self {
        Self::new(session.device, session.worker.id, area)
    }

    /// Records a change.
    pub fn record(&mut self, record: RecordRef, change: Change) -> &Operation {
        self.now_ms += 1;
        let operation = Operation {
            device: self.device,
            seq: self.operations.len() as u64 + 1,
            author: self.worker,
            stamp: self.clock.tick(self.now_ms),
            area: self.area.clone(),
            record,
            change,
        };
        self.chains
            .push(self.chain_at(self.operations.len()).then(&operation));
        self.operations.push(operation);
        self.operations
            .last()
            .unwrap_or_else(|| unreachable!("just pushed"))
    }

    /// Records a new record with these fields.
    pub fn make(&mut self, kind: RecordKind, fields: FieldMap) -> RecordRef {
        let record = RecordRef::new(kind, self.chance.uuid());
        self.record(record, RecordState::change_to(kind, None, fields));
        record
    }

    /// Records a household behind `door`.
    pub fn household(&mut self, door: &str) -> HouseholdId {
        let household = Household {
            door: door.to_owned(),
            ..Household::default()
        };
        HouseholdId(self.make(RecordKind::HOUSEHOLD, household.to_fields()).id)
    }

    /// Records a resident.
    pub fn resident(&mut self, household: HouseholdId, name: &str) -> RecordRef {
        self.make(RecordKind::RESIDENT, Resident::named(household, name).to_fields())
    }

    /// Records a visit.
    pub fn visit(&mut self, household: HouseholdId, note: &str) -> RecordRef {
        let visit = Visit {
            household,
            outcome: Outcome::Met,
            met: Vec::new(),
            purpose: Purpose::Routine,
            phrases: Vec::new(),
            note: note.to_owned(),
            needs: Vec::new(),
            promise: String::new(),
            promise_due: None,
            promise_kept_on: None,
            started_at: self.now_ms,
        };
        self.make(RecordKind::VISIT, visit.to_fields())
    }

    /// Records that a visit or issue has a photo.
    pub fn photo(&mut self, owner: RecordRef, bytes: &[u8]) -> PhotoHash {
        let hash = PhotoHash::of(bytes);
        let photo = Photo {
            owner,
            hash,
            taken_at: self.now_ms,
            size: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            width: 64,
            height: 48,
            thumbnail: Vec::new(),
        };
        self.make(RecordKind::PHOTO, photo.to_fields());
        hash
    }

    /// The chain after `count` operations.
    pub fn chain_at(&self, count: usize) -> ChainHash {
        count
            .checked_sub(1)
            .and_then(|last| self.chains.get(last))
            .copied()
            .unwrap_or(CHAIN_START)
    }

    /// The operations from number `first` (from 1) to the last, as a push.
    pub fn push_from(&self, first: u64) -> Push {
        self.push_of(first, self.operations.len() as u64)
    }

    /// The operations from number `first` to number `last`, as a push.
    pub fn push_of(&self, first: u64, last: u64) -> Push {
        let (from, to) = (place(first) - 1, place(last));
        Push {
            first_seq: first,
            chain_before: self.chain_at(from),
            chain_after: self.chain_at(to),
            page: encode_push(self.operations.get(from..to).unwrap_or_default()),
        }
    }

    /// The same as the storage takes it.
    pub fn incoming(&self, push: Push) -> IncomingPush {
        IncomingPush::new(self.device, self.worker, push)
    }
}

/// A request that pushes `push` and asks for everything.
pub fn a_request(push: Option<Push>) -> SyncRequest {
    SyncRequest {
        protocol: PROTOCOL_VERSION,
        epoch: None,
        push,
        cursors: BTreeMap::new(),
        directory_version: 0,
        operations_max: u32::MAX,
        extensions: Vec::new(),
    }
}

fn place(seq: u64) -> usize {
    usize::try_from(seq).unwrap_or(usize::MAX)
}

fn first_eight(id: Uuid) -> [u8; 8] {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(id.as_bytes()) {
        *to = *from;
    }
    bytes
}
