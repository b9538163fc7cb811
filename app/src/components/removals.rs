//! A record that somebody removed while somebody else edited it: it is still there until one decides.
//!
//! Test ids: `removal-marks`, `removal-mark`, `removal-again`, `removal-keep`.

use dioxus::prelude::*;
use replica::api::{self, ApiError, RemovalEntry};
use replica::calls::Call;

use super::{Button, ErrorNote, Icon, IconName, offer_undo};
use crate::i18n::{t, t_args, t_code};
use crate::store::use_store;
use crate::{format, platform};

/// The record in words: its kind and what it is called.
pub(crate) fn removed_title(entry: &RemovalEntry) -> String {
    let kind = entry.record.kind.spec().map_or("unknown", |spec| spec.name);
    let kind = t_code("kind", kind);
    if entry.title.is_empty() {
        kind
    } else {
        format!("{} · {kind}", entry.title)
    }
}

/// A mark per record, with who removed it, who edited it, and one tap for either.
#[component]
pub(crate) fn RemovalMarks(removals: Vec<RemovalEntry>) -> Element {
    rsx! {
        if !removals.is_empty() {
            ul { class: "rows", "data-testid": "removal-marks",
                for entry in removals {
                    Mark { key: "{entry.record.id}", entry }
                }
            }
        }
    }
}

#[component]
fn Mark(entry: RemovalEntry) -> Element {
    let store = use_store();
    let mut failed = use_signal(|| None::<ApiError>);
    let record = entry.record;
    let act = use_callback(move |removes: bool| {
        let store = store.clone();
        let (remove, keep) = (
            Call::from(api::Remove { record }),
            Call::from(api::Keep { record }),
        );
        let (call, other, done) = if removes {
            (remove, keep, "removal-done")
        } else {
            (keep, remove, "removal-kept")
        };
        spawn(async move {
            match store.perform(call).await {
                Ok(()) => offer_undo(t(done), other, None),
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    let now = platform::now_ms();
    rsx! {
        li { class: "row card with-icon", "data-testid": "removal-mark",
            Icon { name: IconName::Fork }
            div {
                p { class: "row-title", {removed_title(&entry)} }
                p {
                    {t_args("removal-who", &[
                        ("author", entry.removed_by.clone().into()),
                        ("moment", format::moment(entry.removed_at, now).into()),
                    ])}
                }
                if let (Some(at), false) = (entry.edited_at, entry.edited_by.is_empty()) {
                    p {
                        {t_args("removal-edited-by", &[
                            ("author", entry.edited_by.clone().into()),
                            ("moment", format::moment(at, now).into()),
                        ])}
                    }
                }
                p { class: "hint", {t("removal-explained")} }
                div { class: "button-row",
                    Button {
                        label: t("removal-keep"), testid: "removal-keep",
                        onclick: move |()| act.call(false),
                    }
                    Button {
                        label: t("removal-again"), testid: "removal-again",
                        onclick: move |()| act.call(true),
                    }
                }
                if let Some(error) = failed() {
                    ErrorNote { error }
                }
            }
        }
    }
}
