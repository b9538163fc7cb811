//! Uploads that are under way. A chunk and the offset behind it are one transaction.

use shared::clock::TimestampMs;
use shared::ids::{DeviceId, PhotoHash};

use super::columns::{int, uint, uuid};
use super::photos;
use super::tx::{Row, Tx};
use super::value::values;
use crate::storage::{
    AppendedUpload, CreatedUpload, NewUpload, Storage, StorageError, StorageResult, StoredPhoto, Upload,
    UploadId,
};

impl Storage {
    /// Begins an upload. An open one of this device for the same bytes is given back instead of a second one;
    /// at most `open_max` are open per device. Expired ones count as gone.
    pub async fn create_upload(
        &self,
        new: NewUpload,
        open_max: u32,
        now_ms: TimestampMs,
    ) -> StorageResult<CreatedUpload> {
        self.write(move |tx| {
            let device = new.device.0.as_bytes();
            let open = "device = ?1 AND stored = 0 AND expires_at > ?2";
            if !new.stored {
                // A device whose answer was lost asks again; what it has sent already counts.
                let known = tx
                    .prepare_cached(&format!(
                        "SELECT {COLUMNS} FROM upload WHERE {open} AND hash = ?3 AND length = ?4
                         ORDER BY received DESC"
                    ))?
                    .query_opt(values![device, int(now_ms), new.hash.0, int(new.length)], upload)?;
                if let Some(known) = known {
                    return Ok(CreatedUpload::Open(known));
                }
                let count: u32 = tx
                    .prepare_cached(&format!("SELECT count(*) FROM upload WHERE {open}"))?
                    .query_row(values![device, int(now_ms)], |row| row.get(0))?;
                if count >= open_max {
                    return Ok(CreatedUpload::TooMany);
                }
            }
            let received = if new.stored { new.length } else { 0 };
            tx.prepare_cached(
                "INSERT INTO upload (id, device, hash, length, received, metadata, expires_at, stored)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(values![
                new.id.0.as_bytes(),
                device,
                new.hash.0,
                int(new.length),
                int(received),
                new.metadata,
                int(new.expires_at),
                new.stored
            ])?;
            let made = find(tx, new.id, new.device)?;
            made.map(CreatedUpload::Open)
                .ok_or(StorageError::Inconsistent { table: "upload" })
        })
        .await
    }

    /// An upload of this device, expired ones too until they are swept. Of another device: `None`.
    pub async fn upload(&self, id: UploadId, device: DeviceId) -> StorageResult<Option<Upload>> {
        self.read(move |tx| find(tx, id, device)).await
    }

    /// Appends a chunk that begins at `offset`; bytes and offset are durable together. `expires_at` never makes
    /// the term shorter.
    pub async fn append_upload(
        &self,
        id: UploadId,
        device: DeviceId,
        offset: u64,
        bytes: Vec<u8>,
        expires_at: TimestampMs,
    ) -> StorageResult<AppendedUpload> {
        self.write(move |tx| {
            let Some(known) = find(tx, id, device)? else {
                return Ok(AppendedUpload::Unknown);
            };
            let end = offset.saturating_add(bytes.len() as u64);
            if known.offset != offset || end > known.length {
                return Ok(AppendedUpload::Misplaced { offset: known.offset });
            }
            if !bytes.is_empty() {
                tx.prepare_cached("INSERT INTO upload_chunk (upload, at, bytes) VALUES (?1, ?2, ?3)")?
                    .execute(values![id.0.as_bytes(), int(offset), bytes])?;
            }
            tx.prepare_cached(
                "UPDATE upload SET received = ?2,
                     expires_at = CASE WHEN ?3 > expires_at THEN ?3 ELSE expires_at END WHERE id = ?1",
            )?
            .execute(values![id.0.as_bytes(), int(end), int(expires_at)])?;
            Ok(AppendedUpload::Appended(Upload {
                offset: end,
                expires_at: known.expires_at.max(expires_at),
                ..known
            }))
        })
        .await
    }

    /// What has arrived so far; `None` for none of this device's, or one that is in the photo store already.
    pub async fn upload_bytes(&self, id: UploadId, device: DeviceId) -> StorageResult<Option<Vec<u8>>> {
        self.read(move |tx| {
            let Some(known) = find(tx, id, device)?.filter(|known| !known.stored) else {
                return Ok(None);
            };
            let mut whole = Vec::with_capacity(usize::try_from(known.offset).unwrap_or_default());
            let mut statement =
                tx.prepare_cached("SELECT at, bytes FROM upload_chunk WHERE upload = ?1 ORDER BY at")?;
            let mut rows = statement.query(values![id.0.as_bytes()])?;
            while let Some(row) = rows.next()? {
                if uint(&row, 0)? != whole.len() as u64 {
                    return Err(StorageError::Inconsistent {
                        table: "upload_chunk",
                    });
                }
                let chunk: Vec<u8> = row.get(1)?;
                whole.extend_from_slice(&chunk);
            }
            if whole.len() as u64 != known.offset {
                return Err(StorageError::Inconsistent { table: "upload" });
            }
            Ok(Some(whole))
        })
        .await
    }

    /// Notes that an upload's bytes are durable in the photo store, and drops its chunks.
    pub async fn finish_upload(
        &self,
        id: UploadId,
        photo: StoredPhoto,
        now_ms: TimestampMs,
    ) -> StorageResult<()> {
        self.write(move |tx| {
            photos::note(tx, &photo, now_ms)?;
            tx.prepare_cached("DELETE FROM upload_chunk WHERE upload = ?1")?
                .execute(values![id.0.as_bytes()])?;
            tx.prepare_cached("UPDATE upload SET stored = 1 WHERE id = ?1")?
                .execute(values![id.0.as_bytes()])?;
            Ok(())
        })
        .await
    }

    /// Ends an upload and drops what arrived; `false` when there was none of this device's.
    pub async fn remove_upload(&self, id: UploadId, device: DeviceId) -> StorageResult<bool> {
        self.write(move |tx| {
            let removed = tx
                .prepare_cached("DELETE FROM upload WHERE id = ?1 AND device = ?2")?
                .execute(values![id.0.as_bytes(), device.0.as_bytes()])?;
            Ok(removed > 0)
        })
        .await
    }

    /// Removes uploads whose term is over, and those of devices and workers that are gone; how many.
    pub async fn sweep_uploads(&self, now_ms: TimestampMs) -> StorageResult<u64> {
        self.write(move |tx| {
            let swept = tx.execute(
                "DELETE FROM upload WHERE expires_at <= ?1 OR device IN (
                     SELECT device.id FROM device JOIN worker ON worker.id = device.worker
                     WHERE device.revoked_at > 0 OR worker.removed_at > 0)",
                values![int(now_ms)],
            )?;
            Ok(swept)
        })
        .await
    }
}

const COLUMNS: &str = "id, hash, length, received, metadata, expires_at, stored";

fn upload(row: &Row<'_>) -> StorageResult<Upload> {
    Ok(Upload {
        id: UploadId(uuid(row, 0)?),
        hash: PhotoHash(row.get(1)?),
        length: uint(row, 2)?,
        offset: uint(row, 3)?,
        metadata: row.get(4)?,
        expires_at: uint(row, 5)?,
        stored: row.get(6)?,
    })
}

fn find(tx: Tx<'_>, id: UploadId, device: DeviceId) -> StorageResult<Option<Upload>> {
    tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM upload WHERE id = ?1 AND device = ?2"
    ))?
    .query_opt(values![id.0.as_bytes(), device.0.as_bytes()], upload)
}
