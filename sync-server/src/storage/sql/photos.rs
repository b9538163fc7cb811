//! Who may send and see a photo's bytes. The bytes themselves lie elsewhere.

use std::collections::BTreeSet;

use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::worker::Role;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::{AreaCode, PhotoHash, WorkerId};
use uuid::Uuid;

use super::columns::{self, behind, int, uint};
use super::tx::Tx;
use super::value::values;
use crate::apply::photo_named;
use crate::storage::{Storage, StorageResult, StoredPhoto};

impl Storage {
    /// The areas inside `scope` in which a record names these bytes, in order.
    pub async fn photo_named_in(&self, hash: PhotoHash, scope: &[AreaCode]) -> StorageResult<Vec<AreaCode>> {
        let scope = scope.to_vec();
        self.read(move |tx| named_in(tx, hash, &scope)).await
    }

    /// Whether the bytes were received for an area inside `scope` in which a record names them; their size.
    pub async fn photo_stored_in(&self, hash: PhotoHash, scope: &[AreaCode]) -> StorageResult<Option<u64>> {
        let scope = scope.to_vec();
        self.read(move |tx| {
            let mut statement =
                tx.prepare_cached("SELECT size_bytes FROM photo WHERE hash = ?1 AND area = ?2")?;
            for area in named_in(tx, hash, &scope)? {
                let mut rows = statement.query(values![hash.0, area.as_str()])?;
                if let Some(row) = rows.next()? {
                    return Ok(Some(uint(&row, 0)?));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Notes that bytes are durable for these areas.
    pub async fn note_photo(&self, photo: StoredPhoto, now_ms: TimestampMs) -> StorageResult<()> {
        self.write(move |tx| note(tx, &photo, now_ms)).await
    }

    /// The areas in which a record names these bytes and in which this worker may send them, in order: those
    /// inside `scope`, and those where the worker recorded the photo and was assigned then (D5).
    pub async fn photo_wanted_from(
        &self,
        hash: PhotoHash,
        worker: WorkerId,
        scope: &[AreaCode],
    ) -> StorageResult<Vec<AreaCode>> {
        let scope = scope.to_vec();
        self.read(move |tx| {
            let mut areas: BTreeSet<AreaCode> = named_in(tx, hash, &scope)?.into_iter().collect();
            let mut statement =
                tx.prepare_cached("SELECT DISTINCT area FROM photo_record WHERE hash = ?1 AND author = ?2")?;
            let own =
                statement.query_map(values![hash.0, worker.0.as_bytes()], |row| columns::area(row, 0))?;
            areas.extend(own);
            Ok(areas.into_iter().collect())
        })
        .await
    }

    /// Photos whose bytes were received for any area, by hash, behind `after`, at most `limit`.
    pub async fn stored_photos(&self, after: Option<PhotoHash>, limit: u32) -> StorageResult<Vec<PhotoHash>> {
        self.read(move |tx| {
            // The empty blob comes before every hash.
            let after: &[u8] = after.as_ref().map_or(&[], |hash| &hash.0);
            let mut statement =
                tx.prepare_cached("SELECT DISTINCT hash FROM photo WHERE hash > ?1 ORDER BY hash LIMIT ?2")?;
            statement.query_map(values![after, limit], |row| row.get(0).map(PhotoHash))
        })
        .await
    }

    /// Forgets that bytes were received, for all areas: they are not there any more.
    pub async fn forget_photo(&self, hash: PhotoHash) -> StorageResult<()> {
        self.write(move |tx| {
            tx.execute("DELETE FROM photo WHERE hash = ?1", values![hash.0])?;
            Ok(())
        })
        .await
    }
}

/// Keeps the table of names beside the records: a withdrawn photo names nothing.
pub(super) fn follow_record(tx: Tx<'_>, record: RecordRef, state: &RecordState) -> StorageResult<()> {
    if record.kind != RecordKind::PHOTO {
        return Ok(());
    }
    let owner = record.kind.lies_beside(&state.values());
    let owner = owner.map_or(Uuid::nil(), |owner| owner.id);
    match photo_named(record, state) {
        Some(hash) => tx
            .prepare_cached(
                "INSERT INTO photo_record (record, hash, area, author, owner) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (record) DO UPDATE SET hash = excluded.hash, area = excluded.area, author = excluded.author,
                     owner = excluded.owner",
            )?
            .execute(values![
                record.id.as_bytes(),
                hash.0,
                state.area().as_str(),
                state.origin().author.0.as_bytes(),
                owner.as_bytes()
            ])?,
        None => tx
            .prepare_cached("DELETE FROM photo_record WHERE record = ?1")?
            .execute(values![record.id.as_bytes()])?,
    };
    Ok(())
}

pub(super) fn named_in(tx: Tx<'_>, hash: PhotoHash, scope: &[AreaCode]) -> StorageResult<Vec<AreaCode>> {
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT area FROM photo_record WHERE hash = ?1 AND area >= ?2 AND area < ?3 ORDER BY area",
    )?;
    // What is lent to a unit lies elsewhere: there its bytes are. Who works for a unit names no other's bytes: else a
    // photo record of their own would open what is not lent any more.
    let mut lent = tx.prepare_cached(
        "SELECT DISTINCT photo_record.area FROM photo_record JOIN lent ON lent.record = photo_record.record
         WHERE hash = ?1 AND lent.kind = ?2 AND lent.area = ?3 AND NOT EXISTS (
             SELECT 1 FROM photo JOIN device ON device.id = photo.device
             JOIN worker ON worker.id = photo_record.author
             WHERE photo.hash = photo_record.hash AND photo.area = photo_record.area
                 AND worker.role = ?4 AND device.worker <> worker.id)
         ORDER BY photo_record.area",
    )?;
    let mut named = Vec::new();
    for area in scope {
        if area.is_unit() {
            named.extend(lent.query_map(
                values![
                    hash.0,
                    RecordKind::PHOTO.0,
                    area.as_str(),
                    int(Role::Responder.number())
                ],
                |row| columns::area(row, 0),
            )?);
            continue;
        }
        let areas = statement.query_map(values![hash.0, area.as_str(), behind(area)], |row| {
            columns::area(row, 0)
        })?;
        named.extend(areas);
    }
    Ok(named)
}

pub(super) fn note(tx: Tx<'_>, photo: &StoredPhoto, now_ms: TimestampMs) -> StorageResult<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO photo (hash, area, size_bytes, device, stored_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (hash, area) DO NOTHING",
    )?;
    for area in &photo.areas {
        statement.execute(values![
            photo.hash.0,
            area.as_str(),
            int(photo.size_bytes),
            photo.device.0.as_bytes(),
            int(now_ms)
        ])?;
    }
    Ok(())
}
