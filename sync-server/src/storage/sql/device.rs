//! What is held of a device, and what it was told.

use shared::clock::TimestampMs;
use shared::ids::{DeviceId, WorkerId};

use super::columns::{chain, int, uint, uuid};
use super::tx::Tx;
use super::value::values;
use crate::apply::{HeldChain, Told};
use crate::storage::{Storage, StorageResult};

impl Storage {
    /// What is held of a device; `None` for a device that is not enrolled.
    pub async fn held(&self, device: DeviceId) -> StorageResult<Option<HeldChain>> {
        let row = self.read(move |tx| find(tx, device)).await?;
        Ok(row.map(|row| row.held))
    }

    /// Whether a device is enrolled for this worker.
    pub async fn is_device_of(&self, device: DeviceId, worker: WorkerId) -> StorageResult<bool> {
        let row = self.read(move |tx| find(tx, device)).await?;
        Ok(row.is_some_and(|row| row.worker == worker))
    }

    /// Notes that a device was told of everything that has happened, as far as [`Told`] needs it.
    pub async fn note_answered(&self, device: DeviceId, now_ms: TimestampMs) -> StorageResult<()> {
        let Some(row) = self.read(move |tx| find(tx, device)).await? else {
            return Ok(());
        };
        let told = match row.told.answered(now_ms) {
            None if row.is_answered => return Ok(()),
            due => due.unwrap_or(row.told),
        };
        self.write(move |tx| {
            note_told(tx, device, told)?;
            tx.execute(
                "UPDATE device SET is_answered = 1 WHERE id = ?1",
                values![device.0.as_bytes()],
            )?;
            Ok(())
        })
        .await
    }
}

/// A device as pushes need it.
pub(super) struct DeviceRow {
    pub(super) worker: WorkerId,
    pub(super) revoked: bool,
    pub(super) held: HeldChain,
    pub(super) told: Told,
    pub(super) is_answered: bool,
}

pub(super) fn find(tx: Tx<'_>, device: DeviceId) -> StorageResult<Option<DeviceRow>> {
    let mut statement = tx.prepare_cached(
        "SELECT worker, revoked_at, last_seq, chain, applied_at, applied_from_seq, told_at, told_before,
         is_answered FROM device WHERE id = ?1",
    )?;
    statement.query_opt(values![device.0.as_bytes()], |row| {
        let held = HeldChain {
            through_seq: uint(row, 2)?,
            chain: chain(row, 3)?,
            applied_at: uint(row, 4)?,
            applied_from_seq: uint(row, 5)?,
        };
        Ok(DeviceRow {
            worker: WorkerId(uuid(row, 0)?),
            revoked: uint(row, 1)? > 0,
            held,
            told: Told {
                last: uint(row, 6)?,
                before: uint(row, 7)?,
            },
            is_answered: uint(row, 8)? > 0,
        })
    })
}

pub(super) fn note_told(tx: Tx<'_>, device: DeviceId, told: Told) -> StorageResult<()> {
    tx.execute(
        "UPDATE device SET told_at = ?2, told_before = ?3 WHERE id = ?1",
        values![device.0.as_bytes(), int(told.last), int(told.before)],
    )?;
    Ok(())
}
