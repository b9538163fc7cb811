//! How far each photo's upload has come: kept, so that a restart costs no chunk.

use rusqlite::{Connection, OptionalExtension, params};
use shared::ids::PhotoHash;
use uuid::Uuid;

use super::StorageResult;
use crate::sync::transport::Standing;

/// Where a photo's upload stands, as the server last said; `None` before it was begun.
///
/// # Errors
/// A failing database.
pub fn load(connection: &Connection, hash: PhotoHash) -> StorageResult<Option<Standing>> {
    let found = connection
        .prepare_cached("SELECT place, sent FROM photo_upload WHERE hash = ?1 AND place <> '' AND code = ''")?
        .query_row([hash.0], |row| {
            Ok(Standing {
                place: row.get(0)?,
                offset: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found)
}

/// Keeps where an upload stands.
///
/// # Errors
/// A failing database.
pub fn keep(connection: &Connection, hash: PhotoHash, standing: &Standing) -> StorageResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO photo_upload (hash, place, sent) VALUES (?1, ?2, ?3)
             ON CONFLICT (hash) DO UPDATE SET place = ?2, sent = ?3",
        )?
        .execute(params![hash.0, standing.place, standing.offset])?;
    Ok(())
}

/// Forgets an upload: it is done, it has to begin again, or the worker wants another try.
///
/// # Errors
/// A failing database.
pub fn forget(connection: &Connection, hash: PhotoHash) -> StorageResult<()> {
    connection
        .prepare_cached("DELETE FROM photo_upload WHERE hash = ?1")?
        .execute([hash.0])?;
    Ok(())
}

/// Notes that the server will not take a photo, and why. It is passed over until the worker wants another try.
///
/// # Errors
/// A failing database.
pub fn refuse(connection: &Connection, hash: PhotoHash, code: &str) -> StorageResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO photo_upload (hash, code) VALUES (?1, ?2)
             ON CONFLICT (hash) DO UPDATE SET place = '', sent = 0, code = ?2",
        )?
        .execute(params![hash.0, code])?;
    Ok(())
}

/// The server may have the record of a photo now that it had not: the photo is tried again.
///
/// # Errors
/// A failing database.
pub fn record_came(connection: &Connection, photo: Uuid) -> StorageResult<()> {
    connection
        .prepare_cached(
            "DELETE FROM photo_upload WHERE code = 'photo.unknown' AND hash IN (SELECT hash FROM photo WHERE id = ?1)",
        )?
        .execute([photo])?;
    Ok(())
}

/// The server may have records by now of which this device does not hear: those that it sent under another identity and
/// that were set aside then, and those of areas that it does not hold any more. What no record named is tried again.
///
/// # Errors
/// A failing database.
pub fn records_may_have_come(connection: &Connection) -> StorageResult<()> {
    connection
        .prepare_cached("DELETE FROM photo_upload WHERE code = 'photo.unknown'")?
        .execute([])?;
    Ok(())
}

/// Photos that the server will not take, in a `FROM` with `photo_bytes` and `photo_upload`. What was set aside with
/// its record and nobody has seen stands with the record.
pub const REFUSED: &str = "photo_upload JOIN photo_bytes USING (hash)
     WHERE photo_upload.code <> '' AND photo_bytes.state = 1 AND hash NOT IN (
         SELECT hash FROM photo JOIN operation ON operation.record = photo.id JOIN set_aside USING (seq)
         WHERE seen = 0)";

/// How many there are.
///
/// # Errors
/// A failing database.
pub fn count_refused(connection: &Connection) -> StorageResult<u64> {
    Ok(connection
        .prepare_cached(&format!("SELECT count(*) FROM {REFUSED}"))?
        .query_row([], |row| row.get(0))?)
}
