//! Half-filled forms: kept at every change.

use std::cell::RefCell;
use std::rc::Rc;

use futures::channel::oneshot;
use replica::api::{ApiError, Call, DraftBody};
use shared::ids::DraftId;

use super::Store;

/// Keeps the latest state of a form, one write at a time: what was typed meanwhile goes in the next write.
#[derive(Clone)]
pub(crate) struct DraftKeeper {
    store: Store,
    state: Rc<RefCell<KeeperState>>,
}

impl PartialEq for DraftKeeper {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }
}

#[derive(Default)]
struct KeeperState {
    writing: bool,
    stopped: bool,
    next: Option<DraftBody>,
    idle: Vec<oneshot::Sender<()>>,
    failed: Option<ApiError>,
}

impl DraftKeeper {
    /// For one form.
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            state: Rc::default(),
        }
    }

    /// Keeps `body` under `id`. Returns at once; the first write is on its way already.
    pub(crate) fn keep(&self, id: DraftId, body: DraftBody) {
        let mut state = self.state.borrow_mut();
        if state.stopped {
            return;
        }
        state.next = Some(body);
        if !state.writing {
            state.writing = true;
            drop(state);
            dioxus::core::spawn_forever(self.clone().write(id));
        }
    }

    async fn write(self, id: DraftId) {
        loop {
            let next = self.state.borrow_mut().next.take();
            let Some(body) = next else { break };
            let reply = self.store.call(Call::SaveDraft { id, body }).await;
            self.state.borrow_mut().failed = reply.err();
        }
        let mut state = self.state.borrow_mut();
        state.writing = false;
        for waiting in state.idle.drain(..) {
            let _ = waiting.send(());
        }
    }

    /// Writes nothing more: the draft was thrown away.
    pub(crate) fn stop(&self) {
        let mut state = self.state.borrow_mut();
        state.stopped = true;
        state.next = None;
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// What the last write came back with.
    pub(crate) async fn written(&self) -> Result<(), ApiError> {
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
        self.state.borrow().failed.clone().map_or(Ok(()), Err)
    }
}
