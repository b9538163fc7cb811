//! What can be done to a record of any kind, and what became of it.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::{FieldId, FieldMap, RecordRef, Value, field_map};
use shared::ids::HouseholdId;

use super::{Ask, DraftSummary};

/// Changes some fields of a record; the others stay as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SaveFields {
    /// The record.
    pub record: RecordRef,
    /// Only the fields that changed. A set (needs) is given whole; what differs is added and removed.
    #[serde(with = "field_map")]
    pub fields: FieldMap,
}

impl Ask for SaveFields {
    type Reply = RecordRef;
}

/// Withdraws a record (a resident who moved away, a visit saved by mistake).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remove {
    /// The record.
    pub record: RecordRef,
}

impl Ask for Remove {
    type Reply = RecordRef;
}

/// Keeps a record although somebody removed it, or brings a removed one back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Keep {
    /// The record.
    pub record: RecordRef,
}

impl Ask for Keep {
    type Reply = RecordRef;
}

/// Removed records: those that an edit kept, and those that can be brought back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Removals;

impl Ask for Removals {
    type Reply = RemovalsPage;
}

/// Every open conflict on this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflicts;

impl Ask for Conflicts {
    type Reply = Vec<Conflict>;
}

/// Makes one of the values of a conflict the value; itself an edit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Restore {
    /// The record.
    pub record: RecordRef,
    /// The field.
    pub field: FieldId,
    /// The value to have, exactly as listed in the conflict.
    pub value: Value,
}

impl Ask for Restore {
    type Reply = RecordRef;
}

/// Removed records, the last first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RemovalsPage {
    /// Somebody edited them without knowing, so they are still there; at most 200.
    pub kept: Vec<RemovalEntry>,
    /// Removed within 30 days; at most 200.
    pub removed: Vec<RemovalEntry>,
    /// Half-filled forms that were thrown away within 30 days, on this device; at most 100.
    pub drafts: Vec<DraftSummary>,
}

/// A record that somebody removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovalEntry {
    /// The record.
    pub record: RecordRef,
    /// What the record is called: a door, a name, a title.
    pub title: String,
    /// The household to open for it, if any.
    pub household: Option<HouseholdId>,
    /// Who removed it.
    pub removed_by: String,
    /// When.
    pub removed_at: TimestampMs,
    /// Who edited it without knowing; empty when nobody did or it cannot be told.
    pub edited_by: String,
    /// When.
    pub edited_at: Option<TimestampMs>,
}

/// A field of which several values were written at once, without knowing of each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The record.
    pub record: RecordRef,
    /// What the record is called: a door, a name, a title.
    pub title: String,
    /// The household to open for it, if any.
    pub household: Option<HouseholdId>,
    /// The field.
    pub field: FieldId,
    /// The field's name as in the language files, e.g. `resident.phones`.
    pub field_name: String,
    /// The values, the shown one first.
    pub values: Vec<ConflictValue>,
}

/// One value of a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConflictValue {
    /// The value.
    pub value: Value,
    /// What the records are called that the value names, if it names any that are here.
    pub names: Vec<String>,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: TimestampMs,
}

/// A value that another one has replaced, as this device saw it: an earlier version, or what lost a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierValue {
    /// The record.
    pub record: RecordRef,
    /// What the record is called: a door, a name, a title.
    pub title: String,
    /// The field.
    pub field: FieldId,
    /// The field's name as in the language files.
    pub field_name: String,
    /// The value as it was.
    pub value: Value,
    /// What the records are called that the value names, if it names any that are here.
    pub names: Vec<String>,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: TimestampMs,
    /// Who replaced it.
    pub replaced_by: String,
    /// When.
    pub replaced_at: TimestampMs,
}
