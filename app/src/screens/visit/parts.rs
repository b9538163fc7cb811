//! The parts of the visit form.

use std::rc::Rc;

use dioxus::prelude::*;
use replica::api::{DraftKind, HouseholdPage};
use shared::domain::Need;
use shared::domain::visit::{OUTCOME, Outcome, PROMISE, PROMISE_DUE, PURPOSE, Phrase, Purpose};
use shared::ids::ResidentId;

use super::form::Parts;
use super::promise::PromiseField;
use crate::components::{ChoiceChips, DoorWarnings, LinkButton, MultiChips, TooSoonNotes, choices};
use crate::i18n::{t, t_args};
use crate::screens::household::toggle;
use crate::screens::visit::draft_route;
use crate::{format, platform};

/// What one should know before knocking.
#[component]
pub(super) fn Warnings(parts: Parts, page: Rc<HouseholdPage>) -> Element {
    let now = platform::now_ms();
    let other = page
        .drafts
        .iter()
        .find(|other| other.kind == DraftKind::Visit && other.id != parts.form.id());
    let touched = (parts.touched)();
    rsx! {
        DoorWarnings { household: page.household.clone() }
        // A visit that is corrected was made already.
        if !(parts.form.corrects)() {
            TooSoonNotes { residents: page.residents.clone() }
        }
        if let Some(other) = other.filter(|_| !touched) {
            div { class: "note", "data-testid": "other-draft",
                p { {t_args("visit-other-draft", &[("moment", format::moment(other.changed_at, now).into())])} }
                LinkButton {
                    label: t("visit-go-on"), testid: "other-draft-open",
                    to: draft_route(other),
                }
            }
        }
    }
}

/// Outcome, who was met, purpose, phrases.
#[component]
pub(super) fn Choices(parts: Parts, page: Option<Rc<HouseholdPage>>) -> Element {
    let visit = parts.visit.read();
    let people = page.map(|page| page.residents.clone()).unwrap_or_default();
    let people = people
        .into_iter()
        .map(|entry| (entry.id.to_string(), entry.resident.name))
        .collect::<Vec<_>>();
    rsx! {
        ChoiceChips {
            name: "outcome", legend: t("field-visit-outcome"), choices: choices(Outcome::LIST), large: true,
            error: parts.form.error_at(OUTCOME),
            selected: visit.outcome.map_or("", Outcome::code),
            onselect: move |code: String| parts.change(|visit| visit.outcome = Outcome::from_code(&code)),
        }
        if matches!(visit.outcome, None | Some(Outcome::Met)) && !people.is_empty() {
            MultiChips {
                name: "met", legend: t("field-visit-met"), choices: people,
                selected: visit.met.iter().map(ToString::to_string).collect::<Vec<_>>(),
                ontoggle: move |id: String| {
                    if let Ok(id) = id.parse::<ResidentId>() {
                        parts.change(|visit| toggle(&mut visit.met, id));
                    }
                },
            }
        }
        ChoiceChips {
            name: "purpose", legend: t("field-visit-purpose"), choices: choices(Purpose::LIST),
            error: parts.form.error_at(PURPOSE),
            selected: visit.purpose.map_or("", Purpose::code),
            onselect: move |code: String| parts.change(|visit| visit.purpose = Purpose::from_code(&code)),
        }
        MultiChips {
            name: "phrase", legend: t("field-visit-phrases"), choices: choices(Phrase::LIST),
            selected: visit.phrases.iter().map(|phrase| phrase.code().to_owned()).collect::<Vec<_>>(),
            ontoggle: move |code: String| {
                if let Some(phrase) = Phrase::from_code(&code) {
                    parts.change(|visit| toggle(&mut visit.phrases, phrase));
                }
            },
        }
    }
}

/// Needs found and a promise.
#[component]
pub(super) fn More(parts: Parts) -> Element {
    let visit = parts.visit.read();
    rsx! {
        MultiChips {
            name: "need", legend: t("field-visit-needs"), choices: choices(Need::LIST),
            selected: visit.needs.iter().map(|need| need.code().to_owned()).collect::<Vec<_>>(),
            ontoggle: move |code: String| {
                if let Some(need) = Need::from_code(&code) {
                    parts.change(|visit| toggle(&mut visit.needs, need));
                }
            },
        }
        PromiseField {
            text: visit.promise.clone(), due: visit.promise_due,
            error: parts.form.error_at(PROMISE), due_error: parts.form.error_at(PROMISE_DUE),
            ontext: move |text| parts.change(|visit| visit.promise = text),
            ondue: move |due| parts.change(|visit| visit.promise_due = due),
        }
    }
}
