//! 下一户: the next door of the walk through a building. Test ids: `next-door`, `next-passed`, `building-done`.

use dioxus::prelude::*;
use replica::api::{self, DoorCell};
use shared::ids::{AreaCode, HouseholdId};

use super::Purpose;
use crate::components::{Button, ButtonKind, Icon, IconName, LinkButton, replace};
use crate::i18n::{t, t_args, t_code};
use crate::store::use_query;

/// So many doors that are passed by are named.
const PASSED_NAMED_MAX: usize = 4;

/// From where one goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WalkFrom {
    /// From the building, to which one comes back.
    Building,
    /// From a household's page. The next one takes its place, so that back leads to where the walk was begun.
    Household(HouseholdId),
    /// The same, and a visit there was saved just now.
    Visited(HouseholdId),
}

/// Offers the next door, names those that are passed by, and says when the building is done.
#[component]
pub(crate) fn NextDoor(area: AreaCode, building: String, from: WalkFrom, purpose: Purpose) -> Element {
    let after = match from {
        WalkFrom::Building => None,
        WalkFrom::Household(household) | WalkFrom::Visited(household) => Some(household),
    };
    let Some(Ok(on)) = use_query(api::NextDoor {
        area,
        building,
        after,
    }) else {
        return rsx! {};
    };
    let kind = match from {
        WalkFrom::Household(_) => ButtonKind::Secondary,
        WalkFrom::Building | WalkFrom::Visited(_) => ButtonKind::Primary,
    };
    let next = on.next.map(|cell| {
        let label = t_args("next-door", &[("door", cell.door.into())]);
        (label, purpose.household(cell.household))
    });
    // On a page that one only looks at, this door itself may not have been knocked at.
    let is_done = next.is_none() && !matches!(from, WalkFrom::Household(_));
    rsx! {
        match next {
            Some((label, to)) if from == WalkFrom::Building => rsx! {
                LinkButton { label, testid: "next-door", to, kind, icon: IconName::Forward }
            },
            Some((label, to)) => rsx! {
                Button { label, testid: "next-door", kind, icon: IconName::Forward, onclick: move |()| replace(to.clone()) }
            },
            None if is_done => rsx! {
                p { class: "row-title", "data-testid": "building-done",
                    Icon { name: IconName::Check }
                    {t("building-done")}
                }
            },
            None => rsx! {},
        }
        if !on.passed.is_empty() {
            p { class: "hint next-passed", "data-testid": "next-passed", {passed_by(&on.passed)} }
        }
    }
}

/// Whom the walk passes by, and why.
fn passed_by(passed: &[DoorCell]) -> String {
    let name = |cell: &DoorCell| format!("{} {}", cell.door, t_code("door-state", cell.state.code()));
    let named: Vec<String> = passed.iter().take(PASSED_NAMED_MAX).map(name).collect();
    let doors = named.join(&t("list-comma"));
    let more = passed.len().saturating_sub(PASSED_NAMED_MAX);
    match more {
        0 => t_args("next-passed", &[("doors", doors.into())]),
        _ => t_args(
            "next-passed-more",
            &[("doors", doors.into()), ("count", passed.len().into())],
        ),
    }
}
