//! The two ends of the line between the page and the worker that holds the database.

use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

/// The page's end.
pub(crate) struct WorkerLink {
    worker: web_sys::Worker,
    // Listens as long as the link lives.
    _listeners: Vec<Closure<dyn FnMut(MessageEvent)>>,
}

impl WorkerLink {
    /// Starts the worker at `url`; `on_bytes` gets what it posts, `on_error` hears that it could not start.
    pub(crate) fn spawn(
        url: &str,
        mut on_bytes: impl FnMut(Vec<u8>) + 'static,
        mut on_error: impl FnMut() + 'static,
    ) -> Option<Self> {
        let options = web_sys::WorkerOptions::new();
        options.set_type(web_sys::WorkerType::Module);
        let worker = web_sys::Worker::new_with_options(url, &options).ok()?;
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(bytes) = event.data().dyn_ref::<js_sys::Uint8Array>() {
                on_bytes(bytes.to_vec());
            }
        });
        worker.set_onmessage(Some(message.as_ref().unchecked_ref()));
        let error = Closure::<dyn FnMut(MessageEvent)>::new(move |_| on_error());
        worker.set_onerror(Some(error.as_ref().unchecked_ref()));
        // The app itself, compiled already: fetched and compiled once for both. A worker that hears something else first
        // fetches it by itself.
        let _ = worker.post_message(&wasm_bindgen::module());
        Some(Self {
            worker,
            _listeners: vec![message, error],
        })
    }

    /// Posts bytes to the worker; false when it cannot be reached.
    pub(crate) fn post(&self, bytes: &[u8]) -> bool {
        let array = js_sys::Uint8Array::from(bytes);
        let transfer = js_sys::Array::of1(&array.buffer());
        self.worker.post_message_with_transfer(&array, &transfer).is_ok()
    }
}

/// The worker's end: answers what the page posts, until the page is closed.
#[cfg(target_arch = "wasm32")]
pub(crate) fn serve_replica() {
    use std::cell::RefCell;
    use std::rc::Rc;

    let scope: web_sys::DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    // Messages that arrive while the database is being opened wait here.
    let early: Rc<RefCell<Vec<Vec<u8>>>> = Rc::default();
    let handle: Rc<RefCell<Option<replica::browser::WorkerHandle>>> = Rc::default();

    let on_message = Closure::<dyn FnMut(MessageEvent)>::new({
        let (early, handle) = (Rc::clone(&early), Rc::clone(&handle));
        move |event: MessageEvent| {
            let Some(bytes) = event
                .data()
                .dyn_ref::<js_sys::Uint8Array>()
                .map(js_sys::Uint8Array::to_vec)
            else {
                return;
            };
            match handle.borrow().as_ref() {
                Some(handle) => handle.on_message(bytes),
                None => early.borrow_mut().push(bytes),
            }
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();

    wasm_bindgen_futures::spawn_local(async move {
        let post = move |bytes: Vec<u8>| {
            let array = js_sys::Uint8Array::from(bytes.as_slice());
            let transfer = js_sys::Array::of1(&array.buffer());
            // Fails only when the page is gone.
            let _ = scope.post_message_with_transfer(&array, &transfer);
        };
        let started = replica::browser::start(post).await;
        for bytes in early.take() {
            started.on_message(bytes);
        }
        *handle.borrow_mut() = Some(started);
    });
}

/// Natively there is no worker: the replica runs in its own thread there.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn serve_replica() {}
