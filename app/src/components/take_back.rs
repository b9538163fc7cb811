//! Takes a record back that was a mistake: it lies in the bin, and comes back by one tap.

use dioxus::prelude::*;
use replica::api::{self, ApiError};
use shared::domain::RecordRef;

use super::{Button, ButtonKind, ErrorNote, go_back, offer_undo};
use crate::routes::Route;
use crate::store::use_store;

/// The end of a record's page. `done` says what happened; `back` is shown then.
#[component]
pub(crate) fn TakeBack(
    record: RecordRef,
    label: String,
    testid: String,
    hint: String,
    done: String,
    back: Route,
) -> Element {
    let store = use_store();
    let mut busy = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let remove = move |()| {
        let (store, done, back) = (store.clone(), done.clone(), back.clone());
        busy.set(true);
        failed.set(None);
        spawn(async move {
            match store.call(api::Remove { record }).await {
                Ok(_) => {
                    offer_undo(done, api::Keep { record }, None);
                    go_back(back);
                }
                Err(error) => failed.set(Some(error)),
            }
            busy.set(false);
        });
    };
    rsx! {
        div { class: "form-end",
            Button { label, testid, kind: ButtonKind::Quiet, busy: busy(), onclick: remove }
            p { class: "hint", "{hint}" }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
        }
    }
}
