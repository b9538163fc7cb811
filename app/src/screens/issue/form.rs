//! The issue form: kept at every change, like all forms. Of a saved issue it corrects the words.
//!
//! Test ids: `issue-form`, `category-*`, `issue-title`, `issue-place`, `issue-area`, `issue-note`,
//! `issue-on-the-spot`, `photo-camera`, `photo-files`, `photo`, `photo-remove`, `issue-save`,
//! `issue-discard`, `draft-kept`, `error`.

use dioxus::prelude::*;
use replica::api::{self, IssueDraft};
use shared::domain::RecordRef;
use shared::domain::issue::{CATEGORY, Category, NOTE, PLACE, TITLE};
use shared::ids::{AreaCode, DraftId, HouseholdId, IssueId, VisitId};

use crate::components::{
    ChoiceChips, Discard, DraftPhotos, FieldKind, Form, FormNotes, SaveBar, Screen, Select, TextField, begin,
    choices, go_back, grid_choices, replace, toast, use_form, use_grids,
};
use crate::i18n::{t, t_args};
use crate::platform;
use crate::routes::Route;
use crate::store::use_query;

/// A fresh form, at a household and out of a visit where there are such.
fn fresh(household: &str, visit: &str) -> IssueDraft {
    IssueDraft {
        area: None,
        category: None,
        title: String::new(),
        note: String::new(),
        household: household.parse::<HouseholdId>().ok(),
        place: String::new(),
        visit: visit.parse::<VisitId>().ok(),
        handled_on_the_spot: false,
        started_at: platform::now_ms(),
    }
}

/// Begins an issue: chooses the draft's id and shows its form.
#[component]
pub(crate) fn IssueNew(household: String, visit: String) -> Element {
    use_hook(|| {
        let draft = DraftId(platform::uuid_v7());
        let body = fresh(&household, &visit);
        let form = Route::IssueForm {
            draft,
            household,
            visit,
        };
        begin(draft, body, form);
    });
    rsx! {}
}

/// The form of a draft that is kept, or of a saved issue: what it says of the place is there.
pub(crate) fn kept_issue(draft: DraftId) -> Route {
    Route::IssueForm {
        draft,
        household: String::new(),
        visit: String::new(),
    }
}

/// The form. Another draft is another form, even at the same place of the app. The address says where the issue was
/// found, so that it is known also when nothing is kept yet.
#[component]
pub(crate) fn IssueForm(draft: DraftId, household: String, visit: String) -> Element {
    rsx! {
        for draft in [draft] {
            FormOf { key: "{draft}", draft, household: household.clone(), visit: visit.clone() }
        }
    }
}

#[component]
fn FormOf(draft: DraftId, household: String, visit: String) -> Element {
    let (form, issue) = use_form(draft, || fresh(&household, &visit));
    // Nothing is kept or saved under this address: an issue that is begun now has an id of its own.
    use_effect(move || {
        if (form.missing)() {
            replace(Route::IssueNew {
                household: household.clone(),
                visit: visit.clone(),
            });
        }
    });
    let title = if (form.corrects)() {
        t("issue-correct")
    } else {
        t("report-issue")
    };
    let onsaved = move |record: RecordRef| {
        toast(t("saved-on-phone"));
        let page = Route::IssuePage {
            id: IssueId(record.id),
        };
        if *form.corrects.peek() {
            go_back(page);
        } else {
            replace(page);
        }
    };
    rsx! {
        Screen { title, back: Route::Issues {}, testid: "issue-form",
            FormNotes { form }
            if (form.ready)() {
                div { class: "form",
                    Fields { form, issue }
                    DraftPhotos { form }
                    Discard {
                        form, testid: "issue-discard", again: kept_issue,
                        ondone: |()| go_back(Route::Issues {}),
                    }
                }
            }
            SaveBar { form, label: t("issue-save"), testid: "issue-save", onsaved }
        }
    }
}

#[component]
fn Fields(form: Form, issue: Signal<IssueDraft>) -> Element {
    let keep = form.keep;
    let is_saved = (form.corrects)();
    let error = |field| form.error_at(field);
    let (category_error, title_error) = (error(CATEGORY), error(TITLE));
    let (place_error, note_error) = (error(PLACE), error(NOTE));
    let mut change = move |change: &dyn Fn(&mut IssueDraft)| {
        change(&mut issue.write());
        keep.call(());
    };
    let form = issue.read();
    rsx! {
        ChoiceChips {
            name: "category", legend: t("field-issue-category"), choices: choices(Category::LIST),
            error: category_error,
            selected: form.category.map_or("", Category::code),
            onselect: move |code: String| change(&|form| form.category = Category::from_code(&code)),
        }
        TextField {
            id: "issue-title", label: t("field-issue-title"), placeholder: t("issue-title-placeholder"),
            value: form.title.clone(), error: title_error, oninput: move |text: String| change(&|form| form.title.clone_from(&text)),
        }
        if let Some(household) = form.household {
            AtHousehold { household }
        } else if !is_saved {
            AreaChoice { issue, keep }
        }
        TextField {
            id: "issue-place", label: t("field-issue-place"), placeholder: t("issue-place-placeholder"),
            value: form.place.clone(), error: place_error, oninput: move |text: String| change(&|form| form.place.clone_from(&text)),
        }
        TextField {
            id: "issue-note", label: t("field-issue-note"), kind: FieldKind::Area,
            value: form.note.clone(), error: note_error, oninput: move |text: String| change(&|form| form.note.clone_from(&text)),
        }
        if !is_saved {
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
}

/// Where the issue was found, when it was at a door.
#[component]
fn AtHousehold(household: HouseholdId) -> Element {
    let loaded = use_query(api::Household { id: household });
    let Some(Ok(page)) = loaded else {
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
    let has_none = matches!(use_query(api::Areas), Some(Ok(areas)) if areas.is_empty());
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
        if has_none {
            p { class: "note warning", "data-testid": "issue-no-grid", {t("issue-no-grid")} }
        }
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
