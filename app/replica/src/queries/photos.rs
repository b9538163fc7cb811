//! Photos of a visit or an issue.

use rusqlite::Connection;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::ids::PhotoHash;
use uuid::Uuid;

use crate::api::{PhotoSummary, RefusedPhoto};
use crate::storage::StorageResult;
use crate::storage::uploads::REFUSED;

/// The photos of a record in the order in which they were kept.
pub(crate) fn of(connection: &Connection, owner: Uuid) -> StorageResult<Vec<PhotoSummary>> {
    let mut statement = connection.prepare_cached(
        "SELECT photo.hash, photo.thumbnail, coalesce(photo.taken_at, 0), coalesce(photo.size, 0),
                coalesce(photo_bytes.state, 2) >= 2
         FROM photo LEFT JOIN photo_bytes ON photo_bytes.hash = photo.hash
         WHERE photo.owner = ?1 AND photo.removed = 0 AND length(photo.hash) = 32 ORDER BY photo.row",
    )?;
    let rows = statement.query_map([owner], summary)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn summary(row: &rusqlite::Row<'_>) -> rusqlite::Result<PhotoSummary> {
    Ok(PhotoSummary {
        hash: PhotoHash(row.get(0)?),
        thumbnail: row.get(1)?,
        taken_at: row.get(2)?,
        size: row.get(3)?,
        uploaded: row.get(4)?,
    })
}

/// Photos whose bytes wait for their upload.
pub(super) fn waiting(connection: &Connection) -> StorageResult<Vec<PhotoSummary>> {
    let mut statement = connection.prepare_cached(
        "SELECT photo_bytes.hash, photo.thumbnail, coalesce(photo.taken_at, 0), coalesce(photo.size, 0), 0
         FROM photo_bytes JOIN photo ON photo.hash = photo_bytes.hash
         WHERE photo_bytes.state = 1 AND photo_bytes.hash NOT IN (SELECT hash FROM photo_upload WHERE code <> '')
         GROUP BY photo_bytes.hash ORDER BY photo_bytes.kept_at LIMIT 100",
    )?;
    let rows = statement.query_map([], summary)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Photos that the server will not take.
pub(super) fn refused(connection: &Connection) -> StorageResult<Vec<RefusedPhoto>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT refused.hash, photo.thumbnail, coalesce(photo.taken_at, 0), coalesce(photo.size, 0), 0,
                coalesce(photo.owner_kind, 0), coalesce(photo.owner, zeroblob(16)), refused.code
         FROM (SELECT hash, code, kept_at FROM {REFUSED}) AS refused JOIN photo ON photo.hash = refused.hash
         GROUP BY refused.hash ORDER BY refused.kept_at LIMIT 100",
    ))?;
    let rows = statement.query_map([], |row| {
        Ok(RefusedPhoto {
            photo: summary(row)?,
            owner: RecordRef {
                kind: RecordKind(row.get(5)?),
                id: row.get(6)?,
            },
            code: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
