//! Queries of screens: asked again whenever records changed.

use dioxus::prelude::*;
use replica::api::{Answer, ApiError, Call, LogCursor};

use super::{Reply, use_live, use_store};

/// What a screen shows of a call: nothing yet, the answer, or why there is none.
pub(crate) type Loaded = Option<Reply>;

/// Asks and keeps asking: again when the call is another one, again when records changed.
///
/// The last answer stays on the screen until the next is there; the answer to another call is never shown.
pub(crate) fn use_query(call: Call) -> Loaded {
    let store = use_store();
    let live = use_live();
    let answer = use_resource(use_reactive((&call,), move |(call,)| {
        live.changes.read();
        let store = store.clone();
        async move {
            let reply = store.call(call.clone()).await;
            (call, reply)
        }
    }));
    let answer = answer.read();
    answer
        .as_ref()
        .filter(|(asked, _)| *asked == call)
        .map(|(_, reply)| reply.clone())
}

/// An entry of a list that is read page by page.
pub(crate) trait Page: Clone + 'static {
    /// Which entries.
    type Filter: Clone + PartialEq + 'static;

    /// Asks for the page behind a cursor.
    fn call(filter: Self::Filter, after: Option<LogCursor>) -> Call;

    /// The entries of an answer.
    fn of(answer: Answer) -> Vec<Self>;

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
    let mut count = use_signal(|| 1_usize);
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
                let page = match store.call(T::call(filter.clone(), after)).await {
                    Ok(answer) => T::of(answer),
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
