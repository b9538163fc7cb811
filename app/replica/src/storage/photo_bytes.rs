//! The bytes of photos: kept until the server has them, then for a while, then fetched when looked at.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::clock::TimestampMs;
use shared::ids::PhotoHash;

use super::own_operations::WAITING_RECORDS;
use super::{StorageResult, drafts, uploads};

/// The bytes of a photo, when they are on this device.
///
/// # Errors
/// A failing database.
pub fn load(connection: &Connection, hash: PhotoHash) -> StorageResult<Option<Vec<u8>>> {
    let found = connection
        .prepare_cached("SELECT bytes FROM photo_bytes WHERE hash = ?1")?
        .query_row([hash.0], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// How many bytes a photo has; `None` when they are not on this device.
///
/// # Errors
/// A failing database.
pub fn length(connection: &Connection, hash: PhotoHash) -> StorageResult<Option<u64>> {
    let found = connection
        .prepare_cached("SELECT length(bytes) FROM photo_bytes WHERE hash = ?1")?
        .query_row([hash.0], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// The bytes `from..to` of a photo on this device.
///
/// # Errors
/// A failing database.
pub fn part(connection: &Connection, hash: PhotoHash, from: u64, to: u64) -> StorageResult<Vec<u8>> {
    Ok(connection
        .prepare_cached("SELECT substr(bytes, ?2 + 1, ?3) FROM photo_bytes WHERE hash = ?1")?
        .query_row(params![hash.0, from, to.saturating_sub(from)], |row| row.get(0))?)
}

/// The photo that waits longest for its upload and whose record the server was told of.
///
/// Small records go before photos: the server refuses bytes that no record names. It does so, too, when it set the
/// record aside: the photo then waits where the worker sees it, until [`super::uploads::record_came`].
///
/// # Errors
/// A failing database.
pub fn next_waiting(connection: &Connection, skip: &[PhotoHash]) -> StorageResult<Option<PhotoHash>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT hash FROM photo_bytes WHERE state = 1
         AND NOT EXISTS (SELECT 1 FROM photo_upload WHERE photo_upload.hash = photo_bytes.hash AND code <> '')
         AND EXISTS (SELECT 1 FROM photo WHERE photo.hash = photo_bytes.hash
                     AND photo.id NOT IN ({WAITING_RECORDS}))
         ORDER BY kept_at, hash"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let hash = PhotoHash(row.get(0)?);
        if !skip.contains(&hash) {
            return Ok(Some(hash));
        }
    }
    Ok(None)
}

/// Photos whose bytes are not on the server.
///
/// # Errors
/// A failing database.
pub fn count_waiting(connection: &Connection) -> StorageResult<u64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM photo_bytes WHERE state = 1")?
        .query_row([], |row| row.get(0))?)
}

/// Lets go of a photo that the server would not take: the worker gives it up. An open draft keeps it. `false` when it
/// is none.
///
/// # Errors
/// A failing database.
pub fn discard_refused(transaction: &Transaction<'_>, hash: PhotoHash) -> StorageResult<bool> {
    let discarded = transaction.execute(
        "UPDATE photo_bytes SET state = 0 WHERE hash = ?1 AND state = 1
         AND EXISTS (SELECT 1 FROM photo_upload WHERE photo_upload.hash = photo_bytes.hash AND code <> '')",
        [hash.0],
    )?;
    drafts::sweep(transaction)?;
    uploads::forget(transaction, hash)?;
    Ok(discarded == 1)
}

/// The server has the bytes.
///
/// # Errors
/// A failing database.
pub fn set_uploaded(connection: &Connection, hash: PhotoHash) -> StorageResult<()> {
    connection.execute(
        "UPDATE photo_bytes SET state = 2 WHERE hash = ?1 AND state = 1",
        [hash.0],
    )?;
    Ok(())
}

/// The server may lack what it once had, or what others had sent: everything here that a record names is offered.
///
/// # Errors
/// A failing database.
pub fn offer_again(connection: &Connection) -> StorageResult<()> {
    connection.execute(
        "UPDATE photo_bytes SET state = 1 WHERE state IN (2, 3) AND hash IN (SELECT hash FROM photo WHERE removed = 0)",
        [],
    )?;
    // Where an upload lay and why a photo was not taken was said by an earlier life of the server.
    connection.execute("DELETE FROM photo_upload", [])?;
    Ok(())
}

/// Keeps bytes that were fetched to be looked at, also in place of others that went bad.
///
/// # Errors
/// A failing database.
pub fn keep_fetched(
    connection: &Connection,
    hash: PhotoHash,
    bytes: &[u8],
    now_ms: TimestampMs,
) -> StorageResult<()> {
    connection.execute(
        "INSERT INTO photo_bytes (hash, bytes, state, kept_at) VALUES (?1, ?2, 3, ?3)
         ON CONFLICT (hash) DO UPDATE SET bytes = excluded.bytes",
        params![hash.0, bytes, now_ms],
    )?;
    Ok(())
}
