//! What the replica has to say once: it stands here until the person has read it.
//!
//! Test ids: `another-copy`, `another-copy-read`, `lost-here`, `lost-here-read`.

use dioxus::prelude::*;
use replica::api;
use replica::replica::{ANOTHER_COPY, LOST_HERE};

use super::{Button, ButtonKind, Icon, IconName};
use crate::i18n::{t, t_args};
use crate::store::{use_query, use_store};

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// There is a copy of this phone.
    AnotherCopy,
    /// Own work went bad on this phone before it was sent.
    LostHere,
}

impl Told {
    fn setting(self) -> &'static str {
        match self {
            Self::AnotherCopy => ANOTHER_COPY,
            Self::LostHere => LOST_HERE,
        }
    }

    fn testid(self) -> &'static str {
        match self {
            Self::AnotherCopy => "another-copy",
            Self::LostHere => "lost-here",
        }
    }

    fn text(self, told: &str) -> String {
        match self {
            Self::AnotherCopy => t("another-copy"),
            Self::LostHere => {
                let count: u64 = told.parse().unwrap_or(1);
                t_args("lost-here", &[("count", count.into())])
            }
        }
    }
}

/// Says it, if there is something to say.
#[component]
pub(crate) fn ToldOnce(what: Told) -> Element {
    let store = use_store();
    let name = move || what.setting().to_owned();
    let mut is_read = use_signal(|| false);
    let loaded = use_query(api::Setting { name: name() });
    let told = match loaded {
        Some(Ok(Some(told))) if !told.is_empty() && !is_read() => told,
        _ => return rsx! {},
    };
    rsx! {
        div { class: "note warning", role: "status", "data-testid": what.testid(),
            Icon { name: IconName::Warning }
            div {
                p { {what.text(&told)} }
                Button {
                    label: t("told-read"), testid: "{what.testid()}-read", kind: ButtonKind::Quiet,
                    onclick: move |()| {
                        is_read.set(true);
                        store.tell(api::SetSetting { name: name(), value: String::new() });
                    },
                }
            }
        }
    }
}
