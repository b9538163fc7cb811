//! Half-filled forms in lists: those that are open, and those in the bin.

use rusqlite::{Connection, Params, params};
use shared::clock::TimestampMs;
use shared::domain::issue::Step;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::ValueShape;
use shared::ids::{DraftId, HouseholdId};
use uuid::Uuid;

use super::{issues, names};
use crate::api::{DraftBody, DraftKind, DraftSummary};
use crate::storage::duplicates::GROUP;
use crate::storage::{StorageResult, drafts as stored};

/// How many characters of a draft a list shows.
const TEXT_CHARS: usize = 40;
/// The most entries of a list.
const DRAFTS_MAX: u32 = 100;

/// Open ones, the last touched first; of one household when given.
pub(super) fn open(
    connection: &Connection,
    household: Option<HouseholdId>,
) -> StorageResult<Vec<DraftSummary>> {
    let condition = format!("draft.state = 0 AND (?1 IS NULL OR household IN {GROUP})");
    select(connection, &condition, [household.map(Uuid::from)])
}

/// Those thrown away since then, the last first.
pub(super) fn in_bin(connection: &Connection, since: TimestampMs) -> StorageResult<Vec<DraftSummary>> {
    select(connection, "draft.state = 1 AND changed_at >= ?1", params![since])
}

fn select(connection: &Connection, condition: &str, params: impl Params) -> StorageResult<Vec<DraftSummary>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, household, body, changed_at, base,
                (SELECT count(*) FROM draft_photo WHERE draft = draft.id AND removed = 0)
         FROM draft WHERE {condition} ORDER BY changed_at DESC LIMIT {DRAFTS_MAX}"
    ))?;
    let rows = statement.query_map(params, |row| {
        let body: String = row.get(2)?;
        let base: Vec<u8> = row.get(4)?;
        let summary = DraftSummary {
            id: DraftId(row.get(0)?),
            kind: DraftKind::Visit,
            corrects: !base.is_empty(),
            household: row.get::<_, Option<Uuid>>(1)?.map(HouseholdId),
            step_of: None,
            step: None,
            door: String::new(),
            text: String::new(),
            photo_count: row.get(5)?,
            changed_at: row.get(3)?,
        };
        Ok((summary, body))
    })?;
    let mut drafts = Vec::new();
    for row in rows {
        let (mut summary, body) = row?;
        let mut body = stored::parse(&body)?;
        if let DraftBody::Step(step) = &mut body {
            let event = &mut step.event;
            event.target = issues::named_by(connection, Step::from_number(event.step), &event.target)?;
        }
        describe(&mut summary, body);
        if summary.door.is_empty() {
            summary.door = names::door(connection, summary.household.map(Uuid::from))?;
        }
        if let (Some(issue), true) = (summary.step_of, summary.door.is_empty()) {
            summary.door = names::title(connection, RecordRef::new(RecordKind::ISSUE, issue))?.0;
        }
        drafts.push(summary);
    }
    Ok(drafts)
}

/// What it is about, and its first words.
fn describe(summary: &mut DraftSummary, body: DraftBody) {
    let texts = match body {
        DraftBody::Visit(visit) => vec![visit.note, visit.promise],
        DraftBody::Issue(issue) => {
            summary.kind = DraftKind::Issue;
            vec![issue.title, issue.note, issue.place]
        }
        DraftBody::Household(form) => {
            summary.kind = DraftKind::Household;
            summary.door.clone_from(&form.household.door);
            vec![form.household.note, form.household.preferred_hours]
        }
        DraftBody::Resident(form) => {
            summary.kind = DraftKind::Resident;
            let mut texts = vec![form.resident.name];
            texts.extend(form.resident.phones);
            texts
        }
        DraftBody::Step(step) => {
            summary.kind = DraftKind::Step;
            summary.step_of = Some(step.issue);
            summary.step = Step::from_number(step.event.step);
            vec![step.event.note, step.event.target]
        }
        DraftBody::Record(form) => {
            summary.kind = DraftKind::Record(form.kind);
            let spec = form.kind.spec();
            let is_text = |id| {
                let field = spec.and_then(|spec| spec.field(id));
                field.is_some_and(|field| field.shape == ValueShape::Text)
            };
            form.fields
                .into_iter()
                .filter(|(id, _)| is_text(*id))
                .map(|(_, value)| value.as_text().to_owned())
                .collect()
        }
    };
    let text = texts.into_iter().find(|text| !text.is_empty());
    summary.text = text
        .map(|text| text.chars().take(TEXT_CHARS).collect())
        .unwrap_or_default();
}
