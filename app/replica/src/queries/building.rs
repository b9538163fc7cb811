//! A building as one stands in front of it: every door, and how it stands. The whole building is read by four
//! statements, however many doors it has.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, Row, params};
use shared::clock::TimestampMs;
use shared::domain::door::{DoorFacts, DoorState, PassedBy, Stop, next_on_walk};
use shared::domain::household::{DoorWarning, Tenure};
use shared::domain::visit::Outcome;
use shared::domain::{CalendarDate, Household};
use shared::ids::{AreaCode, HouseholdId};
use uuid::Uuid;

use super::households::DOORS_MAX;
use super::shown;
use crate::api::{DoorCell, WalkOn};
use crate::storage::StorageResult;

/// What is read of a door before its state is known.
#[derive(Default)]
struct Door {
    /// Door, tenure and limits, with those of every record that is shown under it.
    household: Household,
    names: Vec<String>,
    facts: DoorFacts,
}

/// The doors of one building as they stand at `now_ms`.
pub(crate) fn building(
    connection: &Connection,
    area: &AreaCode,
    building: &str,
    now_ms: TimestampMs,
) -> StorageResult<Vec<DoorCell>> {
    let today = CalendarDate::of_ms(now_ms);
    let at = (area, building);
    let mut doors = households(connection, at)?;
    add_names(connection, at, &mut doors)?;
    add_last_visits(connection, at, &mut doors)?;
    add_promises(connection, at, &mut doors)?;
    let cell = |(id, door)| cell(HouseholdId(id), door, today);
    Ok(doors.into_iter().map(cell).collect())
}

/// The next door of the walk, and whom it passes by on the way there.
pub(crate) fn next_door(
    connection: &Connection,
    area: &AreaCode,
    in_building: &str,
    after: Option<HouseholdId>,
    now_ms: TimestampMs,
) -> StorageResult<WalkOn> {
    let cells = building(connection, area, in_building, now_ms)?;
    let stops: Vec<Stop<'_>> = cells.iter().map(stop).collect();
    let here = after.and_then(|after| cells.iter().position(|cell| cell.household == after));
    let found = next_on_walk(&stops, here);
    let take = |index: usize| cells.get(index).cloned();
    let is_told = |cell: &DoorCell| cell.passed_by != Some(PassedBy::KnockedToday);
    Ok(WalkOn {
        next: found.next.and_then(take),
        passed: found
            .passed
            .into_iter()
            .filter_map(take)
            .filter(is_told)
            .collect(),
    })
}

fn stop(cell: &DoorCell) -> Stop<'_> {
    let (door, passed_by) = (cell.door.as_str(), cell.passed_by);
    Stop { door, passed_by }
}

fn cell(household: HouseholdId, door: Door, today: CalendarDate) -> DoorCell {
    let facts = DoorFacts {
        no_visit_before: door.household.no_visit_before,
        vacant: door.household.tenure == Some(Tenure::Vacant),
        ..door.facts
    };
    let (state, day) = DoorState::of(&facts, today);
    let knocked_today = facts.last.is_some_and(|(_, at)| CalendarDate::of_ms(at) == today);
    let passed_by = match state {
        DoorState::NoVisit => Some(PassedBy::NoVisit),
        DoorState::Vacant => Some(PassedBy::Vacant),
        _ if knocked_today => Some(PassedBy::KnockedToday),
        _ => None,
    };
    DoorCell {
        household,
        door: door.household.door,
        names: door.names,
        state,
        day,
        not_alone: door.household.not_alone,
        warnings: door.household.warnings,
        passed_by,
    }
}

/// Where: the grid and the building.
type At<'a> = (&'a AreaCode, &'a str);

/// Prepares a statement about `member`: every record of the households of a building (`?1`, `?2`), with the household
/// under which it is shown.
fn prepare<'c>(connection: &'c Connection, select: &str) -> StorageResult<CachedStatement<'c>> {
    let is_shown = shown("household");
    Ok(connection.prepare_cached(&format!(
        "WITH here AS MATERIALIZED (
             SELECT id FROM household WHERE area = ?1 AND building = ?2 AND removed = 0 AND {is_shown}
             ORDER BY door_order, id LIMIT {DOORS_MAX}),
         member AS MATERIALIZED (
             SELECT id AS kept, id FROM here
             UNION ALL SELECT duplicate.kept, duplicate.id FROM here JOIN duplicate ON duplicate.kept = here.id)
         {select}"
    ))?)
}

/// Runs a statement of [`prepare`] whose first column is the household, and hands each row to its door.
fn each_row(
    connection: &Connection,
    (area, building): At<'_>,
    select: &str,
    doors: &mut BTreeMap<Uuid, Door>,
    add: impl Fn(&mut Door, &Row<'_>) -> rusqlite::Result<()>,
) -> StorageResult<()> {
    let mut statement = prepare(connection, select)?;
    let mut rows = statement.query(params![area.as_str(), building])?;
    while let Some(row) = rows.next()? {
        add(doors.entry(row.get(0)?).or_default(), row)?;
    }
    Ok(())
}

/// The households with what every record of them warns of.
fn households(connection: &Connection, at: At<'_>) -> StorageResult<BTreeMap<Uuid, Door>> {
    let select = "SELECT kept, member.id = kept, door, tenure, no_visit_before, not_alone, warnings
         FROM member JOIN household ON household.id = member.id WHERE removed = 0";
    let mut doors = BTreeMap::new();
    each_row(connection, at, select, &mut doors, |door, row| {
        let tenure: Option<u64> = row.get(3)?;
        let limit: Option<i64> = row.get(4)?;
        let warnings: String = row.get(6)?;
        let record = Household {
            no_visit_before: limit.and_then(|number| CalendarDate::try_from(number).ok()),
            not_alone: row.get::<_, Option<i64>>(5)? == Some(1),
            warnings: parse_warnings(&warnings),
            ..Household::default()
        };
        door.household.heed(&record);
        if row.get(1)? {
            door.household.door = row.get(2)?;
            door.household.tenure = tenure.and_then(Tenure::from_number);
        }
        Ok(())
    })?;
    Ok(doors)
}

/// Warnings from their column.
fn parse_warnings(column: &str) -> Vec<DoorWarning> {
    column
        .split(',')
        .filter_map(|number| DoorWarning::from_number(number.parse().ok()?))
        .collect()
}

fn add_names(connection: &Connection, at: At<'_>, doors: &mut BTreeMap<Uuid, Door>) -> StorageResult<()> {
    let select = format!(
        "SELECT kept, name FROM member JOIN resident ON resident.household = member.id
         WHERE removed = 0 AND {} ORDER BY coalesce(relation, 99), row",
        shown("resident")
    );
    each_row(connection, at, &select, doors, |door, row| {
        door.names.push(row.get(1)?);
        Ok(())
    })
}

/// How the last visit went. One that went in a way that this version does not know is not counted.
fn add_last_visits(
    connection: &Connection,
    at: At<'_>,
    doors: &mut BTreeMap<Uuid, Door>,
) -> StorageResult<()> {
    let select = format!(
        "SELECT kept, outcome, started_at FROM member JOIN visit ON visit.row = (
             SELECT last.row FROM visit AS last
             WHERE last.household = member.id AND last.removed = 0 AND last.outcome BETWEEN 1 AND {}
             ORDER BY last.started_at DESC, last.id DESC LIMIT 1)
         ORDER BY visit.started_at, visit.id",
        Outcome::ALL.len()
    );
    each_row(connection, at, &select, doors, |door, row| {
        let started_at: Option<TimestampMs> = row.get(2)?;
        if let Some(outcome) = Outcome::from_number(row.get(1)?) {
            door.facts.last = Some((outcome, started_at.unwrap_or(0)));
        }
        Ok(())
    })
}

/// The open promise that is due first; one without a day comes last.
fn add_promises(connection: &Connection, at: At<'_>, doors: &mut BTreeMap<Uuid, Door>) -> StorageResult<()> {
    let select = "SELECT kept, promise_due FROM member JOIN visit ON visit.household = member.id
         WHERE removed = 0 AND promise <> '' AND promise_kept_on IS NULL
         ORDER BY promise_due IS NOT NULL, promise_due DESC";
    each_row(connection, at, select, doors, |door, row| {
        let due: Option<i64> = row.get(1)?;
        door.facts.promise = Some(due.and_then(|number| CalendarDate::try_from(number).ok()));
        Ok(())
    })
}
