//! What is lent to a unit for which the worker of this device works: the only thing that such a device holds.
//!
//! It says "lent" by the steps of the issue, as the server does. While it is lent the issue lies here in the unit's area,
//! with its photos; when it is not any more it lies where it was made, which is no area of this device's, and goes like
//! everything of an area that is not assigned: once own work about it is receipted.

use rusqlite::{Connection, Transaction};
use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::guards::{self, Guard};
use shared::ids::AreaCode;
use uuid::Uuid;

use super::{StorageError, StorageResult, assigned, moves, records};

/// The areas of units that are assigned here; none on the device of who works in areas.
pub(super) fn units(connection: &Connection) -> StorageResult<Vec<AreaCode>> {
    unit_areas(
        connection,
        "SELECT area FROM assigned WHERE area >= 'u' AND area < 'v' ORDER BY area",
    )
}

fn unit_areas(connection: &Connection, sql: &str) -> StorageResult<Vec<AreaCode>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut units = Vec::new();
    for area in rows {
        units.push(AreaCode::new(&area?).map_err(|_| StorageError::Inconsistent { table: "assigned" })?);
    }
    Ok(units)
}

/// The same, and those that were assigned here once: a form that was open then can still be finished.
fn units_ever(connection: &Connection) -> StorageResult<Vec<AreaCode>> {
    let mut all = units(connection)?;
    all.extend(unit_areas(
        connection,
        "SELECT area FROM held_area WHERE ended_at > 0 AND area >= 'u' AND area < 'v' ORDER BY ended_at DESC",
    )?);
    Ok(all)
}

/// Where an issue lies on a device of these units.
pub(super) fn home(units: &[AreaCode], state: &RecordState) -> AreaCode {
    let lent = state.lent(RecordKind::ISSUE).map(|lent| lent.area());
    // Without the guard what was here once stays.
    let stays = (!guards::holds(Guard::TakeBack)).then(|| state.area().clone());
    let held = lent.into_iter().chain(stays).find(|area| units.contains(area));
    held.unwrap_or_else(|| state.made_in().clone())
}

/// Whether an operation from a unit's log is of something that is not here, and does not make it: it was lent and is not
/// any more, or lies beside such a one.
pub(super) fn is_of_nothing(connection: &Connection, operation: &Operation) -> StorageResult<bool> {
    let record = operation.record;
    if moves::is_here(connection, record)? {
        return Ok(false);
    }
    let says = |needed| operation.change.writes.iter().any(|write| write.field == needed);
    if record.kind.never_without().is_some_and(|needed| !says(needed)) {
        return Ok(true);
    }
    match record.kind.lies_beside(&operation.change) {
        Some(other) if record.kind != RecordKind::ISSUE => Ok(!moves::is_here(connection, other)?),
        _ => Ok(false),
    }
}

/// What was closed long enough ago is not lent any more, by the server's clock.
pub(super) fn end(transaction: &Transaction<'_>, server_ms: TimestampMs) -> StorageResult<()> {
    for unit in units(transaction)? {
        let finished: Vec<Uuid> = transaction
            .prepare_cached("SELECT id FROM issue WHERE area = ?1 AND finished = 1")?
            .query_map([unit.as_str()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for issue in finished {
            let record = RecordRef::new(RecordKind::ISSUE, issue);
            let read = records::load(transaction, record);
            let Some(state) = records::whole(transaction, record, read)? else {
                continue;
            };
            let is_over = state
                .lent(record.kind)
                .is_some_and(|lent| lent.is_over(server_ms));
            if is_over && guards::holds(Guard::TakeBack) {
                moves::goes(transaction, record, state.made_in())?;
            }
        }
    }
    Ok(())
}

/// Where something about an issue, or beside it, is recorded: where it lies; of what is not lent here any more in the
/// area of the unit of this device's to which it was sent last, so that what was done in time is taken.
pub(crate) fn recorded_in(connection: &Connection, state: &RecordState) -> StorageResult<AreaCode> {
    let units = units_ever(connection)?;
    if !units.is_empty() && !assigned::works_in(connection, state.area())? {
        let named = state.events().into_iter().rev().filter_map(|step| {
            let unit: Uuid = step.event.target.parse().ok()?;
            Some(AreaCode::of_unit(unit))
        });
        if let Some(unit) = named.into_iter().find(|area| units.contains(area)) {
            return Ok(unit);
        }
    }
    Ok(state.area().clone())
}
