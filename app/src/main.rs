//! The screens of Koumen.
//!
//! **What it is:** an installable web app (Dioxus). The same bundle runs twice: as the page, which draws, and
//! as a dedicated worker, which holds the database. **What it is not:** it knows no SQL and no wire format;
//! it asks the crate `replica` through [`mod@store`].
//!
//! Read next: [`routes`], the list of screens; `app/replica/src/api.rs`, what they may ask.

mod routes;
mod shell;

mod screens;

mod components;

mod describe;
mod format;
mod i18n;
mod place;
mod settings;
mod store;

mod platform;

#[cfg(test)]
mod rows_tests;

use dioxus::prelude::*;

fn main() {
    if platform::is_page() {
        // First of all, so that the database opens while the page draws.
        let store = store::Store::start();
        EARLY.set(Some(store));
        settings::show_at_once();
        place::start();
        platform::launch(App);
    } else {
        platform::serve_replica();
    }
}

thread_local! {
    static EARLY: std::cell::RefCell<Option<store::Store>> = const { std::cell::RefCell::new(None) };
}

/// The root: what all screens share.
#[component]
fn App() -> Element {
    let store = use_context_provider(|| EARLY.take().unwrap_or_else(store::Store::start));
    store::use_live_provider(&store);
    use_hook(settings::apply);
    let loading = store.clone();
    use_future(move || {
        let store = loading.clone();
        async move { settings::load(&store).await }
    });
    rsx! {
        Router::<routes::Route> {}
    }
}
