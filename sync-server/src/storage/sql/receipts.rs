//! The key for receipts, and what devices have shown of an earlier life.

use shared::ids::{AreaCode, DeviceId, WorkerId};
use shared::protocol::gaps::{DeviceGap, Gaps, PhotoGap};

use super::columns::{self, behind, int, uint, uuid};
use super::tx::Row;
use super::units;
use super::value::values;
use crate::storage::{Storage, StorageResult};

impl Storage {
    /// The seed of the key that signs receipts, and of those that seal devices: 32 bytes, the same in every life of the
    /// database.
    pub async fn receipt_seed(&self) -> StorageResult<Vec<u8>> {
        self.read(move |tx| tx.query_row("SELECT seed FROM receipt_key", values![], |row| row.get(0)))
            .await
    }

    /// Notes that a device has shown a receipt of an earlier life for more than is held.
    pub async fn note_receipt_shown(&self, device: DeviceId, through_seq: u64) -> StorageResult<()> {
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO receipt_shown (device, through_seq)
                 SELECT id, CAST(?2 AS BIGINT) FROM device WHERE id = ?1 AND last_seq < ?2
                 ON CONFLICT (device) DO UPDATE SET through_seq = CASE
                     WHEN excluded.through_seq > receipt_shown.through_seq THEN excluded.through_seq
                     ELSE receipt_shown.through_seq END",
                values![device.0.as_bytes(), int(through_seq)],
            )?;
            Ok(())
        })
        .await
    }

    /// What is known to be missing in these areas: devices of workers who are or were assigned there, by worker and
    /// name, and photos by area; at most `limit` of each.
    pub async fn gaps_in(&self, areas: &[AreaCode], limit: u32) -> StorageResult<Gaps> {
        let areas = areas.to_vec();
        self.read(move |tx| {
            let mut gaps = Gaps::default();
            let mut devices = tx.prepare_cached(
                "SELECT DISTINCT device.id, device.name, device.worker
                 FROM receipt_shown JOIN device ON device.id = receipt_shown.device
                 JOIN assignment ON assignment.worker = device.worker
                 WHERE device.last_seq < receipt_shown.through_seq AND device.revoked_at = 0
                 AND assignment.area >= ?1 AND assignment.area < ?2
                 ORDER BY device.worker, device.name, device.id LIMIT ?3",
            )?;
            let mut photos = tx.prepare_cached(
                "SELECT photo_record.area, count(DISTINCT photo_record.hash)
                 FROM photo_record
                 LEFT JOIN photo ON photo.hash = photo_record.hash AND photo.area = photo_record.area
                 WHERE photo.hash IS NULL AND photo_record.area >= ?1 AND photo_record.area < ?2
                 GROUP BY photo_record.area ORDER BY photo_record.area LIMIT ?3",
            )?;
            let mut copies = tx.prepare_cached(
                "SELECT DISTINCT device.id, device.name, device.worker
                 FROM device JOIN assignment ON assignment.worker = device.worker
                 WHERE device.parent IS NOT NULL AND device.revoked_at = 0
                 AND EXISTS (SELECT 1 FROM token WHERE token.device = device.id)
                 AND assignment.ended_at = 0 AND assignment.area >= ?1 AND assignment.area < ?2
                 ORDER BY device.worker, device.name, device.id LIMIT ?3",
            )?;
            let device = |row: &Row<'_>| {
                Ok(DeviceGap {
                    device: DeviceId(uuid(row, 0)?),
                    name: row.get(1)?,
                    worker: WorkerId(uuid(row, 2)?),
                })
            };
            // Who works for a unit works nowhere: theirs is shown where the unit was decided on.
            let of_units = units::areas(tx)?.into_iter();
            let overseen =
                of_units.filter(|(_, decided_in)| areas.iter().any(|area| decided_in.is_within(area)));
            let units: Vec<AreaCode> = overseen.map(|(unit, _)| unit).collect();
            for area in areas.iter().chain(&units) {
                let end = behind(area);
                let found = devices.query_map(values![area.as_str(), end, limit], device)?;
                let copied = copies.query_map(values![area.as_str(), end, limit], device)?;
                for (list, found) in [(&mut gaps.devices, found), (&mut gaps.copies, copied)] {
                    for gap in found {
                        if !list.contains(&gap) {
                            list.push(gap);
                        }
                    }
                }
                let found = photos.query_map(values![area.as_str(), end, limit], |row| {
                    Ok(PhotoGap {
                        area: columns::area(row, 0)?,
                        lacking: uint(row, 1)?,
                    })
                })?;
                gaps.photos.extend(found);
            }
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            gaps.devices.truncate(limit);
            gaps.photos.truncate(limit);
            gaps.copies.truncate(limit);
            Ok(gaps)
        })
        .await
    }
}
