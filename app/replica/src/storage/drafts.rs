//! Half-filled forms, kept at every change.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::clock::TimestampMs;
use shared::ids::{DraftId, HouseholdId, PhotoHash};

use super::{StorageError, StorageResult};
use crate::api::{Draft, DraftBody, PhotoSummary};
use crate::photos::PreparedPhoto;

/// Keeps what a form holds.
///
/// # Errors
/// A failing database.
pub fn save(
    connection: &Connection,
    id: DraftId,
    body: &DraftBody,
    now_ms: TimestampMs,
) -> StorageResult<()> {
    let json = serde_json::to_string(body).map_err(|_| StorageError::Inconsistent { table: "draft" })?;
    connection
        .prepare_cached(
            "INSERT INTO draft (id, household, body, changed_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET household = ?2, body = ?3, changed_at = ?4",
        )?
        .execute(params![id.0, household(body).map(|id| id.0), json, now_ms])?;
    Ok(())
}

fn household(body: &DraftBody) -> Option<HouseholdId> {
    match body {
        DraftBody::Visit(visit) => Some(visit.household),
        DraftBody::Issue(issue) => issue.household,
    }
}

/// A draft with its photos; `None` when there is none.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn load(connection: &Connection, id: DraftId) -> StorageResult<Option<Draft>> {
    let json: Option<String> = connection
        .query_row("SELECT body FROM draft WHERE id = ?1", [id.0], |row| row.get(0))
        .optional()?;
    let Some(json) = json else { return Ok(None) };
    let body = parse(&json)?;
    Ok(Some(Draft {
        id,
        body,
        photos: photos(connection, id)?
            .into_iter()
            .map(|photo| photo.summary)
            .collect(),
    }))
}

pub(crate) fn parse(json: &str) -> StorageResult<DraftBody> {
    serde_json::from_str(json).map_err(|_| StorageError::Inconsistent { table: "draft" })
}

/// A photo of a draft.
#[derive(Debug, Clone)]
pub struct DraftPhoto {
    /// As shown.
    pub summary: PhotoSummary,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// A draft's photos in order.
///
/// # Errors
/// A failing database.
pub fn photos(connection: &Connection, id: DraftId) -> StorageResult<Vec<DraftPhoto>> {
    let mut statement = connection.prepare_cached(
        "SELECT hash, thumbnail, taken_at, size, width, height FROM draft_photo WHERE draft = ?1 ORDER BY position",
    )?;
    let rows = statement.query_map([id.0], |row| {
        let summary = PhotoSummary {
            hash: PhotoHash(row.get(0)?),
            thumbnail: row.get(1)?,
            taken_at: row.get(2)?,
            size: row.get(3)?,
            uploaded: false,
        };
        Ok(DraftPhoto {
            summary,
            width: row.get(4)?,
            height: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Keeps a prepared photo with a draft: bytes and listing in the caller's one transaction.
///
/// # Errors
/// A failing database.
pub fn add_photo(
    transaction: &Transaction<'_>,
    id: DraftId,
    photo: &PreparedPhoto,
    now_ms: TimestampMs,
) -> StorageResult<()> {
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO photo_bytes (hash, bytes, state, kept_at) VALUES (?1, ?2, 0, ?3)",
        )?
        .execute(params![photo.hash.0, photo.bytes, now_ms])?;
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO draft_photo (draft, position, hash, taken_at, width, height, size, thumbnail)
             VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM draft_photo WHERE draft = ?1), ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            id.0,
            photo.hash.0,
            photo.taken_at,
            photo.width,
            photo.height,
            photo.bytes.len() as u64,
            photo.thumbnail
        ])?;
    Ok(())
}

/// Takes a photo out of a draft, and its bytes with it when nothing else names them.
///
/// # Errors
/// A failing database.
pub fn remove_photo(transaction: &Transaction<'_>, id: DraftId, hash: PhotoHash) -> StorageResult<()> {
    transaction.execute(
        "DELETE FROM draft_photo WHERE draft = ?1 AND hash = ?2",
        params![id.0, hash.0],
    )?;
    sweep(transaction)
}

/// Removes a draft and its photos' bytes. The bytes of a draft that became a record are named by it already.
///
/// # Errors
/// A failing database.
pub fn remove(transaction: &Transaction<'_>, id: DraftId) -> StorageResult<()> {
    transaction.execute("DELETE FROM draft WHERE id = ?1", [id.0])?;
    sweep(transaction)
}

/// Removes bytes that neither a record needs nor a draft.
pub(super) fn sweep(transaction: &Transaction<'_>) -> StorageResult<()> {
    transaction.execute(
        "DELETE FROM photo_bytes WHERE state = 0 AND hash NOT IN (SELECT hash FROM draft_photo)",
        [],
    )?;
    Ok(())
}
