//! The field tables: which fields a kind of record has, and what may stand in them.
//!
//! Storage, merge, wire and validation all read these tables, so that a new field is written down once.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::value::{Fields, ValueShape, field};

/// A kind of record. Kinds that this version does not know are kept and passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordKind(pub u8);

impl RecordKind {
    /// 户
    pub const HOUSEHOLD: Self = Self(1);
    /// 居民
    pub const RESIDENT: Self = Self(2);
    /// 走访
    pub const VISIT: Self = Self(3);
    /// 事件
    pub const ISSUE: Self = Self(4);
    /// 照片
    pub const PHOTO: Self = Self(5);

    /// The field that says which record of this kind is the same household or person.
    pub fn merged_into(self) -> Option<FieldId> {
        match self {
            Self::HOUSEHOLD => Some(super::household::MERGED_INTO),
            Self::RESIDENT => Some(super::resident::MERGED_INTO),
            _ => None,
        }
    }

    /// The field that says that a record is kept although somebody removed it.
    pub fn kept_after_removal(self) -> Option<FieldId> {
        match self {
            Self::HOUSEHOLD => Some(super::household::KEPT_AFTER_REMOVAL),
            Self::RESIDENT => Some(super::resident::KEPT_AFTER_REMOVAL),
            Self::VISIT => Some(super::visit::KEPT_AFTER_REMOVAL),
            Self::ISSUE => Some(super::issue::KEPT_AFTER_REMOVAL),
            _ => None,
        }
    }

    /// The record beside which one of this kind with these fields lies: it is in the same area and moves with it.
    /// `None` for what lies on its own.
    pub fn lies_beside(self, fields: &dyn Fields) -> Option<RecordRef> {
        let named = |kind: Self, id: FieldId| Some(RecordRef::new(kind, field(fields, id).as_id()?));
        match self {
            Self::RESIDENT => named(Self::HOUSEHOLD, super::resident::HOUSEHOLD),
            Self::VISIT => named(Self::HOUSEHOLD, super::visit::HOUSEHOLD),
            Self::ISSUE => named(Self::HOUSEHOLD, super::issue::HOUSEHOLD)
                .or_else(|| named(Self::VISIT, super::issue::VISIT)),
            Self::PHOTO => {
                let kind = field(fields, super::photo::OWNER_KIND).as_int()?;
                named(Self(u8::try_from(kind).ok()?), super::photo::OWNER)
            }
            _ => None,
        }
    }

    /// The field that a record has from its first operation on and never loses (`validation`): without it there is a
    /// piece of a record. `None` for a kind of a later version.
    pub fn never_without(self) -> Option<FieldId> {
        match self {
            Self::HOUSEHOLD => Some(super::household::DOOR),
            Self::RESIDENT => Some(super::resident::HOUSEHOLD),
            Self::VISIT => Some(super::visit::HOUSEHOLD),
            Self::ISSUE => Some(super::issue::CATEGORY),
            Self::PHOTO => Some(super::photo::OWNER),
            _ => None,
        }
    }

    /// The kind's table of fields; `None` for a kind of a later version.
    pub fn spec(self) -> Option<&'static KindSpec> {
        KINDS.iter().find(|spec| spec.kind == self)
    }
}

/// The number of a field within its kind. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldId(pub u8);

/// Names one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordRef {
    /// What it is.
    pub kind: RecordKind,
    /// Its id.
    pub id: Uuid,
}

impl RecordRef {
    /// Names a record.
    pub fn new(kind: RecordKind, id: impl Into<Uuid>) -> Self {
        Self { kind, id: id.into() }
    }
}

/// How concurrent edits of a field come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldMerge {
    /// Concurrent values are all kept; the latest is shown (`MVReg`).
    Register,
    /// Members are added and removed one by one; an addition beats a concurrent removal (`Orswot`).
    /// Values are `Value::Numbers`, ascending.
    Set,
}

/// One field of a kind.
#[derive(Debug)]
pub struct FieldSpec {
    /// Its number.
    pub id: FieldId,
    /// Its name: the column in tables, the key in JSON.
    pub name: &'static str,
    /// What stands in it when it is not empty.
    pub shape: ValueShape,
    /// How concurrent edits come together.
    pub merge: FieldMerge,
    /// The most bytes (texts, bytes) or members (lists) it may have.
    pub size_max: usize,
}

/// One kind of record.
#[derive(Debug)]
pub struct KindSpec {
    /// The kind.
    pub kind: RecordKind,
    /// Its name: the table, the key in JSON.
    pub name: &'static str,
    /// Its fields in order of their numbers.
    pub fields: &'static [FieldSpec],
}

impl KindSpec {
    /// The field with this number.
    pub fn field(&self, id: FieldId) -> Option<&'static FieldSpec> {
        self.fields.iter().find(|field| field.id == id)
    }
}

/// Every kind that this version knows.
pub static KINDS: [KindSpec; 5] = [
    KindSpec {
        kind: RecordKind::HOUSEHOLD,
        name: "household",
        fields: super::household::FIELDS,
    },
    KindSpec {
        kind: RecordKind::RESIDENT,
        name: "resident",
        fields: super::resident::FIELDS,
    },
    KindSpec {
        kind: RecordKind::VISIT,
        name: "visit",
        fields: super::visit::FIELDS,
    },
    KindSpec {
        kind: RecordKind::ISSUE,
        name: "issue",
        fields: super::issue::FIELDS,
    },
    KindSpec {
        kind: RecordKind::PHOTO,
        name: "photo",
        fields: super::photo::FIELDS,
    },
];

/// A register field.
pub(super) const fn register(
    id: FieldId,
    name: &'static str,
    shape: ValueShape,
    size_max: usize,
) -> FieldSpec {
    FieldSpec {
        id,
        name,
        shape,
        merge: FieldMerge::Register,
        size_max,
    }
}

/// A set field.
pub(super) const fn set(id: FieldId, name: &'static str, size_max: usize) -> FieldSpec {
    FieldSpec {
        id,
        name,
        shape: ValueShape::Numbers,
        merge: FieldMerge::Set,
        size_max,
    }
}
