//! What the server has set aside, and what it knows that it lacks: for those who oversee.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::issue::Event;
use shared::domain::{FieldId, FieldMap, RecordRef, Value, field_map};
use shared::ids::{AreaCode, DeviceId};

use super::Ask;

/// What the server has set aside in the areas of a supervisor, newest first, a page at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParkedAll {
    /// [`ParkedOfOthers::next`] of the last one of the page before; empty for the first page.
    pub after: String,
}

impl Ask for ParkedAll {
    type Reply = Vec<ParkedOfOthers>;
}

/// Makes the change of a parked operation again, as an own operation of the supervisor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApplyParked {
    /// As listed.
    pub parked: Box<ParkedOfOthers>,
}

impl Ask for ApplyParked {
    type Reply = RecordRef;
}

/// What the server knows that it lacks, in the areas of a supervisor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gaps;

impl Ask for Gaps {
    type Reply = Vec<Gap>;
}

/// An operation of anybody that the server has set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParkedOfOthers {
    /// Whose.
    pub author: String,
    /// Which area it was for.
    pub area: AreaCode,
    /// The record.
    pub record: RecordRef,
    /// The reason's code.
    pub code: String,
    /// When it arrived.
    pub parked_at: TimestampMs,
    /// What was in it, field name and text.
    pub fields: Vec<(String, Value)>,
    /// All of it, to be made again.
    pub change: ParkedChange,
    /// The record holds all of it already: somebody made it again.
    pub mended: bool,
    /// Where the list goes on behind it; empty when it is the last.
    pub next: String,
}

/// What a parked operation would have changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ParkedChange {
    /// Values by field.
    #[serde(with = "field_map")]
    pub values: FieldMap,
    /// Members of sets: field, member, added or else taken out.
    pub members: Vec<(FieldId, u64, bool)>,
    /// A step of an issue.
    pub event: Option<Event>,
    /// The removal of the record.
    pub removes: bool,
}

/// Something that has not reached the server. No count and no time of any person (`docs/lines.md`, line 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Gap {
    /// A device has records that the server lacks: it was restored from a backup.
    Device {
        /// Its id: devices are often called the same.
        id: DeviceId,
        /// Whose; empty when the name is not known here.
        worker: String,
        /// How the device is called.
        device: String,
    },
    /// A device that went on from another one, with its session: a copied phone, or somebody who has its token.
    Copy {
        /// Its id: devices are often called the same.
        id: DeviceId,
        /// Whose; empty when the name is not known here.
        worker: String,
        /// How the device is called.
        device: String,
    },
    /// Photos of an area whose bytes have not arrived.
    Photos {
        /// The area's name, or its code.
        area: String,
        /// How many.
        lacking: u64,
    },
}
