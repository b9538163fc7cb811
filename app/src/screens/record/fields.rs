//! One field of a form, by what the field means.

use dioxus::prelude::*;
use replica::api::{self, RecordDraft};
use shared::domain::list::ClosedList;
use shared::domain::schema::{FieldMerge, FieldSpec, Meaning};
use shared::domain::value::ValueShape;
use shared::domain::{CalendarDate, FieldId, RecordKind, Value};
use uuid::Uuid;

use super::{GenericKind, title};
use crate::components::{
    ChoiceChips, FieldKind, Form, MultiChips, Select, TextField, choices, grid_choices, use_grids,
};
use crate::i18n::{t, t_code};
use crate::store::use_query;

/// Texts of more bytes have several lines.
const LINE_BYTES_MAX: usize = 400;

/// A field with what stands in it. Its test id is `field-<name>`; that of a choice has the choice behind it.
#[component]
pub(super) fn Field(kind: GenericKind, id: FieldId, form: Form, draft: Signal<RecordDraft>) -> Element {
    let Some(spec) = kind.0.spec().and_then(|spec| spec.field(id)) else {
        return rsx! {};
    };
    let label = t_code("field", &format!("{kind}.{}", spec.name));
    let value = draft.read().fields.get(&id).cloned().unwrap_or(Value::Null);
    let entered = Entered {
        name: format!("field-{}", spec.name.replace('_', "-")),
        label,
        value,
        error: form.error_at(id),
        set: use_callback(move |value: Value| {
            draft.write().fields.insert(id, value);
            form.keep.call(());
        }),
    };
    match spec.meaning {
        Meaning::Member { list, .. } if matches!(spec.shape, ValueShape::Numbers) => {
            rsx! { Members { entered, is_set: spec.merge == FieldMerge::Set, list: List(list) } }
        }
        Meaning::Member { list, .. } => {
            rsx! { Member { entered, list: List(list), required: spec.missing.is_some() } }
        }
        Meaning::Flag => rsx! { Flag { entered } },
        Meaning::Area { .. } => rsx! { Area { entered } },
        Meaning::Names { kinds, .. } => match kinds.first() {
            Some(named) => {
                rsx! { Named { entered, kind: *named, several: matches!(spec.shape, ValueShape::Ids) } }
            }
            None => rsx! {},
        },
        Meaning::Phones { .. } => {
            rsx! { Typed { entered, kind: FieldKind::Line, hint: t("record-phones-hint") } }
        }
        Meaning::Plain | Meaning::Number { .. } | Meaning::Day | Meaning::Moment => {
            rsx! { Typed { entered, kind: kind_of(spec) } }
        }
    }
}

/// What all fields have.
#[derive(Clone, PartialEq)]
struct Entered {
    name: String,
    label: String,
    value: Value,
    error: String,
    set: Callback<Value>,
}

/// A closed list, told from others by its family.
#[derive(Clone, Copy)]
struct List(&'static ClosedList);

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.0.family == other.0.family
    }
}

impl List {
    fn number(self, code: &str) -> Option<u64> {
        let member = self.0.members.iter().find(|member| member.1 == code);
        member.map(|member| member.0)
    }
}

fn kind_of(spec: &FieldSpec) -> FieldKind {
    match (spec.meaning, spec.shape) {
        (Meaning::Day, _) => FieldKind::Date,
        (_, ValueShape::Int) => FieldKind::Digits,
        _ if spec.size_max > LINE_BYTES_MAX => FieldKind::Area,
        _ => FieldKind::Line,
    }
}

/// Text, numbers, telephone numbers, days.
#[component]
fn Typed(entered: Entered, kind: FieldKind, #[props(default)] hint: String) -> Element {
    let set = entered.set;
    let is_day = kind == FieldKind::Date;
    let day = entered
        .value
        .as_int()
        .and_then(|number| CalendarDate::try_from(number).ok());
    let shown = match day.filter(|_| is_day) {
        Some(day) => day.to_string(),
        None => entered.value.as_text().to_owned(),
    };
    rsx! {
        TextField {
            id: entered.name, label: entered.label, kind, value: shown, error: entered.error, hint,
            oninput: move |text: String| {
                let day = CalendarDate::parse(&text).filter(|_| is_day);
                set.call(day.map_or_else(|| Value::text(&text), |day| Value::Int(day.number())));
            },
        }
    }
}

/// One member of a closed list.
#[component]
fn Member(entered: Entered, list: List, required: bool) -> Element {
    let set = entered.set;
    let number = entered
        .value
        .as_int()
        .and_then(|number| u64::try_from(number).ok());
    let mut all = choices(list.0);
    if !required {
        all.insert(0, (String::new(), t("record-none-chosen")));
    }
    rsx! {
        ChoiceChips {
            name: entered.name, legend: entered.label, choices: all, error: entered.error,
            selected: number.and_then(|number| list.0.code(number)).unwrap_or_default(),
            onselect: move |code: String| {
                let number = list.number(&code).and_then(|number| i64::try_from(number).ok());
                set.call(number.map_or(Value::Null, Value::Int));
            },
        }
    }
}

/// Several members of a closed list.
#[component]
fn Members(entered: Entered, list: List, is_set: bool) -> Element {
    let set = entered.set;
    let numbers = entered.value.as_numbers().to_vec();
    let selected: Vec<String> = numbers
        .iter()
        .filter_map(|number| list.0.code(*number))
        .map(str::to_owned)
        .collect();
    rsx! {
        MultiChips {
            name: entered.name, legend: entered.label, choices: choices(list.0), selected, error: entered.error,
            ontoggle: move |code: String| {
                let Some(number) = list.number(&code) else { return };
                let mut numbers = numbers.clone();
                crate::screens::household::toggle(&mut numbers, number);
                if is_set {
                    numbers.sort_unstable();
                }
                set.call(Value::numbers(numbers));
            },
        }
    }
}

/// Yes or no.
#[component]
fn Flag(entered: Entered) -> Element {
    let set = entered.set;
    rsx! {
        if !entered.error.is_empty() {
            p { class: "field-error", role: "alert", "data-testid": "error", "{entered.error}" }
        }
        label { class: "check switch",
            input {
                r#type: "checkbox", checked: entered.value.as_flag(), "data-testid": entered.name,
                onchange: move |event| set.call(if event.checked() { Value::Int(1) } else { Value::Null }),
            }
            span { strong { "{entered.label}" } }
        }
    }
}

/// A grid.
#[component]
fn Area(entered: Entered) -> Element {
    let set = entered.set;
    let mut choices = grid_choices(&use_grids());
    choices.insert(0, (String::new(), t("record-none-chosen")));
    rsx! {
        Select {
            id: entered.name, label: entered.label, choices, selected: entered.value.as_text(), error: entered.error,
            onselect: move |code: String| set.call(Value::text(&code)),
        }
    }
}

/// A record of another kind, or several.
#[component]
fn Named(entered: Entered, kind: RecordKind, several: bool) -> Element {
    let set = entered.set;
    let records = match use_query(api::Records { kind }) {
        Some(Ok(list)) => list.records,
        _ => Vec::new(),
    };
    let mut choices: Vec<(String, String)> = records
        .iter()
        .map(|record| (record.record.id.to_string(), title(record)))
        .collect();
    if several {
        let ids = entered.value.as_ids().to_vec();
        return rsx! {
            MultiChips {
                name: entered.name, legend: entered.label, choices, error: entered.error,
                selected: ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
                ontoggle: move |id: String| {
                    let Ok(id) = id.parse::<Uuid>() else { return };
                    let mut ids = ids.clone();
                    crate::screens::household::toggle(&mut ids, id);
                    set.call(if ids.is_empty() { Value::Null } else { Value::Ids(ids) });
                },
            }
        };
    }
    choices.insert(0, (String::new(), t("record-none-chosen")));
    // What it names may have been removed: it stays chosen until somebody chooses otherwise.
    let chosen = entered.value.as_id().map(|id| id.to_string()).unwrap_or_default();
    if choices.iter().all(|(id, _)| *id != chosen) {
        choices.push((chosen.clone(), t("record-gone")));
    }
    rsx! {
        Select {
            id: entered.name, label: entered.label, choices, error: entered.error, selected: chosen,
            onselect: move |id: String| set.call(id.parse().map_or(Value::Null, Value::Id)),
        }
    }
}
