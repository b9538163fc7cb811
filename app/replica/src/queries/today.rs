//! What waits for the worker today.

use rusqlite::{Connection, params};
use shared::clock::TimestampMs;
use shared::domain::CalendarDate;
use shared::domain::need::Need;
use shared::ids::{HouseholdId, ResidentId, VisitId};
use uuid::Uuid;

use super::households::{LAST_MET_PERSON, NEEDS_OF_ALL};
use super::{conflicts, drafts, households, issues, names, removals, shown};
use crate::api::{CARE_SHOWN_MAX, CareDue, PromiseDue, TodayPage};
use crate::storage::StorageResult;
use crate::storage::duplicates::GROUP;

/// What waits for the worker at `now_ms`.
pub(crate) fn today(connection: &Connection, now_ms: TimestampMs) -> StorageResult<TodayPage> {
    let count = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get(0));
    Ok(TodayPage {
        drafts: drafts::open(connection, None)?,
        promises: promises(connection, None)?,
        open_issues: issues::open(connection, 20)?,
        open_issue_count: count("SELECT count(*) FROM issue WHERE finished = 0 AND removed = 0")?,
        care: care(connection, CalendarDate::of_ms(now_ms))?,
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

/// People who live alone or need medicine, not met for the longest time; nobody who asked not to be visited. What is
/// known of a person or a household counts, whichever of its records says it.
fn care(connection: &Connection, today: CalendarDate) -> StorageResult<Vec<CareDue>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT household.id, household.door, resident.id, resident.name, {NEEDS_OF_ALL}, {LAST_MET_PERSON} AS met
         FROM resident LEFT JOIN duplicate AS shown_under ON shown_under.id = resident.household
         JOIN household ON household.id = coalesce(shown_under.kept, resident.household)
         WHERE resident.removed = 0 AND household.removed = 0 AND {}
           AND EXISTS (SELECT 1 FROM assigned WHERE substr(household.area, 1, length(assigned.area)) = assigned.area)
           AND (resident.needs LIKE ?1 OR resident.needs LIKE ?2 OR EXISTS (
                SELECT 1 FROM duplicate JOIN resident AS other ON other.id = duplicate.id
                WHERE duplicate.kept = resident.id AND other.removed = 0 AND (other.needs LIKE ?1 OR other.needs LIKE ?2)))
           AND coalesce(household.no_visit_before, 0) <= ?3
           AND NOT EXISTS (
                SELECT 1 FROM duplicate JOIN household AS other ON other.id = duplicate.id
                WHERE duplicate.kept = household.id AND other.removed = 0 AND other.no_visit_before > ?3)
         ORDER BY met IS NOT NULL, met, household.door_order LIMIT {CARE_SHOWN_MAX} + 1",
        shown("resident")
    ))?;
    let pattern = |need: Need| format!("%,{},%", need.number());
    let rows = statement.query_map(
        params![
            pattern(Need::LivesAlone),
            pattern(Need::ChronicIllness),
            today.number()
        ],
        |row| {
            let needs: String = row.get(4)?;
            let mut needs = households::parse_needs(&needs);
            needs.sort_unstable();
            needs.dedup();
            Ok(CareDue {
                household: HouseholdId(row.get(0)?),
                door: row.get(1)?,
                resident: ResidentId(row.get(2)?),
                name: row.get(3)?,
                needs,
                last_met_at: row.get(5)?,
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}
