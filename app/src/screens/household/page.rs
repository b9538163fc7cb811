//! A household's page.
//!
//! Test ids: `household`, `record-visit`, `report-issue`, `household-edit`, `resident-add`, `resident`,
//! `resident-edit`, `resident-met`, `phone`, `wish-besides`, `history`, `saved-next`, `saved-building`,
//! `household-take-back`.

use dioxus::prelude::*;
use replica::api::{self, HouseholdPage as Page, ResidentEntry};
use shared::domain::door::DoorNumber;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::{AreaCode, HouseholdId};

use super::open::Open;
use crate::components::{
    ButtonKind, CareNext, ConflictMarks, DoorWarnings, DraftRow, EarlierList, EmptyState, Icon, IconName,
    IssueRow, LinkButton, NeedChips, RemovalMarks, SameTwice, Screen, Section, TakeBack, TooSoonNotes,
    VisitRow, with_answer,
};
use crate::i18n::{t, t_args, t_code};
use crate::routes::Route;
use crate::screens::households::{NextDoor, Purpose, WalkFrom};
use crate::screens::visit::draft_route;
use crate::store::use_query;
use crate::{format, place, platform};

/// The household whose visit was saved just now: its page offers what comes next.
pub(crate) struct VisitSaved;

static SAVED: GlobalSignal<Option<(HouseholdId, String)>> = GlobalSignal::with_name(|| None, "visit-saved");

impl VisitSaved {
    /// A visit to this household was saved; `visit` is its id.
    pub(crate) fn set(household: HouseholdId, visit: String) {
        *SAVED.write() = Some((household, visit));
    }

    fn of(household: HouseholdId) -> Option<String> {
        SAVED
            .read()
            .as_ref()
            .filter(|(saved, _)| *saved == household)
            .map(|(_, visit)| visit.clone())
    }

    fn forget() {
        if SAVED.peek().is_some() {
            *SAVED.write() = None;
        }
    }
}

/// Everything about one household.
#[component]
pub(crate) fn HouseholdPage(id: HouseholdId) -> Element {
    let loaded = use_query(api::Household { id });
    use_drop(VisitSaved::forget);
    let (title, stands_in) = match &loaded {
        Some(Ok(page)) => (page.household.door.clone(), stands_in(page)),
        _ => (t("household-title"), None),
    };
    let visit = VisitSaved::of(id);
    let next_door = stands_in.clone().filter(|_| visit.is_none());
    rsx! {
        Screen { title, back: Route::Households {}, testid: "household",
            if let Some(visit) = visit {
                SavedNext { household: id, visit, stands_in }
            }
            {with_answer(loaded, |page| rsx! { PageView { page, next_door } })}
        }
    }
}

/// The building where the next door is looked for.
fn stands_in(page: &Page) -> Option<(AreaCode, String)> {
    let number = DoorNumber::parse(&page.household.door).ok()?;
    Some((page.area.clone(), number.listed_in()))
}

#[component]
fn SavedNext(household: HouseholdId, visit: String, stands_in: Option<(AreaCode, String)>) -> Element {
    // It is said at the top, also where the page had been scrolled before the form was opened.
    use_effect(place::stay_at_top);
    let whole = stands_in
        .clone()
        .map(|(area, building)| Route::StartDoors { area, building });
    rsx! {
        section { class: "note good", "data-testid": "saved-next", "aria-label": t("saved-on-phone"),
            div {
                p { class: "row-title",
                    Icon { name: IconName::Check }
                    {t("saved-on-phone")}
                }
                p { {t("saved-next")} }
                if let Some((area, building)) = stands_in {
                    div { class: "walk-on",
                        NextDoor { area, building, from: WalkFrom::Visited(household), purpose: Purpose::Visit }
                    }
                }
                div { class: "button-row",
                    if let Some(to) = whole {
                        LinkButton { label: t("saved-building"), testid: "saved-building", to }
                    }
                    LinkButton {
                        label: t("report-issue"), testid: "saved-report-issue",
                        to: Route::IssueNew { household: household.to_string(), visit },
                    }
                    LinkButton { label: t("tab-today"), testid: "saved-today", to: Route::Today {}, kind: ButtonKind::Quiet }
                }
            }
        }
    }
}

#[component]
fn PageView(page: Page, next_door: Option<(AreaCode, String)>) -> Element {
    let id = page.id;
    rsx! {
        p { class: "place-line",
            "{page.area_name}"
            if let Some(tenure) = page.household.tenure {
                " · " {t_code("tenure", tenure.code())}
            }
            if page.waiting {
                span { class: "tag waiting", {t("mark-waiting")} }
            }
        }
        if let Some(to) = &page.moving_to {
            p { class: "hint", "data-testid": "household-moving", {t_args("household-moving", &[("area", to.name.clone().into())])} }
        }
        Wishes { page: page.clone() }
        // Who was there just now knows it.
        if VisitSaved::of(id).is_none() {
            TooSoonNotes { residents: page.residents.clone() }
        }
        div { class: "button-row main-actions",
            LinkButton {
                label: t("record-visit"), testid: "record-visit", kind: ButtonKind::Primary, icon: IconName::Door,
                to: Route::VisitNew { household: id },
            }
            LinkButton {
                label: t("report-issue"), testid: "report-issue", icon: IconName::Issue,
                to: Route::IssueNew { household: id.to_string(), visit: String::new() },
            }
        }
        if let Some((area, building)) = next_door {
            div { class: "walk-on",
                NextDoor { area, building, from: WalkFrom::Household(id), purpose: Purpose::Look }
            }
        }
        Open { page: page.clone() }
        ConflictMarks { conflicts: page.conflicts.clone() }
        RemovalMarks { removals: page.removals.clone() }
        if !page.drafts.is_empty() {
            Section { title: t("today-drafts"),
                ul { class: "rows",
                    for draft in page.drafts {
                        DraftRow { key: "{draft.id}", to: draft_route(&draft), draft }
                    }
                }
            }
        }
        div { class: "columns",
            Section { title: t("household-people"),
                if page.residents.is_empty() {
                    p { class: "hint", {t("household-nobody")} }
                }
                ul { class: "rows",
                    for entry in page.residents {
                        ResidentCard { key: "{entry.id}", household: id, entry }
                    }
                }
                div { class: "button-row",
                    LinkButton {
                        label: t("resident-add"), testid: "resident-add", icon: IconName::Plus,
                        to: Route::ResidentNew { household: id },
                    }
                    LinkButton {
                        label: t("household-edit"), testid: "household-edit", icon: IconName::Edit, kind: ButtonKind::Quiet,
                        to: Route::HouseholdEdit { id },
                    }
                }
                SameTwice { record: RecordRef::new(RecordKind::HOUSEHOLD, id), duplicates: page.duplicates }
            }
            Section { title: t("household-history"), testid: "history",
                if page.visits.is_empty() && page.issues.is_empty() {
                    EmptyState { title: t("household-no-history"), text: t("household-no-history-hint") }
                }
                ul { class: "rows",
                    for issue in page.issues {
                        IssueRow { key: "{issue.id}", issue }
                    }
                    for visit in page.visits {
                        VisitRow { key: "{visit.id}", visit }
                    }
                }
                EarlierList { earlier: page.earlier }
            }
        }
        TakeBack {
            record: RecordRef::new(RecordKind::HOUSEHOLD, id), label: t("household-take-back"),
            testid: "household-take-back", hint: t("household-take-back-hint"), done: t("household-taken-back"),
            back: Route::Households {},
        }
    }
}

/// How the people wish to be visited. First what forbids, then what helps.
#[component]
fn Wishes(page: Page) -> Element {
    let household = &page.household;
    rsx! {
        DoorWarnings { household: household.clone() }
        if !household.preferred_hours.is_empty() {
            p { class: "wish",
                Icon { name: IconName::Clock }
                {t_args("preferred-hours-are", &[("hours", household.preferred_hours.clone().into())])}
            }
        }
        if !household.note.is_empty() {
            p { class: "wish", Icon { name: IconName::Log } "{household.note}" }
        }
        for text in page.besides.iter() {
            p { key: "{text}", class: "wish", "data-testid": "wish-besides",
                Icon { name: IconName::Log }
                {t_args("wish-besides", &[("text", text.clone().into())])}
            }
        }
    }
}

#[component]
fn ResidentCard(household: HouseholdId, entry: ResidentEntry) -> Element {
    let resident = &entry.resident;
    let relation = resident
        .relation
        .map(|relation| t_code("relation", relation.code()));
    let born = resident.birth_year.map(|year| match resident.birth_month {
        Some(month) => t_args(
            "born-month",
            &[("year", year.to_string().into()), ("month", month.into())],
        ),
        None => t_args("born-year", &[("year", year.to_string().into())]),
    });
    let meta = [relation, born]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ");
    rsx! {
        li { class: "row card resident", "data-testid": "resident",
            div { class: "resident-head",
                div {
                    h3 { class: "row-title", "{resident.name}" }
                    if !meta.is_empty() {
                        p { class: "row-meta", "{meta}" }
                    }
                }
                Link {
                    class: "icon-button", to: Route::ResidentEdit { household, id: entry.id },
                    "data-testid": "resident-edit",
                    "aria-label": t_args("resident-edit", &[("name", resident.name.clone().into())]),
                    Icon { name: IconName::Edit }
                }
            }
            p { class: "row-meta", "data-testid": "resident-met", {format::last_met(entry.last_met_at, platform::now_ms())} }
            if let Some(due) = entry.care.standing.due {
                CareNext { due }
            }
            NeedChips { needs: resident.needs.clone() }
            if !entry.duplicates.is_empty() {
                p { class: "row-meta", {t_args("same-count", &[("count", (entry.duplicates.len() + 1).into())])} }
            }
            for phone in resident.phones.iter() {
                a { key: "{phone}", class: "button phone", href: "tel:{phone}", "data-testid": "phone",
                    Icon { name: IconName::Phone }
                    span { {format::phone(phone)} }
                }
            }
        }
    }
}
