//! A household 户: a door and how its people wish to be visited.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::date::CalendarDate;
use super::door::DoorNumber;
use super::issue::Event;
use super::list::closed_list;
use super::rights::Rights;
use super::schema::{FieldId, FieldSpec, KindSpec, Reach, RecordKind};
use super::value::{FieldMap, Fields, Value, field};
use crate::ids::AreaCode;
use crate::rejection::{Rejection, refuse_at};

/// Canonical door number, `3-2-501`.
pub const DOOR: FieldId = FieldId(1);
/// [`Tenure`].
pub const TENURE: FieldId = FieldId(2);
/// When people are at home or wish to be visited.
pub const PREFERRED_HOURS: FieldId = FieldId(3);
/// "Please do not visit before" this day.
pub const NO_VISIT_BEFORE: FieldId = FieldId(4);
/// "Not on my own": the visitor comes with somebody.
pub const NOT_ALONE: FieldId = FieldId(5);
/// A note about the door or the household.
pub const NOTE: FieldId = FieldId(6);

/// The household that this one is the same as, and under which it is shown.
pub const MERGED_INTO: FieldId = FieldId(7);
/// Written as 1 by who keeps the household although it was removed; the write has seen the removals.
pub const KEPT_AFTER_REMOVAL: FieldId = FieldId(8);
/// The code of the area that the household was moved to, with all that [lies beside](super::schema::RecordKind::lies_beside) it.
/// Never emptied: it stays where it was moved to last.
pub const MOVED_TO: FieldId = FieldId(9);
/// [`DoorWarning`]s.
pub const WARNINGS: FieldId = FieldId(10);

pub(super) static SPEC: KindSpec = KindSpec {
    kind: RecordKind::HOUSEHOLD,
    name: "household",
    fields: &[
        FieldSpec::text(DOOR, "door", 60).required("household.door_missing"),
        FieldSpec::member(TENURE, "tenure", Tenure::LIST, "household.tenure_unknown"),
        FieldSpec::text(PREFERRED_HOURS, "preferred_hours", 300),
        FieldSpec::day(NO_VISIT_BEFORE, "no_visit_before"),
        FieldSpec::flag(NOT_ALONE, "not_alone"),
        FieldSpec::text(NOTE, "note", 3_000),
        FieldSpec::names(MERGED_INTO, "merged_into", &[RecordKind::HOUSEHOLD]),
        FieldSpec::flag(KEPT_AFTER_REMOVAL, "kept_after_removal"),
        FieldSpec::area(MOVED_TO, "moved_to", "household.area_impossible"),
        FieldSpec::set(
            WARNINGS,
            "warnings",
            DoorWarning::LIST,
            "household.warning_unknown",
        ),
    ],
    never_without: DOOR,
    title: Some(DOOR),
    sorted_by: None,
    beside: &[],
    life_cycle: None,
    merged_into: Some(MERGED_INTO),
    shown_as_one: &[NO_VISIT_BEFORE, NOT_ALONE, WARNINGS],
    kept_after_removal: Some(KEPT_AFTER_REMOVAL),
    rules: Some(rules),
    reach: Reach::Own,
    rights: &Rights::OF_WORKERS,
    has_table: true,
    has_photos: false,
};

/// What the meanings of the fields do not say.
fn rules(fields: &dyn Fields, _: Option<&Event>) -> Result<(), Rejection> {
    let door = field(fields, DOOR).as_text();
    match DoorNumber::parse(door) {
        Ok(parsed) if parsed.to_string() == door => Ok(()),
        _ => refuse_at(DOOR, "household.door_not_canonical"),
    }
}

closed_list! {
    /// How the people live there.
    Tenure "tenure" {
        /// 自有
        Owned = 1 "owned",
        /// 租住
        Rented = 2 "rented",
        /// 空置
        Vacant = 3 "vacant",
    }
}

closed_list! {
    /// What one should know before knocking: about the door, never about the people.
    DoorWarning "door-warning" {
        /// 有狗
        Dog = 1 "dog",
        /// 门铃坏了
        BellBroken = 2 "bell_broken",
        /// 先打电话
        TelephoneFirst = 3 "telephone_first",
    }
}

/// Where a household with these fields was moved to; `None` for one that lies where it was made.
pub fn moved_to(fields: &dyn Fields) -> Option<AreaCode> {
    AreaCode::new(field(fields, MOVED_TO).as_text()).ok()
}

/// A household's fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Household {
    /// Canonical door number, `3-2-501`.
    pub door: String,
    /// How the people live there.
    pub tenure: Option<Tenure>,
    /// When people are at home or wish to be visited.
    pub preferred_hours: String,
    /// "Please do not visit before" this day.
    pub no_visit_before: Option<CalendarDate>,
    /// "Not on my own".
    pub not_alone: bool,
    /// A note about the door or the household.
    pub note: String,
    /// What one should know before knocking.
    pub warnings: Vec<DoorWarning>,
}

impl Household {
    /// The fields to write.
    pub fn to_fields(&self) -> FieldMap {
        FieldMap::from_iter([
            (DOOR, Value::text(&self.door)),
            (
                TENURE,
                Value::number(self.tenure.map(|tenure| tenure.number() as i64)),
            ),
            (PREFERRED_HOURS, Value::text(&self.preferred_hours)),
            (
                NO_VISIT_BEFORE,
                Value::number(self.no_visit_before.map(CalendarDate::number)),
            ),
            (NOT_ALONE, Value::flag(self.not_alone)),
            (NOTE, Value::text(&self.note)),
            (WARNINGS, Value::numbers(self.warning_numbers())),
        ])
    }

    fn warning_numbers(&self) -> Vec<u64> {
        let numbers: BTreeSet<u64> = self.warnings.iter().map(|warning| warning.number()).collect();
        numbers.into_iter().collect()
    }

    /// Takes over what another record of the same household warns of: the warnings of both and the stricter of two
    /// limits. In whatever order records are heeded, the end is the same.
    pub fn heed(&mut self, other: &Self) {
        self.not_alone |= other.not_alone;
        self.no_visit_before = self.no_visit_before.max(other.no_visit_before);
        self.warnings.extend(&other.warnings);
        self.warnings.sort_unstable();
        self.warnings.dedup();
    }

    /// The fields as read.
    pub fn from_fields(fields: &FieldMap) -> Self {
        let int = |id| field(fields, id).as_int();
        Self {
            door: field(fields, DOOR).as_text().to_owned(),
            tenure: int(TENURE).and_then(|number| Tenure::from_number(u64::try_from(number).ok()?)),
            preferred_hours: field(fields, PREFERRED_HOURS).as_text().to_owned(),
            no_visit_before: int(NO_VISIT_BEFORE).and_then(|number| CalendarDate::try_from(number).ok()),
            not_alone: field(fields, NOT_ALONE).as_flag(),
            note: field(fields, NOTE).as_text().to_owned(),
            warnings: field(fields, WARNINGS)
                .as_numbers()
                .iter()
                .filter_map(|number| DoorWarning::from_number(*number))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn a_record() -> impl Strategy<Value = Household> {
        let day = proptest::option::of((0..30_i64).prop_map(|days| CalendarDate::of_ms(0).plus_days(days)));
        let warnings = proptest::sample::subsequence(DoorWarning::ALL.to_vec(), 0..=DoorWarning::ALL.len());
        (any::<bool>(), day, warnings).prop_map(|(not_alone, no_visit_before, warnings)| Household {
            not_alone,
            no_visit_before,
            warnings,
            ..Household::default()
        })
    }

    proptest! {
        #[test]
        fn whichever_record_is_kept_every_warning_and_the_stricter_limit_stay(one in a_record(), other in a_record()) {
            let heeded = |mut kept: Household, other: &Household| {
                kept.heed(other);
                kept
            };
            let both = heeded(one.clone(), &other);
            prop_assert_eq!(&both, &heeded(other.clone(), &one));
            prop_assert_eq!(&both, &heeded(both.clone(), &other));
            for record in [&one, &other] {
                prop_assert!(record.warnings.iter().all(|warning| both.warnings.contains(warning)));
                prop_assert!(both.not_alone >= record.not_alone);
                prop_assert!(both.no_visit_before >= record.no_visit_before);
            }
        }

        #[test]
        fn warnings_are_read_as_they_were_written(household in a_record()) {
            prop_assert_eq!(Household::from_fields(&household.to_fields()), household);
        }
    }
}
