//! The form of a resident. Only fields that were changed are written.
//!
//! Test ids: `resident-form`, `resident-name`, `resident-phone-1`, `resident-phone-2`, `relation-*`,
//! `resident-birth-year`, `resident-birth-month`, `need-*`, `consent-*`, `resident-save`, `resident-remove`,
//! `resident-remove-confirm`, `error`.

use dioxus::prelude::*;
use replica::api::{Answer, ApiError, Call};
use shared::domain::resident::{ConsentPurpose, Relation};
use shared::domain::{CalendarDate, Need, RecordKind, RecordRef, Resident};
use shared::ids::{HouseholdId, ResidentId};

use super::edit::changed_fields;
use crate::components::{
    Button, ButtonKind, ChoiceChips, ErrorNote, FieldKind, MultiChips, SameTwice, Screen, Sheet, TextField,
    WithAnswer, go_back, toast,
};
use crate::i18n::{t, t_args, t_code};
use crate::platform;
use crate::routes::Route;
use crate::store::{use_query, use_store};

/// Adds a resident.
#[component]
pub(crate) fn ResidentNew(household: HouseholdId) -> Element {
    rsx! {
        Screen { title: t("resident-add"), back: Route::HouseholdPage { id: household }, testid: "resident-form",
            ResidentForm { household, id: None, before: Resident::named(household, "") }
        }
    }
}

/// Changes a resident.
#[component]
pub(crate) fn ResidentEdit(household: HouseholdId, id: ResidentId) -> Element {
    // Asked once: what others change meanwhile must not overwrite what is being typed.
    let loaded = use_query(Call::Household { id: household });
    let mut first = use_signal(|| None);
    if first.peek().is_none() && loaded.is_some() {
        first.set(loaded);
    }
    rsx! {
        Screen { title: t("resident-edit-title"), back: Route::HouseholdPage { id: household }, testid: "resident-form",
            WithAnswer { loaded: first(), show: move |answer| {
                let Answer::Household(page) = answer else { return rsx! {} };
                match page.residents.iter().find(|entry| entry.id == id) {
                    Some(entry) => rsx! {
                        ResidentForm { household, id: Some(id), before: entry.resident.clone() }
                        SameTwice { record: RecordRef::new(RecordKind::RESIDENT, id), duplicates: entry.duplicates.clone() }
                    },
                    None => rsx! { p { {t("error-not-found")} } },
                }
            } }
        }
    }
}

#[component]
fn ResidentForm(household: HouseholdId, id: Option<ResidentId>, before: Resident) -> Element {
    let store = use_store();
    let mut form = use_signal(|| before.clone());
    let mut year = use_signal(|| before.birth_year.map(|year| year.to_string()).unwrap_or_default());
    let mut month = use_signal(|| {
        before
            .birth_month
            .map(|month| month.to_string())
            .unwrap_or_default()
    });
    let mut busy = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let page = Route::HouseholdPage { id: household };

    let done = page.clone();
    let finish = use_callback(move |call: Call| {
        let (store, page) = (store.clone(), done.clone());
        busy.set(true);
        spawn(async move {
            match store.call(call).await {
                Ok(_) => {
                    toast(t("saved-on-phone"));
                    go_back(page);
                }
                Err(error) => failed.set(Some(error)),
            }
            busy.set(false);
        });
    });
    let original = before.clone();
    let save = use_callback(move |()| {
        if busy() {
            return;
        }
        let mut after = form.peek().clone();
        // What is no number is sent as an impossible one, so that it is refused with its reason.
        after.birth_year = number_or(&year.peek(), 0);
        after.birth_month = number_or(&month.peek(), 0);
        after.name = after.name.trim().to_owned();
        after.phones = after
            .phones
            .iter()
            .map(|phone| phone.trim().to_owned())
            .filter(|phone| !phone.is_empty())
            .collect();
        match id {
            Some(id) => {
                let fields = changed_fields(&original.to_fields(), &after.to_fields());
                if fields.is_empty() {
                    go_back(page.clone());
                } else {
                    finish.call(Call::SaveFields {
                        record: RecordRef::new(RecordKind::RESIDENT, id),
                        fields,
                    });
                }
            }
            None => finish.call(Call::AddResident { resident: after }),
        }
    });

    let resident = form.read().clone();
    let choices = |family: &str, codes: &[&str]| {
        codes
            .iter()
            .map(|code| ((*code).to_owned(), t_code(family, code)))
            .collect::<Vec<_>>()
    };
    let relations = choices(
        "relation",
        &Relation::ALL
            .iter()
            .map(|relation| relation.code())
            .collect::<Vec<_>>(),
    );
    let needs = choices(
        "need",
        &Need::ALL.iter().map(|need| need.code()).collect::<Vec<_>>(),
    );
    let mut consents = vec![(String::new(), t("consent-none"))];
    consents.extend(choices(
        "consent",
        &ConsentPurpose::ALL
            .iter()
            .map(|purpose| purpose.code())
            .collect::<Vec<_>>(),
    ));
    rsx! {
        div { class: "form",
            TextField {
                id: "resident-name", label: t("field-resident-name"), value: resident.name.clone(),
                oninput: move |text| form.write().name = text,
            }
            for index in 0..2_usize {
                TextField {
                    key: "phone-{index}", id: "resident-phone-{index + 1}", kind: FieldKind::Phone,
                    label: t_args("resident-phone", &[("number", (index + 1).into())]),
                    value: resident.phones.get(index).cloned().unwrap_or_default(),
                    oninput: move |text: String| set_phone(&mut form.write().phones, index, &text),
                }
            }
            ChoiceChips {
                name: "relation", legend: t("field-resident-relation"), choices: relations,
                selected: resident.relation.map_or("", Relation::code),
                onselect: move |code: String| form.write().relation = Relation::from_code(&code),
            }
            div { class: "field-pair",
                TextField {
                    id: "resident-birth-year", label: t("field-resident-birth-year"), kind: FieldKind::Digits,
                    value: year(), oninput: move |text| year.set(text),
                }
                TextField {
                    id: "resident-birth-month", label: t("field-resident-birth-month"), kind: FieldKind::Digits,
                    value: month(), oninput: move |text| month.set(text),
                }
            }
            MultiChips {
                name: "need", legend: t("resident-needs"), choices: needs,
                selected: resident.needs.iter().map(|need| need.code().to_owned()).collect::<Vec<_>>(),
                ontoggle: move |code: String| {
                    if let Some(need) = Need::from_code(&code) {
                        toggle(&mut form.write().needs, need);
                    }
                },
            }
            ChoiceChips {
                name: "consent", legend: t("resident-consent"), choices: consents,
                selected: resident.consent_purpose.map_or("", ConsentPurpose::code),
                onselect: move |code: String| {
                    let mut form = form.write();
                    form.consent_purpose = ConsentPurpose::from_code(&code);
                    form.consent_on = form.consent_purpose.map(|_| CalendarDate::of_ms(platform::now_ms()));
                },
            }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
            if let Some(id) = id {
                RemoveResident {
                    name: before.name.clone(),
                    onremove: move |()| finish.call(Call::Remove { record: RecordRef::new(RecordKind::RESIDENT, id) }),
                }
            }
        }
        div { class: "save-bar",
            Button {
                label: t("save"), testid: "resident-save", kind: ButtonKind::Primary, busy: busy(),
                onclick: move |()| save.call(()),
            }
        }
    }
}

#[component]
fn RemoveResident(name: String, onremove: EventHandler<()>) -> Element {
    let mut asking = use_signal(|| false);
    rsx! {
        Button {
            label: t("resident-remove"), testid: "resident-remove", kind: ButtonKind::Quiet,
            onclick: move |()| asking.set(true),
        }
        if asking() {
            Sheet { title: t_args("resident-remove-title", &[("name", name.into())]), testid: "resident-remove-sheet", onclose: move |()| asking.set(false),
                p { {t("resident-remove-text")} }
                Button {
                    label: t("resident-remove"), testid: "resident-remove-confirm", kind: ButtonKind::Danger,
                    onclick: move |()| onremove.call(()),
                }
            }
        }
    }
}

/// Digits of a number; nothing typed is nothing, anything else `otherwise`.
fn number_or<T: std::str::FromStr>(text: &str, otherwise: T) -> Option<T> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.parse().unwrap_or(otherwise))
}

fn set_phone(phones: &mut Vec<String>, index: usize, text: &str) {
    if phones.len() <= index {
        phones.resize(index + 1, String::new());
    }
    if let Some(phone) = phones.get_mut(index) {
        text.clone_into(phone);
    }
}

/// Takes a member in, or out when it is in.
pub(crate) fn toggle<T: PartialEq>(list: &mut Vec<T>, member: T) {
    match list.iter().position(|known| *known == member) {
        Some(index) => {
            list.remove(index);
        }
        None => list.push(member),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_not_silently_dropped() {
        assert_eq!(number_or::<u16>(" 1948 ", 0), Some(1948));
        assert_eq!(number_or::<u16>("", 0), None);
        assert_eq!(number_or::<u16>("四八年", 0), Some(0));
    }
}
