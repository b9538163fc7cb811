//! What a screen shows while it waits, when there is nothing, and when something went wrong.

use dioxus::prelude::*;
use replica::api::{ApiError, ErrorCode};

use super::{Icon, IconName};
use crate::i18n::{code_key, known_code, t, t_code};
use crate::store::Loaded;

/// The sentence for an error: what is safe and what to do next.
pub(super) fn error_text(error: &ApiError) -> String {
    match error.code {
        ErrorCode::Invalid => t_code("invalid", &error.detail),
        ErrorCode::BadPhoto => t_code("bad", &error.detail),
        // Some need other words than their kind, e.g. `sealed.other_key`.
        other => {
            known_code("error", &error.detail).unwrap_or_else(|| t(&code_key("error", error_code(other))))
        }
    }
}

/// Why the server set something aside, in a sentence: its own codes first, then those of the validation.
pub(crate) fn parked_text(code: &str) -> String {
    known_code("parked", code)
        .or_else(|| known_code("invalid", code))
        .unwrap_or_else(|| t_code("parked", "unknown"))
}

/// The code of an error in the language files.
pub(crate) fn error_code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Offline => "offline",
        ErrorCode::WrongCredentials => "wrong_credentials",
        ErrorCode::SignedOut => "signed_out",
        ErrorCode::NotFound => "not_found",
        ErrorCode::Invalid => "invalid",
        ErrorCode::BadPhoto => "bad_photo",
        ErrorCode::StorageFull => "storage_full",
        ErrorCode::UnsentWork => "unsent_work",
        ErrorCode::UpdateNeeded => "update_needed",
        ErrorCode::Server => "server",
        ErrorCode::Internal => "internal",
        ErrorCode::PhotoNotHere => "photo_not_here",
    }
}

/// Shows an error in a sentence, with the code for a report when it is not the person's to mend.
#[component]
pub(crate) fn ErrorNote(error: ApiError) -> Element {
    let report = matches!(error.code, ErrorCode::Server | ErrorCode::Internal).then(|| error.detail.clone());
    rsx! {
        div { class: "note warning", role: "alert", "data-testid": "error",
            Icon { name: IconName::Warning }
            div {
                p { {error_text(&error)} }
                if let Some(detail) = report {
                    p { class: "hint", "{detail}" }
                }
            }
        }
    }
}

/// A place-holder while the replica answers; it appears only when that takes long.
#[component]
pub(crate) fn Loading() -> Element {
    rsx! {
        div { class: "loading", "aria-busy": "true",
            span { class: "visually-hidden", {t("loading")} }
            div { class: "loading-bar" }
            div { class: "loading-bar" }
            div { class: "loading-bar short" }
        }
    }
}

/// Nothing here, and what one can do about it.
#[component]
pub(crate) fn EmptyState(
    title: String,
    #[props(default)] text: String,
    #[props(default)] testid: String,
) -> Element {
    rsx! {
        div { class: "empty", "data-testid": testid,
            p { class: "empty-title", "{title}" }
            if !text.is_empty() {
                p { "{text}" }
            }
        }
    }
}

/// Draws a reply with `show`, or that it is on its way, or why there is none.
pub(crate) fn with_answer<R>(loaded: Loaded<R>, show: impl FnOnce(R) -> Element) -> Element {
    match loaded {
        None => rsx! { Loading {} },
        Some(Err(error)) => rsx! { ErrorNote { error } },
        Some(Ok(reply)) => show(reply),
    }
}
