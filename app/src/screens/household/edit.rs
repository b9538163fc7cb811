//! The form of a household. Only fields that were changed are written.
//!
//! Test ids: `household-form`, `household-grid`, `tenure-*`, `warning-*`, `household-hours`, `household-no-visit`,
//! `household-not-alone`, `household-note`, `household-save`, `error`.

use dioxus::prelude::*;
use replica::api::{Answer, ApiError, Call, ErrorCode};
use shared::domain::door::DoorNumber;
use shared::domain::household::{DoorWarning, MOVED_TO, Tenure};
use shared::domain::{CalendarDate, FieldMap, Household, RecordKind, RecordRef, Value};
use shared::ids::{AreaCode, HouseholdId};

use super::resident::toggle;
use super::same_door::{DOOR_TAKEN, DoorField, is_taken};
use crate::components::{
    Button, ButtonKind, ChoiceChips, ErrorNote, FieldKind, MultiChips, Screen, Select, TextField, WithAnswer,
    go_back, grid_choices, replace, toast, use_grids,
};
use crate::i18n::{t, t_code};
use crate::routes::Route;
use crate::store::{use_query, use_store};

/// The fields that differ: what a form has to write.
pub(crate) fn changed_fields(before: &FieldMap, after: &FieldMap) -> FieldMap {
    after
        .iter()
        .filter(|(field, value)| before.get(field) != Some(value))
        .map(|(f, v)| (*f, v.clone()))
        .collect()
}

/// Changes a household.
#[component]
pub(crate) fn HouseholdEdit(id: HouseholdId) -> Element {
    // Asked once: what others change meanwhile must not overwrite what is being typed.
    let loaded = use_query(Call::Household { id });
    let mut first = use_signal(|| None);
    if first.peek().is_none() && loaded.is_some() {
        first.set(loaded);
    }
    rsx! {
        Screen { title: t("household-edit"), back: Route::HouseholdPage { id }, testid: "household-form",
            WithAnswer { loaded: first(), show: move |answer| match answer {
                Answer::Household(page) => rsx! {
                    HouseholdForm {
                        area: page.moving_to.as_ref().map_or(&page.area, |to| &to.code).clone(),
                        id: Some(id), before: page.household.clone(),
                    }
                },
                _ => rsx! {},
            } }
        }
    }
}

/// Adds a household behind a door.
#[component]
pub(crate) fn HouseholdNew(area: AreaCode) -> Element {
    rsx! {
        Screen { title: t("household-new"), back: Route::Households {}, testid: "household-form",
            HouseholdForm { area, id: None, before: Household::default() }
        }
    }
}

#[component]
fn HouseholdForm(area: AreaCode, id: Option<HouseholdId>, before: Household) -> Element {
    let store = use_store();
    let mut form = use_signal(|| before.clone());
    let lies_in = area.to_string();
    let mut grid = use_signal(|| lies_in.clone());
    let grids = use_grids();
    let mut busy = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let another = use_signal(|| false);
    let (in_area, known_door) = (area.clone(), before.door.clone());

    let save = use_callback(move |()| {
        let (store, before, area) = (store.clone(), before.clone(), area.clone());
        let moved = *grid.peek() != area.to_string();
        if busy() {
            return;
        }
        failed.set(None);
        let mut after = form.peek().clone();
        match DoorNumber::parse(&after.door) {
            Ok(door) => after.door = door.to_string(),
            Err(error) => {
                failed.set(Some(ApiError {
                    code: ErrorCode::Invalid,
                    detail: error.code().to_owned(),
                }));
                return;
            }
        }
        let (door, lies_in_area) = (after.door.clone(), area.clone());
        let door_is_new = id.is_none() || door != before.door;
        let call = match id {
            Some(id) => {
                let mut fields = changed_fields(&before.to_fields(), &after.to_fields());
                if moved {
                    fields.insert(MOVED_TO, Value::text(&grid.peek()));
                }
                if fields.is_empty() {
                    go_back(Route::HouseholdPage { id });
                    return;
                }
                Call::SaveFields {
                    record: RecordRef::new(RecordKind::HOUSEHOLD, id),
                    fields,
                }
            }
            None => Call::AddHousehold {
                area,
                household: after,
            },
        };
        let checked = (door_is_new || moved) && !*another.peek();
        let at = AreaCode::new(&grid.peek()).unwrap_or(lies_in_area);
        busy.set(true);
        spawn(async move {
            if checked && is_taken(&store, at, door, id).await {
                failed.set(Some(ApiError {
                    code: ErrorCode::Invalid,
                    detail: DOOR_TAKEN.to_owned(),
                }));
                busy.set(false);
                return;
            }
            match store.call(call).await {
                Ok(Answer::Saved(record)) => {
                    toast(t("saved-on-phone"));
                    let page = Route::HouseholdPage {
                        id: HouseholdId(record.id),
                    };
                    if id.is_some() {
                        go_back(page)
                    } else {
                        replace(page)
                    }
                }
                Ok(_) => {}
                Err(error) => failed.set(Some(error)),
            }
            busy.set(false);
        });
    });

    let tenures = Tenure::ALL
        .iter()
        .map(|tenure| (tenure.code().to_owned(), t_code("tenure", tenure.code())))
        .collect::<Vec<_>>();
    let warnings = DoorWarning::ALL
        .iter()
        .map(|warning| (warning.code().to_owned(), t_code("door-warning", warning.code())))
        .collect::<Vec<_>>();
    let household = form.read().clone();
    rsx! {
        div { class: "form",
            DoorField {
                area: AreaCode::new(&grid.read()).unwrap_or(in_area), besides: id, another,
                asked: id.is_none() || household.door != known_door || grid() != lies_in,
                door: household.door.clone(), oninput: move |text| form.write().door = text,
            }
            ChoiceChips {
                name: "tenure", legend: t("field-household-tenure"), choices: tenures,
                selected: household.tenure.map_or("", Tenure::code),
                onselect: move |code: String| form.write().tenure = Tenure::from_code(&code),
            }
            MultiChips {
                name: "warning", legend: t("field-household-warnings"), choices: warnings,
                selected: household.warnings.iter().map(|warning| warning.code().to_owned()).collect::<Vec<_>>(),
                ontoggle: move |code: String| {
                    if let Some(warning) = DoorWarning::from_code(&code) {
                        toggle(&mut form.write().warnings, warning);
                    }
                },
            }
            TextField {
                id: "household-hours", label: t("field-household-preferred-hours"), hint: t("household-hours-hint"),
                value: household.preferred_hours.clone(), oninput: move |text| form.write().preferred_hours = text,
            }
            TextField {
                id: "household-no-visit", label: t("field-household-no-visit-before"), kind: FieldKind::Date,
                hint: t("household-no-visit-hint"),
                value: household.no_visit_before.map(|day| day.to_string()).unwrap_or_default(),
                oninput: move |text: String| form.write().no_visit_before = CalendarDate::parse(&text),
            }
            label { class: "check",
                input {
                    r#type: "checkbox", checked: household.not_alone, "data-testid": "household-not-alone",
                    onchange: move |event| form.write().not_alone = event.checked(),
                }
                span { {t("field-household-not-alone")} }
            }
            TextField {
                id: "household-note", label: t("field-household-note"), kind: FieldKind::Area,
                value: household.note.clone(), oninput: move |text| form.write().note = text,
            }
            if id.is_some() && grids.len() > 1 {
                Select {
                    id: "household-grid", label: t("field-household-moved-to"), choices: grid_choices(&grids),
                    selected: grid(), onselect: move |code: String| grid.set(code),
                }
                if grid() != lies_in {
                    p { class: "hint", {t("household-grid-hint")} }
                }
            }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
        }
        div { class: "save-bar",
            Button {
                label: t("save"), testid: "household-save", kind: ButtonKind::Primary, busy: busy(),
                onclick: move |()| save.call(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::domain::household::NOTE;

    #[test]
    fn only_what_was_changed_is_written() {
        let before = Household {
            door: "3-2-501".to_owned(),
            ..Household::default()
        };
        let after = Household {
            note: "狗".to_owned(),
            ..before.clone()
        };
        let changed = changed_fields(&before.to_fields(), &after.to_fields());
        assert_eq!(changed, FieldMap::from_iter([(NOTE, Value::text("狗"))]));
        assert!(changed_fields(&before.to_fields(), &before.to_fields()).is_empty());
    }
}
