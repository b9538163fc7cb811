//! Values in columns, both ways.

use rusqlite::Row;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use shared::domain::schema::{FieldId, KindSpec, RecordKind};
use shared::domain::value::{FieldMap, Value, ValueShape};
use shared::packed::packed;
use uuid::Uuid;

/// Separates texts in one column: a character that validation keeps out of them.
const TEXT_SEPARATOR: char = '\u{1f}';

/// Reads a record's fields from a row whose columns from `first` on are the kind's fields in order.
///
/// # Errors
/// A column of another type.
pub fn fields_from_row(spec: &KindSpec, row: &Row<'_>, first: usize) -> rusqlite::Result<FieldMap> {
    let mut fields = FieldMap::with_capacity(spec.fields.len());
    for (index, field) in spec.fields.iter().enumerate() {
        let value = from_sql(field.shape, row.get_ref(first + index)?);
        if value != Value::Null {
            fields.insert(field.id, value);
        }
    }
    Ok(fields)
}

/// The columns that [`fields_from_row`] reads, each with `prefix` before it.
pub fn field_columns(kind: RecordKind, prefix: &str) -> String {
    let names = kind.spec().map(|spec| spec.fields).unwrap_or_default();
    names
        .iter()
        .map(|field| format!("{prefix}{}", field.name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether [`from_sql`] gives back what [`to_sql`] was given.
pub(super) fn is_kept_as_it_is(shape: ValueShape, value: &Value) -> bool {
    match (shape, value) {
        (ValueShape::Int, Value::Int(_)) | (ValueShape::Id, Value::Id(_)) => true,
        (ValueShape::Text, Value::Text(text)) => !text.is_empty(),
        (ValueShape::Bytes, Value::Bytes(bytes)) => !bytes.is_empty(),
        (ValueShape::Numbers, Value::Numbers(numbers)) => !numbers.is_empty(),
        (ValueShape::Ids, Value::Ids(ids)) => !ids.is_empty(),
        (ValueShape::Texts, Value::Texts(texts)) => {
            let plain = |text: &String| !text.is_empty() && !text.contains(TEXT_SEPARATOR);
            !texts.is_empty() && texts.iter().all(plain)
        }
        _ => false,
    }
}

pub(super) fn integer(number: i64) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(SqlValue::Integer(number))
}

pub(super) fn text(text: &str) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
}

pub(super) fn blob(bytes: &[u8]) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Blob(bytes))
}

/// Fields that this version does not know, packed; nothing for none.
pub(super) fn more<'a>(spec: &KindSpec, values: impl Iterator<Item = (FieldId, &'a Value)>) -> Vec<u8> {
    let unknown: Vec<(FieldId, &Value)> = values.filter(|(id, _)| spec.field(*id).is_none()).collect();
    if unknown.is_empty() {
        return Vec::new();
    }
    // As a map is written.
    packed(&unknown, 128)
}

pub(super) fn fields_of_later_versions(more: &[u8]) -> Result<FieldMap, postcard::Error> {
    if more.is_empty() {
        return Ok(FieldMap::new());
    }
    let fields: Vec<(FieldId, Value)> = postcard::from_bytes(more)?;
    Ok(fields.into_iter().collect())
}

pub(super) fn to_sql(shape: ValueShape, value: &Value) -> ToSqlOutput<'_> {
    let made = match (shape, value) {
        (ValueShape::Int, Value::Int(number)) => return integer(*number),
        (ValueShape::Id, Value::Id(id)) => return blob(id.as_bytes()),
        (ValueShape::Int | ValueShape::Id | ValueShape::Null, _) => SqlValue::Null,
        (ValueShape::Text, value) => return text(value.as_text()),
        (ValueShape::Bytes, value) => return blob(value.as_bytes()),
        (ValueShape::Texts, value) => SqlValue::Text(value.as_texts().join(&TEXT_SEPARATOR.to_string())),
        (ValueShape::Numbers, value) => {
            let numbers = value.as_numbers();
            let mut text = String::with_capacity(numbers.len() * 3 + 1);
            let mut digits = itoa::Buffer::new();
            for number in numbers {
                text.push(',');
                text.push_str(digits.format(*number));
            }
            if !text.is_empty() {
                text.push(',');
            }
            SqlValue::Text(text)
        }
        (ValueShape::Ids, value) => {
            SqlValue::Blob(value.as_ids().iter().flat_map(|id| *id.as_bytes()).collect())
        }
    };
    ToSqlOutput::Owned(made)
}

/// The texts of a column that holds several.
pub fn texts(column: &str) -> Vec<String> {
    let parts = column.split(TEXT_SEPARATOR);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

pub(super) fn from_sql(shape: ValueShape, column: ValueRef<'_>) -> Value {
    let text = || column.as_str().unwrap_or_default();
    let blob = || column.as_blob().unwrap_or_default();
    match shape {
        ValueShape::Null => Value::Null,
        ValueShape::Int => Value::number(column.as_i64().ok()),
        ValueShape::Text => Value::text(text()),
        ValueShape::Id => Uuid::from_slice(blob()).map_or(Value::Null, Value::Id),
        ValueShape::Bytes => match blob() {
            [] => Value::Null,
            bytes => Value::Bytes(bytes.to_vec()),
        },
        ValueShape::Numbers => Value::numbers(
            text()
                .split(',')
                .filter_map(|number| number.parse().ok())
                .collect(),
        ),
        ValueShape::Texts => Value::texts(&texts(text())),
        ValueShape::Ids => match blob() {
            [] => Value::Null,
            bytes => Value::Ids(
                bytes
                    .chunks_exact(16)
                    .filter_map(|id| Uuid::from_slice(id).ok())
                    .collect(),
            ),
        },
    }
}
