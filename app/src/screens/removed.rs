//! The bin: what was removed or thrown away within 30 days, each with one tap to bring it back.
//!
//! Test ids: `removed`, `removed-row`, `removed-back`, `thrown-row`, `thrown-back`, `removed-empty`.

use dioxus::prelude::*;
use replica::api::{self, ApiError, DraftSummary, RemovalEntry};

use crate::components::{
    Button, EmptyState, ErrorNote, RemovalMarks, Screen, Section, draft_title, offer_undo, removed_title,
    toast, with_answer,
};
use crate::i18n::{t, t_args};
use crate::routes::Route;
use crate::screens::visit::draft_route;
use crate::store::{use_query, use_store};
use crate::{format, platform};

/// The list, behind what waits for a decision.
#[component]
pub(crate) fn Removed() -> Element {
    let loaded = use_query(api::Removals);
    rsx! {
        Screen { title: t("removed-title"), back: Route::Settings {}, testid: "removed",
            p { class: "lead", {t("removed-lead")} }
            {with_answer(loaded, |removals| rsx! {
                RemovalMarks { removals: removals.kept }
                if removals.removed.is_empty() && removals.drafts.is_empty() {
                    EmptyState { title: t("removed-nothing"), testid: "removed-empty" }
                }
                if !removals.drafts.is_empty() {
                    Section { title: t("removed-drafts"),
                        p { class: "hint", {t("removed-drafts-hint")} }
                        ul { class: "rows",
                            for draft in removals.drafts {
                                ThrownRow { key: "{draft.id}", draft }
                            }
                        }
                    }
                }
                ul { class: "rows",
                    for entry in removals.removed {
                        RemovedRow { key: "{entry.record.id}", entry }
                    }
                }
            })}
        }
    }
}

/// A half-filled form that was thrown away; it is gone on with where it stopped.
#[component]
fn ThrownRow(draft: DraftSummary) -> Element {
    let store = use_store();
    let mut failed = use_signal(|| None::<ApiError>);
    let (id, to) = (draft.id, draft_route(&draft));
    let take_back = use_callback(move |()| {
        let (store, to) = (store.clone(), to.clone());
        spawn(async move {
            match store.call(api::TakeDraftBack { id }).await {
                Ok(()) => {
                    toast(t("undo-done"));
                    navigator().push(to);
                }
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    let when = format::moment(draft.changed_at, platform::now_ms());
    rsx! {
        li { class: "row card", "data-testid": "thrown-row",
            p { class: "row-title", {draft_title(&draft)} }
            p { class: "row-meta",
                {t_args("thrown-away-at", &[("moment", when.into())])}
                if draft.photo_count > 0 {
                    " · " {t_args("photo-count", &[("count", draft.photo_count.into())])}
                }
            }
            if !draft.text.is_empty() {
                p { class: "row-text clamp", "{draft.text}" }
            }
            Button { label: t("removed-back"), testid: "thrown-back", onclick: move |()| take_back.call(()) }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
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
            match store.call(api::Keep { record }).await {
                Ok(_) => offer_undo(t("removed-is-back"), api::Remove { record }, None),
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
