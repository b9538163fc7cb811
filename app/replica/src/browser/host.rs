//! The functions of the browser's worker that the replica needs.

use std::cell::Cell;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use shared::clock::TimestampMs;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{BroadcastChannel, DedicatedWorkerGlobalScope, MessageEvent, WorkerGlobalScope};

use super::message::{Build, Message};
use crate::platform::{Platform, Room};

/// `getRandomValues` gives at most this many bytes at once.
const RANDOM_BYTES_MAX: usize = 65_536;

/// The worker's global object.
pub(super) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Where the app came from, e.g. `https://koumen.example`.
pub(crate) fn own_origin() -> String {
    scope().location().origin()
}

/// Which build this is: the name in the worker's address has a hash of the whole app.
pub(super) fn build() -> Build {
    let mut hasher = DefaultHasher::new();
    scope().location().pathname().hash(&mut hasher);
    Build(hasher.finish())
}

fn property(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &JsValue::from_str(name))
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

/// Why no database can be kept here; `None` when one can.
pub(super) fn missing_ability() -> Option<&'static str> {
    let scope = scope();
    if !scope.is_secure_context() {
        return Some("storage.no_secure_context");
    }
    let navigator = JsValue::from(scope.navigator());
    if property(&navigator, "locks").is_none() {
        return Some("storage.no_locks");
    }
    let directory = property(&navigator, "storage").and_then(|storage| property(&storage, "getDirectory"));
    let handle = property(&scope, "FileSystemFileHandle")
        .and_then(|class| property(&class, "prototype"))
        .and_then(|prototype| property(&prototype, "createSyncAccessHandle"));
    (directory.is_none() || handle.is_none()).then_some("storage.no_opfs")
}

/// Asks for the folder that everything lies in.
///
/// # Errors
/// What the browser throws or rejects with.
pub(super) async fn root_folder() -> Result<(), JsValue> {
    let storage = Reflect::get(&scope().navigator(), &"storage".into())?;
    let ask: Function = Reflect::get(&storage, &"getDirectory".into())?.dyn_into()?;
    let asked: Promise = ask.call0(&storage)?.dyn_into()?;
    JsFuture::from(asked).await.map(drop)
}

#[wasm_bindgen]
extern "C" {
    /// `web-sys` calls it unstable and asks for a flag of the whole build.
    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &JsValue,
        callback: &Function,
    ) -> Result<Promise, JsValue>;
}

/// Holds a Web Lock until it is released or the worker ends.
#[derive(Clone, Default)]
pub(super) struct Lock {
    release: Rc<Cell<Option<Function>>>,
}

impl Lock {
    /// Asks for the lock. `taken` is called when another tab holds it; `granted` when it is this tab's, at once
    /// or when the other tab is gone.
    pub(super) fn request(
        name: &'static str,
        taken: impl Fn() + 'static,
        granted: impl Fn() + 'static,
    ) -> Self {
        let lock = Self::default();
        let granted = Rc::new(granted);
        let again = lock.clone();
        let waiting = Rc::clone(&granted);
        lock.ask(name, true, granted, move || {
            taken();
            again.ask(name, false, Rc::clone(&waiting), || ());
        });
        lock
    }

    fn ask(
        &self,
        name: &str,
        only_if_free: bool,
        granted: Rc<impl Fn() + 'static>,
        taken: impl Fn() + 'static,
    ) {
        let Some(locks) = property(&scope().navigator(), "locks") else {
            return;
        };
        let release = Rc::clone(&self.release);
        let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            if lock.is_null() {
                taken();
                return JsValue::UNDEFINED;
            }
            // The lock is held until this promise is resolved.
            let held = Promise::new(&mut |resolve, _| release.set(Some(resolve)));
            granted();
            held.into()
        });
        let options = js_sys::Object::new();
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&options, &"ifAvailable".into(), &only_if_free.into());
        let asked = locks
            .unchecked_into::<LockManager>()
            .request(name, &options, callback.unchecked_ref());
        if let Ok(promise) = asked {
            // Resolves when the lock is let go; a rejection (the document is going away) has nobody to tell.
            spawn_local(async move { drop(JsFuture::from(promise).await) });
        }
    }

    /// Lets go of the lock, so that the next tab in line gets it.
    pub(super) fn release(&self) {
        if let Some(release) = self.release.take() {
            // The resolve function of a promise does not throw.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Hears and speaks to the other tabs' workers.
pub(super) struct Channel {
    build: Build,
    channel: Option<BroadcastChannel>,
}

impl Channel {
    /// Joins the channel; without one this tab hears nobody.
    pub(super) fn join(name: &str, build: Build, heard: impl Fn(Message) + 'static) -> Self {
        let channel = BroadcastChannel::new(name).ok();
        if let Some(channel) = &channel {
            let callback = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                let bytes = event
                    .data()
                    .dyn_into::<js_sys::Uint8Array>()
                    .map(|bytes| bytes.to_vec());
                if let Some(message) = bytes.ok().and_then(|bytes| Message::decode(&bytes, build)) {
                    heard(message);
                }
            });
            channel.set_onmessage(Some(callback.as_ref().unchecked_ref()));
            // Listens as long as the worker lives.
            callback.forget();
        }
        Self { build, channel }
    }

    /// Speaks to all other tabs.
    pub(super) fn say(&self, message: &Message) {
        if let Some(channel) = &self.channel {
            // Fails only when the channel is closed, which nobody does.
            let bytes = message.encode(self.build);
            let _ = channel.post_message(&js_sys::Uint8Array::from(bytes.as_slice()));
        }
    }
}

/// The browser's clock, random source and timer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BrowserPlatform;

impl Platform for BrowserPlatform {
    fn now_ms(&self) -> TimestampMs {
        js_sys::Date::now() as u64
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        let scope: WorkerGlobalScope = scope().unchecked_into();
        for part in bytes.chunks_mut(RANDOM_BYTES_MAX) {
            let filled = scope
                .crypto()
                .and_then(|crypto| crypto.get_random_values_with_u8_array(part));
            // Ids would collide, so nothing may go on.
            assert!(filled.is_ok(), "every browser with OPFS has a random source");
        }
    }

    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async move {
            let timer = Timer::start(ms);
            // The promise of a timer is never rejected.
            let _ = JsFuture::from(timer.promise.clone()).await;
        })
    }

    fn room(&self) -> Pin<Box<dyn Future<Output = Option<Room>>>> {
        Box::pin(estimate())
    }
}

/// What the browser says about room; `None` when it says nothing.
async fn estimate() -> Option<Room> {
    let storage = property(&scope().navigator(), "storage")?;
    let ask: Function = property(&storage, "estimate")?.dyn_into().ok()?;
    let asked: Promise = ask.call0(&storage).ok()?.dyn_into().ok()?;
    let told = JsFuture::from(asked).await.ok()?;
    let bytes = |name| property(&told, name)?.as_f64().map(|bytes| bytes as u64);
    Some(Room {
        used_bytes: bytes("usage")?,
        allowed_bytes: bytes("quota")?,
    })
}

/// A timer that is stopped when nobody waits for it any more.
struct Timer {
    id: Cell<Option<i32>>,
    promise: Promise,
}

impl Timer {
    fn start(ms: u64) -> Self {
        let id = Cell::new(None);
        let ms = i32::try_from(ms).unwrap_or(i32::MAX);
        let promise = Promise::new(&mut |resolve, _| {
            id.set(
                scope()
                    .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms)
                    .ok(),
            );
        });
        Self { id, promise }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(id) = self.id.get() {
            scope().clear_timeout_with_handle(id);
        }
    }
}
