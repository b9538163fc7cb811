//! An address that leads nowhere. Test ids: `not-found`, `not-found-today`.

use dioxus::prelude::*;

use crate::components::{ButtonKind, EmptyState, LinkButton, Screen};
use crate::i18n::t;
use crate::routes::Route;

/// Says so, and leads on.
#[component]
pub(crate) fn NotFound(segments: Vec<String>) -> Element {
    let _ = segments;
    rsx! {
        Screen { title: t("not-found-title"), back: Route::Today {}, testid: "not-found",
            EmptyState { title: t("not-found-text") }
            LinkButton { label: t("tab-today"), testid: "not-found-today", to: Route::Today {}, kind: ButtonKind::Primary }
        }
    }
}
