//! One household: its page, and the forms for it and its people.

mod edit;
mod page;
mod resident;

pub(crate) use edit::{HouseholdEdit, HouseholdNew};
pub(crate) use page::{HouseholdPage, VisitSaved};
pub(crate) use resident::{ResidentEdit, ResidentNew, toggle};
