//! Operations: whatever a person does (D2).

pub mod encode;
pub mod frame;
pub mod hash;

use crdts::VClock;
use serde::{Deserialize, Serialize};

use crate::clock::{Stamp, TimestampMs};
use crate::domain::issue::Event;
use crate::domain::schema::{FieldId, RecordRef};
use crate::domain::value::{FieldMap, Fields, Value};
use crate::ids::{AreaCode, DeviceId, WorkerId};

/// What an author had seen of a field or a record: per device the greatest sequence number.
pub type Seen = VClock<DeviceId>;

/// The most writes, member edits or seen devices of one operation.
pub const PARTS_PER_OPERATION_MAX: usize = 64;

/// One thing that a person did. Immutable; identified by device and sequence number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The device it was done on.
    pub device: DeviceId,
    /// Its number on that device: 1, 2, 3 ... without gaps.
    pub seq: u64,
    /// Who did it.
    pub author: WorkerId,
    /// When, by the device's hybrid logical clock.
    pub stamp: Stamp,
    /// The area of the record, as the author saw it.
    pub area: AreaCode,
    /// The record.
    pub record: RecordRef,
    /// What changed.
    pub change: Change,
}

/// What an operation changes of its record. Several parts happen together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Change {
    /// New values of register fields.
    pub writes: Vec<Write>,
    /// Members added to and removed from set fields.
    pub members: Vec<MemberEdit>,
    /// A step of an issue.
    pub event: Option<Event>,
    /// The record is withdrawn; holds what the author had seen of it.
    pub removal: Option<Seen>,
}

impl Change {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.members.is_empty() && self.event.is_none() && self.removal.is_none()
    }

    /// What it says of its fields: what it writes, and the members that it adds.
    pub fn said(&self) -> FieldMap {
        let writes = self.writes.iter();
        let mut said: FieldMap = writes.map(|write| (write.field, write.value.clone())).collect();
        for edit in self.members.iter().filter(|edit| edit.removes.is_none()) {
            match said.entry(edit.field).or_default() {
                Value::Numbers(members) => members.push(edit.member),
                other => *other = Value::Numbers(vec![edit.member]),
            }
        }
        said
    }
}

/// What it writes into registers.
impl Fields for Change {
    fn value_of(&self, id: FieldId) -> Option<&Value> {
        let of_field = |write: &&Write| write.field == id;
        self.writes.iter().rfind(of_field).map(|write| &write.value)
    }
}

/// A new value of a register field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The field.
    pub field: FieldId,
    /// Its value.
    pub value: Value,
    /// The writes of this field that the author had seen, and thereby replaced.
    pub seen: Seen,
}

/// A member added to or removed from a set field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberEdit {
    /// The field.
    pub field: FieldId,
    /// The member's number.
    pub member: u64,
    /// `None` adds; otherwise removes the additions that the author had seen.
    pub removes: Option<Seen>,
}

/// An operation as the server hands it out: with the time at which it was applied there (D10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedOperation {
    /// The operation.
    pub operation: Operation,
    /// Server time, ms since the Unix epoch.
    pub applied_at: TimestampMs,
}
