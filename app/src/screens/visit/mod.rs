//! A visit: its form and its page.

mod draft;
mod form;
mod page;
mod parts;
mod promise;

use replica::api::{DraftKind, DraftSummary};
use shared::ids::{HouseholdId, ResidentId};

use crate::routes::Route;
use crate::screens::issue::kept_issue;

pub(crate) use form::{VisitForm, VisitNew, VisitResume};
pub(crate) use page::VisitPage;

/// Where a draft is gone on with: at the address of its form.
pub(crate) fn draft_route(draft: &DraftSummary) -> Route {
    let id = draft.id;
    match (draft.kind, draft.household, draft.step_of) {
        (DraftKind::Visit, Some(household), _) => Route::VisitForm { draft: id, household },
        (DraftKind::Visit, None, _) => Route::VisitResume { draft: id },
        (DraftKind::Household, ..) => Route::HouseholdEdit {
            id: HouseholdId(id.0),
        },
        (DraftKind::Resident, Some(household), _) => Route::ResidentEdit {
            household,
            id: ResidentId(id.0),
        },
        (DraftKind::Step, _, Some(id)) => Route::IssueStep { id, draft: draft.id },
        (DraftKind::Record(kind), ..) => Route::RecordForm {
            kind: kind.into(),
            id: id.0,
        },
        (DraftKind::Issue | DraftKind::Resident | DraftKind::Step, ..) => kept_issue(id),
    }
}
