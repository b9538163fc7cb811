//! The frame of every screen: head with the way back, title and sync chip, then the content.

use std::cell::Cell;

use dioxus::prelude::*;

use super::{Icon, IconName, SyncChip};
use crate::i18n::t;
use crate::place;
use crate::platform::{self, node_of};
use crate::routes::Route;

thread_local! {
    // The first screen after a start leaves the focus where the browser put it.
    static SHOWN_BEFORE: Cell<bool> = const { Cell::new(false) };
}

/// Goes back to the screen before, or to `parent` when the app was opened here.
pub(crate) fn go_back(parent: Route) {
    if place::previous().is_some() {
        navigator().go_back();
    } else {
        replace(parent);
    }
}

/// Shows another screen in place of this one.
pub(crate) fn replace(route: Route) {
    navigator().replace(route);
}

/// A screen. `back` is where the way back leads when the app was opened here.
#[component]
pub(crate) fn Screen(
    title: String,
    back: Option<Route>,
    #[props(default)] testid: String,
    children: Element,
) -> Element {
    use_effect(use_reactive((&title,), |(title,)| {
        platform::set_title(&format!("{title} · {}", t("app-name")))
    }));
    rsx! {
        header { class: "top-bar",
            if let Some(back) = back {
                button {
                    class: "icon-button", r#type: "button", "data-testid": "back", "aria-label": t("back"),
                    onclick: move |_| go_back(back.clone()),
                    Icon { name: IconName::Back }
                }
            }
            h1 {
                tabindex: "-1",
                onmounted: move |event| {
                    if SHOWN_BEFORE.replace(true) && let Some(node) = node_of(&event) {
                        node.focus();
                    }
                },
                "{title}"
            }
            SyncChip {}
        }
        main { class: "content", id: "content", tabindex: "-1", "data-testid": testid, {children} }
    }
}

/// A part of a screen with its heading.
#[component]
pub(crate) fn Section(title: String, #[props(default)] testid: String, children: Element) -> Element {
    rsx! {
        section { class: "section", "data-testid": testid, "aria-label": "{title}",
            h2 { class: "section-title", "{title}" }
            {children}
        }
    }
}
