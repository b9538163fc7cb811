//! Choices that are one tap away: radio buttons and check boxes drawn as chips, and a select for filters.

use std::cell::RefCell;
use std::rc::Rc;

use dioxus::prelude::*;
use shared::domain::Need;
use shared::domain::list::ClosedList;

use crate::i18n::t_code;
use crate::platform::{Node, node_of};

/// One choice: its value and its words.
pub(crate) type Choice = (String, String);

/// Every member of a closed list: its code and its words.
pub(crate) fn choices(list: &ClosedList) -> Vec<Choice> {
    let words = |(_, code): &(u64, &str)| ((*code).to_owned(), t_code(list.family, code));
    list.members.iter().map(words).collect()
}

/// One of several. Each chip's test id is `{name}-{value}`. An `error` stands above, and brings it into view with the
/// focus.
#[component]
pub(crate) fn ChoiceChips(
    name: String,
    legend: String,
    choices: Vec<Choice>,
    selected: String,
    onselect: EventHandler<String>,
    #[props(default)] large: bool,
    #[props(default)] error: String,
) -> Element {
    let node = use_hook(|| Rc::new(RefCell::new(None::<Node>)));
    let first = Rc::clone(&node);
    use_effect(use_reactive((&error,), move |(error,)| {
        if let (false, Some(node)) = (error.is_empty(), first.borrow().as_ref()) {
            node.bring();
        }
    }));
    rsx! {
        fieldset {
            class: if large { "chips large" } else { "chips" },
            "aria-describedby": if !error.is_empty() { "{name}-error" },
            onmounted: move |event| *node.borrow_mut() = node_of(&event),
            legend { "{legend}" }
            if !error.is_empty() {
                p { class: "field-error", id: "{name}-error", "data-testid": "error", "{error}" }
            }
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
    #[props(default)] error: String,
) -> Element {
    rsx! {
        fieldset { class: "chips", "aria-describedby": if !error.is_empty() { "{name}-error" },
            legend { "{legend}" }
            if !error.is_empty() {
                p { class: "field-error", id: "{name}-error", role: "alert", "data-testid": "error", "{error}" }
            }
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
    #[props(default)] error: String,
) -> Element {
    let node = use_hook(|| Rc::new(RefCell::new(None::<Node>)));
    let shown = Rc::clone(&node);
    use_effect(use_reactive((&error,), move |(error,)| {
        if let (false, Some(node)) = (error.is_empty(), shown.borrow().as_ref()) {
            node.bring();
        }
    }));
    let refused = !error.is_empty();
    rsx! {
        div { class: "field",
            label { class: "label", r#for: "{id}", "{label}" }
            if refused {
                p { class: "field-error", id: "{id}-error", "data-testid": "error", "{error}" }
            }
            select {
                id: "{id}", "data-testid": "{id}", class: "input",
                "aria-describedby": if refused { "{id}-error" }, "aria-invalid": if refused { "true" },
                onmounted: move |event| *node.borrow_mut() = node_of(&event),
                onchange: move |event| onselect.call(event.value()),
                for (value , words) in choices {
                    option { key: "{value}", value: "{value}", selected: value == selected, "{words}" }
                }
            }
        }
    }
}
