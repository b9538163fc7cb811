//! A sheet above the screen. The browser's own dialog keeps the focus inside, closes on Esc and gives the
//! focus back.

use std::cell::RefCell;
use std::rc::Rc;

use dioxus::prelude::*;

use super::{Icon, IconName};
use crate::i18n::t;
use crate::platform::{Node, node_of};

/// A sheet; it is open as long as it is drawn.
#[component]
pub(crate) fn Sheet(
    title: String,
    testid: String,
    onclose: EventHandler<()>,
    #[props(default)] full: bool,
    children: Element,
) -> Element {
    let node = use_hook(|| Rc::new(RefCell::new(None::<Node>)));
    let close = {
        let node = Rc::clone(&node);
        use_callback(move |()| {
            if let Some(node) = node.borrow().as_ref() {
                node.close_modal();
            }
            onclose.call(());
        })
    };
    rsx! {
        dialog {
            class: if full { "sheet full" } else { "sheet" },
            "data-testid": testid,
            "aria-label": "{title}",
            onmounted: move |event| {
                let shown = node_of(&event);
                if let Some(shown) = &shown {
                    shown.show_modal();
                }
                *node.borrow_mut() = shown;
            },
            oncancel: move |event| {
                event.prevent_default();
                close.call(());
            },
            div { class: "sheet-head",
                h2 { "{title}" }
                button {
                    class: "icon-button", r#type: "button", "data-testid": "sheet-close",
                    "aria-label": t("close"),
                    onclick: move |_| close.call(()),
                    Icon { name: IconName::Close }
                }
            }
            div { class: "sheet-body", {children} }
        }
    }
}
