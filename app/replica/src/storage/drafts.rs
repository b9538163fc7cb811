//! Half-filled forms, kept at every change; those thrown away, for 30 days; and what became of those that were saved.
//!
//! A draft has one writer. Every write says which revision its form had seen; what another form wrote meanwhile is
//! never overwritten ([`Kept`]).

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use shared::change::Seen;
use shared::clock::TimestampMs;
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::domain::value::Value;
use shared::ids::{DraftId, HouseholdId, PhotoHash};
use uuid::Uuid;

use super::{StorageError, StorageResult};
use crate::api::{DraftBody, PhotoSummary};
use crate::photos::PreparedPhoto;

/// For how long a draft that was thrown away can be taken back, ms.
pub const BIN_MS: TimestampMs = 30 * 24 * 3600 * 1000;

/// What stands in `draft.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A half-filled form.
    Open = 0,
    /// Thrown away.
    Bin = 1,
    /// It became its record, or a correction of it.
    Saved = 2,
}

/// A record as a form showed it when it was opened: of each field the value, and the writes that had been seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Base {
    /// The record.
    pub record: Option<RecordRef>,
    /// Field, value, and what its clock names.
    pub fields: Vec<(FieldId, Value, Seen)>,
}

impl Base {
    /// Reads a base; `None` for a form that makes a new record.
    ///
    /// # Errors
    /// Bytes that are none.
    pub fn parse(bytes: &[u8]) -> StorageResult<Option<Self>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let base = postcard::from_bytes(bytes).map_err(|_| INCONSISTENT)?;
        Ok(Some(base))
    }

    /// What the form had shown in a field.
    pub fn value(&self, id: FieldId) -> &Value {
        let found = self.fields.iter().find(|(field, ..)| *field == id);
        found.map_or(&Value::Null, |(_, value, _)| value)
    }

    /// The writes of a field that the form had seen.
    pub fn seen(&self, id: FieldId) -> Seen {
        let found = self.fields.iter().find(|(field, ..)| *field == id);
        found.map(|(_, _, seen)| seen.clone()).unwrap_or_default()
    }

    /// As bytes.
    ///
    /// # Errors
    /// None of ours.
    pub fn bytes(&self) -> StorageResult<Vec<u8>> {
        postcard::to_stdvec(self).map_err(|_| INCONSISTENT)
    }
}

const INCONSISTENT: StorageError = StorageError::Inconsistent { table: "draft" };

/// A row of drafts.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Whether it is open.
    pub state: State,
    /// Counts up whenever a form writes.
    pub revision: u64,
    /// The record that it corrects or became.
    pub record: Option<RecordRef>,
    /// See [`Base`]; empty for a form that makes a new record.
    pub base: Vec<u8>,
    /// JSON of [`DraftBody`]; when it was saved, empty, or what says that it was a step.
    pub json: String,
}

/// What stands in place of the body of a step that was taken.
const WAS_STEP: &str = "step";

impl Kept {
    /// Whether it was saved as a step of its record: that is not shown as the record's form.
    pub fn was_step(&self) -> bool {
        self.state == State::Saved && self.json == WAS_STEP
    }
}

/// The row of a draft in whatever state; `None` when there is none.
///
/// # Errors
/// A failing database.
pub fn row(connection: &Connection, id: DraftId) -> StorageResult<Option<Kept>> {
    let mut statement = connection
        .prepare_cached("SELECT state, revision, kind, record, base, body FROM draft WHERE id = ?1")?;
    let read = |row: &rusqlite::Row<'_>| {
        let record: Option<Uuid> = row.get(3)?;
        let kind = RecordKind(row.get(2)?);
        Ok(Kept {
            state: match row.get(0)? {
                0_i64 => State::Open,
                1 => State::Bin,
                _ => State::Saved,
            },
            revision: row.get(1)?,
            record: record.map(|id| RecordRef { kind, id }),
            base: row.get(4)?,
            json: row.get(5)?,
        })
    };
    Ok(statement.query_row([id.0], read).optional()?)
}

/// The draft that is open under an id; `None` when there is none.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn load(connection: &Connection, id: DraftId) -> StorageResult<Option<(Kept, DraftBody)>> {
    let Some(kept) = row(connection, id)?.filter(|kept| kept.state == State::Open) else {
        return Ok(None);
    };
    let body = parse(&kept.json)?;
    Ok(Some((kept, body)))
}

/// The open draft that says exactly this of the same base, with its revision; `None` when there is none.
///
/// # Errors
/// A failing database.
pub fn same(connection: &Connection, json: &str, base: &[u8]) -> StorageResult<Option<(DraftId, u64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, revision FROM draft WHERE state = 0 AND body = ?1 AND base = ?2 LIMIT 1",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok((DraftId(row.get(0)?), row.get(1)?));
    Ok(statement.query_row(params![json, base], read).optional()?)
}

/// Gives a draft, with its photos, another id. What was saved under that one is forgotten.
///
/// # Errors
/// A failing database.
pub fn rename(transaction: &Transaction<'_>, id: DraftId, to: DraftId) -> StorageResult<()> {
    transaction.execute("DELETE FROM draft WHERE id = ?1 AND state = 2", [to.0])?;
    transaction.execute(
        "INSERT INTO draft (id, household, body, changed_at, kind, record, base, revision, state)
         SELECT ?2, household, body, changed_at, kind, record, base, revision, state FROM draft WHERE id = ?1",
        params![id.0, to.0],
    )?;
    transaction.execute(
        "UPDATE draft_photo SET draft = ?2 WHERE draft = ?1",
        params![id.0, to.0],
    )?;
    transaction.execute("DELETE FROM draft WHERE id = ?1", [id.0])?;
    Ok(())
}

/// Gives the photos of a draft to another one, too.
///
/// # Errors
/// A failing database.
pub fn copy_photos(transaction: &Transaction<'_>, from: DraftId, to: DraftId) -> StorageResult<()> {
    transaction.execute(
        "INSERT OR IGNORE INTO draft_photo (draft, position, hash, taken_at, width, height, size, thumbnail, removed)
         SELECT ?2, position, hash, taken_at, width, height, size, thumbnail, removed FROM draft_photo WHERE draft = ?1",
        params![from.0, to.0],
    )?;
    Ok(())
}

/// How many are open.
///
/// # Errors
/// A failing database.
pub fn count_open(connection: &Connection) -> StorageResult<u64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM draft WHERE state = 0")?
        .query_row([], |row| row.get(0))?)
}

/// Keeps what a form holds as the open draft `id`.
///
/// # Errors
/// A failing database.
pub fn save(
    connection: &Connection,
    id: DraftId,
    body: &DraftBody,
    (revision, record, base): (u64, Option<RecordRef>, &[u8]),
    now_ms: TimestampMs,
) -> StorageResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO draft (id, household, body, changed_at, kind, record, base, revision, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)
             ON CONFLICT (id) DO UPDATE SET household = ?2, body = ?3, changed_at = ?4, kind = ?5, record = ?6,
                                            base = ?7, revision = ?8, state = 0",
        )?
        .execute(params![
            id.0,
            household(body).map(|id| id.0),
            json(body)?,
            now_ms,
            record.map_or(0, |record| record.kind.0),
            record.map(|record| record.id),
            base,
            revision
        ])?;
    Ok(())
}

/// As it stands in the table.
///
/// # Errors
/// None of ours.
pub fn json(body: &DraftBody) -> StorageResult<String> {
    serde_json::to_string(body).map_err(|_| INCONSISTENT)
}

/// The household that a form is about.
fn household(body: &DraftBody) -> Option<HouseholdId> {
    match body {
        DraftBody::Visit(visit) => Some(visit.household),
        DraftBody::Issue(issue) => issue.household,
        DraftBody::Household(household) => household.corrects,
        DraftBody::Resident(resident) => Some(resident.resident.household),
        DraftBody::Step(step) => step.household,
        DraftBody::Record(_) => None,
    }
}

pub(crate) fn parse(json: &str) -> StorageResult<DraftBody> {
    serde_json::from_str(json).map_err(|_| INCONSISTENT)
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
        "SELECT hash, thumbnail, taken_at, size, width, height FROM draft_photo
         WHERE draft = ?1 AND removed = 0 ORDER BY position",
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
    // Bytes that lie here under this name may have gone bad; these are good.
    transaction
        .prepare_cached(
            "INSERT INTO photo_bytes (hash, bytes, state, kept_at) VALUES (?1, ?2, 0, ?3)
             ON CONFLICT (hash) DO UPDATE SET bytes = excluded.bytes",
        )?
        .execute(params![photo.hash.0, photo.bytes, now_ms])?;
    transaction
        .prepare_cached(
            "INSERT INTO draft_photo (draft, position, hash, taken_at, width, height, size, thumbnail)
             VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM draft_photo WHERE draft = ?1), ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (draft, hash) DO UPDATE SET removed = 0",
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

/// Takes a photo out of a draft, or puts it back. It stays beside the draft until that is saved or swept. `false` when
/// the draft has no such photo.
///
/// # Errors
/// A failing database.
pub fn set_photo_removed(
    connection: &Connection,
    id: DraftId,
    hash: PhotoHash,
    removed: bool,
) -> StorageResult<bool> {
    let changed = connection.execute(
        "UPDATE draft_photo SET removed = ?3 WHERE draft = ?1 AND hash = ?2",
        params![id.0, hash.0, removed],
    )?;
    Ok(changed == 1)
}

/// Throws an open draft away: it lies in the bin, with its photos. `false` when there is none.
///
/// # Errors
/// A failing database.
pub fn throw_away(connection: &Connection, id: DraftId, now_ms: TimestampMs) -> StorageResult<bool> {
    let changed = connection.execute(
        "UPDATE draft SET state = 1, changed_at = ?2 WHERE id = ?1 AND state = 0",
        params![id.0, now_ms],
    )?;
    Ok(changed == 1)
}

/// Takes a draft out of the bin. `false` when it is not in there.
///
/// # Errors
/// A failing database.
pub fn take_back(connection: &Connection, id: DraftId, now_ms: TimestampMs) -> StorageResult<bool> {
    let changed = connection.execute(
        "UPDATE draft SET state = 0, changed_at = ?2 WHERE id = ?1 AND state = 1",
        params![id.0, now_ms],
    )?;
    Ok(changed == 1)
}

/// The draft has become `record`: its photos are the record's, and its id says what became of it.
///
/// # Errors
/// A failing database.
pub fn set_saved(
    transaction: &Transaction<'_>,
    id: DraftId,
    (record, is_step): (RecordRef, bool),
    now_ms: TimestampMs,
) -> StorageResult<()> {
    transaction.execute(
        "UPDATE photo_bytes SET state = 1 WHERE state = 0
         AND hash IN (SELECT hash FROM draft_photo WHERE draft = ?1 AND removed = 0)",
        [id.0],
    )?;
    transaction.execute("DELETE FROM draft_photo WHERE draft = ?1", [id.0])?;
    transaction.execute(
        "UPDATE draft SET state = 2, household = NULL, body = ?5, base = x'', kind = ?2, record = ?3, changed_at = ?4
         WHERE id = ?1",
        params![id.0, record.kind.0, record.id, now_ms, if is_step { WAS_STEP } else { "" }],
    )?;
    sweep(transaction)
}

/// Removes what has been in the bin for 30 days with its photos, and what is as old of saved ones.
///
/// # Errors
/// A failing database.
pub fn empty_bin(transaction: &Transaction<'_>, now_ms: TimestampMs) -> StorageResult<()> {
    let old = transaction
        .prepare_cached("DELETE FROM draft WHERE state <> 0 AND changed_at < ?1")?
        .execute([now_ms.saturating_sub(BIN_MS)])?;
    if old > 0 {
        sweep(transaction)?;
    }
    Ok(())
}

/// Removes from the bin what is about households that go; `going` selects their ids.
pub(super) fn forget_in_bin(transaction: &Transaction<'_>, going: &str, area: &str) -> StorageResult<()> {
    transaction.execute(
        &format!("DELETE FROM draft WHERE state = 1 AND household IN ({going})"),
        [area],
    )?;
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
