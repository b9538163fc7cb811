//! A visit: its form and its page.

mod draft;
mod form;
mod page;
mod parts;
mod promise;
mod save;

use replica::api::DraftSummary;

use crate::routes::Route;

pub(crate) use form::{VisitForm, VisitNew, VisitResume};
pub(crate) use page::VisitPage;

/// Where a draft is gone on with.
///
/// A visit's form is found by its draft alone: the household is read from the draft.
pub(crate) fn draft_route(draft: &DraftSummary) -> Route {
    if draft.is_visit {
        Route::VisitResume { draft: draft.id }
    } else {
        Route::IssueForm { draft: draft.id }
    }
}
