//! The visit form: one screen, kept at every change, found again after a crash by its address.
//!
//! Test ids: `visit-form`, `outcome-*`, `met-*`, `purpose-*`, `phrase-*`, `visit-note`, `need-*`,
//! `visit-promise`, `promise-due-*`, `visit-promise-date`, `photo-camera`, `photo-files`, `photo`,
//! `photo-remove`, `visit-save`, `visit-discard`, `draft-kept`, `no-visit-before`, `other-draft`, `error`.

use std::rc::Rc;

use dioxus::prelude::*;
use replica::api::{Answer, Call, DraftBody, HouseholdPage, PhotoSummary, VisitDraft};
use shared::ids::{DraftId, HouseholdId, ResidentId};

use super::draft::{Touched, fresh, merged, obvious_met};
use super::parts::{Choices, More, Warnings};
use super::save::SaveBar;
use crate::components::{DraftPhotos, FieldKind, Screen, TextField, replace};
use crate::i18n::{t, t_args};
use crate::platform;
use crate::routes::Route;
use crate::store::{DraftKeeper, use_query, use_store};

/// Begins a visit: chooses the draft's id and shows its form.
#[component]
pub(crate) fn VisitNew(household: HouseholdId) -> Element {
    use_hook(|| {
        replace(Route::VisitForm {
            draft: DraftId(platform::uuid_v7()),
            household,
        })
    });
    rsx! {}
}

/// Goes on with a visit that is known by its draft alone.
#[component]
pub(crate) fn VisitResume(draft: DraftId) -> Element {
    let store = use_store();
    use_future(move || {
        let store = store.clone();
        async move {
            match store.call(Call::Draft { id: draft }).await {
                Ok(Answer::Draft(Some(kept))) if matches!(kept.body, DraftBody::Visit(_)) => {
                    if let DraftBody::Visit(form) = kept.body {
                        replace(Route::VisitForm {
                            draft,
                            household: form.household,
                        });
                    }
                }
                _ => replace(Route::Today {}),
            }
        }
    });
    rsx! {}
}

/// What the parts of the form share.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Form {
    /// Under which id it is kept.
    pub(super) draft: DraftId,
    /// What was entered.
    pub(super) visit: Signal<VisitDraft>,
    /// What was touched on this page.
    pub(super) touched: Signal<Touched>,
    /// Photos in the draft.
    pub(super) photos: Signal<Vec<PhotoSummary>>,
    /// Photos on their way into the draft.
    pub(super) running: Signal<usize>,
    /// Keeps the form; called after every change.
    pub(super) keep: Callback<()>,
}

impl Form {
    /// Changes a choice.
    pub(super) fn choose(mut self, change: impl FnOnce(&mut VisitDraft)) {
        self.touched.write().choices = true;
        change(&mut self.visit.write());
        self.keep.call(());
    }
}

/// The form. Another draft is another form, even at the same place of the app.
#[component]
pub(crate) fn VisitForm(draft: DraftId, household: HouseholdId) -> Element {
    rsx! {
        for draft in [draft] {
            FormOf { key: "{draft}", draft, household }
        }
    }
}

#[component]
fn FormOf(draft: DraftId, household: HouseholdId) -> Element {
    let store = use_store();
    let keeper = use_hook(|| DraftKeeper::new(store.clone()));
    let visit = use_signal(|| fresh(household, platform::now_ms()));
    let touched = use_signal(Touched::default);
    let photos = use_signal(Vec::new);
    let mut kept = use_signal(|| false);
    let keeping = keeper.clone();
    let keep = use_callback(move |()| {
        keeping.keep(draft, DraftBody::Visit(visit.peek().clone()));
        kept.set(true);
    });
    let running = use_signal(|| 0);
    let form = Form {
        draft,
        visit,
        touched,
        photos,
        running,
        keep,
    };
    use_kept_draft(form, kept);

    let page = use_query(Call::Household { id: household });
    let page = match page {
        Some(Ok(Answer::Household(page))) => Some(Rc::new(*page)),
        _ => None,
    };
    use_obvious_met(form, page.clone());
    let title = match &page {
        Some(page) => t_args("visit-title", &[("door", page.household.door.clone().into())]),
        None => t("record-visit"),
    };
    rsx! {
        Screen { title, back: Route::HouseholdPage { id: household }, testid: "visit-form",
            if let Some(page) = page.clone() {
                Warnings { form, page }
            }
            div { class: "form",
                Choices { form, page }
                TextField {
                    id: "visit-note", label: t("field-visit-note"), kind: FieldKind::Area,
                    placeholder: t("visit-note-placeholder"), value: visit.read().note.clone(),
                    onready: move |()| platform::mark("koumen-form-ready"),
                    oninput: move |text| {
                        let mut form = form;
                        form.touched.write().note = true;
                        form.visit.write().note = text;
                        keep.call(());
                    },
                }
                DraftPhotos { draft, photos, running, before: keep }
                More { form }
            }
            SaveBar { form, household, keeper, kept: kept() }
        }
    }
}

/// Takes over what was kept under this draft; the form accepts text meanwhile.
fn use_kept_draft(form: Form, mut kept: Signal<bool>) {
    let store = use_store();
    let Form {
        draft,
        mut visit,
        touched,
        mut photos,
        keep,
        ..
    } = form;
    use_future(move || {
        let store = store.clone();
        async move {
            let reply = store.call(Call::Draft { id: draft }).await;
            let Ok(Answer::Draft(Some(found))) = reply else {
                return;
            };
            if let DraftBody::Visit(body) = found.body {
                let typed = visit.peek().clone();
                let touched = *touched.peek();
                visit.set(merged(body, &typed, touched));
                photos.set(found.photos);
                kept.set(true);
                if touched.any() {
                    keep.call(());
                }
            }
        }
    });
}

/// Chooses the only resident of a fresh form as the one who was met.
fn use_obvious_met(form: Form, page: Option<Rc<HouseholdPage>>) {
    let Form {
        mut visit, touched, ..
    } = form;
    let residents: Option<Vec<ResidentId>> =
        page.map(|page| page.residents.iter().map(|entry| entry.id).collect());
    use_effect(use_reactive((&residents,), move |(residents,)| {
        let Some(residents) = residents else { return };
        if visit.peek().met.is_empty() && !touched.peek().choices {
            visit.write().met = obvious_met(&residents);
        }
    }));
}
