//! Sessions and devices.

use shared::change::hash::CHAIN_START;
use shared::clock::TimestampMs;
use shared::ids::{DeviceId, WorkerId};

use super::columns::{self, int, uint, uuid};
use super::device::{self, DeviceRow};
use super::tx::Tx;
use super::value::values;
use super::{accounts, areas};
use crate::apply::{HeldChain, Told};
use crate::storage::{
    Credential, DEVICES_PER_WORKER_MAX, DeviceSummary, NewSession, OpenedSession, Session, SessionOutcome,
    Storage, StorageError, StorageResult, TokenHash,
};

impl Storage {
    /// Enrols a device, or opens a new session for one that belongs to the worker, and closes the device's
    /// earlier sessions. A worker is signed in on at most [`DEVICES_PER_WORKER_MAX`] at once; one that is enrolled
    /// already always finds its place.
    pub async fn open_session(&self, new: NewSession, now_ms: TimestampMs) -> StorageResult<SessionOutcome> {
        self.write(move |tx| {
            let username: Option<String> = tx
                .prepare_cached("SELECT username FROM worker WHERE id = ?1 AND removed_at = 0")?
                .query_opt(values![new.worker.0.as_bytes()], |row| row.get(0))?;
            let Some((worker, username)) = accounts::worker(tx, new.worker)?.zip(username) else {
                return Ok(SessionOutcome::WorkerGone);
            };
            // A copy that asks again did not get the identity that it asked for, or could not keep it: it is still its.
            let asked_for = match new.parent {
                Some(parent) => silent_copy_of(tx, parent)?,
                None => new.device,
            };
            let known = match asked_for {
                Some(device) => device::find(tx, device)?,
                None => None,
            };
            // Somebody else's device begins anew under another id. A revoked one on which its worker signs in again
            // goes on under its own: under another, what had arrived and whose receipt was lost would come a second
            // time, and what others hold of a lost life of this server would stand beside what is offered again. One
            // that this database has never heard of was enrolled after the backup from which it was restored: its id
            // stays, because its work is numbered under it, and others may hold that work already.
            let fresh = match asked_for {
                Some(device) if known.is_none() => device,
                _ => new.device_fresh,
            };
            let own = known.filter(|row| row.worker == new.worker).zip(asked_for);
            let (device, held) = match own {
                Some((DeviceRow { held, .. }, device)) => {
                    tx.execute(
                        "UPDATE device SET name = ?2, revoked_at = 0 WHERE id = ?1",
                        values![device.0.as_bytes(), new.device_name],
                    )?;
                    (device, held)
                }
                None if signed_in(tx, new.worker)? >= DEVICES_PER_WORKER_MAX && !make_room(tx, &new)? => {
                    return Ok(SessionOutcome::TooManyDevices);
                }
                None => {
                    let told = told_at_enrolment(tx, &new, fresh, now_ms)?;
                    enrol(tx, &new, fresh, now_ms)?;
                    device::note_told(tx, fresh, told)?;
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
            Ok(SessionOutcome::Opened(Box::new(OpenedSession {
                username,
                device,
                worker,
                areas: areas::assigned(tx, &scope)?,
                epoch: columns::epoch(tx)?,
                held,
            })))
        })
        .await
    }

    /// The session that a token opens.
    pub async fn session(&self, token: TokenHash) -> StorageResult<Option<Session>> {
        self.read(move |tx| {
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
            let assigned = columns::assigned(tx, worker.id)?;
            Ok(Some(Session {
                credential,
                scope: columns::with_common(assigned.clone()),
                assigned,
                worker,
            }))
        })
        .await
    }

    /// Whether a token was a session's whose device was revoked, or whose worker was removed.
    pub async fn is_revoked(&self, token: TokenHash) -> StorageResult<bool> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT 1 FROM token
                 JOIN device ON device.id = token.device JOIN worker ON worker.id = device.worker
                 WHERE token.hash = ?1 AND (device.revoked_at <> 0 OR worker.removed_at <> 0)",
            )?;
            statement.exists(values![token.0])
        })
        .await
    }

    /// Closes a session; `false` when there was none.
    pub async fn close_session(&self, token: TokenHash) -> StorageResult<bool> {
        self.write(move |tx| Ok(tx.execute("DELETE FROM token WHERE hash = ?1", values![token.0])? > 0))
            .await
    }

    /// Every device by worker and time of enrolment.
    pub async fn devices(&self) -> StorageResult<Vec<DeviceSummary>> {
        self.read(move |tx| {
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
        })
        .await
    }

    /// How a device is called; `None` when there is no such device.
    pub async fn device_name(&self, device: DeviceId) -> StorageResult<Option<String>> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached("SELECT name FROM device WHERE id = ?1")?;
            statement.query_opt(values![device.0.as_bytes()], |row| row.get(0))
        })
        .await
    }

    /// Closes the sessions of a device, and of those that were enrolled with its session, and takes no more from them:
    /// whoever had its token had theirs. All of them; empty when there is no such device.
    pub async fn revoke_device(&self, device: DeviceId, now_ms: TimestampMs) -> StorageResult<Vec<DeviceId>> {
        self.write(move |tx| {
            let importer: WorkerId = tx
                .query_row("SELECT import_worker FROM meta", values![], |row| uuid(row, 0))
                .map(WorkerId)?;
            match device::find(tx, device)? {
                Some(row) if row.worker != importer => {}
                _ => return Ok(Vec::new()),
            }
            // A device that went on under another identity did it with its token; so can whoever has stolen that.
            let mut of_parent = tx.prepare_cached("SELECT id FROM device WHERE parent = ?1 ORDER BY id")?;
            let mut revoked = vec![device];
            let mut next = 0;
            while let Some(parent) = revoked.get(next) {
                let children =
                    of_parent.query_map(values![parent.0.as_bytes()], |row| uuid(row, 0).map(DeviceId))?;
                revoked.extend(children);
                next += 1;
            }
            for device in &revoked {
                // Their tokens open nothing any more. They stay, to tell the devices why.
                tx.execute(
                    "UPDATE device SET revoked_at = ?2 WHERE id = ?1 AND revoked_at = 0",
                    values![device.0.as_bytes(), int(now_ms.max(1))],
                )?;
            }
            Ok(revoked)
        })
        .await
    }
}

/// On how many devices a worker is signed in.
fn signed_in(tx: Tx<'_>, worker: WorkerId) -> StorageResult<u64> {
    tx.query_row(
        "SELECT count(*) FROM device WHERE worker = ?1 AND revoked_at = 0
         AND EXISTS (SELECT 1 FROM token WHERE token.device = device.id)",
        values![worker.0.as_bytes()],
        |row| uint(row, 0),
    )
}

/// The copy of a device that has neither sent anything nor been answered since it was enrolled.
fn silent_copy_of(tx: Tx<'_>, parent: DeviceId) -> StorageResult<Option<DeviceId>> {
    tx.prepare_cached(
        "SELECT id FROM device WHERE parent = ?1 AND last_seq = 0 AND is_answered = 0 AND revoked_at = 0
         ORDER BY enrolled_at, id LIMIT 1",
    )?
    .query_opt(values![parent.0.as_bytes()], |row| Ok(DeviceId(uuid(row, 0)?)))
}

/// Closes the session of the oldest device that has neither sent anything nor been answered: the answer to its enrolment
/// was lost. Whether there was one. Only for who knows the password: with a token alone, devices could be enrolled
/// without end, each in the place of one before.
fn make_room(tx: Tx<'_>, new: &NewSession) -> StorageResult<bool> {
    if new.parent.is_some() {
        return Ok(false);
    }
    let closed = tx.execute(
        "DELETE FROM token WHERE device IN (SELECT id FROM device WHERE worker = ?1 AND last_seq = 0 AND is_answered = 0
         AND revoked_at = 0 AND EXISTS (SELECT 1 FROM token WHERE token.device = device.id)
         ORDER BY enrolled_at, id LIMIT 1)",
        values![new.worker.0.as_bytes()],
    )?;
    Ok(closed > 0)
}

/// What a device was told before it was enrolled: that of another's session brings the other's work, and one that has an
/// id of its own was enrolled before in a life of this database that was lost. A new one has no work from before.
fn told_at_enrolment(
    tx: Tx<'_>,
    new: &NewSession,
    fresh: DeviceId,
    now_ms: TimestampMs,
) -> StorageResult<Told> {
    if let Some(parent) = new.parent {
        let parent = device::find(tx, parent)?;
        return parent
            .map(|row| row.told)
            .ok_or(StorageError::Inconsistent { table: "device" });
    }
    let mut told = Told {
        last: now_ms,
        before: now_ms,
    };
    if new.device == Some(fresh) {
        let mut statement = tx
            .prepare_cached("SELECT told_at, told_before FROM device WHERE worker = ?1 AND revoked_at = 0")?;
        let others = statement.query_map(values![new.worker.0.as_bytes()], |row| {
            Ok((uint(row, 0)?, uint(row, 1)?))
        })?;
        for (last, before) in others {
            told.last = told.last.min(last);
            told.before = told.before.min(before);
        }
    }
    Ok(told)
}

fn enrol(tx: Tx<'_>, new: &NewSession, device: DeviceId, now_ms: TimestampMs) -> StorageResult<()> {
    tx.execute(
        "INSERT INTO device (id, worker, name, enrolled_at, chain, parent, is_answered) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
        values![
            device.0.as_bytes(),
            new.worker.0.as_bytes(),
            new.device_name,
            int(now_ms),
            CHAIN_START.0,
            new.parent.map(|parent| parent.0.as_bytes().to_vec())
        ],
    )?;
    Ok(())
}
