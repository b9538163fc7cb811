//! Choices that are one tap away: radio buttons and check boxes drawn as chips, and a select for filters.

use dioxus::prelude::*;
use shared::domain::Need;

use crate::i18n::t_code;

/// One choice: its value and its words.
pub(crate) type Choice = (String, String);

/// One of several. Each chip's test id is `{name}-{value}`.
#[component]
pub(crate) fn ChoiceChips(
    name: String,
    legend: String,
    choices: Vec<Choice>,
    selected: String,
    onselect: EventHandler<String>,
    #[props(default)] large: bool,
) -> Element {
    rsx! {
        fieldset { class: if large { "chips large" } else { "chips" },
            legend { "{legend}" }
            for (value , words) in choices {
                label { key: "{value}", class: "chip",
                    input {
                        r#type: "radio", name: "{name}", value: "{value}", checked: value == selected,
                        "data-testid": "{name}-{value}",
                        onchange: { let value = value.clone(); move |_| onselect.call(value.clone()) },
                    }
                    span { "{words}" }
                }
            }
        }
    }
}

/// Any of several. Each chip's test id is `{name}-{value}`.
#[component]
pub(crate) fn MultiChips(
    name: String,
    legend: String,
    choices: Vec<Choice>,
    selected: Vec<String>,
    ontoggle: EventHandler<String>,
) -> Element {
    rsx! {
        fieldset { class: "chips",
            legend { "{legend}" }
            for (value , words) in choices {
                label { key: "{value}", class: "chip",
                    input {
                        r#type: "checkbox", name: "{name}", checked: selected.contains(&value),
                        "data-testid": "{name}-{value}",
                        onchange: { let value = value.clone(); move |_| ontoggle.call(value.clone()) },
                    }
                    span { "{words}" }
                }
            }
        }
    }
}

/// Needs as words, to be read.
#[component]
pub(crate) fn NeedChips(needs: Vec<Need>) -> Element {
    if needs.is_empty() {
        return rsx! {};
    }
    rsx! {
        ul { class: "tags",
            for need in needs {
                li { class: "tag need", key: "{need.code()}", {t_code("need", need.code())} }
            }
        }
    }
}

/// A list that folds open, for filters.
#[component]
pub(crate) fn Select(
    id: String,
    label: String,
    choices: Vec<Choice>,
    selected: String,
    onselect: EventHandler<String>,
) -> Element {
    rsx! {
        div { class: "field",
            label { class: "label", r#for: "{id}", "{label}" }
            select {
                id: "{id}", "data-testid": "{id}", class: "input",
                onchange: move |event| onselect.call(event.value()),
                for (value , words) in choices {
                    option { key: "{value}", value: "{value}", selected: value == selected, "{words}" }
                }
            }
        }
    }
}
