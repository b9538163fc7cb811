//! The end of the visit form: save it, or throw it away.

use dioxus::prelude::*;
use replica::api::{ApiError, Call, DraftBody};
use shared::ids::HouseholdId;

use super::draft::settled;
use super::form::Form;
use crate::components::{Button, ButtonKind, ErrorNote, IconName, go_back, replace, toast};
use crate::i18n::t;
use crate::routes::Route;
use crate::screens::household::VisitSaved;
use crate::store::{DraftKeeper, use_store};

/// The bar in reach of the thumb.
#[component]
pub(super) fn SaveBar(form: Form, household: HouseholdId, keeper: DraftKeeper, kept: bool) -> Element {
    let store = use_store();
    let mut busy = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let Form {
        draft,
        visit,
        running,
        ..
    } = form;
    let (discarding, stopping) = (store.clone(), keeper.clone());
    let discard = move |()| {
        stopping.stop();
        discarding.tell(Call::DiscardDraft { id: draft });
        go_back(Route::HouseholdPage { id: household });
    };
    let save = use_callback(move |()| {
        if busy() || running() > 0 {
            return;
        }
        busy.set(true);
        failed.set(None);
        let (store, keeper) = (store.clone(), keeper.clone());
        keeper.keep(draft, DraftBody::Visit(settled(&visit.peek())));
        spawn(async move {
            let saved = match keeper.written().await {
                Ok(()) => store.call(Call::FinishDraft { id: draft }).await,
                Err(error) => Err(error),
            };
            match saved {
                Ok(_) => {
                    VisitSaved::set(household, draft.to_string());
                    toast(t("saved-on-phone"));
                    let page = Route::HouseholdPage { id: household };
                    if crate::trail::with_trail(|trail| trail.previous() == Some(&page)) {
                        go_back(page);
                    } else {
                        replace(page);
                    }
                }
                Err(error) => failed.set(Some(error)),
            }
            busy.set(false);
        });
    });
    rsx! {
        div { class: "save-bar",
            if let Some(error) = failed() {
                ErrorNote { error }
            }
            div { class: "save-row",
                if kept {
                    Button { label: t("visit-discard"), testid: "visit-discard", kind: ButtonKind::Quiet, onclick: discard }
                }
                Button {
                    label: t("visit-save"), testid: "visit-save", kind: ButtonKind::Primary, icon: IconName::Check,
                    busy: busy() || running() > 0, onclick: move |()| save.call(()),
                }
            }
            p { class: "hint", "data-testid": "draft-kept",
                if kept { {t("draft-kept")} } else { {t("draft-will-be-kept")} }
            }
        }
    }
}
