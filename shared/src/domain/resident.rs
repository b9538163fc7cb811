//! A resident 居民: whom one meets, how to reach them, what help they want. Nothing else is kept.

use serde::{Deserialize, Serialize};

use super::date::CalendarDate;
use super::list::closed_list;
use super::need::Need;
use super::rights::Rights;
use super::schema::{FieldId, FieldSpec, KindSpec, Reach, RecordKind};
use super::value::{FieldMap, Value, field};
use crate::ids::HouseholdId;

/// The household.
pub const HOUSEHOLD: FieldId = FieldId(1);
/// Name.
pub const NAME: FieldId = FieldId(2);
/// Year of birth.
pub const BIRTH_YEAR: FieldId = FieldId(3);
/// Month of birth, 1..=12.
pub const BIRTH_MONTH: FieldId = FieldId(4);
/// Telephone numbers.
pub const PHONES: FieldId = FieldId(5);
/// [`Relation`] to the head of household.
pub const RELATION: FieldId = FieldId(6);
/// [`Need`]s.
pub const NEEDS: FieldId = FieldId(7);
/// The day on which the resident agreed to be recorded.
pub const CONSENT_ON: FieldId = FieldId(8);
/// [`ConsentPurpose`].
pub const CONSENT_PURPOSE: FieldId = FieldId(9);

/// The resident who is the same person, and under whom this record is shown.
pub const MERGED_INTO: FieldId = FieldId(10);
/// Written as 1 by who keeps the resident although they were removed; the write has seen the removals.
pub const KEPT_AFTER_REMOVAL: FieldId = FieldId(11);

pub(super) static SPEC: KindSpec = KindSpec {
    kind: RecordKind::RESIDENT,
    name: "resident",
    fields: &[
        FieldSpec::names(HOUSEHOLD, "household", &[RecordKind::HOUSEHOLD])
            .required("resident.household_missing"),
        FieldSpec::text(NAME, "name", 120).required("resident.name_missing"),
        FieldSpec::number(
            BIRTH_YEAR,
            "birth_year",
            (1880, 2100),
            "resident.birth_year_impossible",
        ),
        FieldSpec::number(
            BIRTH_MONTH,
            "birth_month",
            (1, 12),
            "resident.birth_month_impossible",
        ),
        FieldSpec::phones(PHONES, "phones", 5, "resident.phone_impossible"),
        FieldSpec::member(RELATION, "relation", Relation::LIST, "resident.relation_unknown"),
        FieldSpec::set(NEEDS, "needs", Need::LIST, "need.unknown"),
        FieldSpec::day(CONSENT_ON, "consent_on"),
        FieldSpec::member(
            CONSENT_PURPOSE,
            "consent_purpose",
            ConsentPurpose::LIST,
            "resident.consent_unknown",
        ),
        FieldSpec::names(MERGED_INTO, "merged_into", &[RecordKind::RESIDENT]),
        FieldSpec::flag(KEPT_AFTER_REMOVAL, "kept_after_removal"),
    ],
    never_without: HOUSEHOLD,
    title: Some(NAME),
    sorted_by: None,
    beside: &[HOUSEHOLD],
    life_cycle: None,
    merged_into: Some(MERGED_INTO),
    shown_as_one: &[PHONES, NEEDS],
    kept_after_removal: Some(KEPT_AFTER_REMOVAL),
    rules: None,
    reach: Reach::Own,
    rights: &Rights::OF_WORKERS,
    has_table: true,
    has_photos: false,
};

closed_list! {
    /// Relation to the head of household.
    Relation "relation" {
        /// 户主
        Head = 1 "head",
        /// 配偶
        Spouse = 2 "spouse",
        /// 子女
        Child = 3 "child",
        /// 父母
        Parent = 4 "parent",
        /// 孙辈
        Grandchild = 5 "grandchild",
        /// 其他
        Other = 6 "other",
    }
}

closed_list! {
    /// What a resident agreed to be recorded for.
    ConsentPurpose "consent" {
        /// 上门走访与帮办
        VisitsAndHelp = 1 "visits_and_help",
        /// 仅紧急联系
        EmergencyOnly = 2 "emergency_only",
    }
}

/// A resident's fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// The household.
    pub household: HouseholdId,
    /// Name.
    pub name: String,
    /// Year of birth.
    pub birth_year: Option<u16>,
    /// Month of birth, 1..=12.
    pub birth_month: Option<u8>,
    /// Telephone numbers, digits only, in the order of use.
    pub phones: Vec<String>,
    /// Relation to the head of household.
    pub relation: Option<Relation>,
    /// Needs, each once.
    pub needs: Vec<Need>,
    /// The day on which the resident agreed to be recorded.
    pub consent_on: Option<CalendarDate>,
    /// What they agreed to.
    pub consent_purpose: Option<ConsentPurpose>,
}

impl Resident {
    /// A resident of whom only household and name are known.
    pub fn named(household: HouseholdId, name: &str) -> Self {
        Self {
            household,
            name: name.to_owned(),
            birth_year: None,
            birth_month: None,
            phones: Vec::new(),
            relation: None,
            needs: Vec::new(),
            consent_on: None,
            consent_purpose: None,
        }
    }

    /// The fields to write, the set of needs among them.
    pub fn to_fields(&self) -> FieldMap {
        let mut needs: Vec<u64> = self.needs.iter().map(|need| need.number()).collect();
        needs.sort_unstable();
        needs.dedup();
        FieldMap::from_iter([
            (HOUSEHOLD, Value::Id(self.household.0)),
            (NAME, Value::text(&self.name)),
            (BIRTH_YEAR, Value::number(self.birth_year.map(i64::from))),
            (BIRTH_MONTH, Value::number(self.birth_month.map(i64::from))),
            (PHONES, Value::texts(&self.phones)),
            (
                RELATION,
                Value::number(self.relation.map(|relation| relation.number() as i64)),
            ),
            (NEEDS, Value::numbers(needs)),
            (
                CONSENT_ON,
                Value::number(self.consent_on.map(CalendarDate::number)),
            ),
            (
                CONSENT_PURPOSE,
                Value::number(self.consent_purpose.map(|purpose| purpose.number() as i64)),
            ),
        ])
    }

    /// The fields as read; `None` when the record does not name its household (it is not complete here).
    pub fn from_fields(fields: &FieldMap) -> Option<Self> {
        let int = |id| field(fields, id).as_int();
        let number = |id| int(id).and_then(|number| u64::try_from(number).ok());
        Some(Self {
            household: HouseholdId(field(fields, HOUSEHOLD).as_id()?),
            name: field(fields, NAME).as_text().to_owned(),
            birth_year: int(BIRTH_YEAR).and_then(|year| u16::try_from(year).ok()),
            birth_month: int(BIRTH_MONTH).and_then(|month| u8::try_from(month).ok()),
            phones: field(fields, PHONES).as_texts().to_vec(),
            relation: number(RELATION).and_then(Relation::from_number),
            needs: field(fields, NEEDS)
                .as_numbers()
                .iter()
                .copied()
                .filter_map(Need::from_number)
                .collect(),
            consent_on: int(CONSENT_ON).and_then(|number| CalendarDate::try_from(number).ok()),
            consent_purpose: number(CONSENT_PURPOSE).and_then(ConsentPurpose::from_number),
        })
    }
}
