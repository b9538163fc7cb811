//! Elements of the page that components reach for: focus, the value of a text field, dialogs.

use dioxus::prelude::*;
use dioxus::web::WebEventExt;
use wasm_bindgen::JsCast;

/// An element that is on the page.
#[derive(Clone, PartialEq)]
pub(crate) struct Node(web_sys::Element);

/// The element that was just put on the page.
pub(crate) fn node_of(event: &Event<MountedData>) -> Option<Node> {
    event.try_as_web_event().map(Node)
}

impl Node {
    /// Moves the focus here.
    pub(crate) fn focus(&self) {
        if let Some(element) = self.0.dyn_ref::<web_sys::HtmlElement>() {
            // Refused only when the element left the page in the meantime.
            let _ = element.focus();
        }
    }

    /// Moves the focus to this field, or to the first one inside, and brings it into view.
    pub(crate) fn bring(&self) {
        let field = match self.0.query_selector("input") {
            Ok(Some(field)) => Self(field),
            _ => self.clone(),
        };
        field.focus();
        field.show();
    }

    /// Brings this field into view with its label and what stands between them.
    pub(crate) fn show(&self) {
        if let Ok(Some(around)) = self.0.closest(".field, fieldset") {
            around.scroll_into_view_with_bool(true);
        }
    }

    /// What stands in a text field.
    pub(crate) fn value(&self) -> Option<String> {
        let input = self
            .0
            .dyn_ref::<web_sys::HtmlInputElement>()
            .map(web_sys::HtmlInputElement::value);
        input.or_else(|| {
            self.0
                .dyn_ref::<web_sys::HtmlTextAreaElement>()
                .map(web_sys::HtmlTextAreaElement::value)
        })
    }

    /// Replaces what stands in a text field, unless it stands there already (that would move the cursor).
    pub(crate) fn set_value(&self, value: &str) {
        if self.value().as_deref() == Some(value) {
            return;
        }
        if let Some(input) = self.0.dyn_ref::<web_sys::HtmlInputElement>() {
            input.set_value(value);
        } else if let Some(area) = self.0.dyn_ref::<web_sys::HtmlTextAreaElement>() {
            area.set_value(value);
        }
    }

    /// Opens a dialog element above everything else; the browser keeps the focus inside.
    pub(crate) fn show_modal(&self) {
        if let Some(dialog) = self.0.dyn_ref::<web_sys::HtmlDialogElement>() {
            // Refused only when it is open already.
            let _ = dialog.show_modal();
        }
    }

    /// Closes a dialog element; the focus goes back to where it was.
    pub(crate) fn close_modal(&self) {
        if let Some(dialog) = self.0.dyn_ref::<web_sys::HtmlDialogElement>() {
            dialog.close();
        }
    }
}
