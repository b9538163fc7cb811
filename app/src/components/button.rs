//! Buttons, and links that look like buttons.

use dioxus::prelude::*;

use super::{Icon, IconName};
use crate::routes::Route;

/// How much a button asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ButtonKind {
    /// The one thing to do here.
    Primary,
    /// Another thing to do here.
    #[default]
    Secondary,
    /// Beside the point.
    Quiet,
    /// Takes something away.
    Danger,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button primary",
            Self::Secondary => "button",
            Self::Quiet => "button quiet",
            Self::Danger => "button danger",
        }
    }
}

/// A button. While `busy` it says so and does nothing.
#[component]
pub(crate) fn Button(
    label: String,
    testid: String,
    onclick: EventHandler<()>,
    #[props(default)] kind: ButtonKind,
    icon: Option<IconName>,
    #[props(default)] busy: bool,
    #[props(default)] submit: bool,
) -> Element {
    rsx! {
        button {
            class: kind.class(),
            r#type: if submit { "submit" } else { "button" },
            "data-testid": testid,
            "aria-busy": if busy { "true" },
            "aria-disabled": if busy { "true" },
            onclick: move |event| {
                event.prevent_default();
                if !busy {
                    onclick.call(());
                }
            },
            if let Some(name) = icon {
                Icon { name }
            }
            span { "{label}" }
        }
    }
}

/// A link to another screen that looks like a button.
#[component]
pub(crate) fn LinkButton(
    label: String,
    testid: String,
    to: Route,
    #[props(default)] kind: ButtonKind,
    icon: Option<IconName>,
) -> Element {
    rsx! {
        Link { class: kind.class(), to, "data-testid": testid,
            if let Some(name) = icon {
                Icon { name }
            }
            span { "{label}" }
        }
    }
}
