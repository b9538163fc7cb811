//! A short message at the bottom that goes away by itself, read aloud by screen readers.

use dioxus::prelude::*;

use crate::platform;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Message {
    number: u64,
    text: String,
}

static MESSAGE: GlobalSignal<Message> = GlobalSignal::with_name(Message::default, "toast");

/// How long a message stays.
const SHOWN_MS: i32 = 5_000;

/// Shows a message.
pub(crate) fn toast(text: String) {
    let number = MESSAGE.peek().number + 1;
    *MESSAGE.write() = Message { number, text };
    dioxus::core::spawn_forever(async move {
        platform::sleep_ms(SHOWN_MS).await;
        let shown = MESSAGE.peek().number;
        if shown == number {
            MESSAGE.write().text.clear();
        }
    });
}

/// Where messages appear; once per page, always there, so that screen readers watch it.
#[component]
pub(crate) fn ToastRegion() -> Element {
    let message = MESSAGE.read().clone();
    rsx! {
        div { class: "toast-region", role: "status", "aria-live": "polite", "data-testid": "toast",
            if !message.text.is_empty() {
                p { class: "toast", key: "{message.number}", "{message.text}" }
            }
        }
    }
}
