//! Kinds of records that need no screens of their own: their lists, pages and forms are made from the kind's description.

use serde::{Deserialize, Serialize};
use shared::domain::area::Area;
use shared::domain::{FieldId, FieldMap, RecordKind, RecordRef, field_map};
use shared::ids::AreaCode;

use super::{Ask, Conflict, EarlierValue, RemovalEntry};

/// The records of a kind that needs no screens of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Records {
    /// The kind.
    pub kind: RecordKind,
}

impl Ask for Records {
    type Reply = RecordList;
}

/// Everything about one record of such a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The record.
    pub record: RecordRef,
}

impl Ask for Record {
    type Reply = RecordPage;
}

/// The records of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordList {
    /// By title; at most [`RECORDS_MAX`].
    pub records: Vec<RecordSummary>,
    /// Areas for which this worker may add one; empty when they may not.
    pub places: Vec<Area>,
}

/// The most records of a kind in one list.
pub const RECORDS_MAX: u32 = 1_000;

/// A record in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordSummary {
    /// The record.
    pub record: RecordRef,
    /// Where it lies.
    pub area: AreaCode,
    /// What that area is called.
    pub area_name: String,
    /// What it is called; empty where its kind has no title.
    pub title: String,
    /// Its fields.
    #[serde(with = "field_map")]
    pub fields: FieldMap,
    /// Fields with a conflict.
    pub conflict_count: u32,
    /// Not uploaded yet.
    pub waiting: bool,
}

/// Everything about one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordPage {
    /// As in lists.
    pub summary: RecordSummary,
    /// What the records are called that its fields name, as far as they are here and not removed.
    pub names: Vec<(FieldId, Vec<String>)>,
    /// Its conflicts.
    pub conflicts: Vec<Conflict>,
    /// An edit kept it although somebody removed it.
    pub removals: Vec<RemovalEntry>,
    /// What it said before, the last replaced first.
    pub earlier: Vec<EarlierValue>,
    /// Whether this worker may edit it.
    pub may_edit: bool,
    /// Whether this worker may remove it.
    pub may_remove: bool,
}
