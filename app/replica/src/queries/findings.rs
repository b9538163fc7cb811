//! Needs found on visits that are noted with nobody.
//!
//! Found with the one person met, needs become that person's. With nobody ticked, or several, nobody can say whose they
//! are but who was there: they are shown at the household until somebody there is known to have them.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use shared::clock::TimestampMs;
use shared::domain::Need;
use shared::ids::{HouseholdId, VisitId};
use uuid::Uuid;

use super::households;
use crate::api::{Finding, ResidentEntry};
use crate::storage::StorageResult;
use crate::storage::duplicates::GROUP;

/// What was found earlier is history: it may have ended since.
const FOUND_WITHIN_MS: u64 = 365 * 24 * 3600 * 1000;

/// What was found at a household and nobody there is known to need, the last first; each need once.
pub(super) fn of_household(
    connection: &Connection,
    household: HouseholdId,
    residents: &[ResidentEntry],
    now_ms: TimestampMs,
) -> StorageResult<Vec<Finding>> {
    let mut known: BTreeSet<Need> = residents
        .iter()
        .flat_map(|entry| entry.resident.needs.iter().copied())
        .collect();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, needs, started_at FROM visit
         WHERE household IN {GROUP} AND removed = 0 AND needs <> '' AND length(met) <> 16 AND started_at >= ?2
         ORDER BY started_at DESC, id DESC"
    ))?;
    let since = now_ms.saturating_sub(FOUND_WITHIN_MS);
    let rows = statement.query_map(params![household.0, since], |row| {
        Ok((row.get::<_, Uuid>(0)?, row.get::<_, String>(1)?, row.get(2)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (visit, needs, at) = row?;
        let needs: Vec<Need> = households::parse_needs(&needs)
            .into_iter()
            .filter(|need| known.insert(*need))
            .collect();
        if !needs.is_empty() {
            let visit = VisitId(visit);
            found.push(Finding { visit, needs, at });
        }
    }
    Ok(found)
}
