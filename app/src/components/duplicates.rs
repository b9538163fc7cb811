//! The same household or person recorded twice: what is shown under this record, and saying so of another.
//!
//! Test ids: `duplicates`, `duplicate`, `same-separate`, `same-ask`, `same-sheet`, `same-choice`,
//! `same-choose`.

use dioxus::prelude::*;
use replica::api::{self, AlikeEntry, ApiError, DuplicateEntry};
use shared::domain::{RecordKind, RecordRef};

use super::{Button, ButtonKind, ErrorNote, Sheet, offer_undo, with_answer};
use crate::i18n::{t, t_args, t_code};
use crate::store::{use_query, use_store};
use crate::{format, platform};

/// What each kind says in words of its own.
fn t_of(kind: RecordKind, what: &str) -> String {
    let name = kind.spec().map_or("unknown", |spec| spec.name);
    t_code("same", &format!("{name}.{what}"))
}

/// What is shown under `record`, with a way back, and the way to say it of another one.
#[component]
pub(crate) fn SameTwice(record: RecordRef, duplicates: Vec<DuplicateEntry>) -> Element {
    let store = use_store();
    let mut asking = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let kept = record;
    let separate = use_callback(move |record: RecordRef| {
        let store = store.clone();
        let again = api::MergeInto {
            record,
            kept: kept.id,
        };
        spawn(async move {
            match store.call(api::Separate { record }).await {
                Ok(_) => offer_undo(t("same-separated"), again, None),
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    let now = platform::now_ms();
    let ask = t_of(record.kind, "ask");
    rsx! {
        if !duplicates.is_empty() {
            ul { class: "rows", "data-testid": "duplicates",
                for entry in duplicates {
                    li { key: "{entry.record.id}", class: "row card", "data-testid": "duplicate",
                        p { class: "row-title", {t_args("same-shown-here", &[("title", named(&entry.title, &entry.detail).into())])} }
                        p { class: "row-meta",
                            {t_args("same-by", &[
                                ("author", entry.author.clone().into()),
                                ("moment", format::moment(entry.at, now).into()),
                            ])}
                        }
                        Button {
                            label: t("same-separate"), testid: "same-separate", kind: ButtonKind::Quiet,
                            onclick: move |()| separate.call(entry.record),
                        }
                    }
                }
            }
        }
        if let Some(error) = failed() {
            ErrorNote { error }
        }
        Button {
            label: ask.clone(), testid: "same-ask", kind: ButtonKind::Quiet,
            onclick: move |()| asking.set(true),
        }
        if asking() {
            Sheet { title: ask, testid: "same-sheet", onclose: move |()| asking.set(false),
                Choices { record, onmerged: move |()| asking.set(false) }
            }
        }
    }
}

/// A door or name with what tells it apart.
fn named(title: &str, detail: &str) -> String {
    if detail.is_empty() {
        title.to_owned()
    } else {
        t_args(
            "same-named",
            &[
                ("title", title.to_owned().into()),
                ("detail", detail.to_owned().into()),
            ],
        )
    }
}

#[component]
fn Choices(record: RecordRef, onmerged: EventHandler<()>) -> Element {
    let store = use_store();
    let loaded = use_query(api::Alike { record });
    let mut failed = use_signal(|| None::<ApiError>);
    let choose = use_callback(move |other: RecordRef| {
        let store = store.clone();
        let call = api::MergeInto {
            record: other,
            kept: record.id,
        };
        spawn(async move {
            match store.call(call).await {
                Ok(_) => {
                    offer_undo(t("same-merged"), api::Separate { record: other }, None);
                    onmerged.call(());
                }
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    rsx! {
        p { {t_of(record.kind, "lead")} }
        if let Some(error) = failed() {
            ErrorNote { error }
        }
        {with_answer(loaded, |entries| rsx! {
            if entries.is_empty() {
                p { class: "hint", {t("same-nothing")} }
            } else {
                ul { class: "rows",
                    for entry in entries {
                        Choice { key: "{entry.record.id}", entry, onchoose: choose }
                    }
                }
            }
        })}
    }
}

#[component]
fn Choice(entry: AlikeEntry, onchoose: EventHandler<RecordRef>) -> Element {
    let record = entry.record;
    rsx! {
        li { class: "row card", "data-testid": "same-choice",
            p { class: "row-title", {named(&entry.title, &entry.detail)} }
            if entry.same_title {
                p { class: "tag", {t_of(record.kind, "title")} }
            }
            Button {
                label: t_of(record.kind, "choose"), testid: "same-choose", onclick: move |()| onchoose.call(record),
            }
        }
    }
}
