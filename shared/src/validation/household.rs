//! Rules of a household.

use super::{Rejection, check_day, check_flag, refuse};
use crate::domain::door::DoorNumber;
use crate::domain::household::{
    DOOR, DoorWarning, MOVED_TO, NO_VISIT_BEFORE, NOT_ALONE, TENURE, Tenure, moved_to,
};
use crate::domain::value::{Fields, Value, field};

pub(super) fn check(fields: &dyn Fields) -> Result<(), Rejection> {
    let door = field(fields, DOOR).as_text();
    match DoorNumber::parse(door) {
        _ if door.is_empty() => return refuse("household.door_missing"),
        Ok(parsed) if parsed.to_string() == door => {}
        _ => return refuse("household.door_not_canonical"),
    }
    if let Value::Int(number) = field(fields, TENURE) {
        let known = u64::try_from(*number).ok().and_then(Tenure::from_number);
        if known.is_none() {
            return refuse("household.tenure_unknown");
        }
    }
    if *field(fields, MOVED_TO) != Value::Null && moved_to(fields).is_none() {
        return refuse("household.area_impossible");
    }
    check_flag(field(fields, NOT_ALONE))?;
    check_day(field(fields, NO_VISIT_BEFORE))
}

/// Warnings are a closed list, so that they cannot become labels of people.
pub(super) fn check_warning(number: u64) -> Result<(), Rejection> {
    match DoorWarning::from_number(number) {
        Some(_) => Ok(()),
        None => refuse("household.warning_unknown"),
    }
}
