//! Which areas were assigned to this device and which went: the answer to "why do I (not) have this?" (D6).

use rusqlite::{Connection, Transaction, params};
use shared::clock::TimestampMs;
use shared::domain::schema::RecordKind;
use shared::ids::AreaCode;

use super::{StorageError, StorageResult, record_table};

/// An area that is or was assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldArea {
    /// The area.
    pub area: AreaCode,
    /// When this device first heard so, ms by its clock; `None` for what it held before it took notes.
    pub since: Option<TimestampMs>,
    /// When it ended, ms by the device's clock.
    pub ended_at: Option<TimestampMs>,
    /// Households that went from this device since.
    pub removed: u64,
    /// Records that are still here because own work about them is not receipted.
    pub waiting: u64,
}

/// An area is assigned.
pub(crate) fn begin(
    transaction: &Transaction<'_>,
    area: &AreaCode,
    now_ms: TimestampMs,
) -> StorageResult<()> {
    transaction
        .prepare_cached(
            "INSERT INTO held_area (area, since) VALUES (?1, ?2)
             ON CONFLICT (area) DO UPDATE SET since = ?2, ended_at = 0, removed = 0 WHERE ended_at > 0",
        )?
        .execute(params![area.as_str(), now_ms])?;
    Ok(())
}

/// An area is not assigned any more.
pub(super) fn end(transaction: &Transaction<'_>, area: &AreaCode, now_ms: TimestampMs) -> StorageResult<()> {
    transaction
        .prepare_cached(
            "INSERT INTO held_area (area, since, ended_at) VALUES (?1, 0, ?2)
             ON CONFLICT (area) DO UPDATE SET ended_at = ?2",
        )?
        .execute(params![area.as_str(), now_ms])?;
    Ok(())
}

/// Households of an area went from this device.
pub(super) fn note_removed(transaction: &Transaction<'_>, area: &str, count: usize) -> StorageResult<()> {
    transaction
        .prepare_cached(
            "UPDATE held_area SET removed = removed + ?2 WHERE ended_at > 0 AND ?1 >= area AND ?1 < area || '~'",
        )?
        .execute(params![area, count])?;
    Ok(())
}

/// The areas assigned now, then those that ended, the last first.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn all(connection: &Connection) -> StorageResult<Vec<HeldArea>> {
    let mut statement = connection.prepare_cached(
        "SELECT area, since, ended_at, removed FROM (
             SELECT assigned.area AS area, coalesce(held_area.since, 0) AS since, 0 AS ended_at, 0 AS removed
             FROM assigned LEFT JOIN held_area ON held_area.area = assigned.area
             UNION ALL
             SELECT area, since, ended_at, removed FROM held_area
             WHERE ended_at > 0 AND area NOT IN (SELECT area FROM assigned))
         ORDER BY ended_at > 0, ended_at DESC, area",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, u64>(1)?,
            row.get::<_, u64>(2)?,
            row.get(3)?,
        ))
    })?;
    let mut areas = Vec::new();
    for row in rows {
        let (code, since, ended_at, removed) = row?;
        let area = AreaCode::new(&code).map_err(|_| StorageError::Inconsistent { table: "held_area" })?;
        areas.push(HeldArea {
            waiting: if ended_at > 0 {
                waiting(connection, &area)?
            } else {
                0
            },
            area,
            since: (since > 0).then_some(since),
            ended_at: (ended_at > 0).then_some(ended_at),
            removed,
        });
    }
    Ok(areas)
}

fn waiting(connection: &Connection, area: &AreaCode) -> StorageResult<u64> {
    let mut total = 0;
    for spec in record_table::with_table().filter(|spec| spec.kind != RecordKind::PHOTO) {
        let table = spec.name;
        let mut statement = connection.prepare_cached(&format!(
            "SELECT count(*) FROM {table} WHERE area >= ?1 AND area < ?1 || '~'
               AND NOT EXISTS (SELECT 1 FROM assigned WHERE {table}.area >= assigned.area AND {table}.area < assigned.area || '~')"
        ))?;
        total += statement.query_row([area.as_str()], |row| row.get::<_, u64>(0))?;
    }
    Ok(total)
}
