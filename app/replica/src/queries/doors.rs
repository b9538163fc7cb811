//! Who lives at a door already.

use rusqlite::{Connection, params};
use shared::domain::door::DoorNumber;
use shared::ids::{AreaCode, HouseholdId};
use uuid::Uuid;

use super::{areas, end_of, households};
use crate::api::AtDoorEntry;
use crate::storage::StorageResult;
use crate::storage::duplicates::kept;

/// The most households at one door that are named.
const AT_DOOR_MAX: u32 = 10;

/// The households of the same community at this door, in whatever spelling it is typed; those of the grid first. Of one
/// that is shown under another, the other one. None while what is typed is no door.
pub(crate) fn at_door(
    connection: &Connection,
    grid: &AreaCode,
    typed: &str,
    besides: Option<HouseholdId>,
) -> StorageResult<Vec<AtDoorEntry>> {
    let Ok(door) = DoorNumber::parse(typed) else {
        return Ok(Vec::new());
    };
    let community = grid.parent().unwrap_or_else(|| grid.clone());
    let mut statement = connection.prepare_cached(
        "SELECT id, area FROM household
         WHERE door = ?1 AND removed = 0 AND area >= ?2 AND area < ?3 ORDER BY area <> ?4, area, row LIMIT ?5",
    )?;
    let (from, until) = (community.as_str(), end_of(community.as_str()));
    let rows = statement.query_map(
        params![door.to_string(), from, until, grid.as_str(), AT_DOOR_MAX],
        |row| Ok((row.get::<_, Uuid>(0)?, row.get::<_, String>(1)?)),
    )?;
    let mut entries: Vec<AtDoorEntry> = Vec::new();
    for row in rows {
        let (id, area) = row?;
        let id = HouseholdId(kept(connection, id)?);
        let (Ok(area), false) = (AreaCode::new(&area), Some(id) == besides) else {
            continue;
        };
        if entries.iter().any(|entry| entry.household == id) {
            continue;
        }
        entries.push(AtDoorEntry {
            household: id,
            door: door.to_string(),
            area_name: areas::full_name(connection, &area)?,
            same_grid: area == *grid,
            names: households::people(connection, id.0)?.0,
        });
    }
    Ok(entries)
}
