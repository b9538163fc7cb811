//! Accounts and what is assigned to them.

use shared::clock::TimestampMs;
use shared::domain::worker::{Role, Worker};
use shared::ids::{AreaCode, DeviceId, WorkerId};

use super::columns::{self, int, uuid};
use super::tx::Tx;
use super::value::values;
use super::{device, units};
use crate::names;
use crate::storage::{
    Account, AccountSummary, AddedAccount, Importer, NewAccount, Storage, StorageError, StorageResult,
};

impl Storage {
    /// Adds an account with its areas.
    pub async fn add_account(&self, account: NewAccount) -> StorageResult<AddedAccount> {
        self.write(move |tx| {
            // One that was made before names had one form may stand there in another.
            let is_taken = |other: &AccountSummary| {
                names::account(&other.username, usize::MAX).as_deref() == Ok(&account.username)
            };
            if find(tx, &account.username)?.is_some() || list(tx)?.iter().any(is_taken) {
                return Ok(AddedAccount::NameTaken);
            }
            let unknown = unknown_areas(tx, account.role, &account.areas)?;
            if !unknown.is_empty() {
                return Ok(AddedAccount::AreasUnknown(unknown));
            }
            tx.execute(
                "INSERT INTO worker (id, username, name, role, password) VALUES (?1, ?2, ?3, ?4, ?5)",
                values![
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
        })
        .await
    }

    /// The account with this name, unless it was removed.
    pub async fn account(&self, username: &str) -> StorageResult<Option<Account>> {
        let username = username.to_owned();
        self.read(move |tx| find(tx, &username)).await
    }

    /// Every account that was not removed, by name.
    pub async fn accounts(&self) -> StorageResult<Vec<AccountSummary>> {
        self.read(list).await
    }

    /// Replaces a password and closes the account's sessions; `false` when there is no such account.
    pub async fn set_password(&self, username: &str, password: &str) -> StorageResult<bool> {
        let (username, password) = (username.to_owned(), password.to_owned());
        self.write(move |tx| {
            let Some(account) = find(tx, &username)? else {
                return Ok(false);
            };
            let id = account.worker.id.0;
            tx.execute(
                "UPDATE worker SET password = ?2 WHERE id = ?1",
                values![id.as_bytes(), password],
            )?;
            close_sessions(tx, account.worker.id)?;
            Ok(true)
        })
        .await
    }

    /// Assigns exactly these areas from now on; `None` when there is no such account, else the areas that
    /// do not exist. Nothing changes when some do not.
    pub async fn set_areas(
        &self,
        username: &str,
        areas: &[AreaCode],
        now_ms: TimestampMs,
    ) -> StorageResult<Option<Vec<AreaCode>>> {
        let (username, areas) = (username.to_owned(), areas.to_vec());
        self.write(move |tx| {
            let Some(account) = find(tx, &username)? else {
                return Ok(None);
            };
            let unknown = unknown_areas(tx, account.worker.role, &areas)?;
            if !unknown.is_empty() {
                return Ok(Some(unknown));
            }
            let worker = account.worker.id;
            let mut statement =
                tx.prepare_cached("SELECT area FROM assignment WHERE worker = ?1 AND ended_at = 0")?;
            let current = statement.query_map(values![worker.0.as_bytes()], |row| columns::area(row, 0))?;
            for area in current.iter().filter(|area| !areas.contains(area)) {
                end_assignments(tx, worker, Some(area), now_ms)?;
            }
            assign(tx, worker, &areas)?;
            columns::directory_changed(tx)?;
            Ok(Some(Vec::new()))
        })
        .await
    }

    /// Removes an account: ends its assignments and sessions. Its name stays beside what it recorded.
    pub async fn remove_account(&self, username: &str, now_ms: TimestampMs) -> StorageResult<bool> {
        let username = username.to_owned();
        self.write(move |tx| {
            let Some(account) = find(tx, &username)? else {
                return Ok(false);
            };
            let worker = account.worker.id;
            tx.execute(
                "UPDATE worker SET removed_at = ?2, password = '' WHERE id = ?1",
                values![worker.0.as_bytes(), int(now_ms.max(1))],
            )?;
            end_assignments(tx, worker, None, now_ms)?;
            // Their tokens open nothing any more. They stay, to tell their devices why.
            columns::directory_changed(tx)?;
            Ok(true)
        })
        .await
    }

    /// The worker with this id, removed ones too.
    pub async fn worker(&self, id: WorkerId) -> StorageResult<Option<Worker>> {
        self.read(move |tx| worker(tx, id)).await
    }

    /// The built-in device and worker that write imported registers, allowed to write in `community`.
    pub async fn importer(&self, community: &AreaCode) -> StorageResult<Importer> {
        let community = community.clone();
        self.write(move |tx| {
            let (worker, device) = tx.query_row(
                "SELECT import_worker, import_device FROM meta",
                values![],
                |row| Ok((WorkerId(uuid(row, 0)?), DeviceId(uuid(row, 1)?))),
            )?;
            let assigned = columns::scope(tx, worker)?;
            if !assigned.iter().any(|area| community.is_within(area)) {
                assign(tx, worker, std::slice::from_ref(&community))?;
                columns::directory_changed(tx)?;
            }
            let row = device::find(tx, device)?.ok_or(StorageError::Inconsistent { table: "device" })?;
            Ok(Importer {
                worker,
                device,
                held: row.held,
            })
        })
        .await
    }
}

fn unknown_areas(tx: Tx<'_>, role: Role, areas: &[AreaCode]) -> StorageResult<Vec<AreaCode>> {
    let mut unknown = Vec::new();
    for area in areas {
        // Nobody works in a common area, and a unit's is made when somebody works for it.
        let is_known = match area.is_unit() {
            true => columns::may_hold(role, area) && units::open_area(tx, area)?,
            false => !area.is_common() && columns::area_exists(tx, area)?,
        };
        if !is_known {
            unknown.push(area.clone());
        }
    }
    Ok(unknown)
}

fn assign(tx: Tx<'_>, worker: WorkerId, areas: &[AreaCode]) -> StorageResult<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO assignment (worker, area, ended_at) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
    )?;
    for area in areas {
        statement.execute(values![worker.0.as_bytes(), area.as_str()])?;
    }
    Ok(())
}

fn find(tx: Tx<'_>, username: &str) -> StorageResult<Option<Account>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, name, role, password FROM worker WHERE username = ?1 AND removed_at = 0 AND username <> ''",
    )?;
    statement.query_opt(values![username], |row| {
        Ok(Account {
            worker: columns::worker(row, 0)?,
            password: row.get(3)?,
        })
    })
}

pub(super) fn worker(tx: Tx<'_>, id: WorkerId) -> StorageResult<Option<Worker>> {
    let mut statement = tx.prepare_cached("SELECT id, name, role FROM worker WHERE id = ?1")?;
    statement.query_opt(values![id.0.as_bytes()], |row| columns::worker(row, 0))
}

fn list(tx: Tx<'_>) -> StorageResult<Vec<AccountSummary>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, name, role, username FROM worker WHERE removed_at = 0 AND username <> '' ORDER BY username",
    )?;
    let rows = statement.query_map(values![], |row| {
        Ok((columns::worker(row, 0)?, row.get::<String>(3)?))
    })?;
    let mut accounts = Vec::new();
    for (worker, username) in rows {
        let mut assigned = tx
            .prepare_cached("SELECT area FROM assignment WHERE worker = ?1 AND ended_at = 0 ORDER BY area")?;
        let areas = assigned.query_map(values![worker.id.0.as_bytes()], |row| columns::area(row, 0))?;
        accounts.push(AccountSummary {
            username,
            areas,
            worker,
        });
    }
    Ok(accounts)
}

/// Ends one assignment, or all of them when `area` is `None`. Ending twice within a millisecond is one end.
fn end_assignments(
    tx: Tx<'_>,
    worker: WorkerId,
    area: Option<&AreaCode>,
    now_ms: TimestampMs,
) -> StorageResult<()> {
    let area = area.map(AreaCode::as_str);
    tx.execute(
        "INSERT INTO assignment (worker, area, ended_at) SELECT worker, area, CAST(?3 AS BIGINT) FROM assignment
         WHERE worker = ?1 AND ended_at = 0 AND area = coalesce(?2, area) ON CONFLICT DO NOTHING",
        values![worker.0.as_bytes(), area, int(now_ms.max(1))],
    )?;
    tx.execute(
        "DELETE FROM assignment WHERE worker = ?1 AND ended_at = 0 AND area = coalesce(?2, area)",
        values![worker.0.as_bytes(), area],
    )?;
    Ok(())
}

fn close_sessions(tx: Tx<'_>, worker: WorkerId) -> StorageResult<()> {
    tx.execute(
        "DELETE FROM token WHERE device IN (SELECT id FROM device WHERE worker = ?1)",
        values![worker.0.as_bytes()],
    )?;
    Ok(())
}
