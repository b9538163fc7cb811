//! Where two people wrote different things without knowing of each other: both values, who and when, and
//! one tap that brings either back. And what the record said before.
//!
//! Test ids: `conflicts`, `conflict-mark`, `conflict-sheet`, `conflict-value`, `conflict-restore-*`, `earlier`,
//! `earlier-row`.

use dioxus::prelude::*;
use replica::api::{self, ApiError, Conflict, EarlierValue};
use shared::domain::{FieldId, RecordRef};

use super::{Button, ErrorNote, Icon, IconName, Sheet, offer_undo, toast};
use crate::describe::describe_named;
use crate::format;
use crate::i18n::{t, t_args, t_code};
use crate::place::use_kept;
use crate::platform;
use crate::store::use_store;

/// A mark per conflict; each opens its sheet.
#[component]
pub(crate) fn ConflictMarks(conflicts: Vec<Conflict>) -> Element {
    // By what it is about: when others come or go meanwhile, the sheet must not turn into that of another one.
    let mut open = use_signal(|| None::<(RecordRef, FieldId)>);
    let opened = conflicts
        .iter()
        .find(|conflict| open() == Some((conflict.record, conflict.field)));
    rsx! {
        if !conflicts.is_empty() {
            ul { class: "conflicts", "data-testid": "conflicts",
                for conflict in conflicts.iter() {
                    li { key: "{conflict.record.id}-{conflict.field.0}",
                        button {
                            class: "conflict-mark", r#type: "button", "data-testid": "conflict-mark",
                            onclick: { let about = (conflict.record, conflict.field); move |_| open.set(Some(about)) },
                            Icon { name: IconName::Fork }
                            span {
                                strong { "{conflict.title} · {field_words(conflict)}" }
                                br {}
                                {t_args("conflict-mark", &[("count", conflict.values.len().into())])}
                            }
                        }
                    }
                }
            }
        }
        for conflict in opened {
            ConflictSheet {
                key: "{conflict.record.id}-{conflict.field.0}", conflict: conflict.clone(), onclose: move |()| open.set(None),
            }
        }
    }
}

fn field_words(conflict: &Conflict) -> String {
    t_code("field", &conflict.field_name)
}

/// Both values with who and when; the shown one first.
#[component]
fn ConflictSheet(conflict: Conflict, onclose: EventHandler<()>) -> Element {
    let store = use_store();
    let mut failed = use_signal(|| None::<ApiError>);
    let (record, field) = (conflict.record, conflict.field);
    let shown = conflict.values.first().map(|option| option.value.clone());
    let restore = use_callback(move |value: shared::domain::Value| {
        let store = store.clone();
        let before = shown.clone().filter(|shown| *shown != value);
        spawn(async move {
            match store.call(api::Restore { record, field, value }).await {
                Ok(_) => {
                    let text = t("conflict-restored");
                    match before {
                        Some(value) => offer_undo(text, api::Restore { record, field, value }, None),
                        None => toast(text),
                    }
                    onclose.call(());
                }
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    let now = platform::now_ms();
    rsx! {
        Sheet { title: "{conflict.title} · {field_words(&conflict)}", testid: "conflict-sheet", onclose,
            p { {t("conflict-explained")} }
            ol { class: "conflict-values",
                for (index , option) in conflict.values.iter().enumerate() {
                    li { key: "{option.at}-{option.author}-{index}", class: "card", "data-testid": "conflict-value",
                        p { class: "conflict-text",
                            {describe_named(record.kind, field, &option.value, &option.names)}
                        }
                        p { class: "row-meta",
                            {t_args("conflict-who-when", &[
                                ("author", option.author.clone().into()),
                                ("moment", format::moment(option.at, now).into()),
                            ])}
                        }
                        if index == 0 {
                            p { class: "tag", {t("conflict-shown")} }
                        }
                        Button {
                            label: t(if index == 0 { "conflict-keep" } else { "conflict-restore" }),
                            testid: "conflict-restore-{index}",
                            onclick: { let value = option.value.clone(); move |()| restore.call(value.clone()) },
                        }
                    }
                }
            }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
        }
    }
}

/// What the record said before: its versions, and what was not chosen in conflicts that are over; with who and when.
#[component]
pub(crate) fn EarlierList(earlier: Vec<EarlierValue>) -> Element {
    let now = platform::now_ms();
    let mut is_open = use_kept("earlier", || false);
    let words =
        |entry: &EarlierValue| describe_named(entry.record.kind, entry.field, &entry.value, &entry.names);
    rsx! {
        if !earlier.is_empty() {
            details { "data-testid": "earlier", open: is_open(),
                summary {
                    // The browser would open it too; the page says it once.
                    onclick: move |event| {
                        event.prevent_default();
                        is_open.toggle();
                    },
                    {t_args("earlier-title", &[("count", earlier.len().into())])}
                }
                ul { class: "rows",
                    for (index , entry) in earlier.iter().enumerate() {
                        li { key: "{entry.record.id}-{entry.field.0}-{entry.at}-{index}", class: "row card", "data-testid": "earlier-row",
                            p { class: "row-meta",
                                if !entry.title.is_empty() {
                                    "{entry.title} · "
                                }
                                {t_code("field", &entry.field_name)}
                            }
                            p { class: "conflict-text", {words(entry)} }
                            p { class: "row-meta",
                                {t_args("conflict-who-when", &[
                                    ("author", entry.author.clone().into()),
                                    ("moment", format::moment(entry.at, now).into()),
                                ])}
                            }
                            p { class: "row-meta",
                                {t_args("earlier-replaced", &[
                                    ("author", entry.replaced_by.clone().into()),
                                    ("moment", format::moment(entry.replaced_at, now).into()),
                                ])}
                            }
                        }
                    }
                }
            }
        }
    }
}
