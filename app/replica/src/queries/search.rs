//! Finding a door or a person.

use rusqlite::{Connection, OptionalExtension, params};
use shared::ids::{AreaCode, HouseholdId, ResidentId};
use uuid::Uuid;

use super::{PAGE_MAX, areas, households};
use crate::api::SearchHit;
use crate::search::{fts_query, person_at_door};
use crate::storage::StorageResult;
use crate::storage::duplicates::kept;

/// Households and residents that fit what was typed, best first.
pub(crate) fn search(connection: &Connection, text: &str, limit: u32) -> StorageResult<Vec<SearchHit>> {
    let limit = limit.min(PAGE_MAX);
    let mut rowids: Vec<i64> = match fts_query(text) {
        Some(query) => connection
            .prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rank, rowid LIMIT ?2")?
            .query_map(params![query, limit], |row| row.get(0))?
            .collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    if let (true, Some((person, door))) = (rowids.is_empty(), person_at_door(text)) {
        rowids = at_door(connection, &person, &door, limit)?;
    }
    let mut hits: Vec<SearchHit> = Vec::with_capacity(rowids.len());
    for rowid in rowids {
        let hit = if rowid % 2 == 0 {
            household_hit(connection, rowid / 2)?
        } else {
            resident_hit(connection, rowid / 2)?
        };
        // A duplicate leads to the record that stands for it, which may be found by itself too.
        hits.extend(hit.filter(|hit| {
            let same = |known: &SearchHit| (known.household, known.resident) == (hit.household, hit.resident);
            !hits.iter().any(same)
        }));
    }
    Ok(hits)
}

/// "wang 3-2": the name is a resident's, the door their household's.
fn at_door(connection: &Connection, person: &str, door: &str, limit: u32) -> StorageResult<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT resident.row * 2 + 1 FROM resident JOIN household ON household.id = resident.household
         WHERE resident.row * 2 + 1 IN (SELECT rowid FROM search WHERE search MATCH ?1)
           AND household.row * 2 IN (SELECT rowid FROM search WHERE search MATCH ?2)
         ORDER BY household.door_order, resident.row LIMIT ?3",
    )?;
    let rows = statement.query_map(params![person, door, limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn household_hit(connection: &Connection, row: i64) -> StorageResult<Option<SearchHit>> {
    let mut statement = connection.prepare_cached("SELECT id, door, area FROM household WHERE row = ?1")?;
    let found: Option<(Uuid, String, String)> = statement
        .query_row([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((id, door, area)) = found else {
        return Ok(None);
    };
    let id = kept(connection, id)?;
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
        Ok((
            row.get::<_, Uuid>(0)?,
            row.get(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, Option<Uuid>>(3)?,
            row.get(4)?,
        ))
    };
    let Some((id, name, area, Some(household), door)) = statement.query_row([row], read).optional()? else {
        return Ok(None);
    };
    Ok(Some(SearchHit {
        household: HouseholdId(kept(connection, household)?),
        door,
        area_name: area_name(connection, &area)?,
        resident: Some(ResidentId(kept(connection, id)?)),
        name,
    }))
}

fn area_name(connection: &Connection, area: &str) -> StorageResult<String> {
    match AreaCode::new(area) {
        Ok(code) => areas::full_name(connection, &code),
        Err(_) => Ok(area.to_owned()),
    }
}
