//! The rules that accept or refuse an operation: the same on the device before saving and on the server.
//!
//! A refusal has a stable code (`visit.outcome_missing`); the language files hold its sentence. Kinds and
//! fields of later versions are accepted as they are, within [`UNKNOWN_VALUE_BYTES_MAX`].

mod rights;
mod typed;

pub use rights::{check_rights, may_take};
pub use typed::{as_kept, text_as_kept};

use crate::change::{Change, Operation, PARTS_PER_OPERATION_MAX, Write};
use crate::clock::TimestampMs;
use crate::crdt::{Created, RecordState};
use crate::domain::household::MOVED_TO;
use crate::domain::life_cycle::{STEP_NOTE_BYTES_MAX, STEPS_PER_RECORD_MAX};
use crate::domain::phone::is_dialled;
use crate::domain::schema::{FieldMerge, FieldSpec, Meaning, Reach, RecordKind};
use crate::domain::value::{FieldMap, Fields, Value, field};
use crate::domain::{CalendarDate, identity};
use crate::ids::AreaCode;
pub use crate::rejection::Rejection;
use crate::rejection::{refuse, refuse_at};

/// The most bytes of a value in a field that this version does not know.
pub const UNKNOWN_VALUE_BYTES_MAX: usize = 16 * 1024;
/// The most different devices whose edits one operation may name.
const DEVICES_SEEN_MAX: usize = PARTS_PER_OPERATION_MAX;
/// Times before 2020 or after 2100 are typing or clock errors that no calendar shows.
const TIME_MS_MAX: TimestampMs = 4_102_444_800_000;

/// Checks an operation against the record it changes (`None`: it makes the record).
///
/// Pure; changes nothing.
///
/// # Errors
/// The first [`Rejection`] found.
pub fn validate(operation: &Operation, state: Option<&RecordState>) -> Result<(), Rejection> {
    let Some(state) = state else {
        return validate_new(operation).map(drop);
    };
    check_change(operation, Some(state))?;
    let mut after = state.clone();
    after.apply(operation, None);
    check_record(operation.record.kind, &after.values(), &operation.change)
}

/// Checks an operation that makes its record. Returns what the record then holds, when that can be
/// [read off](Created) the operation.
///
/// Pure; changes nothing.
///
/// # Errors
/// The first [`Rejection`] found.
pub fn validate_new(operation: &Operation) -> Result<Option<Created<'_>>, Rejection> {
    check_change(operation, None)?;
    let (kind, change) = (operation.record.kind, &operation.change);
    let created = Created::by(operation);
    match &created {
        Some(values) => check_record(kind, values, change)?,
        None => check_record(kind, &RecordState::start(operation, None).values(), change)?,
    }
    Ok(created)
}

/// What an operation says, but for the record as it is afterwards.
fn check_change(operation: &Operation, state: Option<&RecordState>) -> Result<(), Rejection> {
    let Operation { change, record, .. } = operation;
    check_form(operation)?;
    if state.is_none()
        && (change.removal.is_some() || change.members.iter().any(|edit| edit.removes.is_some()))
    {
        return refuse("record.unknown");
    }
    let into_itself =
        |write: &Write| Some(write.field) == record.kind.merged_into() && write.value == Value::Id(record.id);
    if change.writes.iter().any(into_itself) {
        return refuse("merge.into_itself");
    }
    if let Some(moved) = writes_move(operation) {
        if state.is_none() {
            return refuse("record.unknown");
        }
        // It never lies nowhere. And whoever it leaves reads that it went, and nothing else.
        let says_more = change.writes.len() > 1 || !change.members.is_empty();
        // What is decided reaches down from there to everybody: no household does. And none is lent to a unit.
        let target = AreaCode::new(moved.value.as_text());
        let holds_none = target.is_ok_and(|area| area.is_common() || area.is_unit());
        if moved.value == Value::Null || says_more || holds_none || change.removal.is_some() {
            return refuse("household.area_impossible");
        }
    }
    let spec = record.kind.spec();
    if let Some(spec) = spec
        && operation.area.is_common() != (spec.reach == Reach::Down)
    {
        return refuse("area.other_reach");
    }
    for write in &change.writes {
        match spec.map(|spec| spec.field(write.field)) {
            Some(Some(spec)) if spec.merge == FieldMerge::Set => return refuse("field.is_a_set"),
            Some(Some(spec)) => check_value(spec, &write.value).map_err(|refused| refused.at(spec.id))?,
            _ if value_bytes(&write.value) > UNKNOWN_VALUE_BYTES_MAX => return refuse("field.too_long"),
            _ => {}
        }
    }
    check_members(record.kind, change)?;
    if change.event.is_none() {
        return Ok(());
    }
    let has_all = state.is_some_and(|state| state.events().len() >= STEPS_PER_RECORD_MAX);
    match spec.map(|spec| spec.life_cycle) {
        Some(None) => refuse("event.not_an_issue"),
        Some(Some(cycle)) if has_all => refuse(cycle.reasons.too_many_steps),
        None if has_all => refuse("issue.too_many_steps"),
        _ => Ok(()),
    }
}

/// The write that moves a household to another area.
pub fn writes_move(operation: &Operation) -> Option<&Write> {
    let is_household = operation.record.kind == RecordKind::HOUSEHOLD;
    let mut writes = operation.change.writes.iter();
    writes.find(|write| is_household && write.field == MOVED_TO)
}

/// Checks the fields of a record as a form would save them.
///
/// # Errors
/// The first [`Rejection`] found.
pub fn validate_fields(kind: RecordKind, fields: &FieldMap) -> Result<(), Rejection> {
    for (field, value) in fields {
        if let Some(spec) = kind.spec().and_then(|spec| spec.field(*field)) {
            check_value(spec, value).map_err(|refused| refused.at(spec.id))?;
        }
    }
    check_record(kind, fields, &Change::default())
}

fn check_record(kind: RecordKind, fields: &dyn Fields, change: &Change) -> Result<(), Rejection> {
    let Some(spec) = kind.spec() else {
        return Ok(());
    };
    spec.fields.iter().try_for_each(|spec| {
        check_field(spec, field(fields, spec.id)).map_err(|refused| refused.at(spec.id))
    })?;
    match spec.rules {
        Some(rules) => rules(fields, change.event.as_ref()),
        None => Ok(()),
    }
}

/// What stands in a field of a whole record, by the meaning of the field.
fn check_field(spec: &FieldSpec, value: &Value) -> Result<(), Rejection> {
    let is_missing = match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    };
    match spec.missing {
        Some(missing) if is_missing => return refuse(missing),
        _ if *value == Value::Null => return Ok(()),
        _ => {}
    }
    let number = || value.as_int().and_then(|number| u64::try_from(number).ok());
    match spec.meaning {
        Meaning::Plain | Meaning::Names { .. } => Ok(()),
        Meaning::Number { from, to, impossible } => match value.as_int() {
            Some(number) if (from..=to).contains(&number) => Ok(()),
            _ => refuse(impossible),
        },
        Meaning::Phones { impossible } => match value.as_texts().iter().all(|phone| is_dialled(phone)) {
            true => Ok(()),
            false => refuse(impossible),
        },
        Meaning::Area { impossible } if AreaCode::new(value.as_text()).is_err() => refuse(impossible),
        Meaning::Area { .. } => Ok(()),
        Meaning::Flag if matches!(value, Value::Int(0 | 1)) => Ok(()),
        Meaning::Flag => refuse("field.no_flag"),
        Meaning::Day
            if value
                .as_int()
                .is_some_and(|day| CalendarDate::try_from(day).is_ok()) =>
        {
            Ok(())
        }
        Meaning::Day => refuse("date.impossible"),
        Meaning::Moment if number().is_some_and(|ms| ms <= TIME_MS_MAX) => Ok(()),
        Meaning::Moment => refuse("time.out_of_range"),
        // Each member was checked when it was added; one that another version added stays.
        Meaning::Member { .. } if spec.merge == FieldMerge::Set => Ok(()),
        Meaning::Member { list, unknown } => {
            let is_known = |number: u64| list.code(number).is_some();
            let are_known = match value {
                Value::Numbers(numbers) => numbers.iter().all(|number| is_known(*number)),
                _ => number().is_some_and(is_known),
            };
            if are_known { Ok(()) } else { refuse(unknown) }
        }
    }
}

fn check_form(operation: &Operation) -> Result<(), Rejection> {
    let Change {
        writes,
        members,
        event,
        removal,
    } = &operation.change;
    if operation.change.is_empty() {
        return refuse("change.empty");
    }
    if writes.len() > PARTS_PER_OPERATION_MAX || members.len() > PARTS_PER_OPERATION_MAX {
        return refuse("change.too_many_parts");
    }
    if operation.stamp.ms > TIME_MS_MAX {
        return refuse("time.out_of_range");
    }
    let twice = |(index, write): (usize, &Write)| writes.iter().take(index).any(|w| w.field == write.field);
    if writes.iter().enumerate().any(twice) {
        return refuse("change.field_twice");
    }
    let mut seen = writes.iter().map(|write| &write.seen).chain(removal);
    if seen.any(|seen| seen.dots.len() > DEVICES_SEEN_MAX) {
        return refuse("change.too_many_parts");
    }
    // Nobody can have seen an operation that the same device had not made yet.
    let claims = writes
        .iter()
        .map(|write| &write.seen)
        .chain(removal)
        .chain(members.iter().filter_map(|m| m.removes.as_ref()));
    if claims
        .into_iter()
        .any(|seen| seen.get(&operation.device) >= operation.seq)
    {
        return refuse("change.seen_the_future");
    }
    match event {
        Some(event) if event.note.len() > STEP_NOTE_BYTES_MAX || event.target.len() > 300 => {
            refuse("text.too_long")
        }
        Some(event) => check_text(&event.note).and_then(|()| check_text(&event.target)),
        None => Ok(()),
    }
}

fn check_members(kind: RecordKind, change: &Change) -> Result<(), Rejection> {
    for edit in &change.members {
        match kind.spec().and_then(|spec| spec.field(edit.field)) {
            Some(spec) if spec.merge != FieldMerge::Set => return refuse("field.is_no_set"),
            // A closed list, so that a label that is not in it cannot be recorded.
            Some(FieldSpec {
                meaning: Meaning::Member { list, unknown },
                ..
            }) if list.code(edit.member).is_none() => return refuse_at(edit.field, unknown),
            _ => {}
        }
    }
    Ok(())
}

fn check_value(spec: &FieldSpec, value: &Value) -> Result<(), Rejection> {
    if *value == Value::Null {
        return Ok(());
    }
    if value.shape() != spec.shape {
        return refuse("field.wrong_shape");
    }
    match value {
        // Nothing entered is `Null`, so that it is one thing and not two.
        Value::Text(text) if text.is_empty() => refuse("field.empty"),
        Value::Bytes(bytes) if bytes.is_empty() => refuse("field.empty"),
        Value::Numbers(numbers) if numbers.is_empty() => refuse("field.empty"),
        Value::Ids(ids) if ids.is_empty() => refuse("field.empty"),
        Value::Texts(texts) if texts.is_empty() || texts.iter().any(String::is_empty) => {
            refuse("field.empty")
        }
        Value::Text(text) if text.len() > spec.size_max => refuse("text.too_long"),
        Value::Text(text) => check_text(text),
        Value::Bytes(bytes) if bytes.len() > spec.size_max => refuse("field.too_long"),
        Value::Numbers(numbers) if numbers.len() > spec.size_max => refuse("list.too_long"),
        Value::Ids(ids) if ids.len() > spec.size_max => refuse("list.too_long"),
        Value::Texts(texts) if texts.len() > spec.size_max => refuse("list.too_long"),
        Value::Texts(texts) => texts.iter().try_for_each(|text| {
            if text.len() > 60 {
                refuse("text.too_long")
            } else {
                check_text(text)
            }
        }),
        _ => Ok(()),
    }
}

/// Texts hold no control characters and no identity-card number (line 4 of `docs/lines.md`).
fn check_text(text: &str) -> Result<(), Rejection> {
    // The bytes that are control characters or begin one: most texts have none and need not be read by characters.
    let control = |byte: u8| (byte < b' ') | (byte == 0x7f) | (byte == 0xc2);
    let may_be_control = text.bytes().fold(false, |found, byte| found | control(byte));
    if may_be_control && text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return refuse("text.control_character");
    }
    if identity::looks_like_identity_number(text) {
        return refuse("text.identity_number");
    }
    Ok(())
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Int(_) => 8,
        Value::Text(text) => text.len(),
        Value::Id(_) => 16,
        Value::Bytes(bytes) => bytes.len(),
        Value::Numbers(numbers) => numbers.len() * 8,
        Value::Texts(texts) => texts.iter().map(String::len).sum(),
        Value::Ids(ids) => ids.len() * 16,
    }
}

#[cfg(test)]
#[path = "validation_tests.rs"]
mod tests;
