//! 走访日志: the merged log of all grid members' visits, for those who oversee.
//!
//! Test ids: `log`, `log-area`, `log-period-*`, `log-outcome`, `log-purpose`, `log-from`, `log-to`,
//! `visit-row`, `more`, `log-empty`.

use dioxus::prelude::*;
use replica::api::{self, LogCursor, VisitFilter, VisitLog, VisitSummary};
use shared::domain::CalendarDate;
use shared::domain::visit::{Outcome, Purpose};
use shared::ids::AreaCode;

use crate::components::{
    Button, ChoiceChips, EmptyState, ErrorNote, FieldKind, Loading, Screen, Select, TextField, VisitRow,
    choices,
};
use crate::i18n::{t, t_code};
use crate::place::use_kept;
use crate::platform;
use crate::routes::Route;
use crate::store::{Page, use_pages, use_query};

/// Visits are read in pages of this many.
const PAGE_SIZE: u32 = 30;

impl Page for VisitSummary {
    type Filter = VisitFilter;
    type Ask = VisitLog;

    fn ask(filter: VisitFilter, after: Option<LogCursor>) -> VisitLog {
        VisitLog {
            filter,
            after,
            limit: PAGE_SIZE,
        }
    }

    fn cursor(&self) -> LogCursor {
        LogCursor {
            at: self.visit.started_at,
            id: self.id.0,
        }
    }

    fn size() -> usize {
        PAGE_SIZE as usize
    }
}

/// Every day.
const ALL_TIME: &str = "all";
/// The days that are typed.
const TYPED_DAYS: &str = "days";

/// The filter for the chosen period as it is today: "today" is another day tomorrow.
fn within(mut filter: VisitFilter, chosen: &str, today: CalendarDate) -> VisitFilter {
    if chosen != TYPED_DAYS {
        (filter.from, filter.to) = period(chosen, today);
    }
    filter
}

/// The period chosen most often, as days back from today.
fn period(code: &str, today: CalendarDate) -> (Option<CalendarDate>, Option<CalendarDate>) {
    match code {
        "today" => (Some(today), Some(today)),
        "week" => (Some(today.plus_days(-6)), None),
        "month" => (Some(today.plus_days(-29)), None),
        _ => (None, None),
    }
}

/// The log with its filters.
#[component]
pub(crate) fn Log() -> Element {
    let filter = use_kept("filter", VisitFilter::default);
    let chosen = use_kept("period", || ALL_TIME.to_owned());
    let asked = within(filter(), &chosen.read(), CalendarDate::of_ms(platform::now_ms()));
    let pages = use_pages::<VisitSummary>(asked);
    rsx! {
        Screen { title: t("log-title"), back: Route::Today {}, testid: "log",
            div { class: "log-layout",
                Filters { filter, chosen }
                div { class: "log-list",
                    match pages.entries() {
                        None => rsx! { Loading {} },
                        Some(Err(error)) => rsx! { ErrorNote { error } },
                        Some(Ok(visits)) if visits.is_empty() => rsx! {
                            EmptyState { title: t("log-nothing"), text: t("log-nothing-hint"), testid: "log-empty" }
                        },
                        Some(Ok(visits)) => rsx! {
                            ul { class: "rows",
                                for visit in visits {
                                    VisitRow { key: "{visit.id}", visit, show_door: true }
                                }
                            }
                            if pages.has_more() {
                                Button { label: t("more"), testid: "more", onclick: move |()| pages.more() }
                            }
                        },
                    }
                }
            }
        }
    }
}

#[component]
fn Filters(mut filter: Signal<VisitFilter>, mut chosen: Signal<String>) -> Element {
    let areas = use_query(api::Areas).and_then(Result::ok).unwrap_or_default();
    let all = || (String::new(), t("filter-all"));
    let mut area_choices = vec![all()];
    area_choices.extend(areas.into_iter().map(|area| (area.code.to_string(), area.name)));
    let or_all = |list| [vec![all()], choices(list)].concat();
    let (outcomes, purposes) = (or_all(Outcome::LIST), or_all(Purpose::LIST));
    let periods = ["all", "today", "week", "month", "days"]
        .map(|code| (code.to_owned(), t_code("period", code)))
        .to_vec();
    let now = filter.read().clone();
    let day = |day: Option<CalendarDate>| day.map(|day| day.to_string()).unwrap_or_default();
    rsx! {
        section { class: "filters card", "aria-label": t("filters"),
            ChoiceChips {
                name: "log-period", legend: t("filter-period"), choices: periods, selected: chosen(),
                onselect: move |code: String| {
                    filter.with_mut(|filter| {
                        filter.from = None;
                        filter.to = None;
                    });
                    chosen.set(code);
                },
            }
            if chosen.read().as_str() == TYPED_DAYS {
                div { class: "field-pair",
                    TextField {
                        id: "log-from", label: t("filter-from"), kind: FieldKind::Date, value: day(now.from),
                        oninput: move |text: String| filter.write().from = CalendarDate::parse(&text),
                    }
                    TextField {
                        id: "log-to", label: t("filter-to"), kind: FieldKind::Date, value: day(now.to),
                        oninput: move |text: String| filter.write().to = CalendarDate::parse(&text),
                    }
                }
            }
            div { class: "filter-selects",
                Select {
                    id: "log-area", label: t("filter-area"), choices: area_choices,
                    selected: now.area.as_ref().map(ToString::to_string).unwrap_or_default(),
                    onselect: move |code: String| filter.write().area = AreaCode::new(&code).ok(),
                }
                Select {
                    id: "log-outcome", label: t("field-visit-outcome"), choices: outcomes,
                    selected: now.outcome.map_or("", Outcome::code),
                    onselect: move |code: String| filter.write().outcome = Outcome::from_code(&code),
                }
                Select {
                    id: "log-purpose", label: t("field-visit-purpose"), choices: purposes,
                    selected: now.purpose.map_or("", Purpose::code),
                    onselect: move |code: String| filter.write().purpose = Purpose::from_code(&code),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_seven_days_with_today() {
        let today = CalendarDate::parse("2026-11-21").unwrap();
        let (from, to) = period("week", today);
        assert_eq!(today.days_since(from.unwrap()), 6);
        assert_eq!(to, None);
        assert_eq!(period("all", today), (None, None));
    }

    #[test]
    fn today_is_another_day_tomorrow_and_typed_days_stay() {
        let today = CalendarDate::parse("2026-11-21").unwrap();
        let tomorrow = today.plus_days(1);
        let filter = |chosen| {
            within(
                VisitFilter {
                    from: Some(today),
                    ..VisitFilter::default()
                },
                chosen,
                tomorrow,
            )
        };
        assert_eq!(
            (filter("today").from, filter("today").to),
            (Some(tomorrow), Some(tomorrow))
        );
        assert_eq!(filter(TYPED_DAYS).from, Some(today));
        assert_eq!(filter(ALL_TIME).from, None);
    }
}
