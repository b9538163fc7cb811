//! The service worker that lets the app start without a connection (D14).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The page's side of the service worker.
#[derive(Clone, Default)]
pub(crate) struct ServiceWorker {
    registration: Rc<RefCell<Option<web_sys::ServiceWorkerRegistration>>>,
    activating: Rc<Cell<bool>>,
}

fn container() -> Option<web_sys::ServiceWorkerContainer> {
    let navigator = web_sys::window()?.navigator();
    // Absent outside a secure context.
    js_sys::Reflect::has(&navigator, &JsValue::from_str("serviceWorker")).ok()?.then(|| navigator.service_worker())
}

fn message(kind: &str) -> JsValue {
    let object = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&object, &JsValue::from_str("type"), &JsValue::from_str(kind));
    object.into()
}

impl ServiceWorker {
    /// Registers `/sw.js`; `on_waiting` is called when a new version of the app lies ready.
    pub(crate) fn register(&self, on_waiting: impl Fn() + 'static) {
        let Some(container) = container() else { return };
        let this = self.clone();
        let controlled_before = container.controller().is_some();
        let activating = Rc::clone(&self.activating);
        let on_change = Closure::<dyn Fn()>::new(move || {
            // The first worker that takes over an open page brings nothing new.
            if controlled_before && activating.get() {
                super::reload();
            }
        });
        container.set_oncontrollerchange(Some(on_change.as_ref().unchecked_ref()));
        on_change.forget();
        spawn_local(async move {
            let Ok(registered) = JsFuture::from(container.register("/sw.js")).await else { return };
            let registration: web_sys::ServiceWorkerRegistration = registered.unchecked_into();
            *this.registration.borrow_mut() = Some(registration.clone());
            watch(registration, Rc::new(on_waiting));
        });
    }

    /// Tells the active service worker that this version has opened its database: the one before may go.
    pub(crate) fn opened(&self) {
        if let Some(active) = container().and_then(|container| container.controller()) {
            let _ = active.post_message(&message("opened"));
        }
    }

    /// Looks for a new version, when the app comes back to the front.
    pub(crate) fn check(&self) {
        if let Some(registration) = self.registration.borrow().as_ref() {
            // Rejected without a connection; the next time will do.
            if let Ok(promise) = registration.update() {
                spawn_local(async move {
                    let _ = JsFuture::from(promise).await;
                });
            }
        }
    }

    /// Lets the waiting version take over; the page is loaded anew when it has.
    pub(crate) fn activate(&self) {
        let waiting = self.registration.borrow().as_ref().and_then(web_sys::ServiceWorkerRegistration::waiting);
        if let Some(waiting) = waiting {
            self.activating.set(true);
            let _ = waiting.post_message(&message("activate"));
        }
    }
}

/// Calls `on_waiting` now or as soon as an update is installed beside the running version.
fn watch(registration: web_sys::ServiceWorkerRegistration, on_waiting: Rc<dyn Fn()>) {
    let has_active = registration.active().is_some();
    if registration.waiting().is_some() && has_active {
        on_waiting();
    }
    let found = registration.clone();
    let on_found = Closure::<dyn Fn()>::new(move || {
        let Some(installing) = found.installing() else { return };
        let (state_of, found, on_waiting) = (installing.clone(), found.clone(), Rc::clone(&on_waiting));
        let on_state = Closure::<dyn Fn()>::new(move || {
            let installed = state_of.state() == web_sys::ServiceWorkerState::Installed;
            if installed && found.active().is_some() {
                on_waiting();
            }
        });
        installing.set_onstatechange(Some(on_state.as_ref().unchecked_ref()));
        on_state.forget();
    });
    registration.set_onupdatefound(Some(on_found.as_ref().unchecked_ref()));
    on_found.forget();
}
