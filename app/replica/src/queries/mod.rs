//! What screens show. Every list is paged or bounded by SQL; no screen loads all rows.

pub(crate) mod areas;
mod conflicts;
mod doors;
mod drafts;
mod duplicates;
mod earlier;
mod findings;
mod generic;
mod households;
mod issues;
mod log;
pub(crate) mod names;
mod outbox;
pub(crate) mod page;
pub(crate) mod photos;
mod removals;
mod search;
mod today;
pub(crate) mod wishes;

use shared::domain::worker::Worker;

use crate::api::{Answer, ApiError, Call, ErrorCode};
use crate::commands;
use crate::replica::{Replica, api_error};
use crate::storage::meta;

/// The most entries of one page.
pub(crate) const PAGE_MAX: u32 = 100;

/// Answers a question.
pub(crate) fn answer(replica: &Replica, call: Call) -> Result<Answer, ApiError> {
    let connection = &replica.connection;
    let now_ms = replica.now_ms();
    let viewer =
        || -> Result<Option<Worker>, ApiError> { Ok(replica.enrolment()?.map(|enrolment| enrolment.worker)) };
    Ok(match call {
        Call::Status => Answer::Status(Box::new(replica.status()?)),
        Call::Today => Answer::Today(Box::new(today::today(connection, now_ms)?)),
        Call::Areas => Answer::Areas(areas::all(connection)?),
        Call::Buildings { area } => Answer::Buildings(households::buildings(connection, area.as_ref())?),
        Call::Doors { area, building } => {
            Answer::Households(households::doors(connection, &area, &building, now_ms)?)
        }
        Call::Search { text, limit } => Answer::Hits(search::search(connection, &text, limit)?),
        Call::Household { id } => Answer::Household(Box::new(page::household(connection, id, now_ms)?)),
        Call::AtDoor { area, door, besides } => {
            Answer::AtDoor(doors::at_door(connection, &area, &door, besides)?)
        }
        Call::Removals => Answer::Removals(removals::all(connection, now_ms)?),
        Call::Holdings => Answer::Holdings(areas::holdings(connection)?),
        Call::Alike { record } => Answer::Alike(duplicates::alike(connection, record)?),
        Call::Draft { id } => Answer::Draft(commands::draft(replica, id)?.map(Box::new)),
        Call::VisitLog { filter, after, limit } => {
            Answer::Visits(log::visits(connection, &filter, after, limit)?)
        }
        Call::Visit { id } => Answer::Visit(Box::new(log::visit_page(connection, id)?)),
        Call::Issues { filter, after, limit } => {
            Answer::Issues(issues::issues(connection, &filter, after, limit)?)
        }
        Call::Issue { id } => {
            let page = issues::issue_page(connection, id, viewer()?.as_ref())?;
            Answer::Issue(Box::new(page))
        }
        Call::Records { kind } => Answer::Records(generic::list(connection, kind, viewer()?.as_ref())?),
        Call::Record { record } => {
            let page = generic::page(connection, record, viewer()?.as_ref())?;
            Answer::Record(Box::new(page))
        }
        Call::Conflicts => Answer::Conflicts(conflicts::all(connection)?),
        Call::Outbox => Answer::Outbox(Box::new(outbox::outbox(connection)?)),
        Call::Setting { name } => Answer::Setting(meta::setting(connection, &name)?),
        Call::Storage => Answer::Storage(outbox::storage(connection)?),
        _ => return Err(api_error(ErrorCode::Internal, "not a question")),
    })
}

/// The first code behind every code within an area, so that `area >= code AND area < end` is "within".
pub(crate) fn end_of(area: &str) -> String {
    format!("{area}~")
}
