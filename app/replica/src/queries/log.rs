//! The merged log of visits.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::domain::schema::RecordKind;
use shared::domain::{RecordRef, Visit};
use shared::ids::{AreaCode, HouseholdId, VisitId, WorkerId};
use uuid::Uuid;

use super::{PAGE_MAX, conflicts, earlier, end_of, issues, names, photos};
use crate::api::{ApiError, ErrorCode, LogCursor, VisitFilter, VisitPage, VisitSummary, api_error};
use crate::storage::StorageResult;
use crate::storage::duplicates::GROUP;
use crate::storage::own_operations;
use crate::storage::records::{field_columns, fields_from_row};
use crate::storage::short_names::VISIT_AUTHOR;

struct Entry {
    id: VisitId,
    area: String,
    author: WorkerId,
    conflicts: u32,
    visit: Option<Visit>,
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let fields = match RecordKind::VISIT.spec() {
        Some(spec) => fields_from_row(spec, row, 4)?,
        None => Default::default(),
    };
    Ok(Entry {
        id: VisitId(row.get(0)?),
        area: row.get(1)?,
        author: WorkerId(row.get(2)?),
        conflicts: row.get(3)?,
        visit: Visit::from_fields(&fields),
    })
}

fn select(condition: &str) -> String {
    let columns = field_columns(RecordKind::VISIT, "");
    format!(
        "SELECT id, area, {VISIT_AUTHOR}, conflicts, {columns} FROM visit WHERE removed = 0 AND {condition}"
    )
}

fn summary(connection: &Connection, entry: Entry) -> StorageResult<Option<VisitSummary>> {
    let (Some(visit), Ok(area)) = (entry.visit, AreaCode::new(&entry.area)) else {
        return Ok(None);
    };
    let mut met_names = Vec::new();
    for resident in &visit.met {
        met_names.extend(names::resident(connection, resident.0)?);
    }
    Ok(Some(VisitSummary {
        id: entry.id,
        area,
        door: names::door(connection, Some(visit.household.0))?,
        met_names,
        author: names::worker(connection, entry.author)?,
        photos: photos::of(connection, entry.id.0)?,
        conflict_count: entry.conflicts,
        waiting: own_operations::is_waiting(connection, entry.id.0)?,
        visit,
    }))
}

fn summaries(connection: &Connection, entries: Vec<Entry>) -> StorageResult<Vec<VisitSummary>> {
    let mut visits = Vec::with_capacity(entries.len());
    for entry in entries {
        visits.extend(summary(connection, entry)?);
    }
    Ok(visits)
}

/// Visits that fit the filter, latest first.
pub(crate) fn visits(
    connection: &Connection,
    filter: &VisitFilter,
    after: Option<LogCursor>,
    limit: u32,
) -> StorageResult<Vec<VisitSummary>> {
    let sql = select(
        "(?1 IS NULL OR (area >= ?1 AND area < ?2)) AND started_at >= ?3 AND started_at < ?4
         AND (?5 IS NULL OR outcome = ?5) AND (?6 IS NULL OR purpose = ?6)
         AND (started_at, id) < (?7, ?8) ORDER BY started_at DESC, id DESC LIMIT ?9",
    );
    let area = filter.area.as_ref().map(AreaCode::as_str);
    let until = after.map_or((i64::MAX, Uuid::max()), |cursor| {
        (i64::try_from(cursor.at).unwrap_or(i64::MAX), cursor.id)
    });
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![
            area,
            area.map(end_of),
            filter.from.map_or(0, |day| day.start_ms()),
            filter
                .to
                .map_or(i64::MAX as u64, |day| day.plus_days(1).start_ms()),
            filter.outcome.map(|outcome| outcome.number()),
            filter.purpose.map(|purpose| purpose.number()),
            until.0,
            until.1,
            limit.min(PAGE_MAX)
        ],
        entry,
    )?;
    let entries = rows.collect::<Result<_, _>>()?;
    summaries(connection, entries)
}

/// The visits to one household, latest first.
pub(super) fn of_household(
    connection: &Connection,
    household: HouseholdId,
) -> StorageResult<Vec<VisitSummary>> {
    let mut statement = connection.prepare_cached(&select(&format!(
        "household IN {GROUP} ORDER BY started_at DESC, id DESC LIMIT 50"
    )))?;
    let entries = statement
        .query_map([household.0], entry)?
        .collect::<Result<_, _>>()?;
    summaries(connection, entries)
}

/// Everything about one visit.
pub(crate) fn visit_page(connection: &Connection, id: VisitId) -> Result<VisitPage, ApiError> {
    let found = connection
        .prepare_cached(&select("id = ?1"))?
        .query_row([id.0], entry)
        .optional()?;
    let summary = match found {
        Some(entry) => summary(connection, entry)?,
        None => None,
    };
    Ok(VisitPage {
        summary: summary.ok_or_else(|| api_error(ErrorCode::NotFound, ""))?,
        conflicts: conflicts::of(connection, RecordRef::new(RecordKind::VISIT, id))?,
        earlier: earlier::of(connection, id.0)?,
        issues: issues::of_visit(connection, id)?,
    })
}
