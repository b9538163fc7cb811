//! What was removed within 30 days, each with one tap to bring it back.
//!
//! Test ids: `removed`, `removed-row`, `removed-back`, `removed-empty`.

use dioxus::prelude::*;
use replica::api::{Answer, ApiError, Call, RemovalEntry};

use crate::components::{
    Button, EmptyState, ErrorNote, RemovalMarks, Screen, WithAnswer, removed_title, toast,
};
use crate::i18n::{t, t_args};
use crate::routes::Route;
use crate::store::{use_query, use_store};
use crate::{format, platform};

/// The list, behind what waits for a decision.
#[component]
pub(crate) fn Removed() -> Element {
    let loaded = use_query(Call::Removals);
    rsx! {
        Screen { title: t("removed-title"), back: Route::Settings {}, testid: "removed",
            p { class: "lead", {t("removed-lead")} }
            WithAnswer { loaded, show: |answer| match answer {
                Answer::Removals(removals) => rsx! {
                    RemovalMarks { removals: removals.kept }
                    if removals.removed.is_empty() {
                        EmptyState { title: t("removed-nothing"), testid: "removed-empty" }
                    }
                    ul { class: "rows",
                        for entry in removals.removed {
                            RemovedRow { key: "{entry.record.id}", entry }
                        }
                    }
                },
                _ => rsx! {},
            } }
        }
    }
}

#[component]
fn RemovedRow(entry: RemovalEntry) -> Element {
    let store = use_store();
    let mut failed = use_signal(|| None::<ApiError>);
    let record = entry.record;
    let bring_back = use_callback(move |()| {
        let store = store.clone();
        spawn(async move {
            match store.call(Call::Keep { record }).await {
                Ok(_) => toast(t("removed-is-back")),
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    rsx! {
        li { class: "row card", "data-testid": "removed-row",
            p { class: "row-title", {removed_title(&entry)} }
            p { class: "row-meta",
                {t_args("removal-who", &[
                    ("author", entry.removed_by.clone().into()),
                    ("moment", format::moment(entry.removed_at, platform::now_ms()).into()),
                ])}
            }
            Button { label: t("removed-back"), testid: "removed-back", onclick: move |()| bring_back.call(()) }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
        }
    }
}
