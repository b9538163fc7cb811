//! The form of a household: of a new one, and of one that is corrected. Kept at every change.
//!
//! Test ids: `household-form`, `household-grid`, `tenure-*`, `warning-*`, `household-hours`, `household-no-visit`,
//! `household-not-alone`, `household-note`, `household-save`, `household-discard`, `draft-kept`, `error`.

use dioxus::prelude::*;
use replica::api::{self, HouseholdDraft};
use shared::domain::household::{
    DoorWarning, MOVED_TO, NO_VISIT_BEFORE, NOTE, PREFERRED_HOURS, TENURE, Tenure,
};
use shared::domain::{CalendarDate, Household, RecordRef};
use shared::ids::{AreaCode, DraftId, HouseholdId};

use super::resident::toggle;
use super::same_door::{DoorField, door_is_free};
use crate::components::{
    Checking, ChoiceChips, Discard, FieldKind, Form, FormNotes, MultiChips, SaveBar, Screen, Select,
    TextField, begin, choices, go_back, grid_choices, replace, toast, use_form, use_grids,
};
use crate::i18n::t;
use crate::platform;
use crate::routes::Route;
use crate::store::{use_query, use_store};

/// Adds a household behind a door: chooses its id and shows its form.
#[component]
pub(crate) fn HouseholdNew(area: AreaCode) -> Element {
    use_hook(|| {
        let draft = DraftId(platform::uuid_v7());
        let body = empty(Some(area));
        let id = HouseholdId(draft.0);
        begin(draft, body, Route::HouseholdEdit { id });
    });
    rsx! {}
}

fn empty(area: Option<AreaCode>) -> HouseholdDraft {
    HouseholdDraft {
        area,
        corrects: None,
        household: Household::default(),
    }
}

/// The form. Another draft is another form, even at the same place of the app.
#[component]
pub(crate) fn HouseholdEdit(id: HouseholdId) -> Element {
    rsx! {
        for id in [id] {
            FormOf { key: "{id}", id }
        }
    }
}

#[component]
fn FormOf(id: HouseholdId) -> Element {
    // Shown only when something is kept or saved under this address.
    let (form, household) = use_form(DraftId(id.0), || empty(None));
    use_effect(move || {
        if (form.missing)() {
            replace(Route::Households {});
        }
    });
    let corrects = household.read().corrects;
    // The door and the grid that are known already: of these nobody is asked.
    let saved = match use_query(api::Household {
        id: corrects.unwrap_or(id),
    }) {
        Some(Ok(page)) if corrects.is_some() => {
            let area = page.moving_to.map_or(page.area, |to| to.code);
            Some((page.household.door, area))
        }
        _ => None,
    };
    let another = use_signal(|| false);
    let store = use_store();
    let known = saved.clone();
    let check = use_callback(move |()| -> Checking {
        let (store, known, form) = (store.clone(), known.clone(), household.peek().clone());
        let another = *another.peek();
        Box::pin(async move {
            match another {
                true => Ok(()),
                false => door_is_free(&store, form, known).await,
            }
        })
    });
    let back = corrects.map_or(Route::Households {}, |id| Route::HouseholdPage { id });
    let title = if corrects.is_some() {
        t("household-edit")
    } else {
        t("household-new")
    };
    let (onsaved, discarded) = (back.clone(), back.clone());
    rsx! {
        Screen { title, back, testid: "household-form",
            FormNotes { form }
            if (form.ready)() && !(form.missing)() {
                div { class: "form",
                    Fields { form, draft: household, saved, another }
                    Discard {
                        form, testid: "household-discard", again: |draft: DraftId| Route::HouseholdEdit { id: HouseholdId(draft.0) },
                        ondone: move |()| go_back(discarded.clone()),
                    }
                }
                SaveBar {
                    form, label: t("save"), testid: "household-save", check,
                    onsaved: move |record: RecordRef| {
                        toast(t("saved-on-phone"));
                        if corrects.is_some() {
                            go_back(onsaved.clone());
                        } else {
                            replace(Route::HouseholdPage { id: HouseholdId(record.id) });
                        }
                    },
                }
            }
        }
    }
}

#[component]
fn Fields(
    form: Form,
    draft: Signal<HouseholdDraft>,
    saved: Option<(String, AreaCode)>,
    another: Signal<bool>,
) -> Element {
    let mut change = move |change: &dyn Fn(&mut Household)| {
        change(&mut draft.write().household);
        form.keep.call(());
    };
    let grids = use_grids();
    let grid = draft.read().area.clone();
    let household = draft.read().household.clone();
    let corrects = draft.read().corrects;
    let is_known = saved
        .as_ref()
        .is_some_and(|(door, area)| *door == household.door && grid.as_ref() == Some(area));
    let lies_in = saved.map(|(_, area)| area);
    rsx! {
            if let Some(area) = grid.clone() {
                DoorField {
                    form, area, besides: corrects, another, asked: !is_known,
                    door: household.door.clone(),
                    oninput: move |text: String| change(&|household| household.door.clone_from(&text)),
                }
            }
            ChoiceChips {
                name: "tenure", legend: t("field-household-tenure"), choices: choices(Tenure::LIST),
                error: form.error_at(TENURE),
                selected: household.tenure.map_or("", Tenure::code),
                onselect: move |code: String| change(&|household| household.tenure = Tenure::from_code(&code)),
            }
            MultiChips {
                name: "warning", legend: t("field-household-warnings"), choices: choices(DoorWarning::LIST),
                selected: household.warnings.iter().map(|warning| warning.code().to_owned()).collect::<Vec<_>>(),
                ontoggle: move |code: String| {
                    if let Some(warning) = DoorWarning::from_code(&code) {
                        change(&|household| toggle(&mut household.warnings, warning));
                    }
                },
            }
            TextField {
                id: "household-hours", label: t("field-household-preferred-hours"), hint: t("household-hours-hint"),
                error: form.error_at(PREFERRED_HOURS),
                value: household.preferred_hours.clone(), oninput: move |text: String| change(&|household| household.preferred_hours.clone_from(&text)),
            }
            TextField {
                id: "household-no-visit", label: t("field-household-no-visit-before"), kind: FieldKind::Date,
                hint: t("household-no-visit-hint"), error: form.error_at(NO_VISIT_BEFORE),
                value: household.no_visit_before.map(|day| day.to_string()).unwrap_or_default(),
                oninput: move |text: String| change(&|household| household.no_visit_before = CalendarDate::parse(&text)),
            }
            label { class: "check",
                input {
                    r#type: "checkbox", checked: household.not_alone, "data-testid": "household-not-alone",
                    onchange: move |event| {
                        let checked = event.checked();
                        change(&|household| household.not_alone = checked);
                    },
                }
                span { {t("field-household-not-alone")} }
            }
            TextField {
                id: "household-note", label: t("field-household-note"), kind: FieldKind::Area,
                error: form.error_at(NOTE),
                value: household.note.clone(), oninput: move |text: String| change(&|household| household.note.clone_from(&text)),
            }
            if corrects.is_some() && grids.len() > 1 {
                Select {
                    id: "household-grid", label: t("field-household-moved-to"), choices: grid_choices(&grids),
                    error: form.error_at(MOVED_TO),
                    selected: grid.as_ref().map(ToString::to_string).unwrap_or_default(),
                    onselect: move |code: String| {
                        draft.write().area = AreaCode::new(&code).ok();
                        form.keep.call(());
                    },
                }
                if grid != lies_in {
                    p { class: "hint", {t("household-grid-hint")} }
                }
            }
    }
}
