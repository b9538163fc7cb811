//! Areas and their names.

use rusqlite::{Connection, OptionalExtension};
use shared::domain::area::Area;
use shared::ids::AreaCode;

use crate::api::{Holding, HoldingsPage};
use crate::storage::{StorageResult, assigned, held_areas, moves};

/// Households that are named as gone to another grid.
const DEPARTED_MAX: u32 = 50;

/// Every area whose name is known here, by code.
pub(crate) fn all(connection: &Connection) -> StorageResult<Vec<Area>> {
    assigned::named(connection, "SELECT code, name FROM area ORDER BY code")
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
