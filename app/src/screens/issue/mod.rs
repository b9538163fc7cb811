//! Issues: the list, one issue with its timeline, and the form.

mod form;
mod list;
mod page;
mod step;

pub(crate) use form::{IssueForm, IssueNew};
pub(crate) use list::Issues;
pub(crate) use page::IssuePage;
#[cfg(test)]
pub(crate) use step::DEPARTMENTS;
