//! The descriptions of the kinds of records: which fields they have, what may stand in them and what it means.
//!
//! Storage, merge, wire, validation and screens all read these, so that a field or a kind is written down once.

mod fields;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::issue::Event;
use super::life_cycle::{LifeCycle, STEPS_SEEN};
use super::rights::Rights;
use super::value::{Fields, field};
use crate::guards::{self, Guard};
use crate::rejection::Rejection;

pub use fields::{FieldMerge, FieldSpec, Meaning};

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
    /// 单位
    pub const UNIT: Self = Self(6);
    /// 事件类别
    pub const CATEGORY: Self = Self(7);
    /// 关怀规则
    pub const CARE_RULE: Self = Self(8);

    /// The field that says which record of this kind is the same household or person.
    pub fn merged_into(self) -> Option<FieldId> {
        self.spec()?.merged_into
    }

    /// The field that says that a record is kept although somebody removed it.
    pub fn kept_after_removal(self) -> Option<FieldId> {
        self.spec()?.kept_after_removal
    }

    /// The record beside which one of this kind with these fields lies: it is in the same area and moves with it.
    /// `None` for what lies on its own.
    pub fn lies_beside(self, fields: &dyn Fields) -> Option<RecordRef> {
        self.spec()?.lies_beside(fields)
    }

    /// The field that a record has from its first operation on and never loses (`validation`): without it there is a
    /// piece of a record. `None` for a kind of a later version.
    pub fn never_without(self) -> Option<FieldId> {
        Some(self.spec()?.never_without)
    }

    /// The steps that a record of this kind takes; `None` when it takes none, or the kind is one of a later version.
    pub fn life_cycle(self) -> Option<&'static LifeCycle> {
        self.spec()?.life_cycle
    }

    /// The kind's description; `None` for a kind of a later version.
    pub fn spec(self) -> Option<&'static KindSpec> {
        kinds().find(|spec| spec.kind == self)
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

/// How far the records of a kind reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// They lie in a grid or above, and are held by whoever has that assigned, or an area around it.
    Own,
    /// They lie in the [common area](crate::ids::AreaCode::common) of a community or street, and are held also by everybody
    /// who works inside.
    Down,
}

/// Rules of a kind: the fields of a record as it would be, and the event that the operation appends.
pub type Rules = fn(&dyn Fields, Option<&Event>) -> Result<(), Rejection>;

/// One kind of record: all that is the same for every kind is done by reading this.
#[derive(Debug)]
pub struct KindSpec {
    /// The kind.
    pub kind: RecordKind,
    /// Its name: the table, the key in JSON, `kind-<name>` in the language files.
    pub name: &'static str,
    /// Its fields in order of their numbers.
    pub fields: &'static [FieldSpec],
    /// The field that a record has from its first operation on and never loses.
    pub never_without: FieldId,
    /// The field that people know it by; `None` where that is made of other things.
    pub title: Option<FieldId>,
    /// The moment by which lists sort it.
    pub sorted_by: Option<FieldId>,
    /// The fields that may name the record beside which it lies; the first that is filled says which.
    pub beside: &'static [FieldId],
    /// The steps that it takes, if any.
    pub life_cycle: Option<&'static LifeCycle>,
    /// The field that says which record of this kind is the same one.
    pub merged_into: Option<FieldId>,
    /// The fields that all records of the same one have together: they are shown as one.
    pub shown_as_one: &'static [FieldId],
    /// The field that says that it is kept although somebody removed it.
    pub kept_after_removal: Option<FieldId>,
    /// What its records must keep besides what the meanings of the fields say; the event is the one of the operation that
    /// is being checked.
    pub rules: Option<Rules>,
    /// How far it reaches.
    pub reach: Reach,
    /// Who may do what with it.
    pub rights: &'static Rights,
    /// Whether its records lie in a table of their own on the device, for speed: see `app/replica/src/storage/records.rs`.
    pub has_table: bool,
    /// Whether photos may lie beside it.
    pub has_photos: bool,
}

impl KindSpec {
    /// What supervisors decide for everybody who works in a community or street.
    pub(super) const fn decided(
        kind: RecordKind,
        name: &'static str,
        never_without: FieldId,
        fields: &'static [FieldSpec],
    ) -> Self {
        Self {
            kind,
            name,
            fields,
            never_without,
            title: None,
            sorted_by: None,
            beside: &[],
            life_cycle: None,
            merged_into: None,
            shown_as_one: &[],
            kept_after_removal: None,
            rules: None,
            reach: Reach::Down,
            rights: &Rights::OF_SUPERVISORS,
            has_table: false,
            has_photos: false,
        }
    }

    /// The field with this number.
    pub fn field(&self, id: FieldId) -> Option<&'static FieldSpec> {
        self.fields.iter().find(|field| field.id == id)
    }

    /// The fields that people fill in: the others say where it belongs or what became of it.
    pub fn entered(&self) -> impl Iterator<Item = &'static FieldSpec> {
        let steps_seen = self.life_cycle.map(|_| STEPS_SEEN);
        let others = [self.merged_into, self.kept_after_removal, steps_seen];
        let beside = self.beside;
        let is_entered = move |id: FieldId| !beside.contains(&id) && !others.contains(&Some(id));
        self.fields.iter().filter(move |field| is_entered(field.id))
    }

    /// The fields by which it may lie beside a record of a kind.
    pub fn beside_one_of(&self, kind: RecordKind) -> impl Iterator<Item = &'static FieldSpec> {
        let names = move |field: &&FieldSpec| matches!(field.meaning, Meaning::Names { kinds, .. } if kinds.contains(&kind));
        self.beside
            .iter()
            .filter_map(move |id| self.field(*id))
            .filter(names)
    }

    /// See [`RecordKind::lies_beside`].
    pub fn lies_beside(&self, fields: &dyn Fields) -> Option<RecordRef> {
        self.beside.iter().find_map(|id| {
            let Meaning::Names { kinds, kind_in } = self.field(*id)?.meaning else {
                return None;
            };
            let kind = match kind_in {
                None => *kinds.first()?,
                Some(kind_in) => RecordKind(u8::try_from(field(fields, kind_in).as_int()?).ok()?),
            };
            Some(RecordRef::new(kind, field(fields, *id).as_id()?))
        })
    }
}

/// Every kind that this version knows.
pub fn kinds() -> impl Iterator<Item = &'static KindSpec> {
    let knows_newest = guards::holds(Guard::NewestKinds);
    let known = move |spec: &&KindSpec| knows_newest || spec.has_table;
    KINDS.iter().copied().filter(known)
}

static KINDS: &[&KindSpec] = &[
    &super::household::SPEC,
    &super::resident::SPEC,
    &super::visit::SPEC,
    &super::issue::SPEC,
    &super::photo::SPEC,
    &super::unit::SPEC,
    &super::category::SPEC,
    &super::care_rule::SPEC,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::ValueShape;

    /// A description that contradicts itself would be found by whoever reads it last.
    #[test]
    fn every_description_fits_together() {
        for spec in kinds() {
            let numbers: Vec<u8> = spec.fields.iter().map(|field| field.id.0).collect();
            assert!(numbers.is_sorted_by(|a, b| a < b), "{}", spec.name);
            for field in spec.fields {
                let shapes: &[ValueShape] = match field.meaning {
                    Meaning::Plain => continue,
                    Meaning::Day | Meaning::Moment | Meaning::Flag => &[ValueShape::Int],
                    Meaning::Number { from, to, .. } => {
                        assert!(from < to, "{}", field.name);
                        &[ValueShape::Int]
                    }
                    Meaning::Phones { .. } => &[ValueShape::Texts],
                    Meaning::Area { .. } => &[ValueShape::Text],
                    Meaning::Member { list, .. } => {
                        assert!(!list.members.is_empty(), "{}", field.name);
                        &[ValueShape::Int, ValueShape::Numbers]
                    }
                    Meaning::Names { kinds, kind_in } => {
                        assert_eq!(kinds.len() > 1, kind_in.is_some(), "{}", field.name);
                        &[ValueShape::Id, ValueShape::Ids]
                    }
                };
                assert!(shapes.contains(&field.shape), "{} {}", spec.name, field.name);
            }
            let shape = |id: FieldId| spec.field(id).map(|field| field.shape);
            let meaning = |id: FieldId| spec.field(id).map(|field| field.meaning);
            assert!(
                spec.field(spec.never_without)
                    .is_some_and(|field| field.missing.is_some())
            );
            assert!(spec.title.is_none_or(|id| shape(id) == Some(ValueShape::Text)));
            assert!(
                spec.sorted_by
                    .is_none_or(|id| meaning(id) == Some(Meaning::Moment))
            );
            assert!(
                spec.kept_after_removal
                    .is_none_or(|id| meaning(id) == Some(Meaning::Flag))
            );
            if let Some(cycle) = spec.life_cycle {
                assert_eq!(meaning(STEPS_SEEN), Some(Meaning::Flag), "{}", spec.name);
                let listed: Vec<u64> = cycle.steps.members.iter().map(|member| member.0).collect();
                let mut ruled: Vec<u64> = cycle.rules.iter().map(|rule| rule.step).collect();
                ruled.sort_unstable();
                assert_eq!(ruled, listed, "{}", spec.name);
                let named = cycle.rules.iter().flat_map(|rule| rule.next);
                assert!(named.chain([&cycle.first]).all(|step| listed.contains(step)));
                // A record that can be opened and never ended, or never leaves a step, has no life.
                assert!(cycle.rules.iter().all(|rule| !rule.next.is_empty()));
                assert!(cycle.rules.iter().any(|rule| rule.does.ends()));
            }
            let itself: &[RecordKind] = &[spec.kind];
            let names_itself =
                |id| matches!(meaning(id), Some(Meaning::Names { kinds, .. }) if kinds == itself);
            assert!(spec.merged_into.is_none_or(names_itself), "{}", spec.name);
            let names_one = |id: &FieldId| {
                shape(*id) == Some(ValueShape::Id) && matches!(meaning(*id), Some(Meaning::Names { .. }))
            };
            assert!(spec.beside.iter().all(names_one), "{}", spec.name);
            // On the phone a move brings along what has a table; a photo lies in the grid of who took it; and forms that are
            // made from the description choose among records that have none.
            assert!(spec.has_table || spec.beside.is_empty(), "{}", spec.name);
            assert!(spec.reach == Reach::Own || !spec.has_photos, "{}", spec.name);
            let photo = RecordKind::PHOTO.spec().unwrap();
            let may_have_photos = photo.beside_one_of(spec.kind).next().is_some();
            assert_eq!(spec.has_photos, may_have_photos, "{}", spec.name);
            assert!(spec.shown_as_one.iter().all(|id| spec.field(*id).is_some()));
            assert!(spec.shown_as_one.is_empty() || spec.merged_into.is_some());
            let chosen = spec.entered().filter(|_| !spec.has_table);
            for field in chosen {
                if let Meaning::Names { kinds, .. } = field.meaning {
                    let has_list = |kind: &RecordKind| kind.spec().is_some_and(|named| !named.has_table);
                    assert!(kinds.iter().all(has_list), "{} {}", spec.name, field.name);
                }
            }
        }
    }
}
