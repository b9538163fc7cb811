//! What is open at a household: promises that were made, and needs that were found and noted with nobody.
//!
//! Test ids: `household-promises`, `findings`, `finding`, `finding-give-*`.

use dioxus::prelude::*;
use replica::api::{self, ApiError, Finding, HouseholdPage, ResidentEntry};
use shared::domain::resident::NEEDS;
use shared::domain::{FieldMap, Need, RecordKind, RecordRef, Value};

use crate::components::{Button, ButtonKind, ErrorNote, NeedChips, Section, toast};
use crate::i18n::{t, t_args};
use crate::routes::Route;
use crate::screens::today::PromiseRow;
use crate::store::use_store;
use crate::{format, platform};

/// Promises and finds, where there are any.
#[component]
pub(super) fn Open(page: HouseholdPage) -> Element {
    rsx! {
        if !page.promises.is_empty() {
            Section { title: t("today-promises"), testid: "household-promises",
                ul { class: "rows",
                    for promise in page.promises {
                        PromiseRow { key: "{promise.visit}", promise }
                    }
                }
            }
        }
        if !page.findings.is_empty() {
            Section { title: t("findings"), testid: "findings",
                ul { class: "rows",
                    for finding in page.findings {
                        FindingRow { key: "{finding.visit}", finding, residents: page.residents.clone() }
                    }
                }
            }
        }
    }
}

/// The needs of a resident with those that were found.
fn with(entry: &ResidentEntry, found: &[Need]) -> Value {
    let mut numbers: Vec<u64> = entry
        .resident
        .needs
        .iter()
        .chain(found)
        .map(|need| need.number())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    Value::numbers(numbers)
}

#[component]
fn FindingRow(finding: Finding, residents: Vec<ResidentEntry>) -> Element {
    let store = use_store();
    let mut failed = use_signal(|| None::<ApiError>);
    let give = use_callback(move |(record, needs): (RecordRef, Value)| {
        let store = store.clone();
        let fields = FieldMap::from_iter([(NEEDS, needs)]);
        spawn(async move {
            match store.call(api::SaveFields { record, fields }).await {
                Ok(_) => toast(t("saved-on-phone")),
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    let when = format::moment(finding.at, platform::now_ms());
    let choices = residents.into_iter().map(|entry| {
        let wanted = (
            RecordRef::new(RecordKind::RESIDENT, entry.id),
            with(&entry, &finding.needs),
        );
        (entry.id, entry.resident.name, wanted)
    });
    rsx! {
        li { class: "row card", "data-testid": "finding",
            Link { class: "row-link", to: Route::VisitPage { id: finding.visit },
                NeedChips { needs: finding.needs.clone() }
                p { class: "row-meta", {t_args("finding-when", &[("moment", when.into())])} }
            }
            p { class: "hint", {t("finding-whose")} }
            div { class: "button-row",
                for (id , name , wanted) in choices {
                    Button {
                        key: "{id}", label: name, testid: "finding-give-{id}", kind: ButtonKind::Quiet,
                        onclick: move |()| give.call(wanted.clone()),
                    }
                }
            }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::Resident;

    use super::*;

    #[test]
    fn what_was_found_is_added_to_what_is_known() {
        let household = "01930000-0000-7000-8000-000000000001".parse().unwrap();
        let mut resident = Resident::named(household, "王秀英");
        resident.needs = vec![Need::ChronicIllness];
        let entry = ResidentEntry {
            id: "01930000-0000-7000-8000-000000000002".parse().unwrap(),
            resident,
            last_met_at: None,
            care: Default::default(),
            duplicates: Vec::new(),
        };
        let wanted = Value::numbers(vec![Need::LivesAlone.number(), Need::ChronicIllness.number()]);
        assert_eq!(with(&entry, &[Need::ChronicIllness, Need::LivesAlone]), wanted);
    }
}
