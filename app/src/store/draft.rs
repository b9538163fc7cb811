//! Half-filled forms: kept at every change, one write at a time.

use std::cell::RefCell;
use std::rc::Rc;

use dioxus::prelude::*;
use futures::channel::oneshot;
use replica::api::{self, ApiError, DraftBody, DraftSeen, KeptDraft};
use shared::ids::DraftId;

use super::Store;

/// What the replica has answered of what was typed, and nothing that it has not.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Written {
    /// It is a draft, under this id.
    pub(crate) id: Option<DraftId>,
    /// Why what was typed last is not written.
    pub(crate) failed: Option<ApiError>,
}

/// Keeps the latest state of a form: what was typed meanwhile goes in the next write. Knows under which id.
#[derive(Clone)]
pub(crate) struct DraftKeeper {
    store: Store,
    state: Rc<RefCell<KeeperState>>,
    written: Signal<Written>,
}

struct KeeperState {
    id: DraftId,
    seen: DraftSeen,
    writing: bool,
    held: bool,
    next: Option<DraftBody>,
    idle: Vec<oneshot::Sender<()>>,
    written: Written,
}

impl KeeperState {
    fn new(id: DraftId) -> Self {
        Self {
            id,
            seen: DraftSeen::default(),
            writing: false,
            held: false,
            next: None,
            idle: Vec::new(),
            written: Written::default(),
        }
    }

    /// What a write came back with.
    fn hear(&mut self, reply: Result<KeptDraft, ApiError>) {
        match reply {
            Ok(KeptDraft { id, revision }) => {
                self.id = id;
                self.seen.revision = revision;
                self.written = Written {
                    id: Some(id),
                    failed: None,
                };
            }
            Err(error) => self.written.failed = Some(error),
        }
    }
}

impl DraftKeeper {
    /// For one form, which hears in `written` how things stand.
    pub(crate) fn new(store: Store, id: DraftId, written: Signal<Written>) -> Self {
        Self {
            store,
            state: Rc::new(RefCell::new(KeeperState::new(id))),
            written,
        }
    }

    /// What the form shows came from here; `is_open` when it is a draft.
    pub(crate) fn has_seen(&self, seen: DraftSeen, is_open: bool) {
        let mut state = self.state.borrow_mut();
        state.seen = seen;
        state.written.id = is_open.then_some(state.id);
        self.tell(state.written.clone());
    }

    fn tell(&self, written: Written) {
        let mut told = self.written;
        // The form may have been left while its last letters were written.
        if let Ok(mut told) = told.try_write() {
            *told = written;
        }
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
            let save = {
                let mut state = self.state.borrow_mut();
                let body = if state.held { None } else { state.next.take() };
                body.map(|body| api::SaveDraft {
                    id: state.id,
                    body,
                    seen: state.seen.clone(),
                })
            };
            let Some(save) = save else { break };
            let reply = self.store.call(save).await;
            let written = {
                let mut state = self.state.borrow_mut();
                state.hear(reply);
                state.written.clone()
            };
            self.tell(written);
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
        let id = self.settled().await;
        let failed = self.state.borrow().written.failed.clone();
        failed.map_or(Ok(id), Err)
    }

    /// Waits until nothing is on its way, whatever came of it; under which id it is kept.
    pub(crate) async fn settled(&self) -> DraftId {
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
        self.id()
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

#[cfg(test)]
mod tests {
    use replica::api::ErrorCode;

    use super::*;

    fn draft(last: u8) -> DraftId {
        format!("01930000-0000-7000-8000-0000000000{last:02}")
            .parse()
            .unwrap()
    }

    #[test]
    fn what_no_write_has_answered_is_never_called_kept() {
        let full = || ApiError {
            code: ErrorCode::StorageFull,
            detail: String::new(),
            field: None,
        };
        let mut state = KeeperState::new(draft(1));
        assert_eq!(state.written, Written::default());
        state.hear(Err(full()));
        assert_eq!(
            (state.written.id, state.written.failed.clone()),
            (None, Some(full()))
        );
        let kept = |id| Ok(KeptDraft { id, revision: 1 });
        state.hear(kept(draft(1)));
        assert_eq!(
            (state.written.id, state.written.failed.clone()),
            (Some(draft(1)), None)
        );
        // It stays a draft, whose last letters are not written.
        state.hear(Err(full()));
        assert_eq!(
            (state.written.id, state.written.failed.clone()),
            (Some(draft(1)), Some(full()))
        );
        state.hear(kept(draft(2)));
        assert_eq!((state.id, state.written.id), (draft(2), Some(draft(2))));
    }
}
