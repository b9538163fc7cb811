//! The bar at the bottom that says what happened and goes away by itself, read aloud by screen readers. What ended or
//! removed something can be taken back from here for a while; after that it is in the bin.
//!
//! Test ids: `toast`, `undo`.

use dioxus::prelude::*;
use replica::calls::Call;

use crate::i18n::t;
use crate::platform;
use crate::routes::Route;
use crate::store::use_store;

#[derive(Debug, Clone, PartialEq, Default)]
struct Message {
    number: u64,
    text: String,
    undo: Option<Undo>,
}

/// What takes it back, and where that leads.
#[derive(Debug, Clone, PartialEq)]
struct Undo {
    call: Call,
    to: Option<Route>,
}

static MESSAGE: GlobalSignal<Message> = GlobalSignal::with_name(Message::default, "toast");
/// The person is on the bar: it stays.
static HELD: GlobalSignal<bool> = GlobalSignal::with_name(|| false, "toast-held");

/// How often something was taken back: what shows it asks anew.
static UNDONE: GlobalSignal<u64> = GlobalSignal::with_name(|| 0, "undone");

/// How long a message stays.
const SHOWN_MS: i32 = 5_000;
/// How long something can be taken back at once.
const UNDO_MS: i32 = 8_000;
/// How often a bar that is held looks whether it still is.
const HELD_MS: i32 = 1_000;
/// Attribute of the page's root while the bar is there: nothing lies under it.
const SHOWN: &str = "data-koumen-bar";

/// Shows a message.
pub(crate) fn toast(text: String) {
    show(text, None, SHOWN_MS);
}

/// Takes a message away that is only read: something new has begun, and what it says is not about that.
pub(crate) fn clear_toast() {
    let is_read_only = {
        let message = MESSAGE.peek();
        !message.text.is_empty() && message.undo.is_none()
    };
    if is_read_only {
        hide();
    }
}

/// Says what ended or was removed, and offers to take it back by `call`; `to` is shown afterwards.
pub(crate) fn offer_undo(text: String, call: impl Into<Call>, to: Option<Route>) {
    let call = call.into();
    show(text, Some(Undo { call, to }), UNDO_MS);
}

/// Counts up whenever something was taken back from the bar.
pub(crate) fn undone() -> u64 {
    *UNDONE.read()
}

fn show(text: String, undo: Option<Undo>, shown_ms: i32) {
    let number = MESSAGE.peek().number + 1;
    *MESSAGE.write() = Message { number, text, undo };
    *HELD.write() = false;
    platform::set_root(&[(SHOWN, "shown")]);
    dioxus::core::spawn_forever(async move {
        platform::sleep_ms(shown_ms).await;
        while *HELD.peek() && MESSAGE.peek().number == number {
            platform::sleep_ms(HELD_MS).await;
        }
        if MESSAGE.peek().number == number {
            hide();
        }
    });
}

fn hide() {
    let mut message = MESSAGE.write();
    message.text.clear();
    message.undo = None;
    platform::set_root(&[(SHOWN, "")]);
}

/// Where messages appear; once per page, always there, so that screen readers watch it.
#[component]
pub(crate) fn ToastRegion() -> Element {
    let store = use_store();
    let message = MESSAGE.read().clone();
    let take_back = use_callback(move |undo: Undo| {
        let store = store.clone();
        hide();
        spawn(async move {
            match store.perform(undo.call).await {
                Ok(()) => {
                    *UNDONE.write() += 1;
                    toast(t("undo-done"));
                    if let Some(to) = undo.to {
                        navigator().push(to);
                    }
                }
                Err(_) => toast(t("undo-failed")),
            }
        });
    });
    let hold = use_callback(|held: bool| *HELD.write() = held);
    rsx! {
        div { class: "toast-region", role: "status", "aria-live": "polite", "data-testid": "toast",
            if !message.text.is_empty() {
                div { class: "toast", key: "{message.number}",
                    p { "{message.text}" }
                    if let Some(undo) = message.undo {
                        button {
                            class: "button undo", r#type: "button", "data-testid": "undo",
                            onfocus: move |_| hold.call(true),
                            onblur: move |_| hold.call(false),
                            onmouseenter: move |_| hold.call(true),
                            onmouseleave: move |_| hold.call(false),
                            onclick: move |_| take_back.call(undo.clone()),
                            {t("undo")}
                        }
                    }
                }
            }
        }
    }
}
