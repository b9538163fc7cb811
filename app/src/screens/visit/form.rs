//! The visit form: one screen, kept at every change, found again after a crash by its address. Of a saved visit it is
//! the correction.
//!
//! Test ids: `visit-form`, `outcome-*`, `met-*`, `purpose-*`, `phrase-*`, `visit-note`, `need-*`,
//! `visit-promise`, `promise-due-*`, `visit-promise-date`, `photo-camera`, `photo-files`, `photo`,
//! `photo-remove`, `visit-save`, `visit-discard`, `draft-kept`, `no-visit-before`, `other-draft`, `error`.

use std::rc::Rc;

use dioxus::prelude::*;
use replica::api::{self, DraftBody, HouseholdPage, VisitDraft};
use shared::domain::visit::NOTE;
use shared::ids::{DraftId, HouseholdId, ResidentId};

use super::draft::{fresh, imply_met, obvious_met};
use super::parts::{Choices, More, Warnings};
use crate::components::{
    Discard, DraftPhotos, FieldKind, Form, FormNotes, SaveBar, Screen, TextField, begin, go_back, replace,
    toast, use_form,
};
use crate::i18n::{t, t_args};
use crate::routes::Route;
use crate::screens::household::VisitSaved;
use crate::store::{use_query, use_store};
use crate::{place, platform};

/// Begins a visit: chooses the draft's id and shows its form.
#[component]
pub(crate) fn VisitNew(household: HouseholdId) -> Element {
    use_hook(|| {
        let draft = DraftId(platform::uuid_v7());
        let body = fresh(household, platform::now_ms());
        begin(draft, body, Route::VisitForm { draft, household });
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
            let kept = match store.call(api::Draft { id: draft }).await {
                Ok(kept) => kept.map(|kept| kept.body),
                Err(_) => None,
            };
            replace(match kept {
                Some(DraftBody::Visit(VisitDraft { household, .. })) => Route::VisitForm { draft, household },
                _ => Route::Today {},
            });
        }
    });
    rsx! {}
}

/// What the parts of the form share.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Parts {
    /// How it is kept.
    pub(super) form: Form,
    /// What was entered.
    pub(super) visit: Signal<VisitDraft>,
    /// Something was changed on this page.
    pub(super) touched: Signal<bool>,
}

impl Parts {
    /// Changes something.
    pub(super) fn change(mut self, change: impl FnOnce(&mut VisitDraft)) {
        self.touched.set(true);
        let mut visit = self.visit.write();
        change(&mut visit);
        imply_met(&mut visit);
        drop(visit);
        self.form.keep.call(());
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
    let (form, visit) = use_form(draft, || fresh(household, platform::now_ms()));
    // Nothing is kept or saved under this address: a visit that is begun now has an id of its own.
    use_effect(move || {
        if (form.missing)() {
            replace(Route::VisitNew { household });
        }
    });
    let parts = Parts {
        form,
        visit,
        touched: use_signal(|| false),
    };
    let page = use_query(api::Household { id: household });
    let page = match page {
        Some(Ok(page)) => Some(Rc::new(page)),
        _ => None,
    };
    use_obvious_met(parts, page.clone());
    let title = match &page {
        Some(page) => t_args("visit-title", &[("door", page.household.door.clone().into())]),
        None => t("record-visit"),
    };
    let back = Route::HouseholdPage { id: household };
    rsx! {
        Screen { title, back: back.clone(), testid: "visit-form",
            if let Some(page) = page.clone() {
                Warnings { parts, page }
            }
            FormNotes { form }
            if (form.ready)() {
                div { class: "form",
                    Choices { parts, page }
                    TextField {
                        id: "visit-note", label: t("field-visit-note"), kind: FieldKind::Area,
                        placeholder: t("visit-note-placeholder"), value: visit.read().note.clone(),
                        error: form.error_at(NOTE),
                        onready: move |()| platform::mark("koumen-form-ready"),
                        oninput: move |text| parts.change(|visit| visit.note = text),
                    }
                    DraftPhotos { form }
                    More { parts }
                    Discard {
                        form, testid: "visit-discard", again: move |draft| Route::VisitForm { draft, household },
                        ondone: move |()| go_back(back.clone()),
                    }
                }
            }
            SaveBar { form, label: t("visit-save"), testid: "visit-save", onsaved: move |_| after_saving(form, household) }
        }
    }
}

/// A new visit leads to the household's page, which offers what comes next; a correction back to the visit.
fn after_saving(form: Form, household: HouseholdId) {
    let page = Route::HouseholdPage { id: household };
    if *form.corrects.peek() {
        toast(t("correction-saved"));
        go_back(page);
        return;
    }
    VisitSaved::set(household, form.id().to_string());
    toast(t("saved-on-phone"));
    if place::previous().as_ref() == Some(&page) {
        go_back(page);
    } else {
        replace(page);
    }
}

/// Chooses the only resident of a fresh form as the one who was met.
fn use_obvious_met(parts: Parts, page: Option<Rc<HouseholdPage>>) {
    let Parts {
        form,
        mut visit,
        touched,
    } = parts;
    let residents: Option<Vec<ResidentId>> =
        page.map(|page| page.residents.iter().map(|entry| entry.id).collect());
    let ready = (form.ready)();
    use_effect(use_reactive((&residents, &ready), move |(residents, ready)| {
        let Some(residents) = residents else { return };
        let is_fresh =
            ready && form.written.peek().id.is_none() && !*form.corrects.peek() && !*touched.peek();
        if is_fresh && visit.peek().met.is_empty() {
            visit.write().met = obvious_met(&residents);
        }
    }));
}
