//! Where records lie: a household that was moved to another area, and what lies beside it.
//!
//! A move counts once the server has applied it: it may set a move aside, and until then everything stays where it
//! is. Of several moves the latest holds, on every device and on the server alike.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, ToSql, Transaction, params};
use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::Fields;
use shared::ids::{AreaCode, HouseholdId};
use shared::protocol::v1::Receipt;
use shared::validation::writes_move;
use uuid::Uuid;

use super::own_operations::{self, WAITING_RECORDS};
use super::record_table::{Place, place_of};
use super::{StorageError, StorageResult, assigned};
use crate::api::DepartedHousehold;

/// Visits to household `?1`, withdrawn ones too: each half has its index.
const VISITS: &str = "SELECT id FROM visit WHERE household = ?1 AND removed = 0
     UNION ALL SELECT id FROM visit WHERE household = ?1 AND removed_at > 0";
/// Issues of household `?1`, or of a visit to it.
const ISSUES: &str = "SELECT id FROM issue WHERE household = ?1
     UNION ALL SELECT id FROM issue WHERE household IS NULL AND visit IN";

/// Brings what is here of household `?1`, and lies beside it, to area `?2`.
static BRING_HOUSEHOLD: LazyLock<Vec<String>> = LazyLock::new(|| {
    vec![
        bring_sql("household", "id = ?1"),
        bring_sql("resident", "household = ?1 AND removed = 0"),
        bring_sql("resident", "household = ?1 AND removed_at > 0"),
        bring_sql("visit", &format!("id IN ({VISITS})")),
        bring_sql("issue", &format!("id IN ({ISSUES} ({VISITS}))")),
        bring_sql(
            "photo",
            &format!("removed = 0 AND owner IN ({VISITS} UNION ALL {ISSUES} ({VISITS}))"),
        ),
        bring_sql(
            "photo",
            &format!("removed = 1 AND owner IN ({VISITS} UNION ALL {ISSUES} ({VISITS}))"),
        ),
        bring_record(&format!(
            "?1 UNION ALL SELECT id FROM resident WHERE household = ?1 UNION ALL {VISITS} UNION ALL {ISSUES} ({VISITS})"
        )),
    ]
});
/// Brings issue `?1` itself to area `?2`.
static BRING_ISSUE: LazyLock<Vec<String>> = LazyLock::new(|| vec![bring_sql("issue", "id = ?1")]);
/// Brings what lies beside visit or issue `?1` to area `?2`.
static BRING_OWNER: LazyLock<Vec<String>> = LazyLock::new(|| {
    let issues = "SELECT id FROM issue WHERE household IS NULL AND visit = ?1";
    vec![
        bring_sql("issue", &format!("id IN ({issues})")),
        bring_sql(
            "photo",
            &format!("removed = 0 AND owner IN (SELECT ?1 UNION ALL {issues})"),
        ),
        bring_sql(
            "photo",
            &format!("removed = 1 AND owner IN (SELECT ?1 UNION ALL {issues})"),
        ),
        bring_record(&format!("?1 UNION ALL {issues}")),
    ]
});

/// Brings what lies beside these in the table of all other kinds.
fn bring_record(owners: &str) -> String {
    format!("UPDATE record SET area = ?2 WHERE beside IN (SELECT {owners})")
}

fn bring_sql(table: &str, beside: &str) -> String {
    format!(
        "UPDATE {table} SET
             made_in = CASE WHEN made_in = ?2 OR (made_in = '' AND area = ?2) THEN ''
                            WHEN made_in = '' THEN area ELSE made_in END,
             area = ?2
         WHERE {beside}"
    )
}

/// Where a record with these values lies, which was made in `made_in`.
pub(super) fn home(
    connection: &Connection,
    record: RecordRef,
    values: &dyn Fields,
    made_in: &AreaCode,
) -> StorageResult<AreaCode> {
    let home = match record.kind {
        RecordKind::HOUSEHOLD => moved_to(connection, record.id)?,
        kind => match kind.lies_beside(values) {
            Some(other) if other.kind == RecordKind::HOUSEHOLD => moved_to(connection, other.id)?,
            Some(other) => area_of(connection, other)?,
            // What lies beside nothing any more stays where it is.
            None => area_of(connection, record)?,
        },
    };
    Ok(home.unwrap_or_else(|| made_in.clone()))
}

/// A visit or issue has come beside which others may lie already: they lie where it lies.
pub(super) fn came(transaction: &Transaction<'_>, record: RecordRef) -> StorageResult<()> {
    if !matches!(record.kind, RecordKind::VISIT | RecordKind::ISSUE) {
        return Ok(());
    }
    match area_of(transaction, record)? {
        Some(area) => bring(transaction, record.id, &area, &BRING_OWNER),
        None => Ok(()),
    }
}

/// Whether no household was moved, of which there is nothing to ask then: most devices, most of the time.
pub(super) fn none_moved(connection: &Connection) -> StorageResult<bool> {
    Ok(connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM moved)")?
        .query_row([], |row| row.get(0))?)
}

/// Whether a record is here.
pub(super) fn is_here(connection: &Connection, record: RecordRef) -> StorageResult<bool> {
    Ok(area_of(connection, record)?.is_some())
}

/// An issue is not lent any more: it lies in `to`, with its photos.
pub(super) fn goes(transaction: &Transaction<'_>, record: RecordRef, to: &AreaCode) -> StorageResult<()> {
    bring(transaction, record.id, to, &BRING_ISSUE)?;
    came(transaction, record)
}

fn moved_to(connection: &Connection, household: Uuid) -> StorageResult<Option<AreaCode>> {
    let area = connection
        .prepare_cached("SELECT area FROM moved WHERE household = ?1")?
        .query_row([household], |row| row.get::<_, String>(0))
        .optional()?;
    area.map(|area| code(&area)).transpose()
}

pub(super) fn area_of(connection: &Connection, record: RecordRef) -> StorageResult<Option<AreaCode>> {
    let Place { table, of_kind } = place_of(record.kind);
    let area = connection
        .prepare_cached(&format!("SELECT area FROM {table} WHERE id = ?1{of_kind}"))?
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
                 counter = excluded.counter, device = excluded.device, seq = excluded.seq, doubted = 0, went_at = 0
             WHERE doubted = 1 OR (excluded.ms, excluded.counter, excluded.device, excluded.seq) > (ms, counter, device, seq)",
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
        bring(transaction, operation.record.id, &to, &BRING_HOUSEHOLD)?;
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
        own_operations::select(
            transaction,
            // Asked of households alone, by their ids: most of what is receipted is something else.
            &format!(
                "WHERE {condition} AND kind = {} AND EXISTS
                     (SELECT 1 FROM household WHERE id = operation.record AND moved_to <> '') ORDER BY seq",
                RecordKind::HOUSEHOLD.0
            ),
            params,
        )
    };
    let mut applied_now = own_moves(
        "seq > ?1 AND seq <= ?2 AND seq NOT IN (SELECT seq FROM set_aside)",
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
         UPDATE moved SET doubted = 1;",
    )?;
    Ok(())
}

/// Whether there are moves that a restored server has not confirmed yet.
pub(super) fn are_doubted(connection: &Connection) -> StorageResult<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM moved WHERE doubted = 1")?
        .exists([])?)
}

/// When everything was read: moves of which the restored server knows nothing are undone, unless an own operation that
/// still waits may be one of them.
pub(super) fn undo_doubted(transaction: &Transaction<'_>) -> StorageResult<()> {
    let doubted = format!(
        "SELECT id, coalesce(nullif(made_in, ''), household.area)
         FROM moved CROSS JOIN household ON id = moved.household WHERE doubted = 1 AND id NOT IN ({WAITING_RECORDS})"
    );
    let doubted: Vec<(Uuid, String)> = transaction
        .prepare_cached(&doubted)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (household, made_in) in doubted {
        transaction.execute("DELETE FROM moved WHERE household = ?1", [household])?;
        bring(transaction, household, &code(&made_in)?, &BRING_HOUSEHOLD)?;
    }
    Ok(())
}

fn bring(
    transaction: &Transaction<'_>,
    record: Uuid,
    to: &AreaCode,
    statements: &[String],
) -> StorageResult<()> {
    for sql in statements {
        transaction
            .prepare_cached(sql)?
            .execute(params![record, to.as_str()])?;
    }
    assigned::note_area(transaction, to)
}

/// Where a form about a household is recorded: where it lies; when that is not held any more, where it was made.
pub(crate) fn recorded_in(connection: &Connection, household: &RecordState) -> StorageResult<AreaCode> {
    let assigned = assigned::cursors(connection)?;
    let is_held = |area: &AreaCode| assigned.keys().any(|own| area.is_within(own));
    let (lies_in, made_in) = (household.area(), household.made_in());
    Ok(match is_held(made_in) && !is_held(lies_in) {
        true => made_in.clone(),
        false => lies_in.clone(),
    })
}

/// Whether nothing of an operation belongs here: its household lies in an area that is not held.
pub(super) fn is_elsewhere(
    connection: &Connection,
    scope: &[AreaCode],
    operation: &Operation,
) -> StorageResult<bool> {
    let home = match area_of(connection, operation.record)? {
        Some(home) => home,
        None if none_moved(connection)? => operation.area.clone(),
        None => home(connection, operation.record, &operation.change, &operation.area)?,
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
