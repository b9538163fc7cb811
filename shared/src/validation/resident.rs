//! Rules of a resident.

use super::{Rejection, check_day, refuse};
use crate::domain::need::Need;
use crate::domain::phone::is_dialled;
use crate::domain::resident::{
    BIRTH_MONTH, BIRTH_YEAR, CONSENT_ON, CONSENT_PURPOSE, ConsentPurpose, HOUSEHOLD, NAME, PHONES, RELATION,
    Relation,
};
use crate::domain::value::{Fields, Value, field};

pub(super) fn check(fields: &dyn Fields) -> Result<(), Rejection> {
    if field(fields, HOUSEHOLD).as_id().is_none() {
        return refuse("resident.household_missing");
    }
    if field(fields, NAME).as_text().trim().is_empty() {
        return refuse("resident.name_missing");
    }
    if !matches!(field(fields, BIRTH_YEAR), Value::Null | Value::Int(1880..=2100)) {
        return refuse("resident.birth_year_impossible");
    }
    if !matches!(field(fields, BIRTH_MONTH), Value::Null | Value::Int(1..=12)) {
        return refuse("resident.birth_month_impossible");
    }
    if !field(fields, PHONES)
        .as_texts()
        .iter()
        .all(|phone| is_dialled(phone))
    {
        return refuse("resident.phone_impossible");
    }
    let number = |id| {
        field(fields, id)
            .as_int()
            .map(|number| u64::try_from(number).unwrap_or(0))
    };
    if number(RELATION).is_some_and(|number| Relation::from_number(number).is_none()) {
        return refuse("resident.relation_unknown");
    }
    if number(CONSENT_PURPOSE).is_some_and(|number| ConsentPurpose::from_number(number).is_none()) {
        return refuse("resident.consent_unknown");
    }
    check_day(field(fields, CONSENT_ON))
}

/// Needs are a closed list: a label that is not in it cannot be recorded.
pub(super) fn check_need(number: u64) -> Result<(), Rejection> {
    if Need::from_number(number).is_some() {
        Ok(())
    } else {
        refuse("need.unknown")
    }
}
