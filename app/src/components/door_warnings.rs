//! What one should know before knocking. Test ids: `no-visit-before`, `not-alone`, `warning-*`.

use dioxus::prelude::*;
use shared::domain::household::DoorWarning;
use shared::domain::{CalendarDate, Household};

use super::{Icon, IconName};
use crate::i18n::{t, t_args, t_code};
use crate::{format, platform};

/// Everything that a household warns of, in sentences. First what forbids, then what helps.
#[component]
pub(crate) fn DoorWarnings(household: Household) -> Element {
    let now = platform::now_ms();
    let not_yet = household
        .no_visit_before
        .filter(|day| *day > CalendarDate::of_ms(now));
    rsx! {
        if let Some(day) = not_yet {
            div { class: "note warning", "data-testid": "no-visit-before",
                Icon { name: IconName::Warning }
                p { {t_args("no-visit-before-warning", &[("day", format::day(day, now).into())])} }
            }
        }
        if household.not_alone {
            div { class: "note warning", "data-testid": "not-alone",
                Icon { name: IconName::Person }
                p { {t("not-alone-warning")} }
            }
        }
        for warning in household.warnings {
            div { key: "{warning.code()}", class: "note warning", "data-testid": "warning-{warning.code()}",
                Icon { name: if warning == DoorWarning::TelephoneFirst { IconName::Phone } else { IconName::Warning } }
                p { {t_code("knock", warning.code())} }
            }
        }
    }
}
