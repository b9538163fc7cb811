//! Areas and their names.

use rusqlite::{Connection, OptionalExtension};
use shared::domain::area::Area;
use shared::ids::AreaCode;

use crate::api::{Holding, HoldingsPage};
use crate::storage::{StorageError, StorageResult, held_areas, moves};

/// Households that are named as gone to another grid.
const DEPARTED_MAX: u32 = 50;

fn collect(connection: &Connection, sql: &str) -> StorageResult<Vec<Area>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut areas = Vec::new();
    for row in rows {
        let (code, name) = row?;
        let code = AreaCode::new(&code).map_err(|_| StorageError::Inconsistent { table: "area" })?;
        // Nobody works in a common area; what lies in it reaches down.
        if !code.is_common() {
            areas.push(Area { code, name });
        }
    }
    Ok(areas)
}

/// The areas assigned to the worker, by code.
pub(crate) fn assigned(connection: &Connection) -> StorageResult<Vec<Area>> {
    collect(
        connection,
        "SELECT assigned.area, coalesce(area.name, assigned.area)
         FROM assigned LEFT JOIN area ON area.code = assigned.area ORDER BY assigned.area",
    )
}

/// Every area whose name is known here, by code.
pub(crate) fn all(connection: &Connection) -> StorageResult<Vec<Area>> {
    collect(connection, "SELECT code, name FROM area ORDER BY code")
}

/// The name of a grid with its community's before it; the code when nothing is known.
pub(super) fn full_name(connection: &Connection, code: &AreaCode) -> StorageResult<String> {
    let name = |code: &AreaCode| -> StorageResult<Option<String>> {
        let mut statement = connection.prepare_cached("SELECT name FROM area WHERE code = ?1")?;
        Ok(statement
            .query_row([code.as_str()], |row| row.get(0))
            .optional()?)
    };
    let own = name(code)?.unwrap_or_else(|| code.to_string());
    let around = match code.parent().filter(|_| code.as_str().len() == 15) {
        Some(parent) => name(&parent)?,
        None => None,
    };
    Ok(around.map_or(own.clone(), |around| format!("{around} {own}")))
}

/// Which areas are and were assigned here, and what went with them.
pub(crate) fn holdings(connection: &Connection) -> StorageResult<HoldingsPage> {
    let areas = held_areas::all(connection)?
        .into_iter()
        .filter(|held| !held.area.is_common())
        .map(|held| {
            Ok(Holding {
                name: full_name(connection, &held.area)?,
                area: held.area,
                since: held.since,
                ended_at: held.ended_at,
                removed: held.removed,
                waiting: held.waiting,
            })
        })
        .collect::<StorageResult<_>>()?;
    Ok(HoldingsPage {
        areas,
        departed: moves::departed(connection, DEPARTED_MAX)?,
    })
}
