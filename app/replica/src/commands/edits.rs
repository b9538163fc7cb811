//! Edits of records.

use shared::change::Change;
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::door::DoorNumber;
use shared::domain::issue::Event;
use shared::domain::phone::parse_phones;
use shared::domain::schema::{FieldId, Meaning, RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::Visit;
use shared::domain::{CalendarDate, Household, Resident, household, resident};
use shared::ids::{AreaCode, IssueId};
use shared::validation::text_as_kept;

use super::needs::{self, Found};
use super::{forms, together};
use crate::api::{ApiError, ErrorCode};
use crate::replica::{Replica, api_error};
use crate::storage::drafts::Base;
use crate::storage::{duplicates, keep, records};

pub(crate) fn add_household(
    replica: &mut Replica,
    area: AreaCode,
    household: &Household,
) -> Result<RecordRef, ApiError> {
    let new = forms::new_household(replica, replica.new_id(), area, household)?;
    add(replica, new)
}

pub(crate) fn add_resident(replica: &mut Replica, resident: &Resident) -> Result<RecordRef, ApiError> {
    let new = forms::new_resident(replica, replica.new_id(), resident)?;
    add(replica, new)
}

fn add(replica: &mut Replica, new: forms::Written) -> Result<RecordRef, ApiError> {
    replica.save(new.changes, |_| Ok(()))?;
    Ok(new.record)
}

pub(crate) fn save_fields(
    replica: &mut Replica,
    record: RecordRef,
    mut fields: FieldMap,
) -> Result<RecordRef, ApiError> {
    normalise(record.kind, &mut fields, None, replica.now_ms())?;
    let state = existing(replica, record)?;
    let mut changes = Vec::new();
    if record.kind == RecordKind::HOUSEHOLD
        && let Some(to) = fields.remove(&household::MOVED_TO)
    {
        changes.extend(moves(replica, record, &to)?);
    }
    let (others, change) = together::changes(replica, record, &state, fields, None)?;
    changes.extend(others);
    changes.push((state.area().clone(), record, change));
    replica.save(changes, |_| Ok(()))?;
    Ok(record)
}

/// Moves a household, by an operation that says nothing else: the area that it leaves reads it. What is shown under it
/// is the same household and goes along.
pub(super) fn moves(
    replica: &Replica,
    record: RecordRef,
    to: &Value,
) -> Result<Vec<(AreaCode, RecordRef, Change)>, ApiError> {
    let target = match AreaCode::new(to.as_text()) {
        Ok(to) if !to.is_common() && keep::works_in(&replica.connection, &to)? => to,
        _ => return Err(api_error(ErrorCode::Invalid, "household.area_impossible").at(household::MOVED_TO)),
    };
    let mut changes = Vec::new();
    let under_it = duplicates::of(&replica.connection, record.id)?;
    for id in std::iter::once(record.id).chain(under_it) {
        let record = RecordRef { id, ..record };
        let state = existing(replica, record)?;
        let is_to_lie_in = household::moved_to(&state.values());
        // Also when it says so already and does not lie there: that move was set aside.
        if target != *state.area() || is_to_lie_in.is_some_and(|area| area != target) {
            let change = state.settle(household::MOVED_TO, to.clone());
            changes.push((state.area().clone(), record, change));
        }
    }
    Ok(changes)
}

pub(crate) fn remove(replica: &mut Replica, record: RecordRef) -> Result<RecordRef, ApiError> {
    if record.kind == RecordKind::HOUSEHOLD {
        check_nothing_hangs_on(replica, record)?;
    }
    let mut removals = Vec::new();
    // What is shown under it goes too: it is the same person, and would come back as somebody new.
    let group = duplicates::of(&replica.connection, record.id)?;
    for id in std::iter::once(record.id).chain(group) {
        let record = RecordRef { id, ..record };
        let state = existing(replica, record)?;
        removals.push((state.area().clone(), record, state.removal()));
        if let Some(found) = found_by(record, &state).filter(|_| !state.is_removed()) {
            let visit = (record, Some(&state));
            removals.extend(needs::changes(
                replica,
                state.area(),
                visit,
                &found,
                &Found::default(),
            )?);
        }
    }
    replica.save(removals, |_| Ok(()))?;
    Ok(record)
}

/// A household is taken back when it was a mistake: nobody would find what still hangs on it. One that is shown under
/// another hangs on nothing.
fn check_nothing_hangs_on(replica: &Replica, record: RecordRef) -> Result<(), ApiError> {
    let reasons = [
        (
            "resident WHERE removed = 0 AND household",
            "household.has_residents",
        ),
        ("visit WHERE removed = 0 AND household", "household.has_visits"),
        ("issue WHERE removed = 0 AND household", "household.has_issues"),
        (
            "draft WHERE state = 0 AND id <> ?1 AND household",
            "household.has_drafts",
        ),
    ];
    for (hangs, code) in reasons {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {hangs} IN {})", duplicates::GROUP);
        let mut statement = replica.connection.prepare_cached(&sql)?;
        if statement.query_row([record.id], |row| row.get(0))? {
            return Err(api_error(ErrorCode::Invalid, code));
        }
    }
    Ok(())
}

/// Keeps a record, or brings it back with what was shown under it and went with it.
pub(crate) fn keep(replica: &mut Replica, record: RecordRef) -> Result<RecordRef, ApiError> {
    let mut changes = Vec::new();
    let mut group = vec![record];
    while let Some(record) = group.pop() {
        let state = existing(replica, record)?;
        if state.is_removed() && record.kind.merged_into().is_some() {
            let under_it = duplicates::removed_under(&replica.connection, record)?;
            let is_new = |under: &RecordRef| changes.iter().all(|(_, kept, _)| kept != under);
            group.extend(under_it.into_iter().filter(is_new));
        }
        let change = state.keep(record.kind);
        let change = change.ok_or_else(|| api_error(ErrorCode::Invalid, "record.not_kept"))?;
        changes.push((state.area().clone(), record, change));
        if let Some(found) = found_by(record, &state).filter(|_| state.is_removed()) {
            let back = needs::gone_with(replica, &state, &found)?;
            let visit = (record, Some(&state));
            changes.extend(needs::changes(
                replica,
                state.area(),
                visit,
                &Found::default(),
                &back,
            )?);
        }
    }
    replica.save(changes, |_| Ok(()))?;
    Ok(record)
}

/// What a visit says that the one person met needs.
fn found_by(record: RecordRef, state: &RecordState) -> Option<Found> {
    let visit = (record.kind == RecordKind::VISIT).then(|| Visit::from_fields(&state.values()));
    visit.flatten().as_ref().map(Found::by)
}

pub(crate) fn add_event(replica: &mut Replica, issue: IssueId, event: Event) -> Result<RecordRef, ApiError> {
    let record = RecordRef::new(RecordKind::ISSUE, issue);
    let state = existing(replica, record)?;
    let change = RecordState::step(Some(&state), event);
    replica.save(vec![(state.area().clone(), record, change)], |_| Ok(()))?;
    Ok(record)
}

pub(crate) fn restore(
    replica: &mut Replica,
    record: RecordRef,
    field: FieldId,
    value: Value,
) -> Result<RecordRef, ApiError> {
    let changes = match (record.kind, field) {
        (RecordKind::HOUSEHOLD, household::MOVED_TO) => settled_move(replica, record, &value)?,
        _ => {
            let state = existing(replica, record)?;
            vec![(state.area().clone(), record, state.settle(field, value))]
        }
    };
    replica.save(changes, |_| Ok(()))?;
    Ok(record)
}

/// Ends a conflict of two moves, also when the household lies where the chosen one says.
fn settled_move(
    replica: &Replica,
    record: RecordRef,
    to: &Value,
) -> Result<Vec<(AreaCode, RecordRef, Change)>, ApiError> {
    let mut changes = moves(replica, record, to)?;
    if changes.iter().all(|(_, changed, _)| *changed != record) {
        let state = existing(replica, record)?;
        let change = state.settle(household::MOVED_TO, to.clone());
        changes.push((state.area().clone(), record, change));
    }
    Ok(changes)
}

pub(super) fn existing(replica: &Replica, record: RecordRef) -> Result<RecordState, ApiError> {
    records::load(&replica.connection, record)?.ok_or_else(|| api_error(ErrorCode::NotFound, ""))
}

/// Doors and telephone numbers are kept in their one spelling, texts as validation keeps them. A telephone number that the
/// form had shown stays as it is: rules of before may have kept it.
pub(super) fn normalise(
    kind: RecordKind,
    fields: &mut FieldMap,
    shown: Option<&Base>,
    now_ms: TimestampMs,
) -> Result<(), ApiError> {
    texts_as_kept(kind, fields);
    for (field, value) in fields {
        let spec = kind.spec().and_then(|spec| spec.field(*field));
        match (spec.map(|spec| spec.meaning), &value) {
            (_, Value::Text(text)) if (kind, *field) == (RecordKind::HOUSEHOLD, household::DOOR) => {
                let door = DoorNumber::parse(text)
                    .map_err(|_| api_error(ErrorCode::Invalid, "household.door_unreadable").at(*field))?;
                *value = Value::text(&door.to_string());
            }
            (Some(Meaning::Number { impossible, .. }), Value::Int(year))
                if (kind, *field) == (RecordKind::RESIDENT, resident::BIRTH_YEAR)
                    && *year > latest_year(now_ms) =>
            {
                return Err(api_error(ErrorCode::Invalid, impossible).at(*field));
            }
            (Some(Meaning::Phones { impossible }), Value::Texts(texts)) => {
                let shown = shown.map_or(&Value::Null, |base| base.value(*field));
                let numbers = phones(texts, shown.as_texts());
                let numbers = numbers.ok_or_else(|| api_error(ErrorCode::Invalid, impossible).at(*field))?;
                *value = Value::texts(&numbers);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Nobody was born after this year. What is recorded is the same for whoever checks it whenever, so that only the form
/// can say this; a clock that shows a year before this program was written is wrong.
fn latest_year(now_ms: TimestampMs) -> i64 {
    let (year, ..) = CalendarDate::of_ms(now_ms).parts();
    i64::from(year.max(2026))
}

/// The numbers in what was typed; `None` when something in it is none.
fn phones(typed: &[String], shown: &[String]) -> Option<Vec<String>> {
    let mut numbers: Vec<String> = Vec::with_capacity(typed.len());
    for text in typed.iter().filter(|text| !text.trim().is_empty()) {
        let read = match shown.contains(text) {
            true => vec![text.clone()],
            false => {
                let parsed = parse_phones(text);
                if !parsed.impossible.is_empty() {
                    return None;
                }
                parsed.numbers
            }
        };
        for number in read {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }
    Some(numbers)
}

/// Texts as validation keeps them, so that what only looks different is not written.
pub(crate) fn texts_as_kept(kind: RecordKind, fields: &mut FieldMap) {
    for (field, value) in fields {
        if let Value::Text(text) = value {
            *value = Value::text(&text_as_kept(kind, *field, text));
        }
    }
}
