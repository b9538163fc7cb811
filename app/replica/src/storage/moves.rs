//! Where records lie: a household that was moved to another area, and what lies beside it.
//!
//! A move counts once the server has applied it: it may set a move aside, and until then everything stays where it
//! is. Of several moves the latest holds, on every device and on the server alike.

use rusqlite::{Connection, OptionalExtension, ToSql, Transaction, params};
use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::FieldMap;
use shared::ids::{AreaCode, HouseholdId};
use shared::protocol::v1::Receipt;
use shared::validation::writes_move;
use uuid::Uuid;

use super::own::{self, UNSETTLED_RECORDS};
use super::{StorageError, StorageResult, keep};
use crate::api::DepartedHousehold;

/// What lies beside household `?1`, by table.
const BESIDE: &[(&str, &str)] = &[
    ("household", "id = ?1"),
    ("resident", "household = ?1"),
    ("visit", "household = ?1"),
    (
        "issue",
        "coalesce(household, (SELECT household FROM visit WHERE visit.id = issue.visit)) = ?1",
    ),
    (
        "photo",
        "owner IN (SELECT id FROM visit WHERE household = ?1 UNION ALL SELECT id FROM issue
             WHERE coalesce(household, (SELECT household FROM visit WHERE visit.id = issue.visit)) = ?1)",
    ),
];

/// Where a record with these values lies, which was made in `made_in`.
pub(super) fn home(
    connection: &Connection,
    record: RecordRef,
    values: &FieldMap,
    made_in: &AreaCode,
) -> StorageResult<AreaCode> {
    if none_moved(connection)? {
        return Ok(made_in.clone());
    }
    let home = match record.kind {
        RecordKind::HOUSEHOLD => moved_to(connection, record.id)?,
        kind => match kind.lies_beside(values) {
            Some(other) if other.kind == RecordKind::HOUSEHOLD => moved_to(connection, other.id)?,
            Some(other) => area_of(connection, other)?,
            None => None,
        },
    };
    Ok(home.unwrap_or_else(|| made_in.clone()))
}

/// A record has come beside which others may lie already: they lie where it lies.
pub(super) fn came(transaction: &Transaction<'_>, record: RecordRef) -> StorageResult<()> {
    let beside: &[(&str, &str)] = match record.kind {
        RecordKind::VISIT => &[
            ("issue", "visit = ?1 AND household IS NULL"),
            (
                "photo",
                "owner = ?1 OR owner IN (SELECT id FROM issue WHERE visit = ?1 AND household IS NULL)",
            ),
        ],
        RecordKind::ISSUE => &[("photo", "owner = ?1")],
        _ => return Ok(()),
    };
    if none_moved(transaction)? {
        return Ok(());
    }
    match area_of(transaction, record)? {
        Some(to) => bring(transaction, record.id, &to, beside),
        None => Ok(()),
    }
}

fn none_moved(connection: &Connection) -> StorageResult<bool> {
    Ok(connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM moved)")?
        .query_row([], |row| row.get(0))?)
}

fn moved_to(connection: &Connection, household: Uuid) -> StorageResult<Option<AreaCode>> {
    let area = connection
        .prepare_cached("SELECT area FROM moved WHERE household = ?1")?
        .query_row([household], |row| row.get::<_, String>(0))
        .optional()?;
    area.map(|area| code(&area)).transpose()
}

fn area_of(connection: &Connection, record: RecordRef) -> StorageResult<Option<AreaCode>> {
    let Some(spec) = record.kind.spec() else {
        return Ok(None);
    };
    let area = connection
        .prepare_cached(&format!("SELECT area FROM {} WHERE id = ?1", spec.name))?
        .query_row([record.id], |row| row.get::<_, String>(0))
        .optional()?;
    area.map(|area| code(&area)).transpose()
}

fn code(area: &str) -> StorageResult<AreaCode> {
    AreaCode::new(area).map_err(|_| StorageError::Inconsistent { table: "moved" })
}

/// Notes the move of an operation that the server has applied, and brings everything along. Nothing for others.
pub(super) fn applied(
    transaction: &Transaction<'_>,
    operation: &Operation,
    applied_at: TimestampMs,
) -> StorageResult<()> {
    let target = writes_move(operation).and_then(|write| AreaCode::new(write.value.as_text()).ok());
    let Some(to) = target else {
        return Ok(());
    };
    let stamp = operation.stamp.clamped(Some(applied_at));
    let held = transaction
        .prepare_cached(
            "INSERT INTO moved (household, area, ms, counter, device, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (household) DO UPDATE SET area = excluded.area, ms = excluded.ms,
                 counter = excluded.counter, device = excluded.device, seq = excluded.seq, went_at = 0
             WHERE (excluded.ms, excluded.counter, excluded.device, excluded.seq) > (ms, counter, device, seq)",
        )?
        .execute(params![
            operation.record.id,
            to.as_str(),
            stamp.ms,
            stamp.counter,
            operation.device.0,
            operation.seq
        ])?;
    if held == 1 {
        bring(transaction, operation.record.id, &to, BESIDE)?;
    }
    Ok(())
}

/// Own moves that the server has applied, which it does not hand out to the device that sends them: those receipted
/// just now, and those that were set aside until something in the same request came.
pub(super) fn receipted(
    transaction: &Transaction<'_>,
    before: u64,
    applied_since: &[u64],
    receipt: &Receipt,
) -> StorageResult<()> {
    let own_moves = |condition: &str, params: &[&dyn ToSql]| {
        own::select(
            transaction,
            &format!("WHERE record IN (SELECT id FROM household WHERE moved_to <> '') AND {condition}"),
            params,
        )
    };
    let mut applied_now = own_moves(
        "seq > ?1 AND seq <= ?2 AND seq NOT IN (SELECT seq FROM set_aside) ORDER BY seq",
        params![before, receipt.through_seq],
    )?;
    for seq in applied_since
        .iter()
        .filter(|seq| **seq >= receipt.applied_from_seq)
    {
        applied_now.extend(own_moves("seq = ?1", params![seq])?);
    }
    applied_now
        .iter()
        .try_for_each(|operation| applied(transaction, operation, receipt.applied_at))
}

/// A restored server may not know of the moves: what went may be here again, and every move counts as the earliest
/// until it is read again.
pub(super) fn doubt(transaction: &Transaction<'_>) -> StorageResult<()> {
    transaction.execute_batch(
        "DELETE FROM moved WHERE household NOT IN (SELECT id FROM household);
         UPDATE moved SET ms = 0, counter = 0;",
    )?;
    Ok(())
}

/// Whether there are moves that a restored server has not confirmed yet.
pub(super) fn are_doubted(connection: &Connection) -> StorageResult<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM moved WHERE ms = 0")?
        .exists([])?)
}

/// When everything was read: moves of which the restored server knows nothing are undone, unless an own operation that
/// still waits may be one of them.
pub(super) fn undo_doubted(transaction: &Transaction<'_>) -> StorageResult<()> {
    let doubted = format!(
        "SELECT id, coalesce(nullif(made_in, ''), household.area)
         FROM moved CROSS JOIN household ON id = moved.household
         WHERE ms = 0 AND id NOT IN ({UNSETTLED_RECORDS})"
    );
    let doubted: Vec<(Uuid, String)> = transaction
        .prepare_cached(&doubted)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (household, made_in) in doubted {
        transaction.execute("DELETE FROM moved WHERE household = ?1", [household])?;
        bring(transaction, household, &code(&made_in)?, BESIDE)?;
    }
    Ok(())
}

/// What is here of a record and `beside` it lies in `to` from now on.
fn bring(
    transaction: &Transaction<'_>,
    record: Uuid,
    to: &AreaCode,
    beside: &[(&str, &str)],
) -> StorageResult<()> {
    for (table, beside) in beside {
        transaction
            .prepare_cached(&format!(
                "UPDATE {table} SET
                     made_in = CASE WHEN made_in = ?2 OR (made_in = '' AND area = ?2) THEN ''
                                    WHEN made_in = '' THEN area ELSE made_in END,
                     area = ?2
                 WHERE {beside}"
            ))?
            .execute(params![record, to.as_str()])?;
    }
    keep::note_area(transaction, to)
}

/// Whether nothing of an operation belongs here: its household lies in an area that is not held.
pub(super) fn is_elsewhere(
    connection: &Connection,
    scope: &[AreaCode],
    operation: &Operation,
) -> StorageResult<bool> {
    let home = match area_of(connection, operation.record)? {
        Some(home) => home,
        None => {
            let written = operation.change.written();
            home(connection, operation.record, &written, &operation.area)?
        }
    };
    Ok(!scope.iter().any(|area| home.is_within(area)))
}

/// Notes doors of households that are about to go because they were moved. `going` selects their ids.
pub(super) fn note_going(
    transaction: &Transaction<'_>,
    going: &str,
    area: &str,
    now_ms: TimestampMs,
) -> StorageResult<()> {
    transaction.execute(
        &format!(
            "UPDATE moved SET went_at = ?2, door = (SELECT door FROM household WHERE id = moved.household)
             WHERE went_at = 0 AND household IN ({going})"
        ),
        params![area, now_ms],
    )?;
    Ok(())
}

/// Households that went from this device because they were moved, the last first, at most `limit`.
///
/// # Errors
/// A failing database.
pub(crate) fn departed(connection: &Connection, limit: u32) -> StorageResult<Vec<DepartedHousehold>> {
    let mut statement = connection.prepare_cached(
        "SELECT household, door, went_at FROM moved
         WHERE went_at > 0 AND household NOT IN (SELECT id FROM household) ORDER BY went_at DESC, door LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        Ok(DepartedHousehold {
            id: HouseholdId(row.get(0)?),
            door: row.get(1)?,
            went_at: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
