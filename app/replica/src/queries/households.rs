//! Households in lists.

use rusqlite::{Connection, params};
use shared::clock::TimestampMs;
use shared::domain::household::Tenure;
use shared::domain::{CalendarDate, Need};
use shared::ids::{AreaCode, HouseholdId};
use uuid::Uuid;

use super::duplicates::shown;
use super::end_of;
use crate::api::{BuildingSummary, HouseholdSummary};
use crate::storage::StorageResult;
use crate::storage::duplicates::GROUP;

/// The most doors of one building that are listed.
const DOORS_MAX: u32 = 2_000;

/// Buildings by area and number.
pub(super) fn buildings(
    connection: &Connection,
    area: Option<&AreaCode>,
) -> StorageResult<Vec<BuildingSummary>> {
    let code = area.map(AreaCode::as_str);
    let (households, residents) = (shown("household"), shown("resident"));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT area, building, sum({households}), sum(tenure IS ?3 AND {households}),
                sum((SELECT count(*) FROM resident
                     WHERE resident.household = household.id AND resident.removed = 0 AND {residents}))
         FROM household WHERE removed = 0 AND (?1 IS NULL OR (area >= ?1 AND area < ?2))
         GROUP BY area, building ORDER BY area, min(door_order)"
    ))?;
    let vacant = Tenure::Vacant.number();
    let rows = statement.query_map(params![code, code.map(end_of), vacant], |row| {
        let area: String = row.get(0)?;
        Ok((area, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    })?;
    let mut buildings = Vec::new();
    for row in rows {
        let (area, building, households, vacant, residents) = row?;
        if let Ok(area) = AreaCode::new(&area) {
            buildings.push(BuildingSummary {
                area,
                building,
                households,
                vacant,
                residents,
            });
        }
    }
    Ok(buildings)
}

/// The households of one building by unit, floor and door.
pub(super) fn doors(
    connection: &Connection,
    area: &AreaCode,
    building: &str,
    now_ms: TimestampMs,
) -> StorageResult<Vec<HouseholdSummary>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, door, tenure, no_visit_before FROM household
         WHERE area = ?1 AND building = ?2 AND removed = 0 AND {} ORDER BY door_order LIMIT ?3",
        shown("household")
    ))?;
    let rows = statement.query_map(params![area.as_str(), building, DOORS_MAX], |row| {
        Ok((
            row.get::<_, Uuid>(0)?,
            row.get(1)?,
            row.get::<_, Option<u64>>(2)?,
            row.get::<_, Option<i64>>(3)?,
        ))
    })?;
    let today = CalendarDate::of_ms(now_ms);
    let mut households = Vec::new();
    for row in rows {
        let (id, door, tenure, no_visit_before) = row?;
        let (names, needs) = people(connection, id)?;
        households.push(HouseholdSummary {
            id: HouseholdId(id),
            area: area.clone(),
            door,
            names,
            vacant: tenure == Some(Tenure::Vacant.number()),
            needs,
            last_met_at: last_met(connection, id)?,
            no_visit_before: no_visit_before
                .and_then(|number| CalendarDate::try_from(number).ok())
                .filter(|day| *day > today),
        });
    }
    Ok(households)
}

/// Names, head first, and needs of the people behind a door.
pub(super) fn people(connection: &Connection, household: Uuid) -> StorageResult<(Vec<String>, Vec<Need>)> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT name, needs FROM resident WHERE household IN {GROUP} AND removed = 0 AND {}
         ORDER BY coalesce(relation, 99), row",
        shown("resident")
    ))?;
    let rows = statement.query_map([household], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let (mut names, mut needs) = (Vec::new(), Vec::new());
    for row in rows {
        let (name, listed) = row?;
        names.push(name);
        needs.extend(parse_needs(&listed));
    }
    needs.sort_unstable();
    needs.dedup();
    Ok((names, needs))
}

/// Needs from their column.
pub(super) fn parse_needs(column: &str) -> Vec<Need> {
    column
        .split(',')
        .filter_map(|number| Need::from_number(number.parse().ok()?))
        .collect()
}

/// When somebody was last met behind a door.
pub(super) fn last_met(connection: &Connection, household: Uuid) -> StorageResult<Option<TimestampMs>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT max(started_at) FROM visit WHERE household IN {GROUP} AND removed = 0 AND outcome = 1"
    ))?;
    Ok(statement.query_row([household], |row| row.get(0))?)
}

/// Counts the households or residents that lists show.
pub(super) fn count_shown(table: &str) -> String {
    format!(
        "SELECT (SELECT count(*) FROM {table} WHERE removed = 0)
              - (SELECT count(*) FROM duplicate JOIN {table} ON {table}.id = duplicate.id WHERE removed = 0)"
    )
}
