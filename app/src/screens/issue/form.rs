//! The issue form: kept at every change, like the visit form.
//!
//! Test ids: `issue-form`, `category-*`, `issue-title`, `issue-place`, `issue-area`, `issue-note`,
//! `issue-on-the-spot`, `photo-camera`, `photo-files`, `photo`, `photo-remove`, `issue-save`,
//! `issue-discard`, `draft-kept`, `error`.

use dioxus::prelude::*;
use replica::api::{Answer, ApiError, Call, DraftBody, IssueDraft, PhotoSummary};
use shared::domain::issue::Category;
use shared::ids::{AreaCode, DraftId, HouseholdId, IssueId, VisitId};

use crate::components::{
    Button, ButtonKind, ChoiceChips, DraftPhotos, ErrorNote, FieldKind, IconName, Screen, Select, TextField,
    go_back, grid_choices, replace, toast, use_grids,
};
use crate::i18n::{t, t_args, t_code};
use crate::platform;
use crate::routes::Route;
use crate::store::{DraftKeeper, use_query, use_store};

thread_local! {
    // What a new form begins with, handed over to the form behind the address of its draft.
    static BEGINNING: std::cell::RefCell<Option<(DraftId, IssueDraft)>> = const { std::cell::RefCell::new(None) };
}

fn fresh() -> IssueDraft {
    IssueDraft {
        area: None,
        category: None,
        title: String::new(),
        note: String::new(),
        household: None,
        place: String::new(),
        visit: None,
        handled_on_the_spot: false,
        started_at: platform::now_ms(),
    }
}

/// Begins an issue, at a household and out of a visit where there are such.
#[component]
pub(crate) fn IssueNew(household: String, visit: String) -> Element {
    use_hook(|| {
        let draft = DraftId(platform::uuid_v7());
        let body = IssueDraft {
            household: household.parse::<HouseholdId>().ok(),
            visit: visit.parse::<VisitId>().ok(),
            ..fresh()
        };
        BEGINNING.set(Some((draft, body)));
        replace(Route::IssueForm { draft });
    });
    rsx! {}
}

/// The form. Another draft is another form, even at the same place of the app.
#[component]
pub(crate) fn IssueForm(draft: DraftId) -> Element {
    rsx! {
        for draft in [draft] {
            FormOf { key: "{draft}", draft }
        }
    }
}

#[component]
fn FormOf(draft: DraftId) -> Element {
    let store = use_store();
    let keeper = use_hook(|| DraftKeeper::new(store.clone()));
    let begun = use_hook(|| {
        BEGINNING
            .take()
            .filter(|(id, _)| *id == draft)
            .map(|(_, body)| body)
    });
    let mut issue = use_signal(|| begun.clone().unwrap_or_else(fresh));
    let mut photos = use_signal(Vec::<PhotoSummary>::new);
    let mut kept = use_signal(|| false);
    let running = use_signal(|| 0_usize);
    // A new form is ready at once; one that is gone on with when its draft was read.
    let mut ready = use_signal(|| begun.is_some());
    let reading = store.clone();
    use_future(move || {
        let store = reading.clone();
        async move {
            if let Ok(Answer::Draft(Some(found))) = store.call(Call::Draft { id: draft }).await
                && let DraftBody::Issue(body) = found.body
            {
                issue.set(body);
                photos.set(found.photos);
                kept.set(true);
            }
            ready.set(true);
        }
    });
    let keeping = keeper.clone();
    let keep = use_callback(move |()| {
        keeping.keep(draft, DraftBody::Issue(issue.peek().clone()));
        kept.set(true);
    });

    let mut busy = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let (saving, finishing) = (store.clone(), keeper.clone());
    let save = use_callback(move |()| {
        if busy() || running() > 0 {
            return;
        }
        busy.set(true);
        failed.set(None);
        let (store, keeper) = (saving.clone(), finishing.clone());
        keep.call(());
        spawn(async move {
            let saved = match keeper.written().await {
                Ok(()) => store.call(Call::FinishDraft { id: draft }).await,
                Err(error) => Err(error),
            };
            match saved {
                Ok(_) => {
                    toast(t("saved-on-phone"));
                    replace(Route::IssuePage { id: IssueId(draft.0) });
                }
                Err(error) => failed.set(Some(error)),
            }
            busy.set(false);
        });
    });
    let discard = {
        let (store, keeper) = (store.clone(), keeper.clone());
        move |()| {
            keeper.stop();
            store.tell(Call::DiscardDraft { id: draft });
            go_back(Route::Issues {});
        }
    };

    rsx! {
        Screen { title: t("report-issue"), back: Route::Issues {}, testid: "issue-form",
            if ready() {
                div { class: "form",
                    Fields { issue, keep }
                    DraftPhotos { draft, photos, running, before: keep }
                }
            }
            div { class: "save-bar",
                if let Some(error) = failed() {
                    ErrorNote { error }
                }
                div { class: "save-row",
                    if kept() {
                        Button { label: t("visit-discard"), testid: "issue-discard", kind: ButtonKind::Quiet, onclick: discard }
                    }
                    Button {
                        label: t("issue-save"), testid: "issue-save", kind: ButtonKind::Primary, icon: IconName::Check,
                        busy: busy() || running() > 0, onclick: move |()| save.call(()),
                    }
                }
                p { class: "hint", "data-testid": "draft-kept",
                    if kept() { {t("draft-kept")} } else { {t("draft-will-be-kept")} }
                }
            }
        }
    }
}

#[component]
fn Fields(issue: Signal<IssueDraft>, keep: Callback<()>) -> Element {
    let mut change = move |change: &dyn Fn(&mut IssueDraft)| {
        change(&mut issue.write());
        keep.call(());
    };
    let form = issue.read();
    let categories = Category::ALL
        .iter()
        .map(|c| (c.code().to_owned(), t_code("category", c.code())))
        .collect::<Vec<_>>();
    rsx! {
        ChoiceChips {
            name: "category", legend: t("field-issue-category"), choices: categories,
            selected: form.category.map_or("", Category::code),
            onselect: move |code: String| change(&|form| form.category = Category::from_code(&code)),
        }
        TextField {
            id: "issue-title", label: t("field-issue-title"), placeholder: t("issue-title-placeholder"),
            value: form.title.clone(), oninput: move |text: String| change(&|form| form.title.clone_from(&text)),
        }
        if let Some(household) = form.household {
            AtHousehold { household }
        } else {
            AreaChoice { issue, keep }
        }
        TextField {
            id: "issue-place", label: t("field-issue-place"), placeholder: t("issue-place-placeholder"),
            value: form.place.clone(), oninput: move |text: String| change(&|form| form.place.clone_from(&text)),
        }
        TextField {
            id: "issue-note", label: t("field-issue-note"), kind: FieldKind::Area,
            value: form.note.clone(), oninput: move |text: String| change(&|form| form.note.clone_from(&text)),
        }
        label { class: "check switch",
            input {
                r#type: "checkbox", checked: form.handled_on_the_spot, "data-testid": "issue-on-the-spot",
                onchange: move |event| {
                    let checked = event.checked();
                    change(&|form| form.handled_on_the_spot = checked);
                },
            }
            span {
                strong { {t("issue-on-the-spot")} }
                small { {t("issue-on-the-spot-hint")} }
            }
        }
    }
}

/// Where the issue was found, when it was at a door.
#[component]
fn AtHousehold(household: HouseholdId) -> Element {
    let loaded = use_query(Call::Household { id: household });
    let Some(Ok(Answer::Household(page))) = loaded else {
        return rsx! {};
    };
    rsx! {
        p { class: "place-line", {t_args("issue-at", &[("door", page.household.door.clone().into()), ("area", page.area_name.clone().into())])} }
    }
}

/// The grid, asked only when there is more than one.
#[component]
fn AreaChoice(issue: Signal<IssueDraft>, keep: Callback<()>) -> Element {
    let grids = use_grids();
    let choices = grid_choices(&grids);
    let first = grids.first().map(|area| area.code.clone());
    use_effect(use_reactive((&first,), move |(first,)| {
        if issue.peek().area.is_none() && first.is_some() {
            issue.write().area = first;
        }
    }));
    let selected = issue
        .read()
        .area
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    rsx! {
        if choices.len() > 1 {
            Select {
                id: "issue-area", label: t("field-issue-area"), choices, selected,
                onselect: move |code: String| {
                    issue.write().area = AreaCode::new(&code).ok();
                    keep.call(());
                },
            }
        }
    }
}
