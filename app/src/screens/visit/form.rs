//! The visit form: one screen, kept at every change, found again after a crash by its address.
//!
//! Test ids: `visit-form`, `outcome-*`, `met-*`, `purpose-*`, `phrase-*`, `visit-note`, `need-*`,
//! `visit-promise`, `promise-due-*`, `visit-promise-date`, `photo-camera`, `photo-files`, `photo`,
//! `photo-remove`, `visit-save`, `visit-discard`, `draft-kept`, `no-visit-before`, `other-draft`, `error`.

use std::rc::Rc;

use dioxus::prelude::*;
use replica::api::{Answer, ApiError, Call, DraftBody, HouseholdPage, PhotoSummary, VisitDraft};
use shared::domain::visit::{Outcome, Phrase, Purpose};
use shared::domain::{CalendarDate, Need};
use shared::ids::{DraftId, HouseholdId, ResidentId};

use super::draft::{Touched, fresh, merged, obvious_met, settled};
use super::promise::PromiseField;
use crate::components::{
    Button, ButtonKind, ChoiceChips, ErrorNote, FieldKind, Icon, IconName, LinkButton, MultiChips, PhotoInput, PhotoStrip,
    Screen, TextField, go_back, replace, toast,
};
use crate::i18n::{t, t_args, t_code};
use crate::routes::Route;
use crate::screens::household::{VisitSaved, toggle};
use crate::store::{DraftKeeper, use_query, use_store};
use crate::{format, platform};

/// Begins a visit: chooses the draft's id and shows its form.
#[component]
pub(crate) fn VisitNew(household: HouseholdId) -> Element {
    use_hook(|| replace(Route::VisitForm { draft: DraftId(platform::uuid_v7()), household }));
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
                        replace(Route::VisitForm { draft, household: form.household });
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
struct Form {
    draft: DraftId,
    visit: Signal<VisitDraft>,
    touched: Signal<Touched>,
    photos: Signal<Vec<PhotoSummary>>,
    /// Photos on their way into the draft.
    running: Signal<usize>,
    /// Keeps the form; called after every change.
    keep: Callback<()>,
}

impl Form {
    fn choose(mut self, change: impl FnOnce(&mut VisitDraft)) {
        self.touched.write().choices = true;
        change(&mut self.visit.write());
        self.keep.call(());
    }
}

/// The form.
#[component]
pub(crate) fn VisitForm(draft: DraftId, household: HouseholdId) -> Element {
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
    let form = Form { draft, visit, touched, photos, running, keep };
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
                Warnings { form, page: ByRc(page) }
            }
            div { class: "form",
                Choices { form, page: page.clone().map(ByRc) }
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
                Photos { form }
                More { form }
            }
            SaveBar { form, household, keeper: ByStore(keeper), kept: kept() }
        }
    }
}

/// Shared by reference; two are the same when they are the same object.
#[derive(Clone)]
struct ByRc(Rc<HouseholdPage>);

impl PartialEq for ByRc {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The keeper of one form never changes.
#[derive(Clone)]
struct ByStore(DraftKeeper);

impl PartialEq for ByStore {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Takes over what was kept under this draft; the form accepts text meanwhile.
fn use_kept_draft(form: Form, mut kept: Signal<bool>) {
    let store = use_store();
    let Form { draft, mut visit, touched, mut photos, keep, .. } = form;
    use_future(move || {
        let store = store.clone();
        async move {
            let reply = store.call(Call::Draft { id: draft }).await;
            let Ok(Answer::Draft(Some(found))) = reply else { return };
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
    let Form { mut visit, touched, .. } = form;
    let residents: Option<Vec<ResidentId>> = page.map(|page| page.residents.iter().map(|entry| entry.id).collect());
    use_effect(use_reactive((&residents,), move |(residents,)| {
        let Some(residents) = residents else { return };
        if visit.peek().met.is_empty() && !touched.peek().choices {
            visit.write().met = obvious_met(&residents);
        }
    }));
}

/// What one should know before knocking.
#[component]
fn Warnings(form: Form, page: ByRc) -> Element {
    let page = page.0;
    let now = platform::now_ms();
    let not_yet = page.household.no_visit_before.filter(|day| *day > CalendarDate::of_ms(now));
    let other = page.drafts.iter().find(|other| other.is_visit && other.id != form.draft);
    let touched = form.touched.read().any();
    rsx! {
        if let Some(day) = not_yet {
            div { class: "note warning", "data-testid": "no-visit-before",
                Icon { name: IconName::Warning }
                p { {t_args("no-visit-before-warning", &[("day", format::day(day, now).into())])} }
            }
        }
        if let Some(other) = other.filter(|_| !touched) {
            div { class: "note", "data-testid": "other-draft",
                p { {t_args("visit-other-draft", &[("moment", format::moment(other.changed_at, now).into())])} }
                LinkButton {
                    label: t("visit-go-on"), testid: "other-draft-open",
                    to: Route::VisitForm { draft: other.id, household: page.id },
                }
            }
        }
    }
}

/// Outcome, who was met, purpose, phrases.
#[component]
fn Choices(form: Form, page: Option<ByRc>) -> Element {
    let visit = form.visit.read();
    let outcomes = Outcome::ALL.iter().map(|o| (o.code().to_owned(), t_code("outcome", o.code()))).collect::<Vec<_>>();
    let purposes = Purpose::ALL.iter().map(|p| (p.code().to_owned(), t_code("purpose", p.code()))).collect::<Vec<_>>();
    let phrases = Phrase::ALL.iter().map(|p| (p.code().to_owned(), t_code("phrase", p.code()))).collect::<Vec<_>>();
    let people = page.map(|page| page.0.residents.clone()).unwrap_or_default();
    let people = people.into_iter().map(|entry| (entry.id.to_string(), entry.resident.name)).collect::<Vec<_>>();
    rsx! {
        ChoiceChips {
            name: "outcome", legend: t("field-visit-outcome"), choices: outcomes, large: true,
            selected: visit.outcome.map_or("", Outcome::code),
            onselect: move |code: String| form.choose(|visit| visit.outcome = Outcome::from_code(&code)),
        }
        if visit.outcome == Some(Outcome::Met) && !people.is_empty() {
            MultiChips {
                name: "met", legend: t("field-visit-met"), choices: people,
                selected: visit.met.iter().map(ToString::to_string).collect::<Vec<_>>(),
                ontoggle: move |id: String| {
                    if let Ok(id) = id.parse::<ResidentId>() {
                        form.choose(|visit| toggle(&mut visit.met, id));
                    }
                },
            }
        }
        ChoiceChips {
            name: "purpose", legend: t("field-visit-purpose"), choices: purposes,
            selected: visit.purpose.map_or("", Purpose::code),
            onselect: move |code: String| form.choose(|visit| visit.purpose = Purpose::from_code(&code)),
        }
        MultiChips {
            name: "phrase", legend: t("field-visit-phrases"), choices: phrases,
            selected: visit.phrases.iter().map(|phrase| phrase.code().to_owned()).collect::<Vec<_>>(),
            ontoggle: move |code: String| {
                if let Some(phrase) = Phrase::from_code(&code) {
                    form.choose(|visit| toggle(&mut visit.phrases, phrase));
                }
            },
        }
    }
}

#[component]
fn Photos(form: Form) -> Element {
    let store = use_store();
    let Form { draft, mut photos, running, keep, .. } = form;
    rsx! {
        section { class: "field", "aria-label": t("photos"),
            h2 { class: "label", {t("photos-optional")} }
            PhotoStrip {
                photos: photos(),
                onremove: move |hash| {
                    store.tell(Call::RemovePhoto { draft, hash });
                    photos.write().retain(|photo| photo.hash != hash);
                },
            }
            PhotoInput {
                draft, count: photos.read().len(), running, before: keep,
                onadd: move |photo: PhotoSummary| {
                    if photos.peek().iter().all(|known| known.hash != photo.hash) {
                        photos.write().push(photo);
                    }
                },
            }
        }
    }
}

/// Needs found and a promise.
#[component]
fn More(form: Form) -> Element {
    let Form { mut visit, mut touched, keep, .. } = form;
    let needs = Need::ALL.iter().map(|need| (need.code().to_owned(), t_code("need", need.code()))).collect::<Vec<_>>();
    rsx! {
        MultiChips {
            name: "need", legend: t("field-visit-needs"), choices: needs,
            selected: visit.read().needs.iter().map(|need| need.code().to_owned()).collect::<Vec<_>>(),
            ontoggle: move |code: String| {
                if let Some(need) = Need::from_code(&code) {
                    form.choose(|visit| toggle(&mut visit.needs, need));
                }
            },
        }
        PromiseField {
            text: visit.read().promise.clone(), due: visit.read().promise_due,
            ontext: move |text| {
                touched.write().promise = true;
                visit.write().promise = text;
                keep.call(());
            },
            ondue: move |due| {
                touched.write().promise = true;
                visit.write().promise_due = due;
                keep.call(());
            },
        }
    }
}

#[component]
fn SaveBar(form: Form, household: HouseholdId, keeper: ByStore, kept: bool) -> Element {
    let store = use_store();
    let mut busy = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let Form { draft, visit, running, .. } = form;
    let (discarding, stopping) = (store.clone(), keeper.0.clone());
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
        let (store, keeper) = (store.clone(), keeper.0.clone());
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
