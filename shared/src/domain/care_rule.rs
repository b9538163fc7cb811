//! A care rule 关怀规则: how often people with a need are visited at least, and how often at most.

use super::issue::Event;
use super::need::Need;
use super::schema::{FieldId, FieldSpec, KindSpec, RecordKind};
use super::value::{Fields, field};
use super::visit::Purpose;
use crate::rejection::{Rejection, refuse_at};

/// [`Need`].
pub const NEED: FieldId = FieldId(1);
/// At least one visit in so many days.
pub const AT_LEAST_DAYS: FieldId = FieldId(2);
/// At most one visit in so many days.
pub const AT_MOST_DAYS: FieldId = FieldId(3);
/// [`Purpose`]s of the visits that count; all when empty.
pub const PURPOSES: FieldId = FieldId(4);
/// Why, and what is to be asked.
pub const NOTE: FieldId = FieldId(5);
/// Written as 1 by who keeps the rule although it was removed; the write has seen the removals.
pub const KEPT_AFTER_REMOVAL: FieldId = FieldId(6);

pub(super) static SPEC: KindSpec = KindSpec {
    kept_after_removal: Some(KEPT_AFTER_REMOVAL),
    rules: Some(rules),
    ..KindSpec::decided(
        RecordKind::CARE_RULE,
        "care_rule",
        NEED,
        &[
            FieldSpec::member(NEED, "need", Need::LIST, "choice.unknown").required("choice.missing"),
            FieldSpec::number(AT_LEAST_DAYS, "at_least_days", (1, 366), "days.impossible"),
            FieldSpec::number(AT_MOST_DAYS, "at_most_days", (1, 366), "days.impossible"),
            FieldSpec::set(PURPOSES, "purposes", Purpose::LIST, "choice.unknown"),
            FieldSpec::text(NOTE, "note", 2_000),
            FieldSpec::flag(KEPT_AFTER_REMOVAL, "kept_after_removal"),
        ],
    )
};

/// Nobody can be visited at least every seven days and at most every thirty.
fn rules(fields: &dyn Fields, _: Option<&Event>) -> Result<(), Rejection> {
    let days = |id| field(fields, id).as_int();
    match (days(AT_LEAST_DAYS), days(AT_MOST_DAYS)) {
        (Some(at_least), Some(at_most)) if at_most > at_least => {
            refuse_at(AT_MOST_DAYS, "care_rule.at_most_beyond_at_least")
        }
        _ => Ok(()),
    }
}
