//! Accounts and what is assigned to them.

use rusqlite::{Connection, OptionalExtension, params};
use shared::clock::TimestampMs;
use shared::domain::worker::Worker;
use shared::ids::{AreaCode, DeviceId, WorkerId};

use super::columns::{self, int, uuid};
use super::push;
use crate::storage::{
    Account, AccountSummary, AddedAccount, Importer, NewAccount, StorageError, StorageResult,
};

pub(super) fn add(
    tx: &Connection,
    account: &NewAccount,
    _now_ms: TimestampMs,
) -> StorageResult<AddedAccount> {
    if find(tx, &account.username)?.is_some() {
        return Ok(AddedAccount::NameTaken);
    }
    let unknown = unknown_areas(tx, &account.areas)?;
    if !unknown.is_empty() {
        return Ok(AddedAccount::AreasUnknown(unknown));
    }
    tx.execute(
        "INSERT INTO worker (id, username, name, role, password) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            account.worker.0.as_bytes(),
            account.username,
            account.display,
            int(account.role.number()),
            account.password
        ],
    )?;
    assign(tx, account.worker, &account.areas)?;
    columns::directory_changed(tx)?;
    Ok(AddedAccount::Added)
}

fn unknown_areas(tx: &Connection, areas: &[AreaCode]) -> StorageResult<Vec<AreaCode>> {
    let mut unknown = Vec::new();
    for area in areas {
        if !columns::area_exists(tx, area)? {
            unknown.push(area.clone());
        }
    }
    Ok(unknown)
}

fn assign(tx: &Connection, worker: WorkerId, areas: &[AreaCode]) -> StorageResult<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO assignment (worker, area, ended_at) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
    )?;
    for area in areas {
        statement.execute(params![worker.0.as_bytes(), area.as_str()])?;
    }
    Ok(())
}

pub(super) fn find(tx: &Connection, username: &str) -> StorageResult<Option<Account>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, name, role, password FROM worker WHERE username = ?1 AND removed_at = 0 AND username <> ''",
    )?;
    let account = statement
        .query_row([username], |row| {
            Ok(Account {
                worker: columns::worker(row, 0)?,
                password: row.get(3)?,
            })
        })
        .optional()?;
    Ok(account)
}

pub(super) fn worker(tx: &Connection, id: WorkerId) -> StorageResult<Option<Worker>> {
    let mut statement = tx.prepare_cached("SELECT id, name, role FROM worker WHERE id = ?1")?;
    Ok(statement
        .query_row([id.0.as_bytes()], |row| columns::worker(row, 0))
        .optional()?)
}

pub(super) fn list(tx: &Connection) -> StorageResult<Vec<AccountSummary>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, name, role, username FROM worker WHERE removed_at = 0 AND username <> '' ORDER BY username",
    )?;
    let rows = statement.query_map([], |row| Ok((columns::worker(row, 0)?, row.get::<_, String>(3)?)))?;
    let mut accounts = Vec::new();
    for row in rows {
        let (worker, username) = row?;
        let mut assigned = tx
            .prepare_cached("SELECT area FROM assignment WHERE worker = ?1 AND ended_at = 0 ORDER BY area")?;
        let areas = assigned.query_map([worker.id.0.as_bytes()], |row| columns::area(row, 0))?;
        accounts.push(AccountSummary {
            username,
            areas: areas.collect::<Result<_, _>>()?,
            worker,
        });
    }
    Ok(accounts)
}

pub(super) fn set_password(tx: &Connection, username: &str, password: &str) -> StorageResult<bool> {
    let Some(account) = find(tx, username)? else {
        return Ok(false);
    };
    let id = account.worker.id.0;
    tx.execute(
        "UPDATE worker SET password = ?2 WHERE id = ?1",
        params![id.as_bytes(), password],
    )?;
    close_sessions(tx, account.worker.id)?;
    Ok(true)
}

pub(super) fn set_areas(
    tx: &Connection,
    username: &str,
    areas: &[AreaCode],
    now_ms: TimestampMs,
) -> StorageResult<Option<Vec<AreaCode>>> {
    let Some(account) = find(tx, username)? else {
        return Ok(None);
    };
    let unknown = unknown_areas(tx, areas)?;
    if !unknown.is_empty() {
        return Ok(Some(unknown));
    }
    let worker = account.worker.id;
    let mut statement =
        tx.prepare_cached("SELECT area FROM assignment WHERE worker = ?1 AND ended_at = 0")?;
    let current = statement.query_map([worker.0.as_bytes()], |row| columns::area(row, 0))?;
    for area in current
        .collect::<Result<Vec<_>, _>>()?
        .iter()
        .filter(|area| !areas.contains(area))
    {
        end_assignments(tx, worker, Some(area), now_ms)?;
    }
    assign(tx, worker, areas)?;
    columns::directory_changed(tx)?;
    Ok(Some(Vec::new()))
}

/// Ends one assignment, or all of them when `area` is `None`. Ending twice within a millisecond is one end.
fn end_assignments(
    tx: &Connection,
    worker: WorkerId,
    area: Option<&AreaCode>,
    now_ms: TimestampMs,
) -> StorageResult<()> {
    tx.execute(
        "UPDATE OR REPLACE assignment SET ended_at = ?3 WHERE worker = ?1 AND ended_at = 0 AND coalesce(area = ?2, 1)",
        params![worker.0.as_bytes(), area.map(AreaCode::as_str), int(now_ms.max(1))],
    )?;
    Ok(())
}

pub(super) fn remove(tx: &Connection, username: &str, now_ms: TimestampMs) -> StorageResult<bool> {
    let Some(account) = find(tx, username)? else {
        return Ok(false);
    };
    let worker = account.worker.id;
    tx.execute(
        "UPDATE worker SET removed_at = ?2, password = '' WHERE id = ?1",
        params![worker.0.as_bytes(), int(now_ms.max(1))],
    )?;
    end_assignments(tx, worker, None, now_ms)?;
    // Their tokens open nothing any more. They stay, to tell their devices why.
    columns::directory_changed(tx)?;
    Ok(true)
}

fn close_sessions(tx: &Connection, worker: WorkerId) -> StorageResult<()> {
    tx.execute(
        "DELETE FROM token WHERE device IN (SELECT id FROM device WHERE worker = ?1)",
        [worker.0.as_bytes()],
    )?;
    Ok(())
}

pub(super) fn importer(tx: &Connection, community: &AreaCode) -> StorageResult<Importer> {
    let (worker, device) = tx.query_row("SELECT import_worker, import_device FROM meta", [], |row| {
        Ok((WorkerId(uuid(row, 0)?), DeviceId(uuid(row, 1)?)))
    })?;
    let assigned = columns::scope(tx, worker)?;
    if !assigned.iter().any(|area| community.is_within(area)) {
        assign(tx, worker, std::slice::from_ref(community))?;
        columns::directory_changed(tx)?;
    }
    let row = push::device(tx, device)?.ok_or(StorageError::Inconsistent { table: "device" })?;
    Ok(Importer {
        worker,
        device,
        held: row.held,
    })
}
