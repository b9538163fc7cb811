//! What the server has set aside, and what it knows that it lacks: for those who oversee.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::issue::Event;
use shared::domain::{FieldId, RecordRef, Value};
use shared::ids::DeviceId;

use super::{Ask, PhotoSummary};

/// What the server has set aside in the areas of a supervisor, newest first, a page at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParkedAll {
    /// [`ParkedOfOthers::place`] of the last one of the page before; empty for the first page.
    pub after: String,
}

impl Ask for ParkedAll {
    type Reply = Vec<ParkedOfOthers>;
}

/// Has the server apply a parked operation as it was recorded; who recorded it stays its author.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TakeUpParked {
    /// [`ParkedOfOthers::place`].
    pub place: String,
}

impl Ask for TakeUpParked {
    type Reply = ();
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
    /// The record.
    pub record: RecordRef,
    /// The reason's code.
    pub code: String,
    /// When it arrived.
    pub parked_at: TimestampMs,
    /// What the record is called, or the one beside which it was to lie; empty when neither is known here.
    pub title: String,
    /// What it would have written.
    pub fields: Vec<ParkedField>,
    /// The photo that it would have put beside the record.
    pub photo: Option<PhotoSummary>,
    /// The step that it would have taken.
    pub event: Option<Event>,
    /// It would have removed the record.
    pub removes: bool,
    /// Which it is.
    pub place: String,
    /// The list ends with it.
    pub is_last: bool,
}

/// A field in a parked operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParkedField {
    /// The field.
    pub field: FieldId,
    /// Its name in the language files.
    pub name: String,
    /// What it says; of a set its members that were added, or taken out.
    pub value: Value,
    /// They were taken out.
    pub is_taken_out: bool,
    /// What the records are called that it names, those that are here.
    pub names: Vec<String>,
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
