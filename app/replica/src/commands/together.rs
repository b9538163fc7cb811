//! Edits of fields that all records of one household or person have together: warnings, limits, needs, telephone numbers.
//!
//! They are shown as one, so what is taken away is taken away from every record that says it; what is added is added
//! to the record that is shown. The other fields are the shown record's own.

use shared::change::Change;
use shared::crdt::RecordState;
use shared::domain::household::{NO_VISIT_BEFORE, NOT_ALONE};
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value, field};
use shared::ids::AreaCode;

use super::edits::existing;
use crate::api::ApiError;
use crate::queries::page::TOGETHER;
use crate::queries::wishes::HEEDED;
use crate::replica::Replica;
use crate::storage::duplicates;

/// Whether a field is shown as one for all records of a household or person.
pub(super) fn has_together(kind: RecordKind, id: FieldId) -> bool {
    match kind {
        RecordKind::HOUSEHOLD => HEEDED.contains(&id),
        RecordKind::RESIDENT => TOGETHER.contains(&id),
        _ => false,
    }
}

/// The changes that make `record`, and what is shown under it, say `wanted` together.
pub(super) fn changes(
    replica: &Replica,
    record: RecordRef,
    state: &RecordState,
    mut wanted: FieldMap,
) -> Result<Vec<(AreaCode, RecordRef, Change)>, ApiError> {
    let mut others = Vec::new();
    if wanted.keys().any(|id| has_together(record.kind, *id)) {
        for id in duplicates::of(&replica.connection, record.id)? {
            let record = RecordRef { id, ..record };
            let state = existing(replica, record)?;
            if !state.is_removed() {
                others.push((record, state));
            }
        }
    }
    let own = state.values();
    let mut changes = Vec::new();
    for (record, state) in &others {
        let says = state.values();
        let fields = wanted.iter().filter(|(id, _)| has_together(record.kind, **id));
        let fields: FieldMap = fields
            .map(|(id, value)| (*id, without_what_went(*id, field(&says, *id), value)))
            .collect();
        let change = RecordState::change_to(record.kind, Some(state), fields);
        if !change.is_empty() {
            changes.push((state.area().clone(), *record, change));
        }
    }
    if !others.is_empty() {
        let known: Vec<FieldMap> = others.iter().map(|(_, state)| state.values()).collect();
        for (id, value) in &mut wanted {
            if has_together(record.kind, *id) {
                let elsewhere: Vec<&Value> = known.iter().map(|says| field(says, *id)).collect();
                *value = own_part(field(&own, *id), &elsewhere, value);
            }
        }
    }
    let change = RecordState::change_to(record.kind, Some(state), wanted);
    changes.push((state.area().clone(), record, change));
    Ok(changes)
}

/// What another record goes on saying when together they are to say `wanted`.
fn without_what_went(id: FieldId, says: &Value, wanted: &Value) -> Value {
    match (id, says) {
        (NOT_ALONE, _) if !wanted.as_flag() => Value::Null,
        (NO_VISIT_BEFORE, _) if says.as_int() > wanted.as_int() => wanted.clone(),
        (_, Value::Numbers(numbers)) => {
            let wanted = wanted.as_numbers();
            Value::numbers(
                numbers
                    .iter()
                    .copied()
                    .filter(|one| wanted.contains(one))
                    .collect(),
            )
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
