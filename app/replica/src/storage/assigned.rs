//! Which areas are assigned here, and up to where each is held.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction};
use shared::domain::area::Area;
use shared::ids::AreaCode;

use super::{StorageError, StorageResult, meta};

/// The assigned areas and up to where they are held here.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn cursors(connection: &Connection) -> StorageResult<BTreeMap<AreaCode, u64>> {
    let mut statement = connection.prepare_cached("SELECT area, cursor FROM assigned ORDER BY area")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut areas = BTreeMap::new();
    for row in rows {
        let (area, cursor) = row?;
        let code = AreaCode::new(&area).map_err(|_| StorageError::Inconsistent { table: "assigned" })?;
        areas.insert(code, cursor);
    }
    Ok(areas)
}

/// Whether an area lies in one that is assigned here. What only reaches down from a common area is held and not written.
///
/// # Errors
/// A failing database.
pub(crate) fn works_in(connection: &Connection, area: &AreaCode) -> StorageResult<bool> {
    let assigned = cursors(connection)?;
    let mut own = assigned.keys().filter(|own| !own.is_common());
    Ok(own.any(|own| area.is_within(own)))
}

/// Areas with their names, as a statement finds them: none that are common.
pub(crate) fn named(connection: &Connection, sql: &str) -> StorageResult<Vec<Area>> {
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

/// The assigned areas with their names, by code.
pub(crate) fn areas(connection: &Connection) -> StorageResult<Vec<Area>> {
    named(
        connection,
        "SELECT assigned.area, coalesce(area.name, assigned.area)
         FROM assigned LEFT JOIN area ON area.code = assigned.area ORDER BY assigned.area",
    )
}

/// Begins to hold an area.
pub(crate) fn begin(transaction: &Transaction<'_>, area: &AreaCode) -> StorageResult<()> {
    transaction
        .prepare_cached("INSERT OR IGNORE INTO assigned (area) VALUES (?1)")?
        .execute([area.as_str()])?;
    Ok(())
}

/// Set while records of areas that are not assigned may lie here.
pub(super) const LEFT_OVER: &str = "areas_left_over";

/// Notes that something lies in an area: a form may be finished after the area went to somebody else, and a household
/// may be moved.
pub(super) fn note_area(transaction: &Transaction<'_>, area: &AreaCode) -> StorageResult<()> {
    match cursors(transaction)?
        .keys()
        .any(|assigned| area.is_within(assigned))
    {
        true => Ok(()),
        false => meta::set(transaction, LEFT_OVER, &true),
    }
}
