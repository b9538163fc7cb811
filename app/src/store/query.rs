//! Queries of screens: asked again whenever records changed.

use std::cell::RefCell;
use std::rc::Rc;

use dioxus::prelude::*;
use replica::api::{ApiError, Ask, LogCursor};
use replica::calls::Call;
use replica::wire;

use super::{reply_or_gone, use_live, use_store};
use crate::place::use_kept;

/// What a screen shows of a request: nothing yet, the reply, or why there is none.
pub(crate) type Loaded<R> = Option<Result<R, ApiError>>;

/// Asks and keeps asking: again when the request is another one, again when records changed.
///
/// The last reply stays on the screen until the next is there; the reply to another request is never shown.
pub(crate) fn use_query<A: Ask + Into<Call>>(ask: A) -> Loaded<A::Reply> {
    // The last answer, and what it says: drawn often, read once.
    let known = use_hook(|| Rc::new(RefCell::new(None::<(Rc<Vec<u8>>, Result<A::Reply, ApiError>)>)));
    let answer = use_answer(ask.into())?;
    let mut known = known.borrow_mut();
    let is_read = known.as_ref().is_some_and(|(last, _)| Rc::ptr_eq(last, &answer));
    if !is_read {
        let reply = reply_or_gone(wire::read(&answer));
        *known = Some((answer, reply));
    }
    known.as_ref().map(|(_, reply)| reply.clone())
}

/// The answer to a call as it came. One for all kinds of requests, which would each take their bytes in the app.
fn use_answer(call: Call) -> Option<Rc<Vec<u8>>> {
    let store = use_store();
    let live = use_live();
    let answer = use_resource(use_reactive((&call,), move |(call,)| {
        live.changes.read();
        let store = store.clone();
        async move {
            let answer = store.answer(call.clone()).await;
            (call, Rc::new(answer))
        }
    }));
    let answer = answer.read();
    answer
        .as_ref()
        .filter(|(asked, _)| *asked == call)
        .map(|(_, answer)| Rc::clone(answer))
}

/// An entry of a list that is read page by page.
pub(crate) trait Page: Clone + 'static {
    /// Which entries.
    type Filter: Clone + PartialEq + 'static;
    /// What asks for a page.
    type Ask: Ask<Reply = Vec<Self>> + Into<Call>;

    /// Asks for the page behind a cursor.
    fn ask(filter: Self::Filter, after: Option<LogCursor>) -> Self::Ask;

    /// Where this entry stands.
    fn cursor(&self) -> LogCursor;

    /// Entries of a full page.
    fn size() -> usize;
}

/// A list that grows by a page at a time and is read again, as far as it has grown, when records changed.
pub(crate) struct Pages<T: Page> {
    count: Signal<usize>,
    loaded: Option<Result<Vec<T>, ApiError>>,
}

impl<T: Page> Pages<T> {
    /// What is loaded.
    pub(crate) fn entries(&self) -> Option<Result<Vec<T>, ApiError>> {
        self.loaded.clone()
    }

    /// Whether there may be more.
    pub(crate) fn has_more(&self) -> bool {
        let full = *self.count.read() * T::size();
        matches!(&self.loaded, Some(Ok(entries)) if entries.len() >= full)
    }

    /// Reads one page more.
    pub(crate) fn more(&self) {
        let mut count = self.count;
        count += 1;
    }
}

/// Reads the first page, and more when asked. Another filter begins anew.
pub(crate) fn use_pages<T: Page>(filter: T::Filter) -> Pages<T> {
    let store = use_store();
    let live = use_live();
    let mut count = use_kept("pages", || 1_usize);
    let mut last_filter = use_signal(|| filter.clone());
    if *last_filter.peek() != filter {
        last_filter.set(filter.clone());
        count.set(1);
    }
    let loaded = use_resource(use_reactive((&filter,), move |(filter,)| {
        live.changes.read();
        let pages = count();
        let store = store.clone();
        async move {
            let mut entries: Vec<T> = Vec::new();
            for _ in 0..pages {
                let after = entries.last().map(T::cursor);
                let page = match store.call(T::ask(filter.clone(), after)).await {
                    Ok(page) => page,
                    Err(error) => return (filter, Err(error)),
                };
                let full = page.len() >= T::size();
                entries.extend(page);
                if !full {
                    break;
                }
            }
            (filter, Ok(entries))
        }
    }));
    let loaded = loaded.read();
    let loaded = loaded
        .as_ref()
        .filter(|(asked, _)| *asked == filter)
        .map(|(_, entries)| entries.clone());
    Pages { count, loaded }
}
