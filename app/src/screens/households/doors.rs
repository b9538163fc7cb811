//! The doors of one building, staircase by staircase and floor by floor.

use dioxus::prelude::*;
use replica::api::{self, HouseholdSummary};
use shared::domain::door::DoorNumber;
use shared::ids::AreaCode;

use super::{Purpose, building_name};
use crate::components::{Screen, Section, with_answer};
use crate::i18n::{t, t_args, t_code};
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

/// The doors of a staircase on one floor.
#[derive(Debug, Clone, PartialEq)]
struct Floor {
    floor: Option<u16>,
    doors: Vec<HouseholdSummary>,
}

/// A staircase.
#[derive(Debug, Clone, PartialEq)]
struct Unit {
    name: Option<String>,
    floors: Vec<Floor>,
}

/// Groups doors by staircase and floor, in the order in which one walks: bottom up.
fn group_doors(doors: &[HouseholdSummary]) -> Vec<Unit> {
    let mut read: Vec<(Option<DoorNumber>, &HouseholdSummary)> = doors
        .iter()
        .map(|door| (DoorNumber::parse(&door.door).ok(), door))
        .collect();
    read.sort_by(|(a, x), (b, y)| {
        a.is_none()
            .cmp(&b.is_none())
            .then_with(|| a.cmp(b))
            .then_with(|| x.door.cmp(&y.door))
    });
    let mut units: Vec<Unit> = Vec::new();
    for (number, household) in read {
        let name = number.as_ref().and_then(DoorNumber::unit).map(str::to_owned);
        let floor = number.as_ref().and_then(DoorNumber::floor);
        if units.last().is_none_or(|unit| unit.name != name) {
            units.push(Unit {
                name,
                floors: Vec::new(),
            });
        }
        let Some(unit) = units.last_mut() else { continue };
        match unit.floors.last_mut() {
            Some(last) if last.floor == floor => last.doors.push(household.clone()),
            _ => unit.floors.push(Floor {
                floor,
                doors: vec![household.clone()],
            }),
        }
    }
    units
}

#[component]
fn DoorsOf(area: AreaCode, building: String, purpose: Purpose) -> Element {
    let loaded = use_query(api::Doors {
        area,
        building: building.clone(),
    });
    let back = if purpose == Purpose::Look {
        Route::Households {}
    } else {
        Route::Start {}
    };
    rsx! {
        Screen { title: building_name(&building), back, testid: "doors",
            {with_answer(loaded, |doors| rsx! {
                div { class: "units",
                    for unit in group_doors(&doors) {
                        Section {
                            key: "{unit.name.clone().unwrap_or_default()}",
                            title: match &unit.name {
                                Some(name) => t_args("unit-name", &[("unit", name.clone().into())]),
                                None => t("unit-none"),
                            },
                            for floor in unit.floors {
                                div { class: "floor", key: "{floor.floor.unwrap_or_default()}",
                                    if let Some(number) = floor.floor {
                                        h3 { class: "floor-name", {t_args("floor-name", &[("floor", number.into())])} }
                                    }
                                    ul { class: "tiles doors",
                                        for door in floor.doors {
                                            DoorTile { key: "{door.id}", door, purpose }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            })}
        }
    }
}

#[component]
fn DoorTile(door: HouseholdSummary, purpose: Purpose) -> Element {
    let now = platform::now_ms();
    let number = DoorNumber::parse(&door.door)
        .ok()
        .map(|number| number.room().to_owned())
        .filter(|room| !room.is_empty());
    let class = if door.vacant {
        "tile door vacant"
    } else {
        "tile door"
    };
    rsx! {
        li {
            Link { class, to: purpose.household(door.id), "data-testid": "door", "data-door": door.door.clone(),
                strong { {number.unwrap_or_else(|| door.door.clone())} }
                if door.vacant {
                    span { {t("tenure-vacant")} }
                } else {
                    span { class: "names", {door.names.join(&t("list-comma"))} }
                }
                if let Some(day) = door.no_visit_before {
                    span { class: "tag overdue", {t_args("no-visit-before", &[("day", format::day(day, now).into())])} }
                } else if !door.vacant {
                    span { class: "quiet-text", {format::last_met(door.last_met_at, now)} }
                }
                if door.not_alone {
                    span { class: "tag overdue", "data-testid": "door-not-alone", {t("not-alone-short")} }
                }
                for warning in door.warnings.iter() {
                    span { key: "{warning.code()}", class: "tag overdue", "data-testid": "door-warning", {t_code("door-warning", warning.code())} }
                }
                if !door.needs.is_empty() {
                    span { class: "tag need", {t_args("needs-count", &[("count", door.needs.len().into())])} }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(number: &str) -> HouseholdSummary {
        HouseholdSummary {
            id: "01930000-0000-7000-8000-000000000001".parse().unwrap(),
            area: AreaCode::new("130803001001-02").unwrap(),
            door: number.to_owned(),
            names: Vec::new(),
            vacant: false,
            needs: Vec::new(),
            last_met_at: None,
            no_visit_before: None,
            not_alone: false,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn doors_are_walked_unit_by_unit_from_the_bottom() {
        let units = group_doors(&[
            door("3-2-1001"),
            door("3-1-202"),
            door("3-1-201"),
            door("3-2-101"),
            door("3-1-101"),
        ]);
        type Floors = Vec<(Option<u16>, Vec<String>)>;
        let walk: Vec<(Option<String>, Floors)> = units
            .into_iter()
            .map(|unit| {
                let floors = unit.floors.into_iter();
                (
                    unit.name,
                    floors
                        .map(|f| (f.floor, f.doors.into_iter().map(|d| d.door).collect()))
                        .collect(),
                )
            })
            .collect();
        let text = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            walk,
            vec![
                (
                    Some("1".to_owned()),
                    vec![
                        (Some(1), text(&["3-1-101"])),
                        (Some(2), text(&["3-1-201", "3-1-202"]))
                    ]
                ),
                (
                    Some("2".to_owned()),
                    vec![(Some(1), text(&["3-2-101"])), (Some(10), text(&["3-2-1001"]))]
                ),
            ]
        );
    }
}
