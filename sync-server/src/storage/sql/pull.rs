//! Pulls: operations of an area and everything inside it, by position.
//!
//! The index is by exact area, so a community is merged from its grids: each grid's operations are read a
//! few at a time, and not much further than the page reaches. Where a household left the area, the operation that moved it
//! is read once more, at the position where that happened.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use shared::change::AppliedOperation;
use shared::guards::{self, Guard};
use shared::ids::{AreaCode, DeviceId};
use uuid::Uuid;

use super::columns::{self, behind, int, uint};
use super::disclosed::Disclosed;
use super::tx::{Statement, Tx};
use super::value::values;
use crate::storage::{PullRequest, Pulled, PulledArea, Storage, StorageError, StorageResult};

impl Storage {
    /// Operations that a device lacks, per assigned area in order of their codes, each by position, seen at
    /// one moment. An area inside another assigned one is left out.
    pub async fn pull(&self, request: PullRequest) -> StorageResult<Pulled> {
        self.read(move |tx| {
            let scope = columns::scope(tx, request.worker)?;
            let same_epoch = request.epoch == Some(columns::epoch(tx)?) || !guards::holds(Guard::Epoch);
            let held_position: u64 =
                tx.query_row("SELECT last_position FROM meta", values![], |row| uint(row, 0))?;
            let mut room = Room::new(request.operations_max.into(), request.bytes_max);
            let left_out = LeftOut {
                device: request.device,
                from_seq: request.own_from_seq,
            };
            let mut areas = Vec::with_capacity(scope.len());
            for area in &scope {
                let cursor = request.cursors.get(area).copied().unwrap_or(0);
                // A cursor of another life of the database, or from its future, means nothing here.
                let cursor = if same_epoch && cursor <= held_position {
                    cursor
                } else {
                    0
                };
                areas.push(pull_area(tx, area, cursor, left_out, &mut room)?);
            }
            Ok(Pulled { scope, areas })
        })
        .await
    }

    /// The applied operations of one device inside `area`, by sequence.
    pub async fn operations_of(
        &self,
        device: DeviceId,
        area: &AreaCode,
    ) -> StorageResult<Vec<AppliedOperation>> {
        let area = area.clone();
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT body, applied_at FROM operation
                 WHERE device = ?1 AND area >= ?2 AND area < ?3 ORDER BY seq",
            )?;
            let mut rows = statement.query(values![device.0.as_bytes(), area.as_str(), behind(&area)])?;
            let mut operations = Vec::new();
            while let Some(row) = rows.next()? {
                let body: Vec<u8> = row.get(0)?;
                let operation = columns::operation("operation", &body)?;
                operations.push(AppliedOperation {
                    operation,
                    applied_at: uint(&row, 1)?,
                });
            }
            Ok(operations)
        })
        .await
    }
}

/// Operations read at once from all areas together, and at least from each.
const AT_ONCE: usize = 256;
const AT_ONCE_EACH: usize = 8;
/// About how many bytes of one area are read ahead of the page: thumbnails are up to 16 KiB each.
const AHEAD_BYTES_MAX: usize = 256 * 1024;

/// The first ?5 operations of an area behind position ?2 but those of device ?3 from number ?4 on: applied there, or the
/// one by which a household left. Each part is bounded for itself, else PostgreSQL sorts the whole log each time.
const BEHIND: &str = "SELECT position, body, applied_at FROM (
         SELECT position, body, applied_at FROM operation
         WHERE area = ?1 AND position > ?2 AND (device <> ?3 OR seq < ?4) ORDER BY position LIMIT ?5) AS applied
     UNION ALL SELECT position, body, applied_at FROM (
         SELECT departed.position, body, applied_at FROM departed JOIN operation USING (device, seq)
         WHERE departed.area = ?1 AND departed.position > ?2 AND (device <> ?3 OR seq < ?4)
         ORDER BY departed.position LIMIT ?5) AS gone
     ORDER BY position LIMIT ?5";
/// The same of a unit's area: operations of what is lent to it.
const LENT_BEHIND: &str = "SELECT lent_log.position, body, applied_at
     FROM lent_log JOIN operation ON operation.device = lent_log.device AND operation.seq = lent_log.seq
     WHERE lent_log.area = ?1 AND lent_log.position > ?2 AND (lent_log.device <> ?3 OR lent_log.seq < ?4)
     ORDER BY lent_log.position LIMIT ?5";
/// Where they stand.
const POSITIONS: &str = "SELECT position FROM operation WHERE area = ?1 AND position > ?2 AND (device <> ?3 OR seq < ?4)
     UNION ALL SELECT position FROM departed WHERE area = ?1 AND position > ?2 AND (device <> ?3 OR seq < ?4)";
const LENT_POSITIONS: &str = "SELECT lent_log.position
     FROM lent_log JOIN operation ON operation.device = lent_log.device AND operation.seq = lent_log.seq
     WHERE lent_log.area = ?1 AND lent_log.position > ?2 AND (lent_log.device <> ?3 OR lent_log.seq < ?4)";

/// Whose operations, and from which number on, are left out.
#[derive(Clone, Copy)]
pub(super) struct LeftOut {
    pub(super) device: DeviceId,
    pub(super) from_seq: u64,
}

impl LeftOut {
    /// Nobody's.
    pub(super) const NOTHING: Self = Self {
        device: DeviceId(Uuid::nil()),
        from_seq: u64::MAX,
    };
}

/// What is left of a reply.
pub(super) struct Room {
    operations: u64,
    bytes: usize,
    empty: bool,
}

impl Room {
    /// Room for so many operations and about so many bytes of them; the first always fits.
    pub(super) fn new(operations: u64, bytes: usize) -> Self {
        Self {
            operations,
            bytes,
            empty: true,
        }
    }
}

pub(super) fn pull_area(
    tx: Tx<'_>,
    area: &AreaCode,
    cursor: u64,
    left_out: LeftOut,
    room: &mut Room,
) -> StorageResult<PulledArea> {
    let inner = areas_behind(tx, area, cursor)?;
    let end = inner
        .iter()
        .map(|(_, last_position)| *last_position)
        .max()
        .unwrap_or(cursor);
    let behind = if area.is_unit() { LENT_BEHIND } else { BEHIND };
    let mut merge = Merge::new(
        tx.prepare_cached(behind)?,
        &inner,
        cursor,
        left_out,
        room.operations,
    )?;
    let mut pulled = PulledArea {
        area: area.clone(),
        operations: Vec::new(),
        cursor,
        remaining: 0,
    };
    let mut disclosed = Disclosed::to(tx, area);
    let mut full = false;
    while let Some(next) = merge.next()? {
        let fits = room.operations > 0 && (room.empty || next.body.len() <= room.bytes);
        if !fits {
            full = true;
            break;
        }
        room.operations -= 1;
        room.bytes = room.bytes.saturating_sub(next.body.len());
        room.empty = false;
        pulled.operations.push(AppliedOperation {
            operation: disclosed.operation(columns::operation("operation", &next.body)?)?,
            applied_at: next.applied_at,
        });
        pulled.cursor = next.position;
    }
    if full {
        let positions = if area.is_unit() { LENT_POSITIONS } else { POSITIONS };
        pulled.remaining = count(tx, positions, &inner, pulled.cursor, left_out)?;
    } else {
        pulled.cursor = end;
    }
    Ok(pulled)
}

/// The areas inside `area` in which something happened after `cursor`, with their last positions.
fn areas_behind(tx: Tx<'_>, area: &AreaCode, cursor: u64) -> StorageResult<Vec<(String, u64)>> {
    let mut statement = tx.prepare_cached(
        "SELECT code, last_position FROM area WHERE code >= ?1 AND code < ?2 AND last_position > ?3 ORDER BY code",
    )?;
    statement.query_map(values![area.as_str(), behind(area), int(cursor)], |row| {
        Ok((row.get(0)?, uint(row, 1)?))
    })
}

fn count(
    tx: Tx<'_>,
    positions: &str,
    areas: &[(String, u64)],
    after: u64,
    left_out: LeftOut,
) -> StorageResult<u64> {
    let mut statement = tx.prepare_cached(&format!("SELECT count(*) FROM ({positions}) AS behind"))?;
    let mut total = 0;
    for (area, _) in areas {
        total += statement.query_row(
            values![
                area,
                int(after),
                left_out.device.0.as_bytes(),
                int(left_out.from_seq)
            ],
            |row| uint(row, 0),
        )?;
    }
    Ok(total)
}

/// An operation as it stands in an area's log.
struct Logged {
    position: u64,
    body: Vec<u8>,
    applied_at: u64,
}

/// Operations of several areas in one ascending sequence.
struct Merge<'a> {
    read: Statement<'a>,
    left_out: LeftOut,
    at_once: usize,
    queues: Vec<(&'a str, VecDeque<Logged>)>,
    /// The first position of each queue that is not empty, and whose it is.
    heap: BinaryHeap<Reverse<(u64, usize)>>,
}

impl<'a> Merge<'a> {
    /// What `read` finds behind `cursor`; about `wanted` will be asked for.
    fn new(
        read: Statement<'a>,
        areas: &'a [(String, u64)],
        cursor: u64,
        left_out: LeftOut,
        wanted: u64,
    ) -> StorageResult<Self> {
        // The one behind the last tells that there are more.
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX).saturating_add(1);
        let share = AT_ONCE / areas.len().max(1);
        let queues = areas
            .iter()
            .map(|(area, _)| (area.as_str(), VecDeque::new()))
            .collect();
        let mut merge = Self {
            read,
            left_out,
            at_once: share.max(AT_ONCE_EACH).min(wanted),
            queues,
            heap: BinaryHeap::new(),
        };
        for index in 0..areas.len() {
            merge.refill(index, cursor)?;
        }
        Ok(merge)
    }

    fn next(&mut self) -> StorageResult<Option<Logged>> {
        let Some(Reverse((position, index))) = self.heap.pop() else {
            return Ok(None);
        };
        let (_, queue) = self.queues.get_mut(index).ok_or(NO_AREA)?;
        let first = queue.pop_front();
        match queue.front() {
            Some(next) => self.heap.push(Reverse((next.position, index))),
            None => self.refill(index, position)?,
        }
        Ok(first)
    }

    fn refill(&mut self, index: usize, after: u64) -> StorageResult<()> {
        let (area, queue) = self.queues.get_mut(index).ok_or(NO_AREA)?;
        let mut rows = self.read.query(values![
            *area,
            int(after),
            self.left_out.device.0.as_bytes(),
            int(self.left_out.from_seq),
            int(self.at_once as u64)
        ])?;
        let mut bytes = 0;
        while bytes < AHEAD_BYTES_MAX
            && let Some(row) = rows.next()?
        {
            let body: Vec<u8> = row.get(1)?;
            bytes += body.len();
            queue.push_back(Logged {
                position: uint(&row, 0)?,
                body,
                applied_at: uint(&row, 2)?,
            });
        }
        if let Some(first) = queue.front() {
            self.heap.push(Reverse((first.position, index)));
        }
        Ok(())
    }
}

const NO_AREA: StorageError = StorageError::Inconsistent { table: "area" };
