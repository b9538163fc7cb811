//! The storage suite over OPFS, for a test that drives a real browser.

use serde_json::json;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::MessageEvent;

use super::host::scope;
use super::open::{connection, install_pool};
use crate::storage::Home;
use crate::storage::conformance::{CHECKS, run};

/// Apart from the replica's own pool, which may be open.
const POOL: &str = "koumen-conformance";

/// Answers a message `{"conformance": true}` with the suite's result as text.
pub(super) fn listen() {
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        let asked = js_sys::Reflect::get(&event.data(), &"conformance".into());
        if asked.is_ok_and(|asked| asked.is_truthy()) {
            spawn_local(async {
                // Fails only when the page is gone.
                let _ = scope().post_message(&JsValue::from_str(&conformance().await));
            });
        }
    });
    // Adding a listener to the scope itself does not fail.
    let _ = scope().add_event_listener_with_callback("message", on_message.as_ref().unchecked_ref());
    on_message.forget();
}

/// Runs the storage suite on fresh databases, once in the life of a worker; one JSON object a line: `check`, and
/// `failure` when it failed.
pub async fn conformance() -> String {
    let files = 2 * CHECKS.len() + 1;
    if let Err(error) = install_pool(POOL, files, true).await {
        return json!({ "check": "open", "failure": error.to_string() }).to_string();
    }
    let line = |(name, check): &(&str, _)| {
        let mut open = || Ok(connection(POOL, name)?);
        match run(check, &mut open, Home::Opfs) {
            Ok(()) => json!({ "check": name }).to_string(),
            Err(failure) => json!({ "check": name, "failure": failure.to_string() }).to_string(),
        }
    };
    CHECKS.iter().map(line).collect::<Vec<_>>().join("\n")
}
