//! One building, drawn as one stands in front of it. On a narrow screen one unit is shown and the others are a tap away.
//!
//! Test ids: `doors`, `unit-tab`, `storey`, `door`, `door-warning`, `door-not-alone`, `doors-others`.

use std::rc::Rc;

use dioxus::prelude::*;
use replica::api::{self, DoorCell};
use shared::domain::door::{DoorNumber, DoorState};
use shared::ids::AreaCode;

use super::next::{NextDoor, WalkFrom};
use super::plan::{Floor, Place, Plan, Unit, plan};
use super::{Purpose, building_name};
use crate::components::{Screen, Section, with_answer};
use crate::i18n::{t, t_args, t_code};
use crate::place::use_kept;
use crate::routes::Route;
use crate::store::use_query;
use crate::{format, platform};

/// The doors of one building.
#[component]
pub(crate) fn Doors(area: AreaCode, building: String) -> Element {
    rsx! { DoorsOf { area, building, purpose: Purpose::Look } }
}

/// The doors of one building, on the way to a visit.
#[component]
pub(crate) fn StartDoors(area: AreaCode, building: String) -> Element {
    rsx! { DoorsOf { area, building, purpose: Purpose::Visit } }
}

#[component]
fn DoorsOf(area: AreaCode, building: String, purpose: Purpose) -> Element {
    let loaded = use_query(api::Building {
        area: area.clone(),
        building: building.clone(),
    });
    let back = if purpose == Purpose::Look {
        Route::Households {}
    } else {
        Route::Start {}
    };
    let title = building_name(&building);
    rsx! {
        Screen { title: title.clone(), back, testid: "doors",
            if purpose == Purpose::Visit {
                div { class: "walk-on",
                    NextDoor { area, building, from: WalkFrom::Building, purpose }
                }
            }
            {with_answer(loaded, |cells| rsx! { Front { cells, title, purpose } })}
        }
    }
}

/// What the parts of the drawing share.
#[derive(Clone, PartialEq)]
struct Drawing {
    cells: Rc<Vec<DoorCell>>,
    purpose: Purpose,
    /// The unit that a narrow screen shows.
    open: usize,
}

impl Drawing {
    /// The class of something that belongs to this unit.
    fn class(&self, unit: usize, class: &str) -> String {
        let elsewhere = if unit == self.open { "" } else { " elsewhere" };
        format!("{class}{elsewhere}")
    }

    fn doors(&self, place: &[usize]) -> Vec<DoorCell> {
        place
            .iter()
            .filter_map(|index| self.cells.get(*index).cloned())
            .collect()
    }
}

#[component]
fn Front(cells: Vec<DoorCell>, title: String, purpose: Purpose) -> Element {
    let mut chosen = use_kept("unit", || 0_usize);
    let numbers: Vec<&str> = cells.iter().map(|cell| cell.door.as_str()).collect();
    let Plan {
        units,
        floors,
        others,
    } = plan(&numbers);
    let drawing = Drawing {
        cells: Rc::new(cells),
        purpose,
        open: chosen().min(units.len().saturating_sub(1)),
    };
    let has_units = units.len() > 1;
    rsx! {
        if has_units {
            div { class: "unit-tabs", role: "group", "aria-label": t("unit-choose"),
                for (index , unit) in units.iter().enumerate() {
                    button {
                        key: "{unit.key()}", class: "segment", r#type: "button", "data-testid": "unit-tab",
                        "aria-pressed": if index == drawing.open { "true" } else { "false" },
                        onclick: move |_| chosen.set(index),
                        {unit_name(unit)}
                    }
                }
            }
        }
        if !floors.is_empty() {
            div { class: "front",
                table {
                    caption { class: "visually-hidden", "{title}" }
                    if has_units {
                        thead {
                            tr {
                                td {}
                                for (index , unit) in units.iter().enumerate().filter(|(_, unit)| unit.width > 0) {
                                    th { key: "{unit.key()}", class: drawing.class(index, "unit"), colspan: unit.width as i64, scope: "colgroup", {unit_name(unit)} }
                                }
                            }
                        }
                    }
                    tbody {
                        for floor in floors {
                            Storey { key: "{floor.key()}", floor, units: units.clone(), drawing: drawing.clone() }
                        }
                    }
                }
            }
        }
        for (index , unit) in units.into_iter().enumerate().filter(|(_, unit)| !unit.ground.is_empty()) {
            div { key: "{unit.key()}", class: drawing.class(index, "ground"),
                if has_units {
                    p { class: "hint", {unit_name(&unit)} }
                }
                DoorList { doors: drawing.doors(&unit.ground), purpose }
            }
        }
        if !others.is_empty() {
            Section { title: t("doors-others"), testid: "doors-others",
                DoorList { doors: drawing.doors(&others), purpose, whole_number: true }
            }
        }
    }
}

fn unit_name(unit: &Unit) -> String {
    match &unit.name {
        Some(name) => t_args("unit-name", &[("unit", name.clone().into())]),
        None => t("unit-none"),
    }
}

/// A floor through all units.
#[component]
fn Storey(floor: Floor, units: Vec<Unit>, drawing: Drawing) -> Element {
    let (number, places) = match floor {
        Floor::Doors { number, places } => (number, places),
        Floor::Break { .. } => {
            let width: usize = units.iter().map(|unit| unit.width).sum();
            return rsx! {
                tr { class: "break", "aria-hidden": "true",
                    td { colspan: width as i64 + 1, "⋮" }
                }
            };
        }
    };
    let is_here = places.get(drawing.open).is_some_and(|places| !places.is_empty());
    rsx! {
        tr { class: if is_here { "storey" } else { "storey elsewhere" }, "data-testid": "storey",
            th { class: "floor-name", scope: "row", {t_args("floor-name", &[("floor", number.into())])} }
            for (index , unit) in units.into_iter().enumerate() {
                for (column , place) in padded(&places, index, unit.width).into_iter().enumerate() {
                    td {
                        key: "{index}-{column}",
                        class: drawing.class(index, if column == 0 { "first" } else { "" }),
                        match place {
                            None => rsx! {},
                            Some(place) if place.is_empty() => rsx! { span { class: "no-door", "data-testid": "no-door" } },
                            Some(place) => rsx! {
                                for cell in drawing.doors(&place) {
                                    DoorTile { key: "{cell.household}", cell, purpose: drawing.purpose }
                                }
                            },
                        }
                    }
                }
            }
        }
    }
}

/// The places of a unit on a floor; `None` for each where the unit does not reach.
fn padded(places: &[Vec<Place>], unit: usize, width: usize) -> Vec<Option<Place>> {
    match places.get(unit) {
        Some(places) if !places.is_empty() => places.iter().cloned().map(Some).collect(),
        _ => vec![None; width],
    }
}

/// Doors without a floor.
#[component]
fn DoorList(doors: Vec<DoorCell>, purpose: Purpose, #[props(default)] whole_number: bool) -> Element {
    rsx! {
        ul { class: "door-list",
            for cell in doors {
                li { key: "{cell.household}",
                    DoorTile { cell, purpose, whole_number }
                }
            }
        }
    }
}

/// A shape for each state, so that it is seen without its colour. The word beside it says the same.
fn shape(state: DoorState) -> &'static str {
    match state.code() {
        "no_visit" => "×",
        "due" => "▲",
        "promised" => "◆",
        "vacant" => "－",
        "met" => "●",
        "not_at_home" => "○",
        "postponed" => "◎",
        "declined" => "◇",
        "moved" => "→",
        _ => "□",
    }
}

#[component]
fn DoorTile(cell: DoorCell, purpose: Purpose, #[props(default)] whole_number: bool) -> Element {
    let now = platform::now_ms();
    let number = DoorNumber::parse(&cell.door).ok().filter(|_| !whole_number);
    // A house has no room: its own number tells it apart from its neighbours.
    let number = number.map(|number| match number.room() {
        "" => format!("{}号", number.building()),
        room => room.to_owned(),
    });
    let state = cell.state.code();
    rsx! {
        Link {
            class: "door state-{state}", to: purpose.household(cell.household), "data-testid": "door",
            "data-door": cell.door.clone(), "data-state": state,
            strong { {number.unwrap_or_else(|| cell.door.clone())} }
            span { class: "door-state",
                span { "aria-hidden": "true", {shape(cell.state)} }
                " "
                span { "data-testid": "door-state", {t_code("door-state", state)} }
            }
            if let Some(day) = cell.day {
                span { class: "door-day", {format::day(day, now)} }
            }
            if let Some(name) = cell.names.first() {
                span { class: "door-name", "{name}" }
            }
            if cell.not_alone {
                span { class: "tag overdue", "data-testid": "door-not-alone", {t("not-alone-short")} }
            }
            for warning in cell.warnings.iter() {
                span { key: "{warning.code()}", class: "tag overdue", "data-testid": "door-warning", {t_code("door-warning", warning.code())} }
            }
        }
    }
}
