//! Finding a door or a person.

use rusqlite::{Connection, OptionalExtension, params};
use shared::ids::{AreaCode, HouseholdId, ResidentId};
use uuid::Uuid;

use super::{PAGE_MAX, areas, households};
use crate::api::SearchHit;
use crate::search::fts_query;
use crate::storage::StorageResult;

/// Households and residents that fit what was typed, best first.
pub(super) fn search(connection: &Connection, text: &str, limit: u32) -> StorageResult<Vec<SearchHit>> {
    let Some(query) = fts_query(text) else { return Ok(Vec::new()) };
    let mut statement =
        connection.prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rank, rowid LIMIT ?2")?;
    let rowids: Vec<i64> = statement
        .query_map(params![query, limit.min(PAGE_MAX)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut hits = Vec::with_capacity(rowids.len());
    for rowid in rowids {
        hits.extend(if rowid % 2 == 0 {
            household_hit(connection, rowid / 2)?
        } else {
            resident_hit(connection, rowid / 2)?
        });
    }
    Ok(hits)
}

fn household_hit(connection: &Connection, row: i64) -> StorageResult<Option<SearchHit>> {
    let mut statement = connection.prepare_cached("SELECT id, door, area FROM household WHERE row = ?1")?;
    let found: Option<(Uuid, String, String)> =
        statement.query_row([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((id, door, area)) = found else { return Ok(None) };
    let (names, _) = households::people(connection, id)?;
    Ok(Some(SearchHit {
        household: HouseholdId(id),
        door,
        area_name: area_name(connection, &area)?,
        resident: None,
        name: names.join("、"),
    }))
}

fn resident_hit(connection: &Connection, row: i64) -> StorageResult<Option<SearchHit>> {
    let mut statement = connection.prepare_cached(
        "SELECT resident.id, resident.name, resident.area, resident.household, coalesce(household.door, '')
         FROM resident LEFT JOIN household ON household.id = resident.household WHERE resident.row = ?1",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, Uuid>(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get::<_, Option<Uuid>>(3)?, row.get(4)?))
    };
    let Some((id, name, area, Some(household), door)) = statement.query_row([row], read).optional()? else {
        return Ok(None);
    };
    Ok(Some(SearchHit {
        household: HouseholdId(household),
        door,
        area_name: area_name(connection, &area)?,
        resident: Some(ResidentId(id)),
        name,
    }))
}

fn area_name(connection: &Connection, area: &str) -> StorageResult<String> {
    match AreaCode::new(area) {
        Ok(code) => areas::full_name(connection, &code),
        Err(_) => Ok(area.to_owned()),
    }
}
