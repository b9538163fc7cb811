//! Issues: the list, one issue with its timeline, and the form.

mod form;
mod list;
mod page;
mod step;

pub(crate) use form::{IssueForm, IssueNew, kept_issue};
pub(crate) use list::Issues;
pub(crate) use page::{IssuePage, IssueStep};
