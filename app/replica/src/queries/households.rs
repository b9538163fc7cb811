//! Households in lists.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use shared::clock::TimestampMs;
use shared::domain::household::Tenure;
use shared::domain::visit::Purpose;
use shared::domain::{CalendarDate, Need};
use shared::ids::{AreaCode, HouseholdId};
use uuid::Uuid;

use super::{end_of, shown, wishes};
use crate::api::{BuildingSummary, HouseholdSummary};
use crate::storage::StorageResult;
use crate::storage::duplicates::GROUP;

/// The most doors of one building that are listed.
pub(super) const DOORS_MAX: u32 = 2_000;

/// Buildings by area and number.
pub(crate) fn buildings(
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
pub(crate) fn doors(
    connection: &Connection,
    area: &AreaCode,
    building: &str,
    now_ms: TimestampMs,
) -> StorageResult<Vec<HouseholdSummary>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, door, tenure FROM household
         WHERE area = ?1 AND building = ?2 AND removed = 0 AND {} ORDER BY door_order LIMIT ?3",
        shown("household")
    ))?;
    let rows = statement.query_map(params![area.as_str(), building, DOORS_MAX], |row| {
        Ok((row.get::<_, Uuid>(0)?, row.get(1)?, row.get::<_, Option<u64>>(2)?))
    })?;
    let today = CalendarDate::of_ms(now_ms);
    let mut households = Vec::new();
    for row in rows {
        let (id, door, tenure) = row?;
        let (names, needs) = people(connection, id)?;
        let (wishes, _) = wishes::of(connection, id)?;
        households.push(HouseholdSummary {
            id: HouseholdId(id),
            area: area.clone(),
            door,
            names,
            vacant: tenure == Some(Tenure::Vacant.number()),
            needs,
            last_met_at: last_met(connection, id)?,
            no_visit_before: wishes.no_visit_before.filter(|day| *day > today),
            not_alone: wishes.not_alone,
            warnings: wishes.warnings,
        });
    }
    Ok(households)
}

/// Names, head first, and needs of the people behind a door; of somebody who is recorded twice, of both records.
pub(super) fn people(connection: &Connection, household: Uuid) -> StorageResult<(Vec<String>, Vec<Need>)> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT name, {NEEDS_OF_ALL} FROM resident WHERE household IN {GROUP} AND removed = 0 AND {}
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
pub(crate) fn parse_needs(column: &str) -> Vec<Need> {
    column
        .split(',')
        .filter_map(|number| Need::from_number(number.parse().ok()?))
        .collect()
}

/// The needs of `resident` and of the records that are shown under it, as [`parse_needs`] reads them.
pub(super) const NEEDS_OF_ALL: &str = "resident.needs || coalesce((SELECT group_concat(other.needs, '') \
    FROM duplicate JOIN resident AS other ON other.id = duplicate.id \
    WHERE duplicate.kept = resident.id AND other.removed = 0), '')";

/// A condition: on `visit` the `resident`, who lives at `household`, was met: this person, or a record that is shown under
/// theirs, is named. The index `visit_by_household` answers it alone.
pub(super) const MET_PERSON: &str = "visit.removed = 0 AND visit.outcome = 1 \
      AND visit.household IN (SELECT household.id \
          UNION ALL SELECT duplicate.id FROM duplicate WHERE duplicate.kept = household.id \
          UNION ALL SELECT other.household FROM duplicate JOIN resident AS other ON other.id = duplicate.id \
                    WHERE duplicate.kept = resident.id) \
      AND (instr(visit.met, resident.id) % 16 = 1 \
           OR EXISTS (SELECT 1 FROM duplicate \
                      WHERE duplicate.kept = resident.id AND instr(visit.met, duplicate.id) % 16 = 1))";

/// The same of somebody of whom, as of their household, there is one record: most people.
const MET_PERSON_ONCE: &str = "visit.removed = 0 AND visit.outcome = 1 AND visit.household = household.id \
      AND instr(visit.met, resident.id) % 16 = 1";

/// When `resident`, who lives at `household`, was last met by a visit of one of these purposes; of any when there are none.
pub(super) fn last_met_person(purposes: &BTreeSet<Purpose>) -> String {
    let numbers: Vec<String> = purposes
        .iter()
        .map(|purpose| purpose.number().to_string())
        .collect();
    let counts = match numbers.is_empty() {
        true => String::new(),
        false => format!(" AND visit.purpose IN ({})", numbers.join(", ")),
    };
    let last = |met: &str| format!("(SELECT max(visit.started_at) FROM visit WHERE {met}{counts})");
    format!(
        "CASE WHEN EXISTS (SELECT 1 FROM duplicate WHERE duplicate.kept IN (resident.id, household.id))
         THEN {} ELSE {} END",
        last(MET_PERSON),
        last(MET_PERSON_ONCE)
    )
}

/// When somebody, whoever it was, was last met behind a door.
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
