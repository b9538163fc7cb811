//! Rules of a visit.

use super::resident::check_need;
use super::{Rejection, check_day, check_time, refuse};
use crate::domain::value::{Fields, field};
use crate::domain::visit::{
    HOUSEHOLD, NEEDS, OUTCOME, Outcome, PHRASES, PROMISE, PROMISE_DUE, PROMISE_KEPT_ON, PURPOSE, Phrase,
    Purpose, STARTED_AT,
};

pub(super) fn check(fields: &dyn Fields) -> Result<(), Rejection> {
    let number = |id| {
        field(fields, id)
            .as_int()
            .map(|number| u64::try_from(number).unwrap_or(0))
    };
    if field(fields, HOUSEHOLD).as_id().is_none() {
        return refuse("visit.household_missing");
    }
    match number(OUTCOME).map(Outcome::from_number) {
        None => return refuse("visit.outcome_missing"),
        Some(None) => return refuse("visit.outcome_unknown"),
        Some(Some(_)) => {}
    }
    match number(PURPOSE).map(Purpose::from_number) {
        None => return refuse("visit.purpose_missing"),
        Some(None) => return refuse("visit.purpose_unknown"),
        Some(Some(_)) => {}
    }
    if field(fields, PHRASES)
        .as_numbers()
        .iter()
        .any(|number| Phrase::from_number(*number).is_none())
    {
        return refuse("visit.phrase_unknown");
    }
    field(fields, NEEDS)
        .as_numbers()
        .iter()
        .try_for_each(|number| check_need(*number))?;
    if field(fields, PROMISE).as_text().is_empty() && number(PROMISE_DUE).is_some() {
        return refuse("visit.promise_missing");
    }
    check_day(field(fields, PROMISE_DUE))?;
    check_day(field(fields, PROMISE_KEPT_ON))?;
    check_time(field(fields, STARTED_AT))
}
