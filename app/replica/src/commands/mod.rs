//! What screens do: every command is one transaction.

pub(crate) mod drafts;
pub(crate) mod edits;
mod forms;
mod generic;
pub(crate) mod merge;
mod needs;
pub(crate) mod outbox;
mod together;
mod values;
