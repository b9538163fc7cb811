//! The page and its window.

use futures::channel::oneshot;
use uuid::Uuid;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Whether this is the page; else it is the worker that holds the database.
pub(crate) fn is_page() -> bool {
    web_sys::window().is_some()
}

/// The device's clock: the one place in the app that reads it.
pub(super) fn clock_ms() -> u64 {
    let ms = js_sys::Date::now();
    // A clock before 1970 is as good as none.
    if ms.is_sign_positive() { ms as u64 } else { 0 }
}

/// A new id: time first, then chance, so that ids made later sort later.
pub(crate) fn uuid_v7() -> Uuid {
    let mut random = [0_u8; 10];
    if let Some(crypto) = web_sys::window().and_then(|window| window.crypto().ok()) {
        // Refused only for more than 65,536 bytes.
        let _ = crypto.get_random_values_with_u8_array(&mut random);
    }
    uuid::Builder::from_unix_timestamp_millis(clock_ms(), &random).into_uuid()
}

/// The content of `<meta name=...>`.
pub(crate) fn meta(name: &str) -> Option<String> {
    let document = web_sys::window()?.document()?;
    let element = document
        .query_selector(&format!("meta[name=\"{name}\"]"))
        .ok()??;
    element
        .get_attribute("content")
        .filter(|content| !content.is_empty())
}

/// The title of the page.
pub(crate) fn set_title(title: &str) {
    if let Some(document) = web_sys::window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// Attributes of the root element; an empty one is taken away.
pub(crate) fn set_root(attributes: &[(&str, &str)]) {
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    let Some(root) = root else { return };
    for (name, value) in attributes {
        // Fails only for names that are no attribute names.
        let _ = if value.is_empty() {
            root.remove_attribute(name)
        } else {
            root.set_attribute(name, value)
        };
    }
}

/// Tells the start script, which looks after the service worker, what it waits for.
pub(crate) fn announce(event: &str) {
    if let (Some(window), Ok(event)) = (web_sys::window(), web_sys::Event::new(event)) {
        let _ = window.dispatch_event(&event);
    }
}

/// Something small kept for the first picture after the next start. Everything else is in the replica.
pub(crate) fn local_get(key: &str) -> Option<String> {
    web_sys::window()?.local_storage().ok()??.get_item(key).ok()?
}

/// See [`local_get`]. Lost when the browser forbids it; the replica has it anyway.
pub(crate) fn local_set(key: &str, value: &str) {
    if let Some(storage) = web_sys::window().and_then(|window| window.local_storage().ok()?) {
        let _ = storage.set_item(key, value);
    }
}

/// A mark in the browser's timeline, for the benchmarks.
pub(crate) fn mark(name: &str) {
    if let Some(performance) = web_sys::window().and_then(|window| window.performance()) {
        let _ = performance.mark(name);
    }
}

/// Moves the focus to the element with this id.
pub(crate) fn focus_element(id: &str) {
    let element = web_sys::window().and_then(|window| window.document()?.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// What stands in the text field with this id.
pub(crate) fn value_of(id: &str) -> Option<String> {
    let element = web_sys::window()?.document()?.get_element_by_id(id)?;
    Some(element.dyn_into::<web_sys::HtmlInputElement>().ok()?.value())
}

/// Loads the page anew.
pub(crate) fn reload() {
    if let Some(window) = web_sys::window() {
        let _ = window.location().reload();
    }
}

/// What the device calls itself, e.g. `Chrome, Android`, so that its owner knows it in a list.
pub(crate) fn device_name() -> String {
    let agent = web_sys::window()
        .and_then(|window| window.navigator().user_agent().ok())
        .unwrap_or_default();
    name_of_agent(&agent)
}

fn name_of_agent(agent: &str) -> String {
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    let browser = find(&[
        ("MicroMessenger", "WeChat"),
        ("Edg", "Edge"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("HarmonyOS", "HarmonyOS"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    [browser, system]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// Waits.
pub(crate) async fn sleep_ms(ms: i32) {
    let (done, waiting) = oneshot::channel();
    let callback = Closure::once_into_js(move || {
        let _ = done.send(());
    });
    let started = web_sys::window()
        .and_then(|window| {
            window
                .set_timeout_with_callback_and_timeout_and_arguments_0(callback.unchecked_ref(), ms)
                .ok()
        })
        .is_some();
    if started {
        let _ = waiting.await;
    }
}

/// Calls `wake` when the network comes back and when the person comes back to the app.
pub(crate) fn on_wake(wake: impl Fn() + 'static) {
    let Some(window) = web_sys::window() else { return };
    let Some(document) = window.document() else { return };
    let shown = document.clone();
    let callback = Closure::<dyn Fn()>::new(move || {
        if shown.visibility_state() == web_sys::VisibilityState::Visible {
            wake();
        }
    });
    let listener = callback.as_ref().unchecked_ref();
    let _ = window.add_event_listener_with_callback("online", listener);
    let _ = document.add_event_listener_with_callback("visibilitychange", listener);
    // Listens as long as the page lives.
    callback.forget();
}

/// A URL for bytes in memory; give it back with [`revoke_url`].
pub(crate) fn blob_url(bytes: &[u8], media_type: &str) -> Option<String> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(media_type);
    let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    web_sys::Url::create_object_url_with_blob(&blob).ok()
}

/// See [`blob_url`].
pub(crate) fn revoke_url(url: &str) {
    let _ = web_sys::Url::revoke_object_url(url);
}

/// Asks the browser to keep the data even when room gets short. It is asked at once, also when nobody waits for the
/// answer, which is its to give.
pub(crate) fn storage_persist() -> impl Future<Output = Option<bool>> {
    let asked = web_sys::window().and_then(|window| window.navigator().storage().persist().ok());
    async move { JsFuture::from(asked?).await.ok()?.as_bool() }
}

/// Whether the browser has promised to keep the data.
pub(crate) async fn storage_persisted() -> Option<bool> {
    let promise = web_sys::window()?.navigator().storage().persisted().ok()?;
    JsFuture::from(promise).await.ok()?.as_bool()
}

/// Bytes used and bytes allowed, as the browser sees it.
pub(crate) async fn storage_estimate() -> Option<(f64, f64)> {
    let promise = web_sys::window()?.navigator().storage().estimate().ok()?;
    let estimate: web_sys::StorageEstimate = JsFuture::from(promise).await.ok()?.unchecked_into();
    Some((estimate.get_usage()?, estimate.get_quota()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_by_browser_and_system() {
        let phone = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36";
        assert_eq!(name_of_agent(phone), "Chrome, Android");
        assert_eq!(name_of_agent("something else"), "");
    }
}
