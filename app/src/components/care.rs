//! Care in words: why somebody is to be looked in on, and that somebody was there already. In the voice of a colleague: it
//! blames nobody and forbids nothing. Test ids: `too-soon`, `care-next`.

use dioxus::prelude::*;
use replica::api::{Care, MetBy, ResidentEntry};
use shared::domain::CalendarDate;
use shared::domain::care::{Due, TooSoon};

use super::{Icon, IconName};
use crate::i18n::{t, t_args, t_code};
use crate::{format, platform};

/// Why somebody is to be looked in on: `独居：每 7 天至少一次，上次 11月18日`.
pub(crate) fn due_reason(due: &Due) -> String {
    let need = t_code("need", due.need.code());
    let args = [("need", need.into()), ("days", due.every_days.into())];
    match due.last {
        None => t_args("care-reason-never", &args),
        Some(last) => {
            let last = format::day(last, platform::now_ms());
            let [need, days] = args;
            t_args("care-reason", &[need, days, ("day", last.into())])
        }
    }
}

/// When somebody is to be looked in on next, and why.
#[component]
pub(crate) fn CareNext(due: Due) -> Element {
    let now = platform::now_ms();
    let when = match due.on <= CalendarDate::of_ms(now) {
        true => t("care-next-now"),
        false => t_args("care-next", &[("day", format::day(due.on, now).into())]),
    };
    let reason = due_reason(&due);
    rsx! {
        p { class: "row-meta", "data-testid": "care-next", {t_args("care-next-why", &[("when", when.into()), ("why", reason.into())])} }
    }
}

/// That somebody was there so lately that another visit is not needed, for each of the people of a household.
#[component]
pub(crate) fn TooSoonNotes(residents: Vec<ResidentEntry>) -> Element {
    let told = residents.into_iter().filter_map(|entry| {
        let said = too_soon_text(&entry.resident.name, &entry.care)?;
        Some((entry.id, said))
    });
    rsx! {
        for (id , said) in told {
            div { key: "{id}", class: "note", role: "status", "data-testid": "too-soon",
                Icon { name: IconName::Clock }
                p { "{said}" }
            }
        }
    }
}

fn too_soon_text(name: &str, care: &Care) -> Option<String> {
    let TooSoon {
        until,
        need,
        within_days,
        last,
    } = care.standing.too_soon?;
    let now = platform::now_ms();
    let mut args = vec![
        ("name", name.to_owned().into()),
        ("day", format::day(last, now).into()),
        ("until", format::day(until, now).into()),
        ("need", t_code("need", need.code()).into()),
        ("days", within_days.into()),
    ];
    Some(match &care.met_by {
        Some(MetBy::Oneself) => t_args("care-seen-by-you", &args),
        Some(MetBy::Colleague(who)) if !who.is_empty() => {
            args.push(("who", who.clone().into()));
            t_args("care-seen-by", &args)
        }
        _ => t_args("care-seen", &args),
    })
}
