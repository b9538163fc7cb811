//! Issues and their timelines.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::crdt::LifeState;
use shared::domain::issue::{LIFE_CYCLE, Step};
use shared::domain::schema::RecordKind;
use shared::domain::worker::Worker;
use shared::domain::{Issue, RecordRef};
use shared::ids::{AreaCode, HouseholdId, IssueId, VisitId, WorkerId};
use shared::validation::may_take;
use uuid::Uuid;

use super::{PAGE_MAX, conflicts, earlier, end_of, names, photos};
use crate::api::{
    ApiError, ErrorCode, IssueFilter, IssuePage, IssueSummary, LogCursor, TimelineEntry, api_error,
};
use crate::storage::StorageResult;
use crate::storage::duplicates::GROUP;
use crate::storage::own_operations;
use crate::storage::records::{field_columns, fields_from_row, load};

struct Entry {
    id: IssueId,
    area: String,
    author: WorkerId,
    step: u64,
    issue: Option<Issue>,
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let fields = match RecordKind::ISSUE.spec() {
        Some(spec) => fields_from_row(spec, row, 4)?,
        None => Default::default(),
    };
    Ok(Entry {
        id: IssueId(row.get(0)?),
        area: row.get(1)?,
        author: WorkerId(row.get(2)?),
        step: row.get(3)?,
        issue: Issue::from_fields(&fields),
    })
}

fn select(condition: &str) -> String {
    let columns = field_columns(RecordKind::ISSUE, "");
    format!("SELECT id, area, author, step, {columns} FROM issue WHERE removed = 0 AND {condition}")
}

fn summary(connection: &Connection, entry: Entry) -> StorageResult<Option<IssueSummary>> {
    let (Some(issue), Ok(area)) = (entry.issue, AreaCode::new(&entry.area)) else {
        return Ok(None);
    };
    Ok(Some(IssueSummary {
        id: entry.id,
        area,
        door: names::door(connection, issue.household.map(Uuid::from))?,
        state: Step::from_number(entry.step).unwrap_or(Step::Reported),
        author: names::worker(connection, entry.author)?,
        photos: photos::of(connection, entry.id.0)?,
        waiting: own_operations::is_waiting(connection, entry.id.0)?,
        issue,
    }))
}

fn list(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> StorageResult<Vec<IssueSummary>> {
    let mut statement = connection.prepare_cached(&select(condition))?;
    let entries: Vec<Entry> = statement.query_map(values, entry)?.collect::<Result<_, _>>()?;
    let mut issues = Vec::with_capacity(entries.len());
    for entry in entries {
        issues.extend(summary(connection, entry)?);
    }
    Ok(issues)
}

/// Issues that fit the filter, latest first.
pub(crate) fn issues(
    connection: &Connection,
    filter: &IssueFilter,
    after: Option<LogCursor>,
    limit: u32,
) -> StorageResult<Vec<IssueSummary>> {
    let area = filter.area.as_ref().map(AreaCode::as_str);
    let until = after.map_or((i64::MAX, Uuid::max()), |cursor| {
        (i64::try_from(cursor.at).unwrap_or(i64::MAX), cursor.id)
    });
    list(
        connection,
        "(?1 IS NULL OR (area >= ?1 AND area < ?2)) AND (?3 IS NULL OR category = ?3)
         AND (?4 IS NULL OR step = ?4) AND (?5 = 0 OR finished = 0)
         AND (reported_at, id) < (?6, ?7) ORDER BY reported_at DESC, id DESC LIMIT ?8",
        params![
            area,
            area.map(end_of),
            filter.category.map(|category| category.number()),
            filter.state.map(|step| step.number()),
            filter.open_only,
            until.0,
            until.1,
            limit.min(PAGE_MAX)
        ],
    )
}

/// Issues not finished, oldest first.
pub(super) fn open(connection: &Connection, limit: u32) -> StorageResult<Vec<IssueSummary>> {
    list(
        connection,
        "finished = 0 ORDER BY reported_at, id LIMIT ?1",
        [limit],
    )
}

/// The issues found at one household, latest first.
pub(super) fn of_household(
    connection: &Connection,
    household: HouseholdId,
) -> StorageResult<Vec<IssueSummary>> {
    list(
        connection,
        &format!("household IN {GROUP} ORDER BY reported_at DESC, id DESC LIMIT 50"),
        [household.0],
    )
}

/// The issues reported during one visit.
pub(super) fn of_visit(connection: &Connection, visit: VisitId) -> StorageResult<Vec<IssueSummary>> {
    list(
        connection,
        "visit = ?1 ORDER BY reported_at, id LIMIT 50",
        [visit.0],
    )
}

/// Everything about one issue.
pub(crate) fn issue_page(
    connection: &Connection,
    id: IssueId,
    viewer: Option<&Worker>,
) -> Result<IssuePage, ApiError> {
    let not_found = || api_error(ErrorCode::NotFound, "");
    let found = connection
        .prepare_cached(&select("id = ?1"))?
        .query_row([id.0], entry)
        .optional()?;
    let entry = found.ok_or_else(not_found)?;
    let record = RecordRef::new(RecordKind::ISSUE, id);
    let state = load(connection, record)?.ok_or_else(not_found)?;
    let life = state.life(record.kind).ok_or_else(not_found)?;
    let next_steps = steps_for(&life, state.origin().author, viewer);
    let mut timeline = Vec::with_capacity(life.timeline.len());
    for step in life.timeline {
        let taken = Step::from_number(step.event.event.step);
        timeline.push(TimelineEntry {
            step: taken,
            names: named_by(connection, taken, &step.event.event.target)?,
            at: step.event.origin.stamp.ms,
            author: names::worker(connection, step.event.origin.author)?,
            applied: step.reason.is_empty(),
            reason: step.reason.to_owned(),
            event: step.event.event,
        });
    }
    Ok(IssuePage {
        summary: summary(connection, entry)?.ok_or_else(not_found)?,
        timeline,
        next_steps,
        conflicts: conflicts::of(connection, record)?,
        earlier: earlier::of(connection, id.0)?,
    })
}

/// Whom or what a step names. A unit is named by its id, or in words where nobody had entered it.
pub(super) fn named_by(connection: &Connection, step: Option<Step>, target: &str) -> StorageResult<String> {
    let kind = match step {
        Some(Step::Assigned) => RecordKind::UNIT,
        Some(Step::MergedInto) => RecordKind::ISSUE,
        _ => return Ok(String::new()),
    };
    match target.parse::<Uuid>() {
        Ok(id) => Ok(names::title(connection, RecordRef { kind, id })?.0),
        Err(_) => Ok(target.to_owned()),
    }
}

/// The steps that the server would take from who looks.
fn steps_for(life: &LifeState, reporter: WorkerId, viewer: Option<&Worker>) -> Vec<Step> {
    let Some(viewer) = viewer else {
        return Vec::new();
    };
    let may = |step: &&u64| {
        let taken = may_take(&LIFE_CYCLE, **step, viewer.id, viewer.role, reporter, Some(life));
        taken.is_ok()
    };
    let next = LIFE_CYCLE.next_steps(life.step).iter();
    next.filter(may)
        .filter_map(|step| Step::from_number(*step))
        .collect()
}
