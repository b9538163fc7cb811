//! Sessions and devices.

use shared::change::hash::CHAIN_START;
use shared::clock::TimestampMs;
use shared::ids::{DeviceId, WorkerId};

use super::columns::{self, int, uint, uuid};
use super::push::DeviceRow;
use super::tx::{Tx, values};
use super::{accounts, areas, push};
use crate::apply::HeldChain;
use crate::storage::{
    Credential, DeviceSummary, NewSession, OpenedSession, Session, StorageError, StorageResult, TokenHash,
};

pub(super) fn open(
    tx: Tx<'_>,
    new: &NewSession,
    now_ms: TimestampMs,
) -> StorageResult<Option<OpenedSession>> {
    let username: Option<String> = tx
        .prepare_cached("SELECT username FROM worker WHERE id = ?1 AND removed_at = 0")?
        .query_opt(values![new.worker.0.as_bytes()], |row| row.get(0))?;
    let Some((worker, username)) = accounts::worker(tx, new.worker)?.zip(username) else {
        return Ok(None);
    };
    let known = match new.device {
        Some(device) => push::device(tx, device)?,
        None => None,
    };
    // Somebody else's device begins anew under another id. A revoked one on which its worker signs in again goes on
    // under its own: under another, what had arrived and whose receipt was lost would come a second time, and what
    // others hold of a lost life of this server would stand beside what is offered again. One that this database has
    // never heard of was enrolled after the backup from which it was restored: its id stays, because its work is
    // numbered under it, and others may hold that work already.
    let fresh = match new.device {
        Some(device) if known.is_none() => device,
        _ => new.device_fresh,
    };
    let own = known.filter(|row| row.worker == new.worker).zip(new.device);
    let (device, held) = match own {
        Some((DeviceRow { held, .. }, device)) => {
            tx.execute(
                "UPDATE device SET name = ?2, revoked_at = 0 WHERE id = ?1",
                values![device.0.as_bytes(), new.device_name],
            )?;
            (device, held)
        }
        None => {
            enrol(tx, new, fresh, now_ms)?;
            (fresh, HeldChain::default())
        }
    };
    tx.execute(
        "DELETE FROM token WHERE device = ?1",
        values![device.0.as_bytes()],
    )?;
    tx.execute(
        "INSERT INTO token (hash, device) VALUES (?1, ?2)",
        values![new.token.0, device.0.as_bytes()],
    )?;
    let scope = columns::scope(tx, new.worker)?;
    Ok(Some(OpenedSession {
        username,
        device,
        worker,
        areas: areas::assigned(tx, &scope)?,
        epoch: columns::epoch(tx)?,
        held,
    }))
}

fn enrol(tx: Tx<'_>, new: &NewSession, device: DeviceId, now_ms: TimestampMs) -> StorageResult<()> {
    tx.execute(
        "INSERT INTO device (id, worker, name, enrolled_at, chain) VALUES (?1, ?2, ?3, ?4, ?5)",
        values![
            device.0.as_bytes(),
            new.worker.0.as_bytes(),
            new.device_name,
            int(now_ms),
            CHAIN_START.0
        ],
    )?;
    Ok(())
}

pub(super) fn find(tx: Tx<'_>, token: TokenHash) -> StorageResult<Option<Session>> {
    let mut statement = tx.prepare_cached(
        "SELECT device.id, worker.id, worker.name, worker.role
         FROM token JOIN device ON device.id = token.device JOIN worker ON worker.id = device.worker
         WHERE token.hash = ?1 AND device.revoked_at = 0 AND worker.removed_at = 0",
    )?;
    let found = statement.query_opt(values![token.0], |row| {
        Ok((DeviceId(uuid(row, 0)?), columns::worker(row, 1)?))
    })?;
    let Some((device, worker)) = found else {
        return Ok(None);
    };
    let credential = Credential {
        worker: worker.id,
        device,
        role: worker.role,
    };
    Ok(Some(Session {
        credential,
        scope: columns::scope(tx, worker.id)?,
        worker,
    }))
}

pub(super) fn is_revoked(tx: Tx<'_>, token: TokenHash) -> StorageResult<bool> {
    let mut statement = tx.prepare_cached(
        "SELECT 1 FROM token JOIN device ON device.id = token.device JOIN worker ON worker.id = device.worker
         WHERE token.hash = ?1 AND (device.revoked_at <> 0 OR worker.removed_at <> 0)",
    )?;
    statement.exists(values![token.0])
}

pub(super) fn close(tx: Tx<'_>, token: TokenHash) -> StorageResult<bool> {
    Ok(tx.execute("DELETE FROM token WHERE hash = ?1", values![token.0])? > 0)
}

pub(super) fn devices(tx: Tx<'_>) -> StorageResult<Vec<DeviceSummary>> {
    let mut statement = tx.prepare_cached(
        "SELECT device.id, device.name, worker.username, device.last_seq, device.revoked_at > 0
         FROM device JOIN worker ON worker.id = device.worker
         WHERE worker.username <> '' ORDER BY worker.username, device.enrolled_at, device.id",
    )?;
    statement.query_map(values![], |row| {
        Ok(DeviceSummary {
            device: DeviceId(uuid(row, 0)?),
            name: row.get(1)?,
            username: row.get(2)?,
            through_seq: uint(row, 3)?,
            revoked: row.get(4)?,
        })
    })
}

pub(super) fn device_name(tx: Tx<'_>, device: DeviceId) -> StorageResult<Option<String>> {
    let mut statement = tx.prepare_cached("SELECT name FROM device WHERE id = ?1")?;
    statement.query_opt(values![device.0.as_bytes()], |row| row.get(0))
}

pub(super) fn revoke(tx: Tx<'_>, device: DeviceId, now_ms: TimestampMs) -> StorageResult<bool> {
    let importer: WorkerId = tx
        .query_row("SELECT import_worker FROM meta", values![], |row| uuid(row, 0))
        .map(WorkerId)?;
    match push::device(tx, device)? {
        Some(row) if row.worker != importer => {}
        _ => return Ok(false),
    }
    let revoked = tx.execute(
        "UPDATE device SET revoked_at = ?2 WHERE id = ?1",
        values![device.0.as_bytes(), int(now_ms.max(1))],
    )?;
    // Its token opens nothing any more. It stays, to tell the device why.
    if revoked == 1 {
        Ok(true)
    } else {
        Err(StorageError::Inconsistent { table: "device" })
    }
}
