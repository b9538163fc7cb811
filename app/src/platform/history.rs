//! The browser's history, each entry under a number of its own, and the scroll position of the page.
//!
//! The router's own history provider writes scroll positions into the entries and scrolls before a screen is drawn. This
//! one writes the number, by which [`crate::place`] knows again what stood there.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use dioxus::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{ScrollRestoration, Window};

/// The number of an entry. Later entries have greater ones.
pub(crate) type Entry = u64;

/// What is told of the history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watcher {
    /// An entry is left whose screen was scrolled so far.
    pub(crate) leave: fn(Entry, f64),
    /// An entry is shown, at this address.
    pub(crate) show: fn(Step, Entry, String),
}

/// How one came to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is a new one behind the one before, and those that were behind it are gone.
    Further,
    /// It takes the place of the one before.
    Instead,
    /// The browser went to one that was there already, or that the page did not make.
    Walked,
}

thread_local! {
    static SHOWN: Cell<Entry> = const { Cell::new(0) };
    static NEXT: Cell<Entry> = const { Cell::new(1) };
    static WATCHER: Cell<Option<Watcher>> = const { Cell::new(None) };
}

/// The entry that is shown.
pub(crate) fn entry() -> Entry {
    SHOWN.get()
}

/// Whom to tell when entries are left and shown.
pub(crate) fn watch_history(watcher: Watcher) {
    WATCHER.set(Some(watcher));
}

fn leave() {
    if let (Some(watcher), Some(window)) = (WATCHER.get(), web_sys::window()) {
        (watcher.leave)(entry(), window.scroll_y().unwrap_or(0.0));
    }
}

fn show(step: Step, entry: Entry, address: String) {
    SHOWN.set(entry);
    if let Some(watcher) = WATCHER.get() {
        (watcher.show)(step, entry, address);
    }
}

fn new_entry() -> Entry {
    let entry = NEXT.get();
    NEXT.set(entry + 1);
    entry
}

/// Numbers as they lie in the browser's entries: exact up to 2^53, which milliseconds since 1970 do not reach.
fn state(entry: Entry) -> JsValue {
    JsValue::from_f64(entry as f64)
}

/// Scrolls the page.
pub(crate) fn scroll_to(y: f64) {
    if let Some(window) = web_sys::window() {
        window.scroll_to_with_x_and_y(0.0, y);
    }
}

/// How far the page can be scrolled, as it stands now; half a pixel more, since heights are rounded.
pub(crate) fn scroll_room() -> f64 {
    let Some(window) = web_sys::window() else {
        return 0.0;
    };
    let root = window.document().and_then(|document| document.document_element());
    let high = root.map_or(0, |root| root.scroll_height());
    let shown = window.inner_height().ok().and_then(|height| height.as_f64());
    f64::from(high) - shown.unwrap_or(0.0) + 0.5
}

/// Calls `touched` whenever the person does something by which a page is scrolled.
pub(crate) fn on_touch(touched: impl Fn() + 'static) {
    let Some(window) = web_sys::window() else { return };
    let callback = Closure::<dyn Fn()>::new(touched);
    for event in ["wheel", "touchstart", "pointerdown", "keydown"] {
        // Fails only for a callback that is none.
        let _ = window.add_event_listener_with_callback(event, callback.as_ref().unchecked_ref());
    }
    // Listens as long as the page lives.
    callback.forget();
}

/// Draws the app, with the history below.
pub(crate) fn launch(root: fn() -> Element) {
    let mut config = dioxus::web::Config::new();
    if let Some(history) = NumberedHistory::open() {
        config = config.history(Rc::new(history));
    }
    dioxus::LaunchBuilder::new().with_cfg(config).launch(root);
}

/// The history that the router works on.
struct NumberedHistory {
    window: Window,
    history: web_sys::History,
}

impl NumberedHistory {
    /// Takes over the browser's history; `None` outside of a page.
    fn open() -> Option<Self> {
        let window = web_sys::window()?;
        let history = window.history().ok()?;
        // Screens are scrolled once they are drawn, not before.
        let _ = history.set_scroll_restoration(ScrollRestoration::Manual);
        // Greater than the numbers of entries that an earlier life of this page has left behind.
        NEXT.set(super::page::clock_ms().max(1));
        let opened = Self { window, history };
        opened.adopt();
        Some(opened)
    }

    /// The shown entry is the browser's; one without a number is given one.
    fn adopt(&self) {
        let known = self.history.state().ok().and_then(|state| state.as_f64());
        let entry = known.map_or_else(new_entry, |number| number as Entry);
        show(Step::Walked, entry, self.current_route());
        if known.is_none() {
            // Refused only when the page changes addresses hundreds of times a second.
            let _ = self.history.replace_state(&state(entry), "");
        }
    }
}

impl History for NumberedHistory {
    fn current_route(&self) -> String {
        let location = self.window.location();
        let parts = [location.pathname(), location.search(), location.hash()];
        let route: String = parts.into_iter().flatten().collect();
        if route.is_empty() { "/".to_owned() } else { route }
    }

    fn go_back(&self) {
        let _ = self.history.back();
    }

    fn go_forward(&self) {
        let _ = self.history.forward();
    }

    fn push(&self, route: String) {
        // The shown screen is not opened once more.
        if route == self.current_route() {
            return;
        }
        leave();
        let entry = new_entry();
        let pushed = self.history.push_state_with_url(&state(entry), "", Some(&route));
        if pushed.is_ok() {
            show(Step::Further, entry, route);
        }
    }

    fn replace(&self, route: String) {
        leave();
        let entry = new_entry();
        let replaced = self
            .history
            .replace_state_with_url(&state(entry), "", Some(&route));
        if replaced.is_ok() {
            show(Step::Instead, entry, route);
        }
    }

    fn external(&self, url: String) -> bool {
        self.window.location().set_href(&url).is_ok()
    }

    fn updater(&self, callback: Arc<dyn Fn() + Send + Sync>) {
        let walked = Self {
            window: self.window.clone(),
            history: self.history.clone(),
        };
        // The browser went to another entry; the old screen still stands, scrolled as it was.
        let listener = Closure::<dyn Fn()>::new(move || {
            leave();
            walked.adopt();
            callback();
        });
        let _ = self
            .window
            .add_event_listener_with_callback("popstate", listener.as_ref().unchecked_ref());
        listener.forget();
    }
}
