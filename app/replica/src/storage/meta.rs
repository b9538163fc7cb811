//! Single values: who this device is, its clock and chain, what the server last said.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::change::hash::ChainHash;
use shared::clock::Hlc;
use shared::domain::worker::Worker;
use shared::ids::{DeviceId, EpochId};

use super::{StorageError, StorageResult};

/// The enrolment of this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Origin of the server; empty in a browser: where the app came from.
    pub server: String,
    /// Opaque credential; empty after it was revoked.
    pub token: String,
    /// This device.
    pub device: DeviceId,
    /// Its worker.
    pub worker: Worker,
    /// The account name, to sign in again.
    pub username: String,
}

/// The end of the own chain of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChainEnd {
    /// The last sequence number; 0 for none.
    pub seq: u64,
    /// The hash at it.
    pub chain: ChainHash,
    /// The clock after it.
    pub clock: Hlc,
}

/// What the server last said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServerView {
    /// The life of its database.
    pub epoch: Option<EpochId>,
    /// The version of the directory held here.
    pub directory_version: u64,
    /// When a sync last succeeded, ms by the device clock.
    pub last_success_at: u64,
    /// Device clock minus server clock, ms, at that time.
    pub clock_ahead_ms: i64,
}

/// Names of the single values.
pub const ENROLMENT: &str = "enrolment";
/// [`ChainEnd`].
pub const CHAIN_END: &str = "chain_end";
/// [`ServerView`].
pub const SERVER_VIEW: &str = "server_view";

/// Reads a value.
///
/// # Errors
/// [`StorageError::Inconsistent`] when it cannot be decoded.
pub fn get<T: DeserializeOwned>(connection: &Connection, key: &str) -> StorageResult<Option<T>> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    bytes
        .map(|bytes| postcard::from_bytes(&bytes).map_err(|_| StorageError::Inconsistent { table: "meta" }))
        .transpose()
}

/// Writes a value.
///
/// # Errors
/// A failing database.
pub fn set<T: Serialize>(transaction: &Transaction<'_>, key: &str, value: &T) -> StorageResult<()> {
    let bytes = postcard::to_stdvec(value).map_err(|_| StorageError::Inconsistent { table: "meta" })?;
    transaction
        .prepare_cached(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
        )?
        .execute(params![key, bytes])?;
    Ok(())
}

/// Reads a setting of this device.
///
/// # Errors
/// A failing database.
pub fn setting(connection: &Connection, name: &str) -> StorageResult<Option<String>> {
    Ok(connection
        .query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()?)
}

/// Keeps a setting of this device.
///
/// # Errors
/// A failing database.
pub fn set_setting(connection: &Connection, name: &str, value: &str) -> StorageResult<()> {
    connection.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
        [name, value],
    )?;
    Ok(())
}
