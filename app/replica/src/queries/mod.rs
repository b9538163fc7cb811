//! What screens show. Every list is paged or bounded by SQL; no screen loads all rows.

pub(crate) mod areas;
pub(crate) mod building;
pub(crate) mod care;
pub(crate) mod conflicts;
pub(crate) mod doors;
mod drafts;
pub(crate) mod duplicates;
mod earlier;
mod findings;
pub(crate) mod generic;
pub(crate) mod households;
pub(crate) mod issues;
pub(crate) mod log;
pub(crate) mod names;
pub(crate) mod outbox;
pub(crate) mod page;
mod parked;
pub(crate) mod photos;
pub(crate) mod removals;
pub(crate) mod search;
pub(crate) mod today;
pub(crate) mod wishes;

/// The most entries of one page.
pub(crate) const PAGE_MAX: u32 = 100;

/// The first code behind every code within an area, so that `area >= code AND area < end` is "within".
pub(crate) fn end_of(area: &str) -> String {
    format!("{area}~")
}

/// A condition: the row of `table` is shown as itself.
fn shown(table: &str) -> String {
    format!("NOT EXISTS (SELECT 1 FROM duplicate WHERE duplicate.id = {table}.id)")
}
