//! How our types stand in columns.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use shared::change::Operation;
use shared::change::hash::ChainHash;
use shared::domain::worker::{Role, Worker};
use shared::ids::{AreaCode, EpochId, WorkerId};
use uuid::Uuid;

use crate::storage::{StorageError, StorageResult};

/// A number as SQLite keeps it. Ours all fit: sequence numbers are checked when a push is prepared.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn uint(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

pub(super) fn chain(row: &Row<'_>, column: usize) -> rusqlite::Result<ChainHash> {
    row.get(column).map(ChainHash)
}

pub(super) fn area(row: &Row<'_>, column: usize) -> rusqlite::Result<AreaCode> {
    let text: String = row.get(column)?;
    AreaCode::new(&text).map_err(|error| conversion(column, Type::Text, error))
}

pub(super) fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let number = uint(row, column)?;
    let known = Role::from_number(number);
    known.ok_or(rusqlite::Error::IntegralValueOutOfRange(
        column,
        i64::try_from(number).unwrap_or(i64::MAX),
    ))
}

/// A worker from the columns id, name, role that begin at `column`.
pub(super) fn worker(row: &Row<'_>, column: usize) -> rusqlite::Result<Worker> {
    Ok(Worker {
        id: WorkerId(uuid(row, column)?),
        name: row.get(column + 1)?,
        role: role(row, column + 2)?,
    })
}

fn conversion(
    column: usize,
    from: Type,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, from, Box::new(error))
}

/// An operation from the bytes that were hashed.
pub(super) fn operation(table: &'static str, body: &[u8]) -> StorageResult<Operation> {
    postcard::from_bytes(body).map_err(|_| StorageError::Inconsistent { table })
}

/// The next life of the database.
pub(super) fn begin_epoch(connection: &Connection, epoch: EpochId) -> StorageResult<()> {
    connection.execute("UPDATE meta SET epoch = ?1", [epoch.0.as_bytes()])?;
    Ok(())
}

pub(super) fn epoch(connection: &Connection) -> StorageResult<EpochId> {
    Ok(connection
        .query_row("SELECT epoch FROM meta", [], |row| uuid(row, 0))
        .map(EpochId)?)
}

/// What sorts behind every code inside `area` and before its next sibling: codes are digits and `-`.
pub(super) fn behind(area: &AreaCode) -> String {
    format!("{area}~")
}

/// The areas assigned to a worker now, none inside another, in order.
pub(super) fn scope(connection: &Connection, worker: WorkerId) -> StorageResult<Vec<AreaCode>> {
    let mut statement = connection
        .prepare_cached("SELECT area FROM assignment WHERE worker = ?1 AND ended_at = 0 ORDER BY area")?;
    let areas = statement
        .query_map([worker.0.as_bytes()], |row| area(row, 0))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut scope: Vec<AreaCode> = Vec::with_capacity(areas.len());
    // In this order an area follows the one that contains it.
    for area in areas {
        if !scope.last().is_some_and(|outer| area.is_within(outer)) {
            scope.push(area);
        }
    }
    Ok(scope)
}

pub(super) fn area_exists(connection: &Connection, code: &AreaCode) -> StorageResult<bool> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM area WHERE code = ?1")?;
    Ok(statement
        .query_row([code.as_str()], |_| Ok(()))
        .optional()?
        .is_some())
}

/// Devices ask for the directory again after this.
pub(super) fn directory_changed(connection: &Connection) -> StorageResult<()> {
    connection.execute("UPDATE meta SET directory_version = directory_version + 1", [])?;
    Ok(())
}
