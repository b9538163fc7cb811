//! Devices and their workers under short names, and the clocks of records that one operation made: most rows, and in
//! most of them names of 32 bytes would be a fifth of the row.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::clock::Stamp;
use shared::crdt::Origin;
use shared::ids::{DeviceId, WorkerId};
use shared::packed::packed;

use super::{StorageError, StorageResult};

/// Who recorded a visit: its row holds the worker's id or a short name.
pub const VISIT_AUTHOR: &str =
    "coalesce((SELECT short_name.author FROM short_name WHERE short_name.key = visit.author), visit.author)";

/// Packed clocks of any other form hold at least a device and a worker.
const SHORT_BYTES_MAX: usize = 31;

/// The short name of a device and its worker.
pub(super) fn key(
    transaction: &Transaction<'_>,
    device: DeviceId,
    author: WorkerId,
) -> StorageResult<Vec<u8>> {
    let known = transaction
        .prepare_cached("SELECT key FROM short_name WHERE device = ?1 AND author = ?2")?
        .query_row(params![device.0, author.0], |row| row.get(0))
        .optional()?;
    if let Some(key) = known {
        return Ok(key);
    }
    let count: u32 = transaction.query_row("SELECT count(*) FROM short_name", [], |row| row.get(0))?;
    // Names are never taken out, so the next number is free.
    let key: Vec<u8> = (count + 1)
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    transaction.execute(
        "INSERT INTO short_name (key, device, author) VALUES (?1, ?2, ?3)",
        params![key, device.0, author.0],
    )?;
    Ok(key)
}

/// The clocks of a record that nothing but its origin touched; `key` is its device and worker.
pub(super) fn short_clocks(key: &[u8], origin: &Origin) -> Vec<u8> {
    let Origin { stamp, seq, .. } = origin;
    packed(&(key, seq, stamp.ms, stamp.counter), SHORT_BYTES_MAX)
}

/// Tells whose short names are.
pub(super) struct Names<'c> {
    connection: &'c Connection,
    /// The one that was asked for last: mostly the next is the same.
    last: Option<(Vec<u8>, DeviceId, WorkerId)>,
}

impl<'c> Names<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            last: None,
        }
    }

    /// The origin in [`short_clocks`]; `None` for clocks of another form.
    pub(super) fn origin(&mut self, clocks: &[u8]) -> StorageResult<Option<Origin>> {
        if clocks.len() > SHORT_BYTES_MAX {
            return Ok(None);
        }
        let (key, seq, ms, counter): (&[u8], u64, u64, u32) =
            postcard::from_bytes(clocks).map_err(|_| damaged())?;
        let (device, author) = self.of(key)?;
        Ok(Some(Origin {
            stamp: Stamp { ms, counter },
            device,
            seq,
            author,
        }))
    }

    fn of(&mut self, key: &[u8]) -> StorageResult<(DeviceId, WorkerId)> {
        if let Some((last, device, author)) = &self.last
            && last == key
        {
            return Ok((*device, *author));
        }
        let found = self
            .connection
            .prepare_cached("SELECT device, author FROM short_name WHERE key = ?1")?
            .query_row([key], |row| Ok((DeviceId(row.get(0)?), WorkerId(row.get(1)?))))
            .optional()?;
        let (device, author) = found.ok_or_else(damaged)?;
        self.last = Some((key.to_vec(), device, author));
        Ok((device, author))
    }
}

fn damaged() -> StorageError {
    StorageError::Inconsistent { table: "short_name" }
}
