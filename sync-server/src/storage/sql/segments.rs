//! Segments: stretches of an area's log that will not change any more, packed once for every device that begins
//! (D7). Each holds the operations behind the one before it, so that a device's cursor says which comes next.

use shared::change::encode::encode_pull;
use shared::ids::AreaCode;
use shared::protocol::v1::{self, AreaPage};

use super::areas;
use super::columns::{int, uint};
use super::pull::{LeftOut, Room, pull_area};
use super::tx::Tx;
use super::value::values;
use crate::storage::{SEGMENT_BYTES_MAX, SEGMENT_OPERATIONS, Storage, StorageResult};

impl Storage {
    /// The segment of an area's log that goes on behind position `after`: a frame with an `AreaPage` of
    /// [`SEGMENT_OPERATIONS`] operations or about [`SEGMENT_BYTES_MAX`], of all devices, by position. `None` while
    /// there are not enough for a whole one. The same bytes for everybody, until the log changes behind them: a
    /// household moves, or operations are dropped.
    pub async fn segment(&self, area: &AreaCode, after: u64) -> StorageResult<Option<Vec<u8>>> {
        loop {
            let place = area.clone();
            let end = match self.read(move |tx| kept(tx, &place, after)).await? {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(end) => end,
            };
            match self.pack_behind(area, end).await? {
                None => return Ok(None),
                Some((packed, true)) if packed.last_position > after => return Ok(Some(packed.bytes)),
                Some(_) => {}
            }
        }
    }

    /// Packs the segments of every area that has a worker, as far as there are whole ones, so that no device that
    /// begins waits for them; how many. One transaction per segment.
    pub async fn prepare_segments(&self) -> StorageResult<u64> {
        let mut count = 0;
        for area in self.read(areas::with_workers).await? {
            loop {
                let place = area.clone();
                let end = self.read(move |tx| end(tx, &place)).await?;
                match self.pack_behind(&area, end).await? {
                    None => break,
                    Some((_, is_kept)) => count += u64::from(is_kept),
                }
            }
        }
        Ok(count)
    }

    /// The segment of an area that goes on behind the last kept one, and whether it was kept; `None` while there is no
    /// whole one.
    async fn pack_behind(&self, area: &AreaCode, end: u64) -> StorageResult<Option<(Packed, bool)>> {
        let place = area.clone();
        let Some(packed) = self.read(move |tx| pack(tx, &place, end)).await? else {
            return Ok(None);
        };
        let place = area.clone();
        let kept = self.write(move |tx| {
            let is_kept = keep(tx, &place, &packed)?;
            Ok((packed, is_kept))
        });
        kept.await.map(Some)
    }
}

/// A segment that was packed and is not kept yet.
struct Packed {
    first_position: u64,
    last_position: u64,
    /// Where the log ended when it was packed.
    log_end: u64,
    bytes: Vec<u8>,
}

/// The kept segment that goes on behind `after`; `Err` with the end of the last one when there is none.
fn kept(tx: Tx<'_>, area: &AreaCode, after: u64) -> StorageResult<Result<Vec<u8>, u64>> {
    let mut statement = tx.prepare_cached(
        "SELECT bytes FROM segment WHERE area = ?1 AND last_position > ?2 ORDER BY last_position LIMIT 1",
    )?;
    let found = statement.query_opt(values![area.as_str(), int(after)], |row| row.get(0))?;
    if let Some(bytes) = found {
        return Ok(Ok(bytes));
    }
    Ok(Err(end(tx, area)?))
}

/// Where the last kept segment of an area ends; 0 when there is none.
fn end(tx: Tx<'_>, area: &AreaCode) -> StorageResult<u64> {
    tx.prepare_cached("SELECT coalesce(max(last_position), 0) FROM segment WHERE area = ?1")?
        .query_row(values![area.as_str()], |row| uint(row, 0))
}

/// Packs the next segment of an area; `None` while there are not enough operations for a whole one.
fn pack(tx: Tx<'_>, area: &AreaCode, behind: u64) -> StorageResult<Option<Packed>> {
    // What is lent to a unit is little, and goes again.
    if area.is_unit() {
        return Ok(None);
    }
    let mut room = Room::new(SEGMENT_OPERATIONS.into(), SEGMENT_BYTES_MAX);
    // Nobody's own operations are left out: every device reads the same bytes.
    let pulled = pull_area(tx, area, behind, LeftOut::NOTHING, &mut room)?;
    if pulled.remaining == 0 {
        return Ok(None);
    }
    let page = AreaPage {
        area: area.clone(),
        page: encode_pull(&pulled.operations),
        cursor: pulled.cursor,
        remaining: 0,
    };
    Ok(Some(Packed {
        first_position: behind + 1,
        last_position: pulled.cursor,
        log_end: tx.query_row("SELECT last_position FROM meta", values![], |row| uint(row, 0))?,
        bytes: v1::encode_tight(&page),
    }))
}

/// Keeps a segment and returns whether it did; the second of two that were packed at the same time is the same and not
/// needed. One that was packed before a household moved may hold what has left the area. When the segment that it goes
/// on behind has been dropped meanwhile, it would stand behind a gap.
fn keep(tx: Tx<'_>, area: &AreaCode, packed: &Packed) -> StorageResult<bool> {
    let kept = tx
        .prepare_cached(
            "INSERT INTO segment (area, last_position, first_position, bytes)
             SELECT CAST(?1 AS TEXT), CAST(?2 AS BIGINT), CAST(?3 AS BIGINT), ?4
             WHERE NOT EXISTS (SELECT 1 FROM departed WHERE position > ?5)
             AND (CAST(?3 AS BIGINT) = 1
                 OR EXISTS (SELECT 1 FROM segment WHERE area = ?1 AND last_position = CAST(?3 AS BIGINT) - 1))
             ON CONFLICT DO NOTHING",
        )?
        .execute(values![
            area.as_str(),
            int(packed.last_position),
            int(packed.first_position),
            packed.bytes,
            int(packed.log_end)
        ])?;
    Ok(kept == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededChance;

    fn packed(first_position: u64, last_position: u64) -> Packed {
        Packed {
            first_position,
            last_position,
            log_end: 9_000,
            bytes: vec![7],
        }
    }

    #[tokio::test]
    async fn a_segment_that_was_packed_too_early_is_not_kept() {
        let storage = Storage::in_memory(&SeededChance::new(7)).unwrap();
        let area = AreaCode::new("130803001001-01").unwrap();
        let done = storage.write(move |tx| {
            keep(tx, &area, &packed(1, 2_000))?;
            keep(tx, &area, &packed(2_001, 4_000))?;
            assert!(kept(tx, &area, 2_000)?.is_ok());
            // Compaction has dropped both while a third one was packed.
            tx.execute("DELETE FROM segment", values![])?;
            keep(tx, &area, &packed(4_001, 6_000))?;
            assert_eq!(kept(tx, &area, 0)?, Err(0), "it would stand behind a gap");
            // A household left the area while one was packed.
            tx.execute(
                "INSERT INTO departed (position, area, device, seq) VALUES (9001, ?1, x'00', 1)",
                values![area.as_str()],
            )?;
            keep(tx, &area, &packed(1, 2_000))?;
            assert_eq!(kept(tx, &area, 0)?, Err(0), "it may hold what has left");
            Ok(())
        });
        done.await.unwrap();
    }
}
