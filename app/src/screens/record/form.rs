//! The form of a kind without one of its own: of a new record, and of one that is corrected. Kept at every change.
//!
//! Test ids: `record-form`, `record-area`, `record-not-yours`, `field-*`, `record-save`, `record-discard`, `draft-kept`, `error`.

use dioxus::prelude::*;
use replica::api::{self, RecordDraft};
use shared::domain::schema::KindSpec;
use shared::domain::{FieldMap, RecordRef};
use shared::ids::{AreaCode, DraftId};
use uuid::Uuid;

use super::GenericKind;
use super::fields::Field;
use crate::components::{
    Discard, Form, FormNotes, SaveBar, Screen, Select, begin, go_back, grid_choices, replace, toast, use_form,
};
use crate::i18n::{t, t_args};
use crate::platform;
use crate::routes::Route;
use crate::store::use_query;

fn empty(kind: GenericKind) -> RecordDraft {
    RecordDraft {
        kind: kind.0,
        area: None,
        fields: FieldMap::new(),
    }
}

/// Adds a record: chooses its id and shows its form.
#[component]
pub(crate) fn RecordNew(kind: GenericKind) -> Element {
    use_hook(|| {
        let draft = DraftId(platform::uuid_v7());
        begin(draft, empty(kind), Route::RecordForm { kind, id: draft.0 });
    });
    rsx! {}
}

/// The form. Another draft is another form, even at the same place of the app.
#[component]
pub(crate) fn RecordForm(kind: GenericKind, id: Uuid) -> Element {
    rsx! {
        for id in [id] {
            FormOf { key: "{id}", kind, id }
        }
    }
}

#[component]
fn FormOf(kind: GenericKind, id: Uuid) -> Element {
    let (form, draft) = use_form(DraftId(id), || empty(kind));
    let list = Route::Records { kind };
    let key = if (form.corrects)() {
        "record-edit-title"
    } else {
        "record-new"
    };
    let onsaved = move |record: RecordRef| {
        toast(t("saved-on-phone"));
        let page = Route::RecordPage { kind, id: record.id };
        if *form.corrects.peek() {
            go_back(page);
        } else {
            replace(page);
        }
    };
    rsx! {
        Screen { title: t_args(key, &[("kind", kind.one().into())]), back: list.clone(), testid: "record-form",
            FormNotes { form }
            if (form.missing)() {
                p { {t("error-not-found")} }
            } else if (form.ready)() {
                div { class: "form",
                    if !(form.corrects)() {
                        Place { kind, form, draft }
                    }
                    for spec in kind.0.spec().into_iter().flat_map(KindSpec::entered) {
                        Field { key: "{spec.name}", kind, id: spec.id, form, draft }
                    }
                    Discard {
                        form, testid: "record-discard",
                        again: move |draft: DraftId| Route::RecordForm { kind, id: draft.0 },
                        ondone: move |()| go_back(list.clone()),
                    }
                }
            }
            if !(form.missing)() {
                SaveBar { form, label: t("save"), testid: "record-save", onsaved }
            }
        }
    }
}

/// Where it holds, asked only when there is a choice.
#[component]
fn Place(kind: GenericKind, form: Form, draft: Signal<RecordDraft>) -> Element {
    let places = match use_query(api::Records { kind: kind.0 }) {
        Some(Ok(list)) => Some(list.places),
        _ => None,
    };
    let nowhere = places.as_ref().is_some_and(Vec::is_empty);
    let places = places.unwrap_or_default();
    let codes: Vec<AreaCode> = places.iter().map(|area| area.code.clone()).collect();
    use_effect(use_reactive((&codes,), move |(codes,)| {
        // One that was chosen before may be another's by now.
        let is_theirs = draft
            .peek()
            .area
            .as_ref()
            .is_some_and(|area| codes.contains(area));
        if let (false, Some(first)) = (is_theirs, codes.into_iter().next()) {
            draft.write().area = Some(first);
        }
    }));
    let selected = draft.read().area.as_ref().map(ToString::to_string);
    rsx! {
        if nowhere {
            div { class: "note warning", role: "status", "data-testid": "record-not-yours", p { {t("record-not-yours")} } }
        }
        if places.len() > 1 {
            Select {
                id: "record-area", label: t("record-area"), choices: grid_choices(&places),
                selected: selected.unwrap_or_default(), error: form.error_at("record.area_missing"),
                onselect: move |code: String| {
                    draft.write().area = AreaCode::new(&code).ok();
                    form.keep.call(());
                },
            }
        }
    }
}
