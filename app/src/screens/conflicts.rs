//! Every conflict on this device, and removals beside edits. Test ids: `conflicts-screen`, `conflicts`, `conflict-mark`,
//! `conflict-sheet`, `conflict-value`, `conflict-restore-*`, `conflicts-empty`.

use dioxus::prelude::*;
use replica::api;

use crate::components::{ConflictMarks, EmptyState, RemovalMarks, Screen, with_answer};
use crate::i18n::t;
use crate::routes::Route;
use crate::store::use_query;

/// The list; each opens the sheet with its values.
#[component]
pub(crate) fn Conflicts() -> Element {
    let loaded = use_query(api::Conflicts);
    let kept = match use_query(api::Removals) {
        Some(Ok(removals)) => removals.kept,
        _ => Vec::new(),
    };
    let nothing_kept = kept.is_empty();
    rsx! {
        Screen { title: t("conflicts-title"), back: Route::Today {}, testid: "conflicts-screen",
            p { class: "lead", {t("conflicts-lead")} }
            RemovalMarks { removals: kept.clone() }
            {with_answer(loaded, |conflicts| rsx! {
                if conflicts.is_empty() && nothing_kept {
                    EmptyState { title: t("conflicts-nothing"), text: t("conflicts-nothing-hint"), testid: "conflicts-empty" }
                } else {
                    ConflictMarks { conflicts }
                }
            })}
        }
    }
}
