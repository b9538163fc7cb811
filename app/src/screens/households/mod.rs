//! Households: instant search, then building by building. The same lists lead to a household's page or, on
//! the way to a visit, straight to its form.
//!
//! Test ids: `households`, `start`, `search`, `search-hit`, `building`, `household-new`.

use dioxus::prelude::*;
use replica::api::{self, BuildingSummary, SearchHit};
use shared::domain::door::HOUSES;
use shared::ids::{AreaCode, HouseholdId};

use crate::components::{
    ButtonKind, EmptyState, FieldKind, Icon, IconName, LinkButton, Screen, Section, TextField, with_answer,
};
use crate::i18n::{t, t_args};
use crate::place::use_kept;
use crate::routes::Route;
use crate::store::use_query;

mod doors;
mod next;
mod plan;

pub(crate) use doors::{Doors, StartDoors};
pub(crate) use next::{NextDoor, WalkFrom};

/// How many finds are shown.
const HITS_MAX: u32 = 30;

/// Where a door leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To the household's page.
    Look,
    /// To a new visit.
    Visit,
}

impl Purpose {
    fn household(self, household: HouseholdId) -> Route {
        match self {
            Self::Look => Route::HouseholdPage { id: household },
            Self::Visit => Route::VisitNew { household },
        }
    }

    fn building(self, area: AreaCode, building: String) -> Route {
        match self {
            Self::Look => Route::Doors { area, building },
            Self::Visit => Route::StartDoors { area, building },
        }
    }
}

/// All households.
#[component]
pub(crate) fn Households() -> Element {
    rsx! {
        Screen { title: t("tab-households"), testid: "households",
            Finder { purpose: Purpose::Look }
        }
    }
}

/// Whom to visit.
#[component]
pub(crate) fn Start() -> Element {
    rsx! {
        Screen { title: t("start-title"), back: Route::Today {}, testid: "start",
            Finder { purpose: Purpose::Visit }
        }
    }
}

#[component]
fn Finder(purpose: Purpose) -> Element {
    let mut text = use_kept("search", String::new);
    let searching = !text.read().trim().is_empty();
    rsx! {
        TextField {
            id: "search", label: t("search-label"), label_hidden: true, kind: FieldKind::Search,
            placeholder: t("search-placeholder"), value: text(), oninput: move |typed| text.set(typed),
        }
        if searching {
            Hits { text: text(), purpose }
        } else {
            Buildings { purpose }
        }
    }
}

#[component]
fn Hits(text: String, purpose: Purpose) -> Element {
    // The finds of the text before stay until the new ones are there, so that nothing flickers.
    let mut shown = use_signal(Vec::<SearchHit>::new);
    let mut asked = use_signal(|| false);
    let loaded = use_query(api::Search {
        text: text.clone(),
        limit: HITS_MAX + 1,
    });
    use_effect(use_reactive((&loaded,), move |(loaded,)| {
        if let Some(Ok(hits)) = loaded {
            shown.set(hits);
            asked.set(true);
        }
    }));
    let hits = shown.read();
    rsx! {
        p { class: "visually-hidden", role: "status", {t_args("search-found", &[("count", hits.len().into())])} }
        if hits.is_empty() && asked() {
            EmptyState { title: t("search-nothing"), text: t("search-nothing-hint"), testid: "search-nothing" }
            LinkButton { label: t("why-title"), testid: "search-why", to: Route::Why {}, kind: ButtonKind::Quiet }
        }
        ul { class: "rows",
            for hit in hits.iter().take(HITS_MAX as usize) {
                li { key: "{hit_key(hit)}", class: "row card",
                    Link { class: "row-link with-icon", to: purpose.household(hit.household), "data-testid": "search-hit",
                        Icon { name: if hit.resident.is_some() { IconName::Person } else { IconName::Door } }
                        div {
                            p { class: "row-title", "{hit.name}" }
                            p { class: "row-meta", "{hit.door} · {hit.area_name}" }
                        }
                    }
                }
            }
        }
        if hits.len() > HITS_MAX as usize {
            p { class: "hint", "data-testid": "search-more", {t_args("search-more", &[("count", HITS_MAX.into())])} }
        }
    }
}

/// What was found: a row is another one when it stands for somebody else.
fn hit_key(hit: &SearchHit) -> String {
    let resident = hit.resident.map(|resident| resident.to_string());
    format!("{}-{}", hit.household, resident.unwrap_or_default())
}

#[component]
fn Buildings(purpose: Purpose) -> Element {
    let buildings = use_query(api::Buildings { area: None });
    let areas = use_query(api::Areas);
    let names = areas.and_then(Result::ok).unwrap_or_default();
    rsx! {
        {with_answer(buildings, |buildings| {
            if buildings.is_empty() {
                return rsx! {
                    EmptyState { title: t("today-no-households"), text: t("today-no-households-hint"), testid: "households-empty" }
                };
            }
            let mut groups: Vec<(AreaCode, Vec<BuildingSummary>)> = Vec::new();
            for building in buildings {
                match groups.last_mut() {
                    Some((area, group)) if *area == building.area => group.push(building),
                    _ => groups.push((building.area.clone(), vec![building])),
                }
            }
            let name = |code: &AreaCode| {
                names.iter().find(|area| area.code == *code).map_or_else(|| code.to_string(), |area| area.name.clone())
            };
            rsx! {
                for (area , group) in groups {
                    Section { key: "{area}", title: name(&area),
                        ul { class: "tiles",
                            for building in group {
                                BuildingTile { key: "{building.building}", building, purpose }
                            }
                        }
                        if purpose == Purpose::Look {
                            LinkButton {
                                label: t("household-new"), testid: "household-new", icon: IconName::Plus,
                                to: Route::HouseholdNew { area: area.clone() },
                            }
                        }
                    }
                }
            }
        })}
    }
}

#[component]
fn BuildingTile(building: BuildingSummary, purpose: Purpose) -> Element {
    let inhabited = building.households.saturating_sub(building.vacant);
    rsx! {
        li {
            Link {
                class: "tile", "data-testid": "building",
                to: purpose.building(building.area.clone(), building.building.clone()),
                strong { {building_name(&building.building)} }
                span {
                    {t_args("building-figures", &[("households", inhabited.into()), ("residents", building.residents.into())])}
                }
            }
        }
    }
}

/// `3 号楼`, `东区 3 号楼`; names that are no number stay as they are.
pub(crate) fn building_name(building: &str) -> String {
    if building == HOUSES {
        return t("building-houses");
    }
    let (place, number) = building.rsplit_once('·').unwrap_or(("", building));
    if number.is_empty() || !number.chars().all(|c| c.is_ascii_alphanumeric()) {
        return building.to_owned();
    }
    let name = t_args("building-name", &[("building", number.into())]);
    if place.is_empty() {
        name
    } else {
        format!("{place} {name}")
    }
}
