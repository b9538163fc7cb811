//! Two records of one household or person.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::RecordRef;

use super::Ask;

/// Households or residents that may be the same as this one, likeliest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alike {
    /// A household or resident.
    pub record: RecordRef,
}

impl Ask for Alike {
    type Reply = Vec<AlikeEntry>;
}

/// Says that a household or resident is the same as another one and is shown under it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MergeInto {
    /// The one that disappears from lists.
    pub record: RecordRef,
    /// The one that stays, of the same kind and area.
    pub kept: uuid::Uuid,
}

impl Ask for MergeInto {
    type Reply = RecordRef;
}

/// Says that a merged household or resident is one of its own after all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Separate {
    /// The one that comes back.
    pub record: RecordRef,
}

impl Ask for Separate {
    type Reply = RecordRef;
}

/// A record that may be the same as another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlikeEntry {
    /// The record.
    pub record: RecordRef,
    /// What it is called: a door or a name.
    pub title: String,
    /// What else it says: the names behind the door, or the door.
    pub detail: String,
    /// It is called the same.
    pub same_title: bool,
}

/// A record that is shown under another one because somebody said that they are the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DuplicateEntry {
    /// The record.
    pub record: RecordRef,
    /// What it was called: a door or a name.
    pub title: String,
    /// What else it says: the names behind the door, or telephone numbers.
    pub detail: String,
    /// Who said so.
    pub author: String,
    /// When.
    pub at: TimestampMs,
}
