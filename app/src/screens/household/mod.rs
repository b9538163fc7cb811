//! One household: its page, and the forms for it and its people.

mod edit;
mod open;
mod page;
mod resident;
mod same_door;

pub(crate) use edit::{HouseholdEdit, HouseholdNew};
pub(crate) use page::{HouseholdPage, VisitSaved};
pub(crate) use resident::{ResidentEdit, ResidentNew, toggle};
