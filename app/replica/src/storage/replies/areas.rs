//! Other areas are assigned: letting go of those that are not any more.

use rusqlite::{Transaction, params};
use shared::clock::TimestampMs;
use shared::guards::{self, Guard};
use shared::ids::AreaCode;

use crate::storage::assigned::{self, LEFT_OVER};
use crate::storage::own_operations::UNSETTLED_RECORDS;
use crate::storage::{StorageResult, drafts, duplicates, held_areas, meta, moves, record_table, records};

/// Notes which areas are assigned now. Returns whether they are others than before.
pub(super) fn scope(
    transaction: &Transaction<'_>,
    scope: &[AreaCode],
    now_ms: TimestampMs,
) -> StorageResult<bool> {
    let before = assigned::cursors(transaction)?;
    for area in scope {
        assigned::begin(transaction, area)?;
        if !before.contains_key(area) {
            held_areas::begin(transaction, area, now_ms)?;
        }
    }
    let gone: Vec<&AreaCode> = before.keys().filter(|area| !scope.contains(area)).collect();
    for area in &gone {
        transaction.execute("DELETE FROM assigned WHERE area = ?1", [area.as_str()])?;
        held_areas::end(transaction, area, now_ms)?;
    }
    if !gone.is_empty() {
        meta::set(transaction, LEFT_OVER, &true)?;
    }
    Ok(!gone.is_empty() || scope.iter().any(|area| !before.contains_key(area)))
}

/// Removes records of areas that are not assigned any more, once own operations about them are receipted and no form
/// about them is open.
pub(super) fn forget_unassigned(
    transaction: &Transaction<'_>,
    scope: &[AreaCode],
    now_ms: TimestampMs,
) -> StorageResult<()> {
    if !meta::get(transaction, LEFT_OVER)?.unwrap_or(false) || !guards::holds(Guard::Forgetting) {
        return Ok(());
    }
    let mut left = false;
    for table in record_table::tables() {
        let areas: Vec<String> = transaction
            .prepare(&format!("SELECT DISTINCT area FROM {table}"))?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let outside = |area: &&String| {
            AreaCode::new(area).is_ok_and(|area| !scope.iter().any(|assigned| area.is_within(assigned)))
        };
        for area in areas.iter().filter(outside) {
            forget(transaction, table, area, now_ms)?;
            let kept: u64 = transaction.query_row(
                &format!("SELECT count(*) FROM {table} WHERE area = ?1"),
                [area],
                |row| row.get(0),
            )?;
            left |= kept > 0;
        }
    }
    duplicates::forget_absent(transaction)?;
    meta::set(transaction, LEFT_OVER, &left)
}

fn forget(transaction: &Transaction<'_>, table: &str, area: &str, now_ms: TimestampMs) -> StorageResult<()> {
    let mut settled = format!("id NOT IN ({UNSETTLED_RECORDS})");
    if table == "photo" {
        // What was photographed here still goes out: its record was accepted.
        settled += " AND hash NOT IN (SELECT hash FROM photo_bytes WHERE state = 1)";
    }
    // A form about it that is open can be finished.
    settled += " AND id NOT IN (SELECT record FROM draft WHERE record IS NOT NULL AND state = 0)";
    if let "household" | "resident" = table {
        // With whom somebody spoke there is a part of the form, also where the household is recorded twice.
        let household = if table == "household" { "id" } else { "household" };
        let of_forms = "SELECT household FROM draft WHERE household IS NOT NULL AND state = 0";
        settled += &format!(
            " AND {household} NOT IN ({of_forms})
              AND {household} NOT IN (SELECT id FROM duplicate WHERE kept IN ({of_forms}))"
        );
    }
    if table == "household" {
        let going = format!("SELECT id FROM household WHERE area = ?1 AND {settled}");
        moves::note_going(transaction, &going, area, now_ms)?;
        drafts::forget_in_bin(transaction, &going, area)?;
    }
    if let "household" | "resident" = table {
        let rowid = if table == "household" {
            "row * 2"
        } else {
            "row * 2 + 1"
        };
        transaction.execute(
            &format!("DELETE FROM search WHERE rowid IN (SELECT {rowid} FROM {table} WHERE area = ?1 AND {settled})"),
            [area],
        )?;
    }
    records::release(
        transaction,
        &format!("SELECT id FROM {table} WHERE area = ?1 AND {settled}"),
        params![area],
    )?;
    let removed = transaction.execute(
        &format!("DELETE FROM {table} WHERE area = ?1 AND {settled}"),
        [area],
    )?;
    if table == "household" {
        held_areas::note_removed(transaction, area, removed)?;
    }
    Ok(())
}
