//! Why a household is on this phone, and why not: which areas are assigned, since when, and what went.
//!
//! Test ids: `why`, `why-area`, `why-ended`, `why-moved`.

use dioxus::prelude::*;
use replica::api::{self, HoldingsPage};

use crate::components::{Screen, Section, with_answer};
use crate::i18n::{t, t_args};
use crate::routes::Route;
use crate::store::use_query;
use crate::{format, platform};

/// The areas with their reasons.
#[component]
pub(crate) fn Why() -> Element {
    let loaded = use_query(api::Holdings);
    rsx! {
        Screen { title: t("why-title"), back: Route::Settings {}, testid: "why",
            p { class: "lead", {t("why-lead")} }
            {with_answer(loaded, |holdings| rsx! { Reasons { holdings } })}
            p { class: "hint", {t("why-ask")} }
        }
    }
}

#[component]
fn Reasons(holdings: HoldingsPage) -> Element {
    let HoldingsPage { areas, departed } = holdings;
    let (ended, assigned): (Vec<_>, Vec<_>) = areas.into_iter().partition(|held| held.ended_at.is_some());
    let now = platform::now_ms();
    rsx! {
        Section { title: t("why-here"),
            if assigned.is_empty() {
                p { class: "hint", {t("why-nothing")} }
            }
            ul { class: "rows",
                for held in assigned {
                    li { key: "{held.area}", class: "row card", "data-testid": "why-area",
                        p { class: "row-title", "{held.name}" }
                        if let Some(since) = held.since {
                            p { class: "row-meta", {t_args("why-since", &[("moment", format::moment(since, now).into())])} }
                        }
                    }
                }
            }
        }
        if !ended.is_empty() {
            Section { title: t("why-gone"),
                ul { class: "rows",
                    for held in ended {
                        li { key: "{held.area}", class: "row card", "data-testid": "why-ended",
                            p { class: "row-title", "{held.name}" }
                            if let Some(at) = held.ended_at {
                                p { class: "row-meta", {t_args("why-ended", &[("moment", format::moment(at, now).into())])} }
                            }
                            if held.removed > 0 {
                                p { {t_args("why-removed", &[("count", held.removed.into())])} }
                            }
                            if held.waiting > 0 {
                                p { {t_args("why-waiting", &[("count", held.waiting.into())])} }
                            }
                        }
                    }
                }
            }
        }
        if !departed.is_empty() {
            Section { title: t("why-moved"),
                p { class: "hint", {t("why-moved-lead")} }
                ul { class: "rows",
                    for household in departed {
                        li { key: "{household.id}", class: "row card", "data-testid": "why-moved",
                            p { class: "row-title", "{household.door}" }
                            p { class: "row-meta", {t_args("why-moved-at", &[("moment", format::moment(household.went_at, now).into())])} }
                        }
                    }
                }
            }
        }
    }
}
