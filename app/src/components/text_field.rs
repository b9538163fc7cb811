//! The one text field of the app, safe for composed input (pinyin, handwriting, suggestions).
//!
//! The browser owns the text. While a composition runs nothing is reported and nothing is written back;
//! when it ends, the text is reported once. Text from elsewhere is written only when it differs. Password managers may
//! raise `change` alone, so that is listened to, too.

use std::cell::RefCell;
use std::rc::Rc;

use dioxus::prelude::*;

use crate::platform::{Node, node_of};

/// What a field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FieldKind {
    /// One line.
    #[default]
    Line,
    /// Several lines.
    Area,
    /// A search.
    Search,
    /// A telephone number.
    Phone,
    /// Digits.
    Digits,
    /// A day.
    Date,
    /// An account name.
    Username,
    /// A password.
    Password,
}

impl FieldKind {
    fn input_type(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Phone => "tel",
            Self::Date => "date",
            Self::Password => "password",
            _ => "text",
        }
    }

    fn autocomplete(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Password => "current-password",
            _ => "off",
        }
    }
}

/// Which texts are reported and which are written back.
#[derive(Debug, Default)]
struct Composing {
    composing: bool,
    /// What the browser shows, as far as was reported.
    shown: String,
}

impl Composing {
    fn start(&mut self) {
        self.composing = true;
    }

    /// The browser has a text; whether to report it.
    fn input(&mut self, text: &str) -> bool {
        if self.composing || self.shown == text {
            return false;
        }
        text.clone_into(&mut self.shown);
        true
    }

    /// The composition ended with this text; whether to report it.
    fn end(&mut self, text: &str) -> bool {
        self.composing = false;
        self.input(text)
    }

    /// The app has a text; whether to write it into the field.
    fn take(&mut self, text: &str) -> bool {
        if self.composing || self.shown == text {
            return false;
        }
        text.clone_into(&mut self.shown);
        true
    }
}

#[derive(Default)]
struct Field {
    node: Option<Node>,
    text: Composing,
}

/// A labelled text field. An `error` stands above it, and brings it into view with the focus; `error_focus: false` where
/// something beside it answers the error.
#[component]
pub(crate) fn TextField(
    id: String,
    label: String,
    value: String,
    oninput: EventHandler<String>,
    #[props(default)] kind: FieldKind,
    #[props(default)] hint: String,
    #[props(default)] error: String,
    #[props(default = true)] error_focus: bool,
    #[props(default)] placeholder: String,
    #[props(default)] label_hidden: bool,
    onready: Option<EventHandler<()>>,
) -> Element {
    let initial = use_hook(|| value.clone());
    let field = use_hook(|| {
        Rc::new(RefCell::new(Field {
            node: None,
            text: Composing {
                composing: false,
                shown: initial.clone(),
            },
        }))
    });
    {
        let mut field = field.borrow_mut();
        if field.text.take(&value)
            && let Some(node) = &field.node
        {
            node.set_value(&value);
        }
    }

    {
        let field = Rc::clone(&field);
        use_effect(use_reactive(
            (&error, &error_focus),
            move |(error, error_focus)| match &field.borrow().node {
                Some(node) if !error.is_empty() && error_focus => node.bring(),
                Some(node) if !error.is_empty() => node.show(),
                _ => {}
            },
        ));
    }

    let mounted = {
        let field = Rc::clone(&field);
        move |event: Event<MountedData>| {
            let node = node_of(&event);
            if let Some(node) = &node {
                node.set_value(&field.borrow().text.shown);
            }
            field.borrow_mut().node = node;
            if let Some(onready) = onready {
                onready.call(());
            }
        }
    };
    let input = {
        let field = Rc::clone(&field);
        move |event: Event<FormData>| {
            let text = event.value();
            if field.borrow_mut().text.input(&text) {
                oninput.call(text);
            }
        }
    };
    let start = {
        let field = Rc::clone(&field);
        move |_: Event<CompositionData>| field.borrow_mut().text.start()
    };
    let end = move |_: Event<CompositionData>| {
        let text = field.borrow().node.as_ref().and_then(Node::value);
        if let Some(text) = text
            && field.borrow_mut().text.end(&text)
        {
            oninput.call(text);
        }
    };

    let described = match (hint.is_empty(), error.is_empty()) {
        (true, true) => None,
        (_, false) => Some(format!("{id}-error")),
        (false, true) => Some(format!("{id}-hint")),
    };
    let invalid = (!error.is_empty()).then_some("true");
    let placeholder = (!placeholder.is_empty()).then_some(placeholder);
    rsx! {
        div { class: "field",
            label { class: if label_hidden { "visually-hidden" } else { "label" }, r#for: "{id}", "{label}" }
            // Above the field: what is below may lie under the keyboard.
            if !error.is_empty() {
                p { class: "field-error", id: "{id}-error", "data-testid": "error", "{error}" }
            }
            if kind == FieldKind::Area {
                textarea {
                    id: "{id}", "data-testid": "{id}", class: "input", rows: "3", placeholder,
                    initial_value: initial, "aria-describedby": described, "aria-invalid": invalid,
                    onmounted: mounted, oninput: input.clone(), onchange: input, oncompositionstart: start, oncompositionend: end,
                }
            } else {
                input {
                    id: "{id}", "data-testid": "{id}", class: "input", r#type: kind.input_type(), placeholder,
                    autocomplete: kind.autocomplete(), autocapitalize: "off", spellcheck: "false",
                    inputmode: if kind == FieldKind::Digits { "numeric" },
                    initial_value: initial, "aria-describedby": described, "aria-invalid": invalid,
                    onmounted: mounted, oninput: input.clone(), onchange: input, oncompositionstart: start, oncompositionend: end,
                }
            }
            if error.is_empty() && !hint.is_empty() {
                p { class: "hint", id: "{id}-hint", "{hint}" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinyin_on_the_way_is_not_reported_and_the_word_once() {
        let mut text = Composing::default();
        text.start();
        assert!(!text.input("n"));
        assert!(!text.input("ni'h"));
        assert!(!text.take("something older"));
        // Chromium: the last input comes before the end; Firefox: after it.
        assert!(!text.input("你好"));
        assert!(text.end("你好"));
        assert!(!text.input("你好"));
        assert_eq!(text.shown, "你好");
    }

    #[test]
    fn a_text_of_the_app_is_written_only_when_it_differs() {
        let mut text = Composing::default();
        assert!(text.input("a"));
        assert!(!text.take("a"));
        assert!(text.take("b"));
        assert!(!text.input("b"));
    }

    #[test]
    fn an_aborted_composition_reports_what_is_left() {
        let mut text = Composing {
            composing: false,
            shown: "灯".to_owned(),
        };
        text.start();
        assert!(!text.input("灯h"));
        assert!(!text.end("灯"));
        assert!(text.input(""));
    }
}
