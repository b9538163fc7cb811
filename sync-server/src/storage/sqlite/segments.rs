//! Segments: stretches of an area's log that will not change any more, packed once for every device that begins
//! (D7). Each holds the operations behind the one before it, so that a device's cursor says which comes next.

use rusqlite::{Connection, OptionalExtension, params};
use shared::change::encode::encode_pull_dense;
use shared::ids::AreaCode;
use shared::protocol::v1::{self, AreaPage};

use super::columns::{int, uint};
use super::pull::{LeftOut, Room, pull_area};
use crate::storage::{SEGMENT_BYTES_MAX, SEGMENT_OPERATIONS, StorageResult};

/// A segment that was packed and is not kept yet.
pub(super) struct Packed {
    first_position: u64,
    last_position: u64,
    /// Where the log ended when it was packed.
    log_end: u64,
    bytes: Vec<u8>,
}

/// The kept segment that goes on behind `after`; `Err` with the end of the last one when there is none.
pub(super) fn kept(tx: &Connection, area: &AreaCode, after: u64) -> StorageResult<Result<Vec<u8>, u64>> {
    let mut statement = tx.prepare_cached(
        "SELECT bytes FROM segment WHERE area = ?1 AND last_position > ?2 ORDER BY last_position LIMIT 1",
    )?;
    let found = statement
        .query_row(params![area.as_str(), int(after)], |row| row.get(0))
        .optional()?;
    if let Some(bytes) = found {
        return Ok(Ok(bytes));
    }
    let mut end = tx.prepare_cached("SELECT coalesce(max(last_position), 0) FROM segment WHERE area = ?1")?;
    Ok(Err(end.query_row([area.as_str()], |row| uint(row, 0))?))
}

/// Packs the next segment of an area; `None` while there are not enough operations for a whole one.
pub(super) fn pack(tx: &Connection, area: &AreaCode, behind: u64) -> StorageResult<Option<Packed>> {
    let mut room = Room::new(SEGMENT_OPERATIONS.into(), SEGMENT_BYTES_MAX);
    // Nobody's own operations are left out: every device reads the same bytes.
    let pulled = pull_area(tx, area, behind, LeftOut::NOTHING, &mut room)?;
    if pulled.remaining == 0 {
        return Ok(None);
    }
    let page = AreaPage {
        area: area.clone(),
        page: encode_pull_dense(&pulled.operations),
        cursor: pulled.cursor,
        remaining: 0,
    };
    Ok(Some(Packed {
        first_position: behind + 1,
        last_position: pulled.cursor,
        log_end: tx.query_row("SELECT last_position FROM meta", [], |row| uint(row, 0))?,
        bytes: v1::encode_tight(&page),
    }))
}

/// Keeps a segment; the second of two that were packed at the same time is the same and not needed. One that was
/// packed before a household moved may hold what has left the area.
pub(super) fn keep(tx: &Connection, area: &AreaCode, packed: &Packed) -> StorageResult<()> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO segment (area, last_position, first_position, bytes) SELECT ?1, ?2, ?3, ?4
         WHERE NOT EXISTS (SELECT 1 FROM departed WHERE position > ?5)",
    )?
    .execute(params![
        area.as_str(),
        int(packed.last_position),
        int(packed.first_position),
        packed.bytes,
        int(packed.log_end)
    ])?;
    Ok(())
}
