//! The form of a kind that needs none of its own: made from the kind's description.

use shared::crdt::RecordState;
use shared::domain::schema::{FieldSpec, Meaning, RecordKind};
use shared::domain::value::{FieldMap, Value, ValueShape, field};

use crate::api::{ApiError, ErrorCode, LIST_SEPARATOR, RecordDraft, api_error};

/// What the form of a saved record shows; `None` where it has no such form.
pub(super) fn body_of(kind: RecordKind, state: &RecordState) -> Option<RecordDraft> {
    let values = state.values();
    let entered = kind.spec().filter(|spec| !spec.has_table)?.entered();
    Some(RecordDraft {
        kind,
        area: Some(state.area().clone()),
        fields: entered
            .map(|spec| (spec.id, shown(spec, field(&values, spec.id))))
            .collect(),
    })
}

/// A value as a form shows it.
fn shown(spec: &FieldSpec, value: &Value) -> Value {
    match (spec.meaning, value) {
        (Meaning::Plain | Meaning::Number { .. }, Value::Int(number)) => Value::text(&number.to_string()),
        (_, Value::Texts(texts)) => Value::text(&texts.join(&LIST_SEPARATOR.to_string())),
        _ => value.clone(),
    }
}

/// The fields of a form, as they are written.
pub(super) fn fields_of(form: &RecordDraft) -> Result<FieldMap, ApiError> {
    let Some(kind) = form.kind.spec() else {
        return Err(api_error(ErrorCode::NotFound, ""));
    };
    let read = |spec: &'static FieldSpec| {
        let value = typed(spec, field(&form.fields, spec.id));
        let value = value.map_err(|code| api_error(ErrorCode::Invalid, code).at(spec.id))?;
        Ok((spec.id, value))
    };
    kind.entered().map(read).collect()
}

/// What was typed, as it is written; or the code with which it is refused.
fn typed(spec: &FieldSpec, value: &Value) -> Result<Value, &'static str> {
    let Value::Text(text) = value else {
        return Ok(value.clone());
    };
    let number = || {
        let digits: String = text.trim().chars().map(plain_digit).collect();
        digits.parse().map(Value::Int)
    };
    match (spec.shape, spec.meaning) {
        (ValueShape::Int, _) if text.trim().is_empty() => Ok(Value::Null),
        (ValueShape::Int, Meaning::Number { impossible, .. }) => number().map_err(|_| impossible),
        (ValueShape::Int, _) => number().map_err(|_| "field.no_number"),
        // Read one by one when it is saved, whatever stands between them.
        (ValueShape::Texts, Meaning::Phones { .. }) if text.trim().is_empty() => Ok(Value::Null),
        (ValueShape::Texts, Meaning::Phones { .. }) => Ok(Value::texts(std::slice::from_ref(text))),
        (ValueShape::Texts, _) => {
            let texts = text.split([LIST_SEPARATOR, '\n']).map(str::trim);
            let texts: Vec<String> = texts.filter(|text| !text.is_empty()).map(str::to_owned).collect();
            Ok(Value::texts(&texts))
        }
        _ => Ok(value.clone()),
    }
}

/// A digit as a Chinese keyboard may write it, full-width, as an ordinary one.
fn plain_digit(c: char) -> char {
    match u32::from(c).checked_sub(u32::from('０')) {
        Some(digit @ 0..=9) => char::from_digit(digit, 10).unwrap_or(c),
        _ => c,
    }
}
