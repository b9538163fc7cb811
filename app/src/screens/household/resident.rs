//! The form of a resident: of a new one, and of one that is corrected. Kept at every change.
//!
//! Test ids: `resident-form`, `resident-name`, `resident-phone-1`, `resident-phone-2`, `relation-*`,
//! `resident-birth-year`, `resident-birth-month`, `need-*`, `consent-*`, `resident-save`, `resident-discard`,
//! `resident-remove`, `draft-kept`, `error`.

use dioxus::prelude::*;
use replica::api::{self, ResidentDraft};
use shared::domain::identity::looks_like_identity_number;
use shared::domain::phone::parse_phones;
use shared::domain::resident::{
    BIRTH_MONTH, BIRTH_YEAR, CONSENT_PURPOSE, ConsentPurpose, NAME, PHONES, RELATION, Relation,
};
use shared::domain::{CalendarDate, Need, RecordKind, RecordRef, Resident};
use shared::ids::{DraftId, HouseholdId, ResidentId};

use crate::components::{
    ChoiceChips, Discard, FieldKind, Form, FormNotes, MultiChips, SameTwice, SaveBar, Screen, TakeBack,
    TextField, begin, choices, go_back, toast, use_form,
};
use crate::i18n::{t, t_args};
use crate::platform;
use crate::routes::Route;
use crate::store::use_query;

/// Adds a resident: chooses their id and shows their form.
#[component]
pub(crate) fn ResidentNew(household: HouseholdId) -> Element {
    use_hook(|| {
        let draft = DraftId(platform::uuid_v7());
        let id = ResidentId(draft.0);
        begin(draft, empty(household), Route::ResidentEdit { household, id });
    });
    rsx! {}
}

fn empty(household: HouseholdId) -> ResidentDraft {
    ResidentDraft {
        resident: Resident::named(household, ""),
        birth_year: String::new(),
        birth_month: String::new(),
    }
}

/// The form. Another draft is another form, even at the same place of the app.
#[component]
pub(crate) fn ResidentEdit(household: HouseholdId, id: ResidentId) -> Element {
    rsx! {
        for id in [id] {
            FormOf { key: "{id}", household, id }
        }
    }
}

#[component]
fn FormOf(household: HouseholdId, id: ResidentId) -> Element {
    let (form, draft) = use_form(DraftId(id.0), || empty(household));
    let page = Route::HouseholdPage { id: household };
    let title = if (form.corrects)() {
        t("resident-edit-title")
    } else {
        t("resident-add")
    };
    let (saved, discarded) = (page.clone(), page.clone());
    rsx! {
        Screen { title, back: page, testid: "resident-form",
            FormNotes { form }
            if (form.missing)() {
                p { {t("error-not-found")} }
            } else if (form.ready)() {
                div { class: "form",
                    Fields { form, draft }
                    Discard {
                        form, testid: "resident-discard",
                        again: move |draft: DraftId| Route::ResidentEdit { household, id: ResidentId(draft.0) },
                        ondone: move |()| go_back(discarded.clone()),
                    }
                    if (form.corrects)() {
                        Whole { household, id }
                    }
                }
            }
            if !(form.missing)() {
                SaveBar {
                    form, label: t("save"), testid: "resident-save",
                    onsaved: move |_| {
                        toast(t("saved-on-phone"));
                        go_back(saved.clone());
                    },
                }
            }
        }
    }
}

/// What is done with the whole record: it is the same as another one, or was a mistake.
#[component]
fn Whole(household: HouseholdId, id: ResidentId) -> Element {
    let loaded = use_query(api::Household { id: household });
    let Some(Ok(page)) = loaded else {
        return rsx! {};
    };
    let Some(entry) = page.residents.into_iter().find(|entry| entry.id == id) else {
        return rsx! {};
    };
    let record = RecordRef::new(RecordKind::RESIDENT, id);
    let name = entry.resident.name;
    rsx! {
        SameTwice { record, duplicates: entry.duplicates }
        TakeBack {
            record, label: t("resident-remove"), testid: "resident-remove", hint: t("resident-remove-text"),
            done: t_args("resident-removed", &[("name", name.into())]), back: Route::HouseholdPage { id: household },
        }
    }
}

#[component]
fn Fields(form: Form, draft: Signal<ResidentDraft>) -> Element {
    let mut change = move |change: &dyn Fn(&mut ResidentDraft)| {
        change(&mut draft.write());
        form.keep.call(());
    };
    let typed = draft.read().clone();
    let resident = typed.resident;
    let consents = [
        vec![(String::new(), t("consent-none"))],
        choices(ConsentPurpose::LIST),
    ]
    .concat();
    let phone_error = form.error_at(PHONES);
    let refused_phone = refused_phone(&resident.phones);
    rsx! {
            TextField {
                id: "resident-name", label: t("field-resident-name"), value: resident.name.clone(),
                error: form.error_at(NAME),
                oninput: move |text: String| change(&|draft| draft.resident.name.clone_from(&text)),
            }
            for index in 0..2_usize {
                TextField {
                    key: "phone-{index}", id: "resident-phone-{index + 1}", kind: FieldKind::Phone,
                    label: t_args("resident-phone", &[("number", (index + 1).into())]),
                    value: resident.phones.get(index).cloned().unwrap_or_default(),
                    error: if index == refused_phone { phone_error.clone() } else { String::new() },
                    oninput: move |text: String| change(&|draft| set_phone(&mut draft.resident.phones, index, &text)),
                }
            }
            ChoiceChips {
                name: "relation", legend: t("field-resident-relation"), choices: choices(Relation::LIST),
                error: form.error_at(RELATION),
                selected: resident.relation.map_or("", Relation::code),
                onselect: move |code: String| change(&|draft| draft.resident.relation = Relation::from_code(&code)),
            }
            div { class: "field-pair",
                TextField {
                    id: "resident-birth-year", label: t("field-resident-birth-year"), kind: FieldKind::Digits,
                    error: form.error_at(BIRTH_YEAR), value: typed.birth_year, oninput: move |text: String| change(&|draft| draft.birth_year.clone_from(&text)),
                }
                TextField {
                    id: "resident-birth-month", label: t("field-resident-birth-month"), kind: FieldKind::Digits,
                    error: form.error_at(BIRTH_MONTH), value: typed.birth_month, oninput: move |text: String| change(&|draft| draft.birth_month.clone_from(&text)),
                }
            }
            MultiChips {
                name: "need", legend: t("resident-needs"), choices: choices(Need::LIST),
                selected: resident.needs.iter().map(|need| need.code().to_owned()).collect::<Vec<_>>(),
                ontoggle: move |code: String| {
                    if let Some(need) = Need::from_code(&code) {
                        change(&|draft| toggle(&mut draft.resident.needs, need));
                    }
                },
            }
            ChoiceChips {
                name: "consent", legend: t("resident-consent"), choices: consents,
                error: form.error_at(CONSENT_PURPOSE),
                selected: resident.consent_purpose.map_or("", ConsentPurpose::code),
                onselect: move |code: String| {
                    let purpose = ConsentPurpose::from_code(&code);
                    let today = CalendarDate::of_ms(platform::now_ms());
                    change(&|draft| {
                        draft.resident.consent_purpose = purpose;
                        draft.resident.consent_on = purpose.map(|_| today);
                    });
                },
            }
    }
}

/// The first number that is none; at it stands why the numbers are refused.
fn refused_phone(phones: &[String]) -> usize {
    let is_none =
        |phone: &String| !parse_phones(phone).impossible.is_empty() || looks_like_identity_number(phone);
    phones.iter().position(is_none).unwrap_or(0)
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
    fn the_number_that_is_none_is_the_one_that_is_named() {
        let phones = |first: &str, second: &str| refused_phone(&[first.to_owned(), second.to_owned()]);
        assert_eq!(phones("13800138000", "138"), 1);
        assert_eq!(phones("", "1380013800012"), 1);
        assert_eq!(phones("138", "13800138000"), 0);
    }
}
