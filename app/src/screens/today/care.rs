//! Who is to be looked in on today, building by building as one walks, each with the reason.
//!
//! Test ids: `today-care`, `care-total`, `care-building`, `care-row`, `care-reason`, `care-held`, `care-more`.

use dioxus::prelude::*;
use replica::api::{self, CareBuilding, CareDue, CareList};
use shared::domain::CalendarDate;

use crate::components::{Button, ButtonKind, ErrorNote, Icon, IconName, NeedChips, Section, due_reason};
use crate::i18n::{t, t_args};
use crate::routes::Route;
use crate::screens::households::building_name;
use crate::store::{Loaded, use_query};
use crate::{format, platform};

/// So many people are listed at first, and so many more each time that somebody asks.
const STEP: u32 = 20;

/// Who is to be looked in on, and how many of them are listed.
#[derive(Clone, PartialEq)]
pub(super) struct ToSee {
    loaded: Loaded<CareList>,
    shown: Signal<u32>,
}

impl ToSee {
    /// It is known that there is nobody to look in on.
    pub(super) fn has_nobody(&self) -> bool {
        let nobody = |list: &CareList| list.total == 0 && list.held_back == 0;
        matches!(&self.loaded, Some(Ok(list)) if nobody(list))
    }
}

/// Asks who is to be looked in on.
pub(super) fn use_care() -> ToSee {
    let shown = use_signal(|| STEP);
    // While more are asked for, those stay who were there.
    let mut last = use_signal(|| None);
    let loaded = use_query(api::CareToday { shown: shown() });
    if loaded.is_some() && *last.peek() != loaded {
        last.set(loaded.clone());
    }
    let loaded = loaded.or_else(|| last.peek().clone());
    ToSee { loaded, shown }
}

/// The list; nothing when there is nobody to look in on.
#[component]
pub(super) fn CareSection(care: ToSee) -> Element {
    let list = match &care.loaded {
        Some(Ok(list)) => list.clone(),
        Some(Err(error)) => return rsx! { ErrorNote { error: error.clone() } },
        None => return rsx! {},
    };
    if care.has_nobody() {
        return rsx! {};
    }
    let listed: usize = list.buildings.iter().map(|building| building.people.len()).sum();
    let left = list
        .total
        .saturating_sub(u32::try_from(listed).unwrap_or(u32::MAX));
    let several_areas = list
        .buildings
        .iter()
        .any(|building| Some(&building.area) != list.buildings.first().map(|first| &first.area));
    let mut shown = care.shown;
    rsx! {
        Section { title: t("today-care"), testid: "today-care",
            if list.total > 0 {
                p { class: "lead", "data-testid": "care-total",
                    {t_args("today-care-total", &[("count", list.total.into())])}
                    if list.overdue > 0 {
                        {t_args("today-care-overdue", &[("count", list.overdue.into())])}
                    }
                }
            }
            for building in list.buildings {
                Building { key: "{building.area}-{building.building}", building, with_area: several_areas }
            }
            if left > 0 {
                p { class: "hint", {t_args("today-care-left", &[("count", left.into())])} }
                Button {
                    label: t("more"), testid: "care-more", kind: ButtonKind::Secondary,
                    onclick: move |()| shown += STEP,
                }
            }
            if list.held_back > 0 {
                p { class: "hint", "data-testid": "care-held", {t_args("today-care-held", &[("count", list.held_back.into())])} }
            }
        }
    }
}

#[component]
fn Building(building: CareBuilding, with_area: bool) -> Element {
    let mut name = building_name(&building.building);
    if with_area {
        name = format!("{} · {name}", building.area_name);
    }
    rsx! {
        div { class: "care-building", "data-testid": "care-building",
            h3 { {t_args("today-care-building", &[("building", name.into()), ("count", building.count.into())])} }
            ul { class: "rows",
                for person in building.people {
                    CareRow { key: "{person.resident}", person }
                }
            }
        }
    }
}

#[component]
fn CareRow(person: CareDue) -> Element {
    let now = platform::now_ms();
    let days_over = CalendarDate::of_ms(now).days_since(person.due.on);
    rsx! {
        li { class: "row card", "data-testid": "care-row",
            Link { class: "row-link", to: Route::HouseholdPage { id: person.household },
                p { class: "row-title",
                    span { class: "row-name", "{person.name} · {person.door}" }
                    if days_over > 0 {
                        span { class: "tag overdue", {format::due(person.due.on, now)} }
                    }
                }
                p { class: "row-text", "data-testid": "care-reason", {due_reason(&person.due)} }
                if !person.hours.is_empty() {
                    p { class: "row-meta", {t_args("preferred-hours-are", &[("hours", person.hours.clone().into())])} }
                }
                if person.not_alone {
                    p { class: "row-meta",
                        Icon { name: IconName::Person }
                        {t("not-alone-short")}
                    }
                }
                NeedChips { needs: person.needs }
            }
        }
    }
}
