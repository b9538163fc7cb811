//! What each form writes, and what it shows of a record that is saved already.
//!
//! A form that corrects writes the fields that it changed, knowing what it had shown: what somebody else wrote into the
//! same field meanwhile stands beside it as a conflict, and other fields are left alone.

use rusqlite::Connection;
use shared::change::{Change, Write};
use shared::crdt::RecordState;
use shared::domain::issue::{self, Event, Issue, Step};
use shared::domain::schema::{FieldId, FieldMerge, RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value, field};
use shared::domain::visit::{self, Outcome, Purpose, Visit};
use shared::domain::{Photo, Resident, household, resident};
use shared::ids::{AreaCode, DraftId, HouseholdId};

use super::edits::{existing, moves, normalise};
use super::together;
use crate::api::{
    ApiError, DraftBody, ErrorCode, HouseholdDraft, IssueDraft, ResidentDraft, StepDraft, VisitDraft,
};
use crate::queries::page::take_from_duplicates;
use crate::queries::{photos as saved, wishes};
use crate::replica::{Replica, api_error};
use crate::storage::drafts::{Base, Kept};
use crate::storage::{StorageResult, drafts, duplicates, moves as places, own, records};

type Changes = Vec<(AreaCode, RecordRef, Change)>;

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
/// here, or the form has none: a step that was taken is not taken anew.
pub(super) fn of_record(
    connection: &Connection,
    record: Option<RecordRef>,
    id: DraftId,
) -> StorageResult<Option<Shown>> {
    let kinds = [
        RecordKind::VISIT,
        RecordKind::ISSUE,
        RecordKind::HOUSEHOLD,
        RecordKind::RESIDENT,
    ];
    let candidates = match record {
        Some(record) if is_step_of(record, id) => return Ok(None),
        Some(record) => vec![record],
        None => kinds.map(|kind| RecordRef::new(kind, id)).to_vec(),
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

/// Whether the draft described a step of this issue: see [`StepDraft::id`].
fn is_step_of(record: RecordRef, id: DraftId) -> bool {
    let difference = record.id.as_u128() ^ id.0.as_u128();
    record.kind == RecordKind::ISSUE && (1..256).contains(&difference)
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
            let waits = own::is_waiting(connection, record.id)?;
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
        _ => None,
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
        (None, DraftBody::Household(form)) => new_household(id, form)?,
        (None, DraftBody::Resident(form)) => new_resident(replica, id, form)?,
    };
    let area = existing(replica, written.record).map(|state| state.area().clone());
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
    let mut wanted = fields_now(body)?;
    let before = |id: FieldId| base.fields.iter().find(|(field, ..)| *field == id);
    wanted = wanted
        .into_iter()
        .filter(|(field, value)| before(*field).is_none_or(|(_, before, _)| before != value))
        .collect();
    let mut changes = Changes::new();
    if let Some(to) = wanted
        .remove(&household::MOVED_TO)
        .filter(|_| record.kind == RecordKind::HOUSEHOLD)
    {
        changes.extend(moves(replica, record, &to)?);
    }
    let stands_alone = duplicates::of(&replica.connection, record.id)?.is_empty();
    let mut of_all = FieldMap::new();
    let mut change = Change::default();
    for (id, value) in wanted {
        if !stands_alone && together::has_together(record.kind, id) {
            of_all.insert(id, value);
            continue;
        }
        let spec = record.kind.spec().and_then(|spec| spec.field(id));
        let known = before(id);
        if spec.is_some_and(|spec| spec.merge == FieldMerge::Set) {
            let shown = known.map_or(&[][..], |(_, value, _)| value.as_numbers());
            let values = state.values();
            let members = changed_members(field(&values, id).as_numbers(), shown, value.as_numbers());
            let wanted = FieldMap::from_iter([(id, Value::numbers(members))]);
            change
                .members
                .extend(RecordState::change_to(record.kind, Some(&state), wanted).members);
        } else {
            let seen = known.map(|(_, _, seen)| seen.clone()).unwrap_or_default();
            change.writes.push(Write {
                field: id,
                value,
                seen,
            });
        }
    }
    // Saving a record that was taken back brings it back.
    if state.is_removed()
        && let Some(kept) = state.keep(record.kind)
    {
        change.writes.extend(kept.writes);
    }
    changes.push((state.area().clone(), record, change));
    changes.extend(together::changes(replica, record, &state, of_all)?);
    if let DraftBody::Visit(form) = body {
        changes.extend(needs_found(replica, state.area(), form)?);
    }
    Ok(Written { record, changes })
}

/// A set as it is now, with what a form changed of what it had shown.
fn changed_members(now: &[u64], shown: &[u64], wanted: &[u64]) -> Vec<u64> {
    let mut members: Vec<u64> = now
        .iter()
        .filter(|member| wanted.contains(member) || !shown.contains(member))
        .chain(wanted.iter().filter(|member| !shown.contains(member)))
        .copied()
        .collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// The fields of a form, in their one spelling; refused with the reason when one has none.
fn fields_now(body: &DraftBody) -> Result<FieldMap, ApiError> {
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
        DraftBody::Resident(_) | DraftBody::Step(_) => RecordKind::RESIDENT,
    };
    let mut fields = corrected_fields(body).unwrap_or_default();
    normalise(kind, &mut fields)?;
    Ok(fields)
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
        note: form.note.trim().to_owned(),
        needs: form.needs.clone(),
        promise: form.promise.trim().to_owned(),
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
        title: form.title.trim().to_owned(),
        note: form.note.trim().to_owned(),
        household: form.household,
        place: form.place.trim().to_owned(),
        visit: form.visit,
        reported_at: form.started_at,
    })
}

/// What is no number becomes an impossible one, so that it is refused with its reason.
fn resident_of(form: &ResidentDraft) -> Resident {
    let mut resident = form.resident.clone();
    resident.birth_year = number_or(&form.birth_year, 0);
    resident.birth_month = number_or(&form.birth_month, 0);
    resident.name = resident.name.trim().to_owned();
    resident.phones = resident
        .phones
        .iter()
        .map(|phone| phone.trim().to_owned())
        .filter(|phone| !phone.is_empty())
        .collect();
    resident
}

fn new_visit(replica: &Replica, id: DraftId, form: &VisitDraft) -> Result<Written, ApiError> {
    let record = RecordRef::new(RecordKind::VISIT, id);
    let visit = visit_of(form)?;
    let household = existing(replica, RecordRef::new(RecordKind::HOUSEHOLD, form.household))?;
    let area = places::recorded_in(&replica.connection, &household)?;
    let change = RecordState::change_to(record.kind, None, visit.to_fields());
    let mut changes = vec![(area.clone(), record, change)];
    changes.extend(needs_found(replica, &area, form)?);
    Ok(Written { record, changes })
}

/// Nothing is typed twice: needs found with the one person met become that person's needs.
fn needs_found(replica: &Replica, area: &AreaCode, form: &VisitDraft) -> Result<Changes, ApiError> {
    let ([met], false) = (form.met.as_slice(), form.needs.is_empty()) else {
        return Ok(Changes::new());
    };
    let person = RecordRef::new(RecordKind::RESIDENT, *met);
    let Some(state) = records::load(&replica.connection, person)? else {
        return Ok(Changes::new());
    };
    let mut needs: Vec<u64> = field(&state.values(), resident::NEEDS).as_numbers().to_vec();
    needs.extend(form.needs.iter().map(|need| need.number()));
    needs.sort_unstable();
    needs.dedup();
    let wanted = FieldMap::from_iter([(resident::NEEDS, Value::numbers(needs))]);
    let change = RecordState::change_to(person.kind, Some(&state), wanted);
    Ok(vec![(area.clone(), person, change)])
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
    let mut change = RecordState::change_to(record.kind, None, issue.to_fields());
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

fn new_household(id: DraftId, form: &HouseholdDraft) -> Result<Written, ApiError> {
    let record = RecordRef::new(RecordKind::HOUSEHOLD, id);
    let mut fields = form.household.to_fields();
    normalise(record.kind, &mut fields)?;
    let change = RecordState::change_to(record.kind, None, fields);
    // An empty change is no operation, so no rule would see that the door is missing.
    if change.is_empty() {
        return Err(api_error(ErrorCode::Invalid, "household.door_missing").at(household::DOOR));
    }
    let area = form.area.clone();
    let area = area.ok_or_else(|| api_error(ErrorCode::Invalid, "household.area_impossible"))?;
    let changes = vec![(area, record, change)];
    Ok(Written { record, changes })
}

fn new_resident(replica: &Replica, id: DraftId, form: &ResidentDraft) -> Result<Written, ApiError> {
    let record = RecordRef::new(RecordKind::RESIDENT, id);
    let resident = resident_of(form);
    let household = existing(replica, RecordRef::new(RecordKind::HOUSEHOLD, resident.household))?;
    let mut fields = resident.to_fields();
    normalise(record.kind, &mut fields)?;
    let change = RecordState::change_to(record.kind, None, fields);
    let changes = vec![(household.area().clone(), record, change)];
    Ok(Written { record, changes })
}

fn step_written(replica: &Replica, form: &StepDraft) -> Result<Written, ApiError> {
    let record = RecordRef::new(RecordKind::ISSUE, form.issue);
    let state = existing(replica, record)?;
    let event = Event {
        step: form.event.step,
        note: form.event.note.trim().to_owned(),
        target: form.event.target.trim().to_owned(),
    };
    let change = RecordState::step(Some(&state), event);
    let changes = vec![(state.area().clone(), record, change)];
    Ok(Written { record, changes })
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

    #[test]
    fn what_others_added_to_a_set_meanwhile_stays() {
        assert_eq!(changed_members(&[1, 2, 5], &[1, 2], &[2, 3]), [2, 3, 5]);
        assert_eq!(changed_members(&[1], &[1, 2], &[1, 2]), [1]);
    }
}
