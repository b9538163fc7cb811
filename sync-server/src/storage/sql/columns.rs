//! How our types stand in columns.

use std::collections::BTreeSet;

use shared::change::Operation;
use shared::change::hash::ChainHash;
use shared::domain::rights::Roles;
use shared::domain::worker::{Role, Worker};
use shared::guards::{self, Guard};
use shared::ids::{AreaCode, EpochId, WorkerId};
use uuid::Uuid;

use super::tx::{Row, Tx};
use super::value::values;
use crate::storage::{StorageError, StorageResult};

/// A number as a database keeps it. Ours all fit: sequence numbers are checked when a push is prepared.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn uint(row: &Row<'_>, column: usize) -> StorageResult<u64> {
    row.get(column)
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> StorageResult<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

pub(super) fn chain(row: &Row<'_>, column: usize) -> StorageResult<ChainHash> {
    row.get(column).map(ChainHash)
}

pub(super) fn area(row: &Row<'_>, column: usize) -> StorageResult<AreaCode> {
    let text: String = row.get(column)?;
    AreaCode::new(&text).map_err(|_| StorageError::Inconsistent { table: "area" })
}

pub(super) fn role(row: &Row<'_>, column: usize) -> StorageResult<Role> {
    Role::from_number(row.get(column)?).ok_or(StorageError::Inconsistent { table: "worker" })
}

/// A worker from the columns id, name, role that begin at `column`.
pub(super) fn worker(row: &Row<'_>, column: usize) -> StorageResult<Worker> {
    Ok(Worker {
        id: WorkerId(uuid(row, column)?),
        name: row.get(column + 1)?,
        role: role(row, column + 2)?,
    })
}

/// An operation from the bytes that were hashed.
pub(super) fn operation(table: &'static str, body: &[u8]) -> StorageResult<Operation> {
    postcard::from_bytes(body).map_err(|_| StorageError::Inconsistent { table })
}

pub(super) fn epoch(connection: Tx<'_>) -> StorageResult<EpochId> {
    connection
        .query_row("SELECT epoch FROM meta", values![], |row| uuid(row, 0))
        .map(EpochId)
}

/// What sorts behind every code inside `area` and before its next sibling: codes are digits, letters and `-`.
pub(super) fn behind(area: &AreaCode) -> String {
    format!("{area}~")
}

/// The areas of which a worker holds all now, none inside another: those assigned, in order, then the common ones that
/// reach down to them.
pub(super) fn scope(connection: Tx<'_>, worker: WorkerId) -> StorageResult<Vec<AreaCode>> {
    Ok(with_common(assigned(connection, worker)?))
}

/// These areas, and the common ones that reach down to them.
pub(super) fn with_common(mut scope: Vec<AreaCode>) -> Vec<AreaCode> {
    if !guards::holds(Guard::ReachDown) {
        return scope;
    }
    let common: BTreeSet<AreaCode> = scope.iter().flat_map(AreaCode::reached_from).collect();
    let beyond = |common: &AreaCode| !scope.iter().any(|area| common.is_within(area));
    let beyond: Vec<AreaCode> = common.into_iter().filter(beyond).collect();
    scope.extend(beyond);
    scope
}

/// The areas in which a worker works now, none inside another, in order.
pub(super) fn assigned(connection: Tx<'_>, worker: WorkerId) -> StorageResult<Vec<AreaCode>> {
    let mut statement = connection.prepare_cached(
        "SELECT area, role FROM assignment JOIN worker ON worker.id = assignment.worker
         WHERE worker = ?1 AND ended_at = 0 ORDER BY area",
    )?;
    let rows = statement.query_map(values![worker.0.as_bytes()], |row| {
        Ok((area(row, 0)?, role(row, 1)?))
    })?;
    let mut scope: Vec<AreaCode> = Vec::with_capacity(rows.len());
    // In this order an area follows the one that contains it.
    for (area, role) in rows {
        if may_hold(role, &area) && !scope.last().is_some_and(|outer| area.is_within(outer)) {
            scope.push(area);
        }
    }
    Ok(scope)
}

/// Whether a role holds what is in an area that is assigned to it: who works in areas what lies there, a responder what
/// is lent to a unit. The others hold nothing because of where it is.
pub(super) fn may_hold(role: Role, area: &AreaCode) -> bool {
    match area.is_unit() {
        true => role == Role::Responder,
        false => Roles::WORKERS.contains(role),
    }
}

pub(super) fn area_exists(connection: Tx<'_>, code: &AreaCode) -> StorageResult<bool> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM area WHERE code = ?1")?;
    statement.exists(values![code.as_str()])
}

/// Devices ask for the directory again after this.
pub(super) fn directory_changed(connection: Tx<'_>) -> StorageResult<()> {
    connection.execute(
        "UPDATE meta SET directory_version = directory_version + 1",
        values![],
    )?;
    Ok(())
}
