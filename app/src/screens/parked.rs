//! What the server has set aside in the areas of those who oversee, and what it knows that it lacks.
//!
//! Test ids: `parked`, `parked-row`, `parked-apply`, `parked-mended`, `parked-empty`, `gaps`.

use dioxus::prelude::*;
use replica::api::{Answer, ApiError, Call, Gap, ParkedOfOthers};

use crate::components::{Button, EmptyState, ErrorNote, Screen, WithAnswer, parked_text, toast};
use crate::describe::describe_value;
use crate::i18n::{t, t_args, t_code};
use crate::routes::Route;
use crate::store::{use_query, use_store};
use crate::{format, platform};

/// The list, with what was in each.
#[component]
pub(crate) fn Parked() -> Element {
    let loaded = use_query(Call::ParkedAll);
    rsx! {
        Screen { title: t("parked-title"), back: Route::Today {}, testid: "parked",
            Missing {}
            p { class: "lead", {t("parked-lead")} }
            WithAnswer { loaded, show: |answer| match answer {
                Answer::ParkedAll(parked) if parked.is_empty() => rsx! {
                    EmptyState { title: t("parked-nothing"), text: t("parked-nothing-hint"), testid: "parked-empty" }
                },
                Answer::ParkedAll(parked) => rsx! {
                    ul { class: "rows",
                        for (index , entry) in parked.into_iter().enumerate() {
                            ParkedRow { key: "{entry.record.id}-{entry.parked_at}-{index}", entry }
                        }
                    }
                },
                _ => rsx! {},
            } }
        }
    }
}

/// What has not reached the server; nothing when nothing is missing, or when nobody can tell now.
#[component]
fn Missing() -> Element {
    let Some(Ok(Answer::Gaps(gaps))) = use_query(Call::Gaps) else {
        return rsx! {};
    };
    if gaps.is_empty() {
        return rsx! {};
    }
    rsx! {
        section { class: "card", "data-testid": "gaps",
            h2 { class: "section-title", {t("gaps-title")} }
            p { class: "hint", {t("gaps-hint")} }
            ul {
                for text in gaps.into_iter().map(gap_text) {
                    li { key: "{text}", "{text}" }
                }
            }
        }
    }
}

fn gap_text(gap: Gap) -> String {
    match gap {
        Gap::Device { worker, device } => t_args(
            "gaps-device",
            &[("worker", worker.into()), ("device", device.into())],
        ),
        Gap::Photos { area, lacking } => {
            t_args("gaps-photos", &[("area", area.into()), ("count", lacking.into())])
        }
    }
}

#[component]
fn ParkedRow(entry: ParkedOfOthers) -> Element {
    let spec = entry.record.kind.spec();
    let kind = t_code("kind", spec.map_or("unknown", |spec| spec.name));
    let when = format::moment(entry.parked_at, platform::now_ms());
    let field =
        |name: &str| spec.and_then(|spec| spec.fields.iter().find(|field| name.ends_with(field.name)));
    let store = use_store();
    let mut failed = use_signal(|| None::<ApiError>);
    let parked = entry.clone();
    let apply = use_callback(move |()| {
        let (store, parked) = (store.clone(), Box::new(parked.clone()));
        spawn(async move {
            match store.call(Call::ApplyParked { parked }).await {
                Ok(_) => toast(t("parked-applied")),
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    rsx! {
        li { class: "row card", "data-testid": "parked-row",
            p { class: "row-title", {t_args("parked-of", &[("author", entry.author.clone().into()), ("kind", kind.into())])} }
            p { {parked_text(&entry.code)} }
            p { class: "row-meta", "{when}" }
            if entry.mended {
                p { class: "tag good", "data-testid": "parked-mended", {t("parked-mended")} }
            } else {
                Button { label: t("parked-apply"), testid: "parked-apply", onclick: move |()| apply.call(()) }
            }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
            if !entry.fields.is_empty() {
                details {
                    summary { {t("parked-content")} }
                    dl { class: "facts",
                        for (name , value) in entry.fields.iter() {
                            div { class: "fact", key: "{name}",
                                dt { class: "fact-name", {t_code("field", name)} }
                                dd { class: "fact-value",
                                    if let Some(field) = field(name) {
                                        {describe_value(entry.record.kind, field.id, value)}
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
