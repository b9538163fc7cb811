//! A field's value in words, for conflicts and for what was set aside.

use shared::domain::household::{self, DoorWarning, Tenure};
use shared::domain::issue::{self, Category};
use shared::domain::resident::{self, ConsentPurpose, Relation};
use shared::domain::visit::{self, Outcome, Phrase, Purpose};
use shared::domain::{CalendarDate, FieldId, Need, RecordKind, Value};

use crate::i18n::{t, t_args, t_code};
use crate::{format, platform};

/// What a number in a field stands for.
#[derive(Clone, Copy)]
enum Meaning {
    /// Itself.
    Plain,
    /// A day.
    Day,
    /// A point in time.
    Moment,
    /// Yes or no.
    Flag,
    /// A grid, by its code.
    Grid,
    /// A member of a closed list: family in the language files, and code by number.
    Member(&'static str, fn(u64) -> Option<&'static str>),
}

fn meaning(kind: RecordKind, field: FieldId) -> Meaning {
    match (kind, field) {
        (RecordKind::HOUSEHOLD, household::TENURE) => {
            Meaning::Member("tenure", |number| Tenure::from_number(number).map(Tenure::code))
        }
        (RecordKind::HOUSEHOLD, household::WARNINGS) => Meaning::Member("door-warning", |number| {
            DoorWarning::from_number(number).map(DoorWarning::code)
        }),
        (RecordKind::HOUSEHOLD, household::NOT_ALONE) | (RecordKind::ISSUE, issue::STEPS_SEEN) => {
            Meaning::Flag
        }
        _ if kind.kept_after_removal() == Some(field) => Meaning::Flag,
        (RecordKind::HOUSEHOLD, household::MOVED_TO) => Meaning::Grid,
        (RecordKind::HOUSEHOLD, household::NO_VISIT_BEFORE)
        | (RecordKind::RESIDENT, resident::CONSENT_ON)
        | (RecordKind::VISIT, visit::PROMISE_DUE | visit::PROMISE_KEPT_ON) => Meaning::Day,
        (RecordKind::VISIT, visit::STARTED_AT) | (RecordKind::ISSUE, issue::REPORTED_AT) => Meaning::Moment,
        (RecordKind::RESIDENT, resident::RELATION) => Meaning::Member("relation", |number| {
            Relation::from_number(number).map(Relation::code)
        }),
        (RecordKind::RESIDENT, resident::CONSENT_PURPOSE) => Meaning::Member("consent", |number| {
            ConsentPurpose::from_number(number).map(ConsentPurpose::code)
        }),
        (RecordKind::RESIDENT, resident::NEEDS) | (RecordKind::VISIT, visit::NEEDS) => {
            Meaning::Member("need", |number| Need::from_number(number).map(Need::code))
        }
        (RecordKind::VISIT, visit::OUTCOME) => Meaning::Member("outcome", |number| {
            Outcome::from_number(number).map(Outcome::code)
        }),
        (RecordKind::VISIT, visit::PURPOSE) => Meaning::Member("purpose", |number| {
            Purpose::from_number(number).map(Purpose::code)
        }),
        (RecordKind::VISIT, visit::PHRASES) => {
            Meaning::Member("phrase", |number| Phrase::from_number(number).map(Phrase::code))
        }
        (RecordKind::ISSUE, issue::CATEGORY) => Meaning::Member("category", |number| {
            Category::from_number(number).map(Category::code)
        }),
        _ => Meaning::Plain,
    }
}

/// The value in words.
pub(crate) fn describe_value(kind: RecordKind, field: FieldId, value: &Value) -> String {
    let meaning = meaning(kind, field);
    let comma = || t("list-comma");
    match value {
        Value::Null if matches!(meaning, Meaning::Flag) => t("no"),
        Value::Null => t("value-empty"),
        Value::Int(number) => describe_number(meaning, *number),
        Value::Text(code) if matches!(meaning, Meaning::Grid) => match code.split_once('-') {
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
        Value::Texts(texts) if (kind, field) == (RecordKind::RESIDENT, resident::PHONES) => texts
            .iter()
            .map(|phone| format::phone(phone))
            .collect::<Vec<_>>()
            .join(&comma()),
        Value::Texts(texts) => texts.join(&comma()),
        Value::Ids(ids) => t_args("value-people", &[("count", ids.len().into())]),
        Value::Id(_) | Value::Bytes(_) => t("value-other"),
    }
}

fn describe_number(meaning: Meaning, number: i64) -> String {
    let positive = u64::try_from(number).unwrap_or(0);
    match meaning {
        Meaning::Plain | Meaning::Grid => number.to_string(),
        Meaning::Day => {
            CalendarDate::try_from(number).map_or_else(|_| number.to_string(), |day| day.to_string())
        }
        Meaning::Moment => format::moment(positive, platform::now_ms()),
        Meaning::Flag => t(if number == 1 { "yes" } else { "no" }),
        Meaning::Member(family, code) => t_code(family, code(positive).unwrap_or("unknown")),
    }
}
