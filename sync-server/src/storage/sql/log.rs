//! The end of the log, and what is written there.

use std::collections::{BTreeMap, BTreeSet};

use shared::clock::TimestampMs;
use shared::ids::AreaCode;

use super::columns::{int, uint};
use super::tx::{Statement, Tx};
use super::value::values;
use crate::apply::Prepared;
use crate::storage::StorageResult;

/// Where the log ends, and in which areas it grew.
pub(super) struct LogEnd {
    position: u64,
    last_in_area: BTreeMap<AreaCode, u64>,
    /// When what comes is applied, ms: never before what is there.
    pub(super) applied_at: TimestampMs,
}

impl LogEnd {
    pub(super) fn open(tx: Tx<'_>, now_ms: TimestampMs) -> StorageResult<Self> {
        let (position, last_applied_at): (u64, u64) = tx.query_row(
            "SELECT last_position, last_applied_at FROM meta",
            values![],
            |row| Ok((uint(row, 0)?, uint(row, 1)?)),
        )?;
        Ok(Self {
            position,
            last_in_area: BTreeMap::new(),
            applied_at: now_ms.max(last_applied_at),
        })
    }

    /// Notes where the log ends now. Returns the areas in which it grew.
    pub(super) fn close(self, tx: Tx<'_>) -> StorageResult<BTreeSet<AreaCode>> {
        for (area, position) in &self.last_in_area {
            tx.prepare_cached("UPDATE area SET last_position = ?2 WHERE code = ?1")?
                .execute(values![area.as_str(), int(*position)])?;
        }
        tx.execute(
            "UPDATE meta SET last_position = ?1, last_applied_at = ?2",
            values![int(self.position), int(self.applied_at)],
        )?;
        Ok(self.last_in_area.into_keys().collect())
    }

    /// The position of what comes next, in an area.
    pub(super) fn append(&mut self, area: &AreaCode) -> u64 {
        self.position += 1;
        self.last_in_area.insert(area.clone(), self.position);
        self.position
    }
}

/// Writes applied operations into the log.
pub(super) struct LogWriter<'t> {
    insert: Statement<'t>,
    applied_at: u64,
}

impl<'t> LogWriter<'t> {
    pub(super) fn new(tx: Tx<'t>, applied_at: u64) -> StorageResult<Self> {
        let insert = tx.prepare_cached(
            "INSERT INTO operation (position, area, device, seq, author, kind, record, applied_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        Ok(Self { insert, applied_at })
    }

    pub(super) fn insert(
        &mut self,
        position: u64,
        area: &AreaCode,
        prepared: &Prepared,
    ) -> StorageResult<()> {
        let operation = &prepared.operation;
        self.insert.execute_in_turn(values![
            int(position),
            area.as_str(),
            operation.device.0.as_bytes(),
            int(operation.seq),
            operation.author.0.as_bytes(),
            operation.record.kind.0,
            operation.record.id.as_bytes(),
            int(self.applied_at),
            prepared.body
        ])
    }
}
