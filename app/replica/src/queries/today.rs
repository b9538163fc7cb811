//! What waits for the worker today.

use rusqlite::Connection;
use shared::domain::CalendarDate;
use shared::ids::{HouseholdId, VisitId};
use uuid::Uuid;

use super::{conflicts, drafts, households, issues, names, removals};
use crate::api::{PromiseDue, TodayPage};
use crate::storage::StorageResult;
use crate::storage::duplicates::GROUP;

/// What waits for the worker, but for who is to be [looked in on](super::care).
pub(crate) fn today(connection: &Connection) -> StorageResult<TodayPage> {
    let count = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get(0));
    Ok(TodayPage {
        drafts: drafts::open(connection, None)?,
        promises: promises(connection, None)?,
        open_issues: issues::open(connection, 20)?,
        open_issue_count: count("SELECT count(*) FROM issue WHERE finished = 0 AND removed = 0")?,
        conflict_count: conflicts::count(connection)? + removals::count(connection)?,
        household_count: count(&households::count_shown("household"))?,
    })
}

/// Promises that are not kept yet, by due day; of one household when given.
pub(super) fn promises(
    connection: &Connection,
    household: Option<HouseholdId>,
) -> StorageResult<Vec<PromiseDue>> {
    let of = match household {
        Some(_) => format!("AND household IN {GROUP}"),
        None => "AND ?1 IS NULL".to_owned(),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, household, promise, promise_due FROM visit
         WHERE promise <> '' AND promise_kept_on IS NULL AND removed = 0 {of}
         ORDER BY promise_due IS NULL, promise_due, started_at LIMIT 50"
    ))?;
    let rows = statement.query_map([household.map(Uuid::from)], |row| {
        let household: Option<Uuid> = row.get(1)?;
        Ok((
            row.get::<_, Uuid>(0)?,
            household,
            row.get(2)?,
            row.get::<_, Option<i64>>(3)?,
        ))
    })?;
    let mut promises = Vec::new();
    for row in rows {
        let (visit, household, promise, due) = row?;
        let Some(household) = household else { continue };
        promises.push(PromiseDue {
            visit: VisitId(visit),
            household: HouseholdId(household),
            door: names::door(connection, Some(household))?,
            promise,
            due: due.and_then(|number| CalendarDate::try_from(number).ok()),
        });
    }
    Ok(promises)
}
