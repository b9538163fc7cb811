//! The promise of a visit with its day.

use dioxus::prelude::*;
use shared::domain::CalendarDate;

use crate::components::{ChoiceChips, FieldKind, TextField};
use crate::i18n::t;
use crate::platform;

/// Days that are one tap away: tomorrow, in three days, the Monday after.
fn quick_days(today: CalendarDate) -> [(&'static str, CalendarDate); 3] {
    // 5 January 1970 was a Monday.
    let monday =
        CalendarDate::from_parts(1970, 1, 5).map_or(0, |monday| today.days_since(monday).rem_euclid(7));
    [
        ("promise-tomorrow", today.plus_days(1)),
        ("promise-three-days", today.plus_days(3)),
        ("promise-next-week", today.plus_days(7 - monday)),
    ]
}

/// What was promised, and for which day.
#[component]
pub(crate) fn PromiseField(
    text: String,
    due: Option<CalendarDate>,
    error: String,
    due_error: String,
    ontext: EventHandler<String>,
    ondue: EventHandler<Option<CalendarDate>>,
) -> Element {
    let today = CalendarDate::of_ms(platform::now_ms());
    let chosen = due.map(|day| day.to_string()).unwrap_or_default();
    let mut choices = vec![(String::new(), t("promise-no-day"))];
    choices.extend(quick_days(today).map(|(key, day)| (day.to_string(), t(key))));
    let asked = !text.is_empty() || due.is_some();
    rsx! {
        TextField {
            id: "visit-promise", label: t("field-visit-promise"), placeholder: t("promise-placeholder"),
            value: text, error, oninput: move |typed| ontext.call(typed),
        }
        if asked {
            ChoiceChips {
                name: "promise-due", legend: t("field-visit-promise-due"), choices, selected: chosen.clone(),
                onselect: move |day: String| ondue.call(CalendarDate::parse(&day)),
            }
            TextField {
                id: "visit-promise-date", label: t("promise-other-day"), kind: FieldKind::Date, value: chosen,
                error: due_error,
                oninput: move |day: String| ondue.call(CalendarDate::parse(&day)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_week_begins_on_monday() {
        let day = |text| CalendarDate::parse(text).unwrap();
        // 21 November 2026 is a Saturday.
        assert_eq!(
            quick_days(day("2026-11-21")).map(|(_, day)| day.to_string()),
            ["2026-11-22", "2026-11-24", "2026-11-23"]
        );
        assert_eq!(quick_days(day("2026-11-23"))[2].1, day("2026-11-30"));
    }
}
