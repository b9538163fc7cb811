//! Photos of a visit or an issue.

use rusqlite::Connection;
use shared::ids::PhotoHash;
use uuid::Uuid;

use crate::api::PhotoSummary;
use crate::storage::StorageResult;

/// The photos of a record in the order in which they were kept.
pub(super) fn of(connection: &Connection, owner: Uuid) -> StorageResult<Vec<PhotoSummary>> {
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
         WHERE photo_bytes.state = 1 GROUP BY photo_bytes.hash ORDER BY photo_bytes.kept_at LIMIT 100",
    )?;
    let rows = statement.query_map([], summary)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
