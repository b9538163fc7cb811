//! Edits of fields that all records of one household or person have together: warnings, limits, needs, telephone numbers.
//!
//! They are shown as one, so what is taken away is taken away from every record that says it; what is added is added
//! to the record that is shown. The other fields are the shown record's own.
//!
//! A form changes what it had shown: of a set, and of what is shown as one, only what it added and took away. What others
//! wrote meanwhile stays, in the same record and in the others.

use shared::change::Change;
use shared::crdt::RecordState;
use shared::domain::household::{NO_VISIT_BEFORE, NOT_ALONE};
use shared::domain::schema::{FieldId, FieldMerge, RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value, field};

use super::values::{Changes, existing};
use crate::api::ApiError;
use crate::replica::Replica;
use crate::storage::drafts::Base;
use crate::storage::duplicates;

// The number of a field means something else in another kind.
const NOT_ALONE_THERE: (RecordKind, FieldId) = (RecordKind::HOUSEHOLD, NOT_ALONE);
const NO_VISIT_BEFORE_THERE: (RecordKind, FieldId) = (RecordKind::HOUSEHOLD, NO_VISIT_BEFORE);

/// Whether a field is shown as one for all records of a household or person.
fn has_together(kind: RecordKind, id: FieldId) -> bool {
    kind.spec().is_some_and(|spec| spec.shown_as_one.contains(&id))
}

/// The changes of what is shown under `record`, and its own, that make them say `wanted` together. `shown` is what a form
/// had shown before; without one, what they say now was seen.
pub(super) fn changes(
    replica: &Replica,
    record: RecordRef,
    state: &RecordState,
    wanted: FieldMap,
    shown: Option<&Base>,
) -> Result<(Changes, Change), ApiError> {
    let others = match wanted.keys().any(|id| has_together(record.kind, *id)) {
        true => others(replica, record)?,
        false => Vec::new(),
    };
    let own = state.values();
    let says: Vec<FieldMap> = others.iter().map(|(_, state)| state.values()).collect();
    let mut of_others = vec![FieldMap::new(); others.len()];
    let mut of_own = FieldMap::new();
    for (id, mut value) in wanted {
        let elsewhere: Vec<&Value> = match has_together(record.kind, id) {
            true => says.iter().map(|says| field(says, id)).collect(),
            false => Vec::new(),
        };
        if is_set(record.kind, id) || !elsewhere.is_empty() {
            let now = as_one(field(&own, id), &elsewhere);
            let before = shown.map(|base| base.value(id));
            value = changed(&now, before.unwrap_or(&now), &value);
            for (fields, says) in of_others.iter_mut().zip(&elsewhere) {
                let goes_on = without_what_went((record.kind, id), says, before, &value);
                fields.insert(id, goes_on);
            }
        }
        of_own.insert(id, own_part(field(&own, id), &elsewhere, &value));
    }
    let mut changes = Changes::new();
    for ((record, state), fields) in others.iter().zip(of_others) {
        let change = RecordState::change_to(record.kind, Some(state), fields);
        if !change.is_empty() {
            changes.push((state.area().clone(), *record, change));
        }
    }
    let mut change = RecordState::change_to(record.kind, Some(state), of_own);
    if let Some(base) = shown {
        for write in &mut change.writes {
            write.seen = base.seen(write.field);
        }
    }
    Ok((changes, change))
}

/// What is shown under a record.
fn others(replica: &Replica, record: RecordRef) -> Result<Vec<(RecordRef, RecordState)>, ApiError> {
    let mut others = Vec::new();
    for id in duplicates::of(&replica.connection, record.id)? {
        let record = RecordRef { id, ..record };
        let state = existing(replica, record)?;
        if !state.is_removed() {
            others.push((record, state));
        }
    }
    Ok(others)
}

fn is_set(kind: RecordKind, id: FieldId) -> bool {
    let spec = kind.spec().and_then(|spec| spec.field(id));
    spec.is_some_and(|spec| spec.merge == FieldMerge::Set)
}

/// What several records say together, of numbers and texts.
fn as_one(own: &Value, elsewhere: &[&Value]) -> Value {
    let all = || std::iter::once(own).chain(elsewhere.iter().copied());
    let texts = united(all().flat_map(Value::as_texts));
    match texts.is_empty() {
        true => Value::numbers(united(all().flat_map(Value::as_numbers))),
        false => Value::texts(&texts),
    }
}

fn united<'a, T: Clone + PartialEq + 'a>(members: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut united = Vec::new();
    for member in members {
        if !united.contains(member) {
            united.push(member.clone());
        }
    }
    united
}

/// What was one before and is something else now, with what a form changed of it. What is no list is what the form says.
fn changed(now: &Value, before: &Value, wanted: &Value) -> Value {
    match (wanted, before) {
        (Value::Texts(_), _) | (Value::Null, Value::Texts(_)) => Value::texts(&changed_members(
            now.as_texts(),
            before.as_texts(),
            wanted.as_texts(),
        )),
        (Value::Numbers(_), _) | (Value::Null, Value::Numbers(_)) => {
            let mut numbers = changed_members(now.as_numbers(), before.as_numbers(), wanted.as_numbers());
            numbers.sort_unstable();
            Value::numbers(numbers)
        }
        _ => wanted.clone(),
    }
}

/// In the form's order, then what has come since.
fn changed_members<T: Clone + PartialEq>(now: &[T], before: &[T], wanted: &[T]) -> Vec<T> {
    let stays = |member: &&T| now.contains(member) || !before.contains(member);
    let came = |member: &&T| !before.contains(member);
    united(wanted.iter().filter(stays).chain(now.iter().filter(came)))
}

/// What another record goes on saying when together they are to say `wanted`. `before` is what a form had shown of them.
fn without_what_went(
    field: (RecordKind, FieldId),
    says: &Value,
    before: Option<&Value>,
    wanted: &Value,
) -> Value {
    // A later day than the one that was shown has come since.
    let was_shown = before.is_none_or(|before| says.as_int() <= before.as_int());
    match (field, says) {
        (NOT_ALONE_THERE, _) if !wanted.as_flag() => Value::Null,
        (NO_VISIT_BEFORE_THERE, _) if was_shown && says.as_int() > wanted.as_int() => wanted.clone(),
        (_, Value::Numbers(numbers)) => {
            let stays = numbers.iter().filter(|one| wanted.as_numbers().contains(one));
            Value::numbers(stays.copied().collect())
        }
        (_, Value::Texts(texts)) => {
            let stays = texts.iter().filter(|text| wanted.as_texts().contains(text));
            Value::texts(&stays.cloned().collect::<Vec<_>>())
        }
        _ => says.clone(),
    }
}

/// What the shown record says itself of `wanted`: what it said already, and what no record said.
fn own_part(own: &Value, elsewhere: &[&Value], wanted: &Value) -> Value {
    match wanted {
        Value::Numbers(numbers) => {
            let others = |one: &u64| elsewhere.iter().any(|value| value.as_numbers().contains(one));
            let is_own = |one: &u64| own.as_numbers().contains(one) || !others(one);
            Value::numbers(numbers.iter().copied().filter(is_own).collect())
        }
        Value::Texts(texts) => {
            let others = |one: &String| elsewhere.iter().any(|value| value.as_texts().contains(one));
            let is_own = |one: &&String| own.as_texts().contains(*one) || !others(one);
            Value::texts(&texts.iter().filter(is_own).cloned().collect::<Vec<_>>())
        }
        _ => wanted.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_added_to_a_set_meanwhile_stays() {
        let numbers = |numbers: &[u64]| Value::numbers(numbers.to_vec());
        let changed = |now: &[u64], before: &[u64], wanted: &[u64]| {
            changed(&numbers(now), &numbers(before), &numbers(wanted))
        };
        assert_eq!(changed(&[1, 2, 5], &[1, 2], &[2, 3]), numbers(&[2, 3, 5]));
        assert_eq!(changed(&[1], &[1, 2], &[1, 2]), numbers(&[1]));
        assert_eq!(changed(&[1, 5], &[1], &[]), numbers(&[5]));
    }
}
