//! What each form writes, and what it shows of a record that is saved already.
//!
//! A form that corrects writes the fields that it changed, knowing what it had shown: what somebody else wrote into the
//! same field meanwhile stands beside it as a conflict, and other fields are left alone.

use rusqlite::Connection;
use shared::change::Change;
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::issue::{self, Event, Issue, Step};
use shared::domain::schema::{FieldId, RecordKind, RecordRef, kinds};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::{self, Outcome, Purpose, Visit};
use shared::domain::{Household, Photo, Resident, household, resident};
use shared::ids::{AreaCode, DraftId, HouseholdId, ResidentId};
use shared::validation::validate_fields;
use uuid::Uuid;

use super::needs::{self, Found};
use super::values::{Changes, existing, moves, normalise};
use super::{generic, together};
use crate::api::{
    ApiError, DraftBody, ErrorCode, HouseholdDraft, IssueDraft, RecordDraft, ResidentDraft, StepDraft,
    VisitDraft, api_error,
};
use crate::queries::page::take_from_duplicates;
use crate::queries::{names, photos as saved, wishes};
use crate::replica::Replica;
use crate::storage::drafts::{Base, Kept};
use crate::storage::recorder::SaveError;
use crate::storage::{StorageResult, assigned, drafts, lent, moves as places, own_operations, records};

/// What a form shows of a saved record.
pub(super) struct Shown {
    pub(super) body: DraftBody,
    pub(super) base: Base,
}

/// What saving a form does.
pub(super) struct Written {
    pub(super) record: RecordRef,
    pub(super) changes: Changes,
}

/// What the form of a saved record shows: of `record`, or else of the one whose id the form has. `None` when it is not
/// here.
pub(super) fn of_record(
    connection: &Connection,
    record: Option<RecordRef>,
    id: DraftId,
) -> StorageResult<Option<Shown>> {
    let candidates = match record {
        Some(record) => vec![record],
        None => kinds().map(|spec| RecordRef::new(spec.kind, id)).collect(),
    };
    for record in candidates {
        let Some(state) = records::load(connection, record)? else {
            continue;
        };
        let Some(body) = body_of(connection, record, &state)? else {
            continue;
        };
        let shown = |(field, value)| (field, value, state.seen_of(field));
        let fields = corrected_fields(&body).unwrap_or_default();
        let base = Base {
            record: Some(record),
            fields: fields.into_iter().map(shown).collect(),
        };
        return Ok(Some(Shown { body, base }));
    }
    Ok(None)
}

fn body_of(
    connection: &Connection,
    record: RecordRef,
    state: &RecordState,
) -> StorageResult<Option<DraftBody>> {
    let values = state.values();
    Ok(match record.kind {
        RecordKind::VISIT => Visit::from_fields(&values).map(|visit| {
            DraftBody::Visit(VisitDraft {
                household: visit.household,
                outcome: Some(visit.outcome),
                met: visit.met,
                purpose: Some(visit.purpose),
                phrases: visit.phrases,
                note: visit.note,
                needs: visit.needs,
                promise: visit.promise,
                promise_due: visit.promise_due,
                started_at: visit.started_at,
            })
        }),
        RecordKind::ISSUE => Issue::from_fields(&values).map(|issue| {
            DraftBody::Issue(IssueDraft {
                area: Some(state.area().clone()),
                category: Some(issue.category),
                title: issue.title,
                note: issue.note,
                household: issue.household,
                place: issue.place,
                visit: issue.visit,
                handled_on_the_spot: false,
                started_at: issue.reported_at,
            })
        }),
        RecordKind::HOUSEHOLD => {
            let waits = own_operations::is_waiting(connection, record.id)?;
            let moving_to = household::moved_to(&values).filter(|_| waits);
            Some(DraftBody::Household(HouseholdDraft {
                area: Some(moving_to.unwrap_or_else(|| state.area().clone())),
                corrects: Some(HouseholdId(record.id)),
                household: wishes::of(connection, record.id)?.0,
            }))
        }
        RecordKind::RESIDENT => whole_resident(connection, record, &values)?.map(|resident| {
            let text = |number: Option<u16>| number.map(|number| number.to_string()).unwrap_or_default();
            DraftBody::Resident(ResidentDraft {
                birth_year: text(resident.birth_year),
                birth_month: text(resident.birth_month.map(u16::from)),
                resident,
            })
        }),
        // A photo has no form.
        RecordKind::PHOTO => None,
        _ => generic::body_of(record.kind, state).map(DraftBody::Record),
    })
}

/// A resident as they are shown: with what the records under theirs know.
fn whole_resident(
    connection: &Connection,
    record: RecordRef,
    values: &FieldMap,
) -> StorageResult<Option<Resident>> {
    let Some(mut resident) = Resident::from_fields(values) else {
        return Ok(None);
    };
    take_from_duplicates(connection, record.id, &mut resident)?;
    Ok(Some(resident))
}

/// The fields that a form can correct, as it would write them. `None` for a form that corrects nothing.
fn corrected_fields(body: &DraftBody) -> Option<FieldMap> {
    let (fields, never): (FieldMap, &[FieldId]) = match body {
        DraftBody::Visit(form) => (
            visit_of(form).ok()?.to_fields(),
            &[visit::HOUSEHOLD, visit::PROMISE_KEPT_ON, visit::STARTED_AT],
        ),
        DraftBody::Issue(form) => (
            issue_of(form).ok()?.to_fields(),
            &[issue::HOUSEHOLD, issue::VISIT, issue::REPORTED_AT],
        ),
        DraftBody::Household(form) => {
            let mut fields = form.household.to_fields();
            let area = form.area.as_ref().map_or("", AreaCode::as_str);
            fields.insert(household::MOVED_TO, Value::text(area));
            (fields, &[])
        }
        DraftBody::Resident(form) => (resident_of(form).to_fields(), &[resident::HOUSEHOLD]),
        DraftBody::Record(form) => (generic::fields_of(form).ok()?, &[]),
        DraftBody::Step(_) => return None,
    };
    let kept = fields.into_iter().filter(|(field, _)| !never.contains(field));
    Some(kept.collect())
}

/// What saving the form `id` does. Changes nothing.
pub(super) fn write(
    replica: &Replica,
    id: DraftId,
    kept: &Kept,
    body: &DraftBody,
) -> Result<Written, ApiError> {
    let mut written = match (Base::parse(&kept.base)?, body) {
        (_, DraftBody::Step(step)) => step_written(replica, step)?,
        (Some(base), _) => correction(replica, &base, body)?,
        (None, DraftBody::Visit(form)) => new_visit(replica, id, form)?,
        (None, DraftBody::Issue(form)) => new_issue(replica, id, form)?,
        (None, DraftBody::Household(form)) => {
            let area = form.area.clone();
            let area = area.ok_or_else(|| api_error(ErrorCode::Invalid, "household.area_impossible"))?;
            new_household(replica, id.0, area, &form.household)?
        }
        (None, DraftBody::Resident(form)) => new_resident(replica, id.0, &resident_of(form))?,
        (None, DraftBody::Record(form)) => new_of_kind(replica, id, form)?,
    };
    let area = match existing(replica, written.record) {
        Ok(state) => Ok(lent::recorded_in(&replica.connection, &state)?),
        Err(error) => Err(error),
    };
    let area = match (area, written.changes.first()) {
        (Ok(area), _) => area,
        (Err(_), Some((area, ..))) => area.clone(),
        (Err(error), None) => return Err(error),
    };
    let photos = photo_changes(replica, &area, written.record, id)?;
    written.changes.extend(photos);
    Ok(written)
}

fn correction(replica: &Replica, base: &Base, body: &DraftBody) -> Result<Written, ApiError> {
    let not_found = || api_error(ErrorCode::NotFound, "");
    let record = base.record.ok_or_else(not_found)?;
    let state = existing(replica, record)?;
    let mut wanted = changed_fields(base, body, replica.now_ms())?;
    let mut changes = Changes::new();
    if let Some(to) = wanted
        .remove(&household::MOVED_TO)
        .filter(|_| record.kind == RecordKind::HOUSEHOLD)
    {
        changes.extend(moves(replica, record, &to)?);
    }
    let (others, mut change) = together::changes(replica, record, &state, wanted, Some(base))?;
    changes.extend(others);
    // Saving a record that was taken back brings it back.
    if state.is_removed()
        && let Some(kept) = state.keep(record.kind)
    {
        change.writes.extend(kept.writes);
    }
    changes.push((state.area().clone(), record, change));
    if let DraftBody::Visit(form) = body {
        let now = Found::by(&visit_of(form)?);
        let before = match state.is_removed() {
            true => Found::default(),
            false => Found::with(
                &ids(base.value(visit::MET)),
                base.value(visit::NEEDS).as_numbers().to_vec(),
            ),
        };
        let visit = (record, Some(&state));
        changes.extend(needs::changes(replica, state.area(), visit, &before, &now)?);
    }
    Ok(Written { record, changes })
}

/// What the form says that it had not shown, in its one spelling; refused with the reason when something has none. What
/// nobody touched is not looked at: other rules may have kept it.
fn changed_fields(base: &Base, body: &DraftBody, now_ms: TimestampMs) -> Result<FieldMap, ApiError> {
    let kind = match body {
        DraftBody::Visit(form) => {
            visit_of(form)?;
            RecordKind::VISIT
        }
        DraftBody::Issue(form) => {
            issue_of(form)?;
            RecordKind::ISSUE
        }
        DraftBody::Household(_) => RecordKind::HOUSEHOLD,
        DraftBody::Resident(_) => RecordKind::RESIDENT,
        DraftBody::Record(form) => {
            generic::fields_of(form)?;
            form.kind
        }
        DraftBody::Step(_) => return Ok(FieldMap::new()),
    };
    let mut fields = corrected_fields(body).unwrap_or_default();
    let is_changed = |field: &FieldId, value: &Value| base.value(*field) != value;
    fields.retain(|field, value| is_changed(field, value));
    normalise(kind, &mut fields, Some(base), now_ms)?;
    fields.retain(|field, value| is_changed(field, value));
    Ok(fields)
}

/// The people whom a visit's form had shown as met.
fn ids(met: &Value) -> Vec<ResidentId> {
    met.as_ids().iter().copied().map(ResidentId).collect()
}

fn visit_of(form: &VisitDraft) -> Result<Visit, ApiError> {
    let outcome = form
        .outcome
        .ok_or_else(|| api_error(ErrorCode::Invalid, "visit.outcome_missing").at(visit::OUTCOME))?;
    Ok(Visit {
        household: form.household,
        outcome,
        // Nobody is met at a closed door.
        met: match outcome {
            Outcome::Met => form.met.clone(),
            _ => Vec::new(),
        },
        purpose: form.purpose.unwrap_or(Purpose::Routine),
        phrases: form.phrases.clone(),
        note: form.note.clone(),
        needs: form.needs.clone(),
        promise: form.promise.clone(),
        promise_due: form.promise_due,
        promise_kept_on: None,
        started_at: form.started_at,
    })
}

fn issue_of(form: &IssueDraft) -> Result<Issue, ApiError> {
    let category = form
        .category
        .ok_or_else(|| api_error(ErrorCode::Invalid, "issue.category_missing").at(issue::CATEGORY))?;
    Ok(Issue {
        category,
        title: form.title.clone(),
        note: form.note.clone(),
        household: form.household,
        place: form.place.clone(),
        visit: form.visit,
        reported_at: form.started_at,
    })
}

/// What is no number becomes an impossible one, so that it is refused with its reason.
fn resident_of(form: &ResidentDraft) -> Resident {
    let mut resident = form.resident.clone();
    resident.birth_year = number_or(&form.birth_year, 0);
    resident.birth_month = number_or(&form.birth_month, 0);
    resident
}

fn new_visit(replica: &Replica, id: DraftId, form: &VisitDraft) -> Result<Written, ApiError> {
    let record = RecordRef::new(RecordKind::VISIT, id);
    let visit = visit_of(form)?;
    let household = existing(replica, RecordRef::new(RecordKind::HOUSEHOLD, form.household))?;
    let area = places::recorded_in(&replica.connection, &household)?;
    let change = new_record(record.kind, visit.to_fields(), replica.now_ms())?;
    let mut changes = vec![(area.clone(), record, change)];
    let found = Found::by(&visit);
    changes.extend(needs::changes(
        replica,
        &area,
        (record, None),
        &Found::default(),
        &found,
    )?);
    Ok(Written { record, changes })
}

/// What makes a new record of these fields.
fn new_record(kind: RecordKind, mut fields: FieldMap, now_ms: TimestampMs) -> Result<Change, ApiError> {
    normalise(kind, &mut fields, None, now_ms)?;
    Ok(RecordState::change_to(kind, None, fields))
}

fn new_issue(replica: &Replica, id: DraftId, form: &IssueDraft) -> Result<Written, ApiError> {
    let record = RecordRef::new(RecordKind::ISSUE, id);
    let issue = issue_of(form)?;
    let area = match form.household {
        Some(household) => {
            let household = existing(replica, RecordRef::new(RecordKind::HOUSEHOLD, household))?;
            places::recorded_in(&replica.connection, &household)?
        }
        None => form
            .area
            .clone()
            .ok_or_else(|| api_error(ErrorCode::Invalid, "issue.area_missing"))?,
    };
    let mut change = new_record(record.kind, issue.to_fields(), replica.now_ms())?;
    let step = if form.handled_on_the_spot {
        Step::HandledOnTheSpot
    } else {
        Step::Reported
    };
    let first = RecordState::step(None, Event::of(step));
    change.writes.extend(first.writes);
    change.event = first.event;
    let changes = vec![(area, record, change)];
    Ok(Written { record, changes })
}

/// A new household.
pub(super) fn new_household(
    replica: &Replica,
    id: Uuid,
    area: AreaCode,
    household: &Household,
) -> Result<Written, ApiError> {
    let record = RecordRef::new(RecordKind::HOUSEHOLD, id);
    let change = new_record(record.kind, household.to_fields(), replica.now_ms())?;
    // An empty change is no operation, so no rule would see that the door is missing.
    if change.is_empty() {
        return Err(api_error(ErrorCode::Invalid, "household.door_missing").at(household::DOOR));
    }
    let changes = vec![(area, record, change)];
    Ok(Written { record, changes })
}

/// A new resident of a household that is here.
pub(super) fn new_resident(replica: &Replica, id: Uuid, resident: &Resident) -> Result<Written, ApiError> {
    let record = RecordRef::new(RecordKind::RESIDENT, id);
    let household = existing(replica, RecordRef::new(RecordKind::HOUSEHOLD, resident.household))?;
    let change = new_record(record.kind, resident.to_fields(), replica.now_ms())?;
    let changes = vec![(household.area().clone(), record, change)];
    Ok(Written { record, changes })
}

/// A new record of a kind without a form of its own.
fn new_of_kind(replica: &Replica, id: DraftId, form: &RecordDraft) -> Result<Written, ApiError> {
    let record = RecordRef::new(form.kind, id);
    let no_area = || api_error(ErrorCode::Invalid, "record.area_missing");
    let area = form.area.clone().ok_or_else(no_area)?;
    if !assigned::works_in(&replica.connection, &area)? {
        return Err(no_area());
    }
    let mut fields = generic::fields_of(form)?;
    normalise(form.kind, &mut fields, None, replica.now_ms())?;
    // An empty change is no operation, so no rule would see what is missing.
    validate_fields(form.kind, &fields).map_err(SaveError::Rejected)?;
    let change = RecordState::change_to(form.kind, None, fields);
    let changes = vec![(area, record, change)];
    Ok(Written { record, changes })
}

fn step_written(replica: &Replica, form: &StepDraft) -> Result<Written, ApiError> {
    let record = RecordRef::new(RecordKind::ISSUE, form.issue);
    let changes = step_changes(replica, record, form.event.clone())?;
    Ok(Written { record, changes })
}

/// A step of an issue. Who sends one says where it is: the household is not there where it is lent, so its door stands in
/// the place, unless that says something already.
pub(super) fn step_changes(replica: &Replica, record: RecordRef, event: Event) -> Result<Changes, ApiError> {
    let state = existing(replica, record)?;
    let area = lent::recorded_in(&replica.connection, &state)?;
    let mut changes = Changes::new();
    if event.step == Step::Assigned.number()
        && let Some(issue) = Issue::from_fields(&state.values())
        && issue.place.trim().is_empty()
    {
        let door = names::door(&replica.connection, issue.household.map(Uuid::from))?;
        let fields = FieldMap::from_iter([(issue::PLACE, Value::text(&door))]);
        let change = RecordState::change_to(record.kind, Some(&state), fields);
        changes.extend((!change.is_empty()).then(|| (area.clone(), record, change)));
    }
    changes.push((area, record, RecordState::step(Some(&state), event)));
    Ok(changes)
}

/// The photos of a draft, but for those that the record has already.
fn photo_changes(
    replica: &Replica,
    area: &AreaCode,
    owner: RecordRef,
    draft: DraftId,
) -> Result<Changes, ApiError> {
    let known = saved::of(&replica.connection, owner.id)?;
    let photos = drafts::photos(&replica.connection, draft)?;
    let new = photos
        .into_iter()
        .filter(|photo| known.iter().all(|known| known.hash != photo.summary.hash));
    let change = |photo: drafts::DraftPhoto| {
        let fields = Photo {
            owner,
            hash: photo.summary.hash,
            taken_at: photo.summary.taken_at,
            size: photo.summary.size,
            width: photo.width,
            height: photo.height,
            thumbnail: photo.summary.thumbnail,
        }
        .to_fields();
        let record = RecordRef::new(RecordKind::PHOTO, replica.new_id());
        (
            area.clone(),
            record,
            RecordState::change_to(record.kind, None, fields),
        )
    };
    Ok(new.map(change).collect())
}

/// Digits of a number; nothing typed is nothing, anything else `otherwise`.
fn number_or<T: std::str::FromStr>(text: &str, otherwise: T) -> Option<T> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.parse().unwrap_or(otherwise))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_not_silently_dropped() {
        assert_eq!(number_or::<u16>(" 1948 ", 0), Some(1948));
        assert_eq!(number_or::<u16>("", 0), None);
        assert_eq!(number_or::<u16>("四八年", 0), Some(0));
    }
}
