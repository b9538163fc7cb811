//! A category of issues 事件类别, as a community or street divides them: under one of the eight base categories, with who
//! takes care of it and in how many working days.

use super::issue::{Category, Event};
use super::schema::{FieldId, FieldSpec, KindSpec, RecordKind};
use super::value::{Fields, field};
use crate::rejection::{Rejection, refuse_at};

/// Name.
pub const NAME: FieldId = FieldId(1);
/// The base category under which it stands: [`Category`].
pub const BASE: FieldId = FieldId(2);
/// Its code in whichever scheme the community follows; empty for its own.
pub const CODE: FieldId = FieldId(3);
/// The unit that it goes to unless somebody says otherwise.
pub const UNIT: FieldId = FieldId(4);
/// Within how many working days it is accepted.
pub const ACCEPT_DAYS: FieldId = FieldId(5);
/// Within how many working days it is finished.
pub const FINISH_DAYS: FieldId = FieldId(6);
/// Written as 1 by who keeps the category although it was removed; the write has seen the removals.
pub const KEPT_AFTER_REMOVAL: FieldId = FieldId(7);

pub(super) static SPEC: KindSpec = KindSpec {
    title: Some(NAME),
    kept_after_removal: Some(KEPT_AFTER_REMOVAL),
    rules: Some(rules),
    ..KindSpec::decided(
        RecordKind::CATEGORY,
        "category",
        NAME,
        &[
            FieldSpec::text(NAME, "name", 120).required("field.missing"),
            FieldSpec::member(BASE, "base", Category::LIST, "choice.unknown").required("choice.missing"),
            FieldSpec::text(CODE, "code", 40),
            FieldSpec::names(UNIT, "unit", &[RecordKind::UNIT]),
            FieldSpec::number(ACCEPT_DAYS, "accept_days", (1, 366), "days.impossible"),
            FieldSpec::number(FINISH_DAYS, "finish_days", (1, 366), "days.impossible"),
            FieldSpec::flag(KEPT_AFTER_REMOVAL, "kept_after_removal"),
        ],
    )
};

/// Nothing is finished before it is accepted.
fn rules(fields: &dyn Fields, _: Option<&Event>) -> Result<(), Rejection> {
    let days = |id| field(fields, id).as_int();
    match (days(ACCEPT_DAYS), days(FINISH_DAYS)) {
        (Some(accept), Some(finish)) if finish < accept => {
            refuse_at(FINISH_DAYS, "category.finished_before_accepted")
        }
        _ => Ok(()),
    }
}
