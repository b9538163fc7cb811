//! The list of screens.

use dioxus::prelude::*;
use shared::ids::{AreaCode, DraftId, HouseholdId, IssueId, ResidentId, VisitId};
use uuid::Uuid;

use crate::screens::conflicts::Conflicts;
use crate::screens::household::{HouseholdEdit, HouseholdNew, HouseholdPage, ResidentEdit, ResidentNew};
use crate::screens::households::{Doors, Households, Start, StartDoors};
use crate::screens::issue::{IssueForm, IssueNew, IssuePage, IssueStep, Issues};
use crate::screens::log::Log;
use crate::screens::not_found::NotFound;
use crate::screens::outbox::Outbox;
use crate::screens::parked::Parked;
use crate::screens::record::{GenericKind, RecordForm, RecordNew, RecordPage, Records};
use crate::screens::removed::Removed;
use crate::screens::settings::Settings;
use crate::screens::sign_in::SignIn;
use crate::screens::today::Today;
use crate::screens::visit::{VisitForm, VisitNew, VisitPage, VisitResume};
use crate::screens::why::Why;
use crate::shell::Shell;

/// A screen and what it shows.
#[derive(Routable, Debug, Clone, PartialEq)]
#[rustfmt::skip]
pub(crate) enum Route {
    #[layout(Shell)]
        #[route("/")]
        Today {},
        #[route("/households")]
        Households {},
        #[route("/households/:area/:building")]
        Doors { area: AreaCode, building: String },
        #[route("/start")]
        Start {},
        #[route("/start/:area/:building")]
        StartDoors { area: AreaCode, building: String },
        #[route("/household/new/:area")]
        HouseholdNew { area: AreaCode },
        #[route("/household/:id")]
        HouseholdPage { id: HouseholdId },
        #[route("/household/:id/edit")]
        HouseholdEdit { id: HouseholdId },
        #[route("/household/:household/resident/new")]
        ResidentNew { household: HouseholdId },
        #[route("/household/:household/resident/:id")]
        ResidentEdit { household: HouseholdId, id: ResidentId },
        #[route("/visit/new/:household")]
        VisitNew { household: HouseholdId },
        #[route("/visit/:draft")]
        VisitResume { draft: DraftId },
        #[route("/visit/:draft/:household")]
        VisitForm { draft: DraftId, household: HouseholdId },
        #[route("/visits/:id")]
        VisitPage { id: VisitId },
        #[route("/issue/new?:household&:visit")]
        IssueNew { household: String, visit: String },
        #[route("/issue/:draft?:household&:visit")]
        IssueForm { draft: DraftId, household: String, visit: String },
        #[route("/issues")]
        Issues {},
        #[route("/issues/:id")]
        IssuePage { id: IssueId },
        #[route("/issues/:id/step/:draft")]
        IssueStep { id: IssueId, draft: DraftId },
        #[route("/log")]
        Log {},
        #[route("/records/:kind")]
        Records { kind: GenericKind },
        #[route("/records/:kind/new")]
        RecordNew { kind: GenericKind },
        #[route("/records/:kind/:id")]
        RecordPage { kind: GenericKind, id: Uuid },
        #[route("/records/:kind/:id/edit")]
        RecordForm { kind: GenericKind, id: Uuid },
        #[route("/conflicts")]
        Conflicts {},
        #[route("/parked")]
        Parked {},
        #[route("/outbox")]
        Outbox {},
        #[route("/removed")]
        Removed {},
        #[route("/why")]
        Why {},
        #[route("/settings")]
        Settings {},
        #[route("/sign-in")]
        SignIn {},
        #[route("/:..segments")]
        NotFound { segments: Vec<String> },
}

impl Route {
    /// Whether something is being entered here, which nothing may disturb.
    pub(crate) fn is_form(&self) -> bool {
        matches!(
            self,
            Self::VisitNew { .. }
                | Self::VisitResume { .. }
                | Self::VisitForm { .. }
                | Self::IssueNew { .. }
                | Self::IssueForm { .. }
                | Self::HouseholdNew { .. }
                | Self::HouseholdEdit { .. }
                | Self::ResidentNew { .. }
                | Self::ResidentEdit { .. }
                | Self::RecordNew { .. }
                | Self::RecordForm { .. }
                | Self::SignIn {}
        )
    }

    /// The main screen in whose part of the app this one lies.
    pub(crate) fn main_screen(&self) -> Self {
        match self {
            Self::Doors { .. }
            | Self::HouseholdNew { .. }
            | Self::HouseholdPage { .. }
            | Self::HouseholdEdit { .. }
            | Self::ResidentNew { .. }
            | Self::ResidentEdit { .. }
            | Self::VisitPage { .. } => Self::Households {},
            Self::IssuePage { .. }
            | Self::IssueStep { .. }
            | Self::IssueNew { .. }
            | Self::IssueForm { .. } => Self::Issues {},
            Self::Removed {}
            | Self::Why {}
            | Self::Records { .. }
            | Self::RecordNew { .. }
            | Self::RecordPage { .. }
            | Self::RecordForm { .. } => Self::Settings {},
            Self::Start {}
            | Self::StartDoors { .. }
            | Self::VisitNew { .. }
            | Self::VisitResume { .. }
            | Self::VisitForm { .. } => Self::Today {},
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_found_again_by_its_address() {
        let draft: DraftId = "01930000-0000-7000-8000-000000000001".parse().unwrap();
        let household: HouseholdId = "01930000-0000-7000-8000-000000000002".parse().unwrap();
        let route = Route::VisitForm { draft, household };
        assert_eq!(route.to_string().parse::<Route>().unwrap(), route);
        assert!(route.is_form());
        let doors = Route::Doors {
            area: AreaCode::new("130803001001-02").unwrap(),
            building: "甲".to_owned(),
        };
        assert_eq!(doors.to_string().parse::<Route>().unwrap(), doors);
        let issue = Route::IssueNew {
            household: household.to_string(),
            visit: String::new(),
        };
        assert_eq!(issue.to_string().parse::<Route>().unwrap(), issue);
        let begun = Route::IssueForm {
            draft,
            household: household.to_string(),
            visit: String::new(),
        };
        assert_eq!(begun.to_string().parse::<Route>().unwrap(), begun);
        let older = format!("/issue/{draft}").parse::<Route>().unwrap();
        assert!(matches!(older, Route::IssueForm { household, .. } if household.is_empty()));
    }
}
