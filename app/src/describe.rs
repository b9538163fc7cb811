//! A field's value in words, for conflicts and for what was set aside.

use shared::domain::schema::Meaning;
use shared::domain::{CalendarDate, FieldId, RecordKind, Value};

use crate::i18n::{t, t_args, t_code};
use crate::{format, platform};

fn meaning(kind: RecordKind, field: FieldId) -> Meaning {
    let field = kind.spec().and_then(|spec| spec.field(field));
    field.map_or(Meaning::Plain, |field| field.meaning)
}

/// The value in words.
pub(crate) fn describe_value(kind: RecordKind, field: FieldId, value: &Value) -> String {
    let meaning = meaning(kind, field);
    let comma = || t("list-comma");
    match value {
        Value::Null if matches!(meaning, Meaning::Flag) => t("no"),
        Value::Null => t("value-empty"),
        Value::Int(number) => describe_number(meaning, *number),
        Value::Text(code) if matches!(meaning, Meaning::Area { .. }) => match code.split_once('-') {
            Some((_, number)) => {
                let number = number.trim_start_matches('0').to_owned();
                t_args("value-grid", &[("number", number.into())])
            }
            None => code.clone(),
        },
        Value::Text(text) => text.clone(),
        Value::Numbers(numbers) => {
            let words = numbers
                .iter()
                .map(|number| describe_number(meaning, i64::try_from(*number).unwrap_or(0)));
            words.collect::<Vec<_>>().join(&comma())
        }
        Value::Texts(texts) if matches!(meaning, Meaning::Phones { .. }) => texts
            .iter()
            .map(|phone| format::phone(phone))
            .collect::<Vec<_>>()
            .join(&comma()),
        Value::Texts(texts) => texts.join(&comma()),
        Value::Ids(ids) => t_args("value-people", &[("count", ids.len().into())]),
        Value::Id(_) | Value::Bytes(_) => t("value-other"),
    }
}

/// The same of a value that may name records: what they are called, where that is known.
pub(crate) fn describe_named(kind: RecordKind, field: FieldId, value: &Value, names: &[String]) -> String {
    match names.is_empty() {
        true => describe_value(kind, field, value),
        false => names.join(&t("list-comma")),
    }
}

fn describe_number(meaning: Meaning, number: i64) -> String {
    let positive = u64::try_from(number).unwrap_or(0);
    match meaning {
        Meaning::Plain
        | Meaning::Number { .. }
        | Meaning::Phones { .. }
        | Meaning::Area { .. }
        | Meaning::Names { .. } => number.to_string(),
        Meaning::Day => {
            CalendarDate::try_from(number).map_or_else(|_| number.to_string(), |day| day.to_string())
        }
        Meaning::Moment => format::moment(positive, platform::now_ms()),
        Meaning::Flag => t(if number == 1 { "yes" } else { "no" }),
        Meaning::Member { list, .. } => t_code(list.family, list.code(positive).unwrap_or("unknown")),
    }
}
