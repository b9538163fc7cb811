//! The page's side of the replica: calls that cross to the worker, and notices that come back.
//!
//! ```text
//! screen ── use_query(ask) ───► Store ── bytes ──► worker (replica, SQLite)
//!    ▲                            │
//!    └──── signals in Live ◄──────┴── answers, notices
//! ```

mod draft;
mod query;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;

use dioxus::prelude::*;
use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use futures::future::select;
use replica::api::{self, ApiError, Ask, ErrorCode, Notice, Status, SyncState};
use replica::calls::{Call, ToReplica};
use replica::wire::{self, FromReplica};

use crate::platform::{self, WorkerLink};

pub(crate) use draft::{DraftKeeper, Written};
pub(crate) use query::{Loaded, Page, use_pages, use_query};

/// Asks the replica. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store(Rc<Inner>);

struct Inner {
    link: RefCell<Option<WorkerLink>>,
    next_id: Cell<u64>,
    pending: RefCell<BTreeMap<u64, oneshot::Sender<Vec<u8>>>>,
    notices: RefCell<Option<mpsc::UnboundedReceiver<Notice>>>,
}

/// What the whole app watches.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    /// Counts up whenever records changed.
    pub(crate) changes: Signal<u64>,
    /// Who is signed in; `None` until the replica said so.
    pub(crate) status: Signal<Option<Status>>,
    /// How the sync stands; `None` until the replica said so.
    pub(crate) sync: Signal<Option<SyncState>>,
    /// Another tab holds the database.
    pub(crate) following: Signal<bool>,
    /// The database cannot be opened, and why.
    pub(crate) unusable: Signal<Option<String>>,
}

/// The code shown when the worker itself could not be started.
const WORKER_FAILED: &str = "worker_failed";

impl Store {
    /// Starts the worker. As early as possible: it opens the database while the page draws.
    pub(crate) fn start() -> Self {
        let (notify, notices) = mpsc::unbounded();
        let store = Self(Rc::new(Inner {
            link: RefCell::new(None),
            next_id: Cell::new(1),
            pending: RefCell::default(),
            notices: RefCell::new(Some(notices)),
        }));
        let (inner, failed) = (Rc::downgrade(&store.0), notify.clone());
        let on_bytes = move |bytes: Vec<u8>| match wire::open(&bytes) {
            Some((FromReplica::Answer { id }, answer)) => {
                let waiting = inner
                    .upgrade()
                    .and_then(|inner| inner.pending.borrow_mut().remove(&id));
                if let Some(waiting) = waiting {
                    // Nobody waits when the screen was left.
                    let _ = waiting.send(answer.to_vec());
                }
            }
            Some((FromReplica::Notice(notice), _)) => {
                let _ = notify.unbounded_send(notice);
            }
            // Page and worker are the same build: what cannot be read does not come from a worker of ours.
            None => {
                let _ = notify.unbounded_send(Notice::Unusable(WORKER_FAILED.to_owned()));
            }
        };
        let (early, said) = (Rc::downgrade(&store.0), failed.clone());
        let on_error = move || {
            let _ = said.unbounded_send(Notice::Unusable(WORKER_FAILED.to_owned()));
            if let Some(inner) = early.upgrade() {
                inner.pending.borrow_mut().clear();
            }
        };
        let link =
            platform::meta("koumen-worker").and_then(|url| WorkerLink::spawn(&url, on_bytes, on_error));
        if link.is_none() {
            let _ = failed.unbounded_send(Notice::Unusable(WORKER_FAILED.to_owned()));
        }
        *store.0.link.borrow_mut() = link;
        store
    }

    /// Asks the replica and waits for its answer.
    ///
    /// # Errors
    /// What the replica says; [`ErrorCode::Internal`] when the worker is gone.
    pub(crate) async fn call<A: Ask + Into<Call>>(&self, ask: A) -> Result<A::Reply, ApiError> {
        reply_or_gone(wire::read(&self.answer(ask.into()).await))
    }

    /// The same of any request, of which only is asked whether it is done.
    ///
    /// # Errors
    /// As of [`call`](Self::call).
    pub(crate) async fn perform(&self, call: Call) -> Result<(), ApiError> {
        reply_or_gone(wire::read(&self.answer(call).await))
    }

    /// The answer as it came, for [`wire::read`]; empty when the worker is gone.
    async fn answer(&self, call: Call) -> Vec<u8> {
        self.post(call).await.unwrap_or_default()
    }

    /// Posts at once, before the first await, so that calls reach the replica in the order they are made.
    fn post(&self, call: Call) -> oneshot::Receiver<Vec<u8>> {
        let (answer, waiting) = oneshot::channel();
        let id = self.0.next_id.get();
        self.0.next_id.set(id.wrapping_add(1));
        let sent = match (
            self.0.link.borrow().as_ref(),
            postcard::to_allocvec(&ToReplica { id, call }),
        ) {
            (Some(link), Ok(bytes)) => link.post(&bytes),
            _ => false,
        };
        if sent {
            self.0.pending.borrow_mut().insert(id, answer);
        }
        waiting
    }

    /// Asks without waiting for the answer.
    pub(crate) fn tell(&self, ask: impl Into<Call>) {
        drop(self.post(ask.into()));
    }
}

/// The reply, or that the worker is gone: then nothing can be read.
fn reply_or_gone<R>(read: Option<Result<R, ApiError>>) -> Result<R, ApiError> {
    let worker_gone = || ApiError {
        code: ErrorCode::Internal,
        detail: WORKER_FAILED.to_owned(),
        field: None,
    };
    read.unwrap_or_else(|| Err(worker_gone()))
}

/// The store, anywhere in the app.
pub(crate) fn use_store() -> Store {
    use_context()
}

/// What the whole app watches, anywhere in the app.
pub(crate) fn use_live() -> Live {
    use_context()
}

/// Provides [`Live`] and keeps it up to date. Called once, by the root.
pub(crate) fn use_live_provider(store: &Store) -> Live {
    let live = use_context_provider(|| Live {
        changes: Signal::new(0),
        status: Signal::new(None),
        sync: Signal::new(None),
        following: Signal::new(false),
        unusable: Signal::new(None),
    });
    let listening = store.clone();
    use_future(move || {
        let store = listening.clone();
        async move {
            let notices = store.0.notices.borrow_mut().take();
            let Some(mut notices) = notices else { return };
            while let Some(notice) = notices.next().await {
                live.hear(&store, notice).await;
            }
        }
    });
    use_future(move || live.follow_the_day());
    let asking = store.clone();
    use_future(move || {
        let store = asking.clone();
        async move {
            live.ask_status(&store).await;
            platform::mark("koumen-db-ready");
        }
    });
    live
}

impl Live {
    /// Asks for everything anew when another day has begun: at midnight, and when the app is taken up again.
    async fn follow_the_day(mut self) {
        let (woken, mut wakes) = mpsc::unbounded();
        // Nobody listens any more only when the page goes.
        platform::on_wake(move || drop(woken.unbounded_send(())));
        loop {
            let rest = pin!(platform::sleep_ms(platform::next_look_ms()));
            select(rest, wakes.next()).await;
            if platform::day_has_changed() {
                self.changes += 1;
            }
        }
    }

    async fn hear(mut self, store: &Store, notice: Notice) {
        match notice {
            Notice::Changed => self.changes += 1,
            Notice::Sync(state) => self.sync.set(Some(state)),
            Notice::Session => {
                // Said too when this tab takes over the database: whatever was wrong with the other is past.
                self.following.set(false);
                self.unusable.set(None);
                self.ask_status(store).await;
                self.changes += 1;
            }
            Notice::Following => {
                self.following.set(true);
                self.unusable.set(None);
            }
            Notice::Unusable(code) => self.unusable.set(Some(code)),
        }
    }

    /// Asks anew who is signed in and how the sync stands.
    pub(crate) async fn ask_status(mut self, store: &Store) {
        match store.call(api::CurrentStatus).await {
            Ok(status) => {
                self.sync.set(Some(status.sync.clone()));
                self.status.set(Some(status));
            }
            // The tab that holds the database is of another version: nothing goes on here before it is closed.
            Err(error) if error.code == ErrorCode::UpdateNeeded => self.unusable.set(Some(error.detail)),
            Err(_) => {}
        }
    }
}
