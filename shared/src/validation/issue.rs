//! Rules of an issue.

use super::{Rejection, check_flag, check_time, refuse};
use crate::domain::issue::{CATEGORY, Category, Event, REPORTED_AT, STEPS_SEEN, Step, TITLE};
use crate::domain::value::{Fields, field};

pub(super) fn check(fields: &dyn Fields, event: Option<&Event>) -> Result<(), Rejection> {
    match field(fields, CATEGORY)
        .as_int()
        .map(|number| Category::from_number(u64::try_from(number).unwrap_or(0)))
    {
        None => return refuse("issue.category_missing"),
        Some(None) => return refuse("issue.category_unknown"),
        Some(Some(_)) => {}
    }
    if field(fields, TITLE).as_text().trim().is_empty() {
        return refuse("issue.title_missing");
    }
    check_time(field(fields, REPORTED_AT))?;
    check_flag(field(fields, STEPS_SEEN))?;
    match event.map(|event| (Step::from_number(event.step), event.target.as_str())) {
        Some((Some(Step::Assigned), "")) => refuse("issue.department_missing"),
        Some((Some(Step::MergedInto), target)) if uuid::Uuid::parse_str(target).is_err() => {
            refuse("issue.target_missing")
        }
        Some((Some(Step::Closed), target)) if !matches!(target, "" | "1" | "2" | "3" | "4" | "5") => {
            refuse("issue.rating_impossible")
        }
        _ => Ok(()),
    }
}
