//! What is written into fields, and the records that it goes into.

use shared::change::Change;
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::door::DoorNumber;
use shared::domain::phone::parse_phones;
use shared::domain::schema::{Meaning, RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::{CalendarDate, household, resident};
use shared::ids::AreaCode;
use shared::validation::text_as_kept;

use crate::api::{ApiError, ErrorCode, api_error};
use crate::replica::Replica;
use crate::storage::drafts::Base;
use crate::storage::{assigned, duplicates, records};

/// Changes of records, each where its record lies.
pub(super) type Changes = Vec<(AreaCode, RecordRef, Change)>;

/// A record that is here.
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
pub(super) fn texts_as_kept(kind: RecordKind, fields: &mut FieldMap) {
    for (field, value) in fields {
        if let Value::Text(text) = value {
            *value = Value::text(&text_as_kept(kind, *field, text));
        }
    }
}

/// Moves a household, by an operation that says nothing else: the area that it leaves reads it. What is shown under it
/// is the same household and goes along.
pub(super) fn moves(replica: &Replica, record: RecordRef, to: &Value) -> Result<Changes, ApiError> {
    let target = match AreaCode::new(to.as_text()) {
        Ok(to) if !to.is_common() && assigned::works_in(&replica.connection, &to)? => to,
        _ => return Err(api_error(ErrorCode::Invalid, "household.area_impossible").at(household::MOVED_TO)),
    };
    let mut changes = Changes::new();
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
