//! The way between the main screens: a bar at the bottom of a phone, a column at the side of a wide screen.

use dioxus::prelude::*;

use super::{Icon, IconName};
use crate::i18n::t;
use crate::routes::Route;

/// One main screen.
#[derive(Clone, PartialEq)]
pub(crate) struct Entry {
    /// Where it leads.
    pub(crate) to: Route,
    /// Key of its words.
    pub(crate) key: &'static str,
    /// Its icon.
    pub(crate) icon: IconName,
    /// Shown on wide screens only: a phone has room for five.
    pub(crate) wide_only: bool,
}

/// The bar. Test ids are the keys of the words.
#[component]
pub(crate) fn TabBar(entries: Vec<Entry>, current: Route) -> Element {
    rsx! {
        nav { class: "tabs", "aria-label": t("main-navigation"),
            p { class: "brand", "aria-hidden": "true",
                span { class: "brand-mark", Icon { name: IconName::Door } }
                {t("app-name")}
            }
            ul {
                for entry in entries {
                    li { key: "{entry.key}", class: if entry.wide_only { "wide-only" },
                        Link {
                            class: if entry.to == current { "tab current" } else { "tab" },
                            to: entry.to.clone(), "data-testid": entry.key,
                            Icon { name: entry.icon }
                            span { {t(entry.key)} }
                        }
                    }
                }
            }
        }
    }
}
