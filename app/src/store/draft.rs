//! Half-filled forms: kept at every change, one write at a time.

use std::cell::RefCell;
use std::rc::Rc;

use futures::channel::oneshot;
use replica::api::{Answer, ApiError, Call, DraftBody, DraftSeen};
use shared::ids::DraftId;

use super::Store;

/// Keeps the latest state of a form: what was typed meanwhile goes in the next write. Knows under which id.
#[derive(Clone)]
pub(crate) struct DraftKeeper {
    store: Store,
    state: Rc<RefCell<KeeperState>>,
}

struct KeeperState {
    id: DraftId,
    seen: DraftSeen,
    writing: bool,
    held: bool,
    next: Option<DraftBody>,
    idle: Vec<oneshot::Sender<()>>,
    failed: Option<ApiError>,
}

impl DraftKeeper {
    /// For one form.
    pub(crate) fn new(store: Store, id: DraftId) -> Self {
        let state = KeeperState {
            id,
            seen: DraftSeen::default(),
            writing: false,
            held: false,
            next: None,
            idle: Vec::new(),
            failed: None,
        };
        Self {
            store,
            state: Rc::new(RefCell::new(state)),
        }
    }

    /// What the form shows came from here.
    pub(crate) fn has_seen(&self, seen: DraftSeen) {
        self.state.borrow_mut().seen = seen;
    }

    /// Under which id it is kept: another one when another form had written under the first.
    pub(crate) fn id(&self) -> DraftId {
        self.state.borrow().id
    }

    /// Keeps `body`. Returns at once; the first write is on its way already.
    pub(crate) fn keep(&self, body: DraftBody) {
        self.state.borrow_mut().next = Some(body);
        self.go_on();
    }

    fn go_on(&self) {
        let mut state = self.state.borrow_mut();
        if state.writing || state.held || state.next.is_none() {
            return;
        }
        state.writing = true;
        drop(state);
        dioxus::core::spawn_forever(self.clone().write());
    }

    async fn write(self) {
        loop {
            let call = {
                let mut state = self.state.borrow_mut();
                let body = if state.held { None } else { state.next.take() };
                body.map(|body| Call::SaveDraft {
                    id: state.id,
                    body,
                    seen: state.seen.clone(),
                })
            };
            let Some(call) = call else { break };
            let reply = self.store.call(call).await;
            let mut state = self.state.borrow_mut();
            match reply {
                Ok(Answer::Kept { id, revision }) => {
                    state.id = id;
                    state.seen.revision = revision;
                    state.failed = None;
                }
                Ok(_) => {}
                Err(error) => state.failed = Some(error),
            }
        }
        let mut state = self.state.borrow_mut();
        state.writing = false;
        for waiting in state.idle.drain(..) {
            let _ = waiting.send(());
        }
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// What the last write came back with.
    pub(crate) async fn written(&self) -> Result<DraftId, ApiError> {
        let waiting = {
            let mut state = self.state.borrow_mut();
            state.writing.then(|| {
                let (done, waiting) = oneshot::channel();
                state.idle.push(done);
                waiting
            })
        };
        if let Some(waiting) = waiting {
            let _ = waiting.await;
        }
        let state = self.state.borrow();
        state.failed.clone().map_or(Ok(state.id), Err)
    }

    /// Holds back what is typed from now on, while the form is saved or thrown away.
    pub(crate) fn hold(&self) {
        self.state.borrow_mut().held = true;
    }

    /// Writes what was held back: it came after what was saved, and is not in it.
    pub(crate) fn release(&self) {
        self.state.borrow_mut().held = false;
        self.go_on();
    }
}
