//! The door of a household, and who lives there already.
//!
//! Test ids: `household-door`, `same-door`, `same-door-open`, `same-door-another`.

use std::cell::RefCell;
use std::rc::Rc;

use dioxus::prelude::*;
use replica::api::{self, ApiError, AtDoorEntry, ErrorCode, HouseholdDraft};
use shared::domain::door::DoorNumber;
use shared::domain::household::DOOR;
use shared::ids::{AreaCode, HouseholdId};

use crate::components::{Form, Icon, IconName, LinkButton, TextField};
use crate::i18n::{t, t_args};
use crate::platform::{Node, node_of};
use crate::routes::Route;
use crate::store::{Store, use_query};

/// What is refused until the person says that it is another household.
const DOOR_TAKEN: &str = "household.door_taken";

/// Refuses a door that is not readable, and one at which a household of the grid lives already, unless it is the `known`
/// door in its grid.
pub(super) async fn door_is_free(
    store: &Store,
    form: HouseholdDraft,
    known: Option<(String, AreaCode)>,
) -> Result<(), ApiError> {
    let refused = |code: &str| ApiError {
        code: ErrorCode::Invalid,
        detail: code.to_owned(),
        field: Some(DOOR),
    };
    let door = DoorNumber::parse(&form.household.door).map_err(|error| refused(error.code()))?;
    let Some(area) = form.area else {
        return Ok(());
    };
    let at = (door.to_string(), area);
    if known.is_some_and(|known| known == at) {
        return Ok(());
    }
    match is_taken(store, at.1, at.0, form.corrects).await {
        true => Err(refused(DOOR_TAKEN)),
        false => Ok(()),
    }
}

/// Whether a household of the grid lives at this door already, but for `besides`.
async fn is_taken(store: &Store, area: AreaCode, door: String, besides: Option<HouseholdId>) -> bool {
    let found = store.call(api::AtDoor { area, door, besides }).await;
    matches!(found, Ok(entries) if entries.iter().any(|entry| entry.same_grid))
}

/// The door. `asked` while the door or the grid is another one than before; `another` is whether the person has said
/// that there is one more household behind a door that is known.
#[component]
pub(super) fn DoorField(
    form: Form,
    area: AreaCode,
    besides: Option<HouseholdId>,
    door: String,
    asked: bool,
    another: Signal<bool>,
    oninput: EventHandler<String>,
) -> Element {
    let canonical = DoorNumber::parse(&door).ok().filter(|_| asked);
    let canonical = canonical.map(|door| door.to_string()).unwrap_or_default();
    // What is left out, as the name of a street, is seen before it is saved.
    let read_as =
        Some(canonical.clone()).filter(|canonical| !canonical.is_empty() && *canonical != door.trim());
    let found = use_query(api::AtDoor {
        area,
        door: canonical,
        besides,
    });
    let entries = found.and_then(Result::ok).unwrap_or_default();
    let error = form.error_at(DOOR);
    // Answered by the choice below the field, where there is one.
    let is_choice = form.was_refused(DOOR_TAKEN) && entries.iter().any(|entry| entry.same_grid);
    rsx! {
        TextField {
            id: "household-door", label: t("field-household-door"), hint: t("household-door-hint"), value: door,
            error, error_focus: !is_choice,
            oninput: move |text| {
                // It was said of the door that stood there.
                another.set(false);
                oninput.call(text);
            },
        }
        if let Some(door) = read_as {
            p { class: "hint", role: "status", "data-testid": "household-door-read-as",
                {t_args("household-door-read-as", &[("door", door.into())])}
            }
        }
        div { role: "status", class: "same-door",
            for entry in entries.iter() {
                Known { key: "{entry.household}", entry: entry.clone() }
            }
        }
        if entries.iter().any(|entry| entry.same_grid) {
            Another { another, form, asked: is_choice }
        }
    }
}

/// Says that one more household lives there. `asked` brings it into view with the focus.
#[component]
fn Another(another: Signal<bool>, form: Form, asked: bool) -> Element {
    let node = use_hook(|| Rc::new(RefCell::new(None::<Node>)));
    let shown = Rc::clone(&node);
    use_effect(use_reactive((&asked,), move |(asked,)| {
        if let (true, Some(node)) = (asked, shown.borrow().as_ref()) {
            node.focus();
        }
    }));
    rsx! {
        label { class: "check",
            input {
                r#type: "checkbox", checked: another(), "data-testid": "same-door-another",
                "aria-describedby": if asked { "household-door-error" },
                onmounted: move |event| *node.borrow_mut() = node_of(&event),
                onchange: move |event| {
                    another.set(event.checked());
                    form.clear_refusal();
                },
            }
            span { {t("same-door-another")} }
        }
    }
}

/// A household that lives there.
#[component]
fn Known(entry: AtDoorEntry) -> Element {
    let names = if entry.names.is_empty() {
        t("household-nobody")
    } else {
        entry.names.join(&t("list-comma"))
    };
    let args = [
        ("door", entry.door.clone().into()),
        ("area", entry.area_name.clone().into()),
        ("names", names.into()),
    ];
    rsx! {
        div { class: "note", "data-testid": "same-door",
            Icon { name: IconName::Door }
            p { {if entry.same_grid { t_args("same-door-here", &args) } else { t_args("same-door-elsewhere", &args) }} }
            LinkButton {
                label: t("same-door-open"), testid: "same-door-open",
                to: Route::HouseholdPage { id: entry.household },
            }
        }
    }
}
