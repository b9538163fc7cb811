//! The descriptions of fields.

use super::{FieldId, RecordKind};
use crate::domain::list::ClosedList;
use crate::domain::value::ValueShape;

/// How concurrent edits of a field come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldMerge {
    /// Concurrent values are all kept; the latest is shown (`MVReg`).
    Register,
    /// Members are added and removed one by one; an addition beats a concurrent removal (`Orswot`).
    /// Values are `Value::Numbers`, ascending.
    Set,
}

/// What a field means, beyond its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// What it is: words, bytes, a number.
    Plain,
    /// A day, by [`CalendarDate::number`](super::super::date::CalendarDate::number).
    Day,
    /// A moment, ms since the Unix epoch, device clock.
    Moment,
    /// 1 for yes, empty or 0 for no.
    Flag,
    /// A number between two others, both included.
    Number {
        /// The least.
        from: i64,
        /// The most.
        to: i64,
        /// With which code another one is refused.
        impossible: &'static str,
    },
    /// Telephone numbers in their one spelling.
    Phones {
        /// With which code something else is refused.
        impossible: &'static str,
    },
    /// The code of an area.
    Area {
        /// With which code something else is refused.
        impossible: &'static str,
    },
    /// A member, or several, of a closed list.
    Member {
        /// The list.
        list: &'static ClosedList,
        /// With which code a number that is not in it is refused.
        unknown: &'static str,
    },
    /// A record by its id, or several. A single one must lie in the same area; of several it is not asked.
    Names {
        /// Which kinds it may be of.
        kinds: &'static [RecordKind],
        /// The field that says of which; `None` where there is only one.
        kind_in: Option<FieldId>,
    },
}

/// One field of a kind.
#[derive(Debug)]
pub struct FieldSpec {
    /// Its number.
    pub id: FieldId,
    /// Its name: the column in tables, the key in JSON, `field-<kind>-<name>` in the language files.
    pub name: &'static str,
    /// What stands in it when it is not empty.
    pub shape: ValueShape,
    /// What that means.
    pub meaning: Meaning,
    /// How concurrent edits come together.
    pub merge: FieldMerge,
    /// The most bytes (texts, bytes) or members (lists) it may have.
    pub size_max: usize,
    /// With which code a record is refused that has nothing in it; `None` where it may be empty.
    pub missing: Option<&'static str>,
}

impl FieldSpec {
    const fn new(id: FieldId, name: &'static str, shape: ValueShape) -> Self {
        Self {
            id,
            name,
            shape,
            meaning: Meaning::Plain,
            merge: FieldMerge::Register,
            size_max: 0,
            missing: None,
        }
    }

    /// Words of at most so many bytes.
    pub(in crate::domain) const fn text(id: FieldId, name: &'static str, bytes_max: usize) -> Self {
        let mut field = Self::new(id, name, ValueShape::Text);
        field.size_max = bytes_max;
        field
    }

    /// At most so many texts, in the order entered.
    pub(in crate::domain) const fn texts(id: FieldId, name: &'static str, count_max: usize) -> Self {
        let mut field = Self::new(id, name, ValueShape::Texts);
        field.size_max = count_max;
        field
    }

    /// At most so many bytes.
    pub(in crate::domain) const fn bytes(id: FieldId, name: &'static str, bytes_max: usize) -> Self {
        let mut field = Self::new(id, name, ValueShape::Bytes);
        field.size_max = bytes_max;
        field
    }

    /// A number that is nothing but itself.
    pub(in crate::domain) const fn any_number(id: FieldId, name: &'static str) -> Self {
        Self::new(id, name, ValueShape::Int)
    }

    /// See [`Meaning::Number`].
    pub(in crate::domain) const fn number(
        id: FieldId,
        name: &'static str,
        (from, to): (i64, i64),
        impossible: &'static str,
    ) -> Self {
        Self::new(id, name, ValueShape::Int).meaning(Meaning::Number { from, to, impossible })
    }

    /// At most so many telephone numbers.
    pub(in crate::domain) const fn phones(
        id: FieldId,
        name: &'static str,
        count_max: usize,
        impossible: &'static str,
    ) -> Self {
        Self::texts(id, name, count_max).meaning(Meaning::Phones { impossible })
    }

    /// See [`Meaning::Day`].
    pub(in crate::domain) const fn day(id: FieldId, name: &'static str) -> Self {
        Self::new(id, name, ValueShape::Int).meaning(Meaning::Day)
    }

    /// See [`Meaning::Moment`].
    pub(in crate::domain) const fn moment(id: FieldId, name: &'static str) -> Self {
        Self::new(id, name, ValueShape::Int).meaning(Meaning::Moment)
    }

    /// See [`Meaning::Flag`].
    pub(in crate::domain) const fn flag(id: FieldId, name: &'static str) -> Self {
        Self::new(id, name, ValueShape::Int).meaning(Meaning::Flag)
    }

    /// See [`Meaning::Area`].
    pub(in crate::domain) const fn area(id: FieldId, name: &'static str, impossible: &'static str) -> Self {
        Self::text(id, name, 20).meaning(Meaning::Area { impossible })
    }

    /// One member of a closed list.
    pub(in crate::domain) const fn member(
        id: FieldId,
        name: &'static str,
        list: &'static ClosedList,
        unknown: &'static str,
    ) -> Self {
        Self::new(id, name, ValueShape::Int).meaning(Meaning::Member { list, unknown })
    }

    /// Members of a closed list, written as a whole in the order entered.
    pub(in crate::domain) const fn members(
        id: FieldId,
        name: &'static str,
        list: &'static ClosedList,
        unknown: &'static str,
    ) -> Self {
        let mut field = Self::new(id, name, ValueShape::Numbers).meaning(Meaning::Member { list, unknown });
        field.size_max = 20;
        field
    }

    /// Members of a closed list that are added and removed one by one.
    pub(in crate::domain) const fn set(
        id: FieldId,
        name: &'static str,
        list: &'static ClosedList,
        unknown: &'static str,
    ) -> Self {
        let mut field = Self::members(id, name, list, unknown);
        field.merge = FieldMerge::Set;
        field
    }

    /// A record of a kind.
    pub(in crate::domain) const fn names(
        id: FieldId,
        name: &'static str,
        kinds: &'static [RecordKind],
    ) -> Self {
        let kind_in = None;
        Self::new(id, name, ValueShape::Id).meaning(Meaning::Names { kinds, kind_in })
    }

    /// At most so many records of a kind, in the order entered.
    pub(in crate::domain) const fn names_several(
        id: FieldId,
        name: &'static str,
        kinds: &'static [RecordKind],
        count_max: usize,
    ) -> Self {
        let kind_in = None;
        let mut field = Self::new(id, name, ValueShape::Ids).meaning(Meaning::Names { kinds, kind_in });
        field.size_max = count_max;
        field
    }

    /// It means this.
    pub(in crate::domain) const fn meaning(mut self, meaning: Meaning) -> Self {
        self.meaning = meaning;
        self
    }

    /// A record that has nothing in it is refused with this code.
    pub(in crate::domain) const fn required(mut self, missing: &'static str) -> Self {
        self.missing = Some(missing);
        self
    }
}
