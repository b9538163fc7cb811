//! The records of one kind.
//!
//! Test ids: `records`, `record-row`, `records-search`, `records-none`, `record-new`.

use dioxus::prelude::*;
use replica::api::{self, RECORDS_MAX, RecordSummary};
use shared::domain::spelling::visible;

use super::{GenericKind, numbers, title, words};
use crate::components::{
    ButtonKind, EmptyState, FieldKind, IconName, LinkButton, Marks, Screen, TextField, with_answer,
};
use crate::i18n::{t, t_args};
use crate::place::use_kept;
use crate::routes::Route;
use crate::store::use_query;

/// From so many on a list can be searched.
const SEARCHED_FROM: usize = 8;

/// The list, with what is to be added.
#[component]
pub(crate) fn Records(kind: GenericKind) -> Element {
    let loaded = use_query(api::Records { kind: kind.0 });
    rsx! {
        Screen { title: kind.all(), back: Route::Settings {}, testid: "records",
            {with_answer(loaded, |list| rsx! {
                if !list.places.is_empty() {
                    LinkButton {
                        label: t_args("record-new", &[("kind", kind.one().into())]), testid: "record-new",
                        kind: ButtonKind::Primary, icon: IconName::Plus, to: Route::RecordNew { kind },
                    }
                }
                Rows { kind, records: list.records, may_add: !list.places.is_empty() }
            })}
        }
    }
}

#[component]
fn Rows(kind: GenericKind, records: Vec<RecordSummary>, may_add: bool) -> Element {
    let mut typed = use_kept("search", String::new);
    let wanted = visible(&typed.read()).trim().to_lowercase();
    let fits = |record: &&RecordSummary| {
        let mut text = words(record);
        text.push(title(record));
        text.iter().any(|text| text.to_lowercase().contains(&wanted))
    };
    let found: Vec<&RecordSummary> = records.iter().filter(fits).collect();
    let several_areas = records
        .iter()
        .any(|record| Some(&record.area) != records.first().map(|first| &first.area));
    if records.is_empty() {
        let text = if may_add {
            t("records-none-add")
        } else {
            t("records-none-hint")
        };
        return rsx! {
            EmptyState { title: t_args("records-none", &[("kind", kind.one().into())]), text, testid: "records-none" }
        };
    }
    rsx! {
        if records.len() >= SEARCHED_FROM {
            TextField {
                id: "records-search", label: t("records-search"), kind: FieldKind::Search, value: typed(),
                oninput: move |text: String| typed.set(text),
            }
        }
        ul { class: "rows",
            for record in found.iter() {
                Row { key: "{record.record.id}", record: (*record).clone(), with_area: several_areas }
            }
        }
        if found.is_empty() {
            EmptyState { title: t("records-not-found") }
        }
        if records.len() >= RECORDS_MAX as usize {
            p { class: "hint", {t_args("records-more", &[("count", RECORDS_MAX.into())])} }
        }
    }
}

#[component]
fn Row(record: RecordSummary, with_area: bool) -> Element {
    let title = title(&record);
    let mut meta = words(&record);
    meta.retain(|word| *word != title);
    meta.extend(numbers(&record));
    if with_area {
        meta.push(record.area_name.clone());
    }
    let to = Route::RecordPage {
        kind: record.record.kind.into(),
        id: record.record.id,
    };
    rsx! {
        li { class: "row card", "data-testid": "record-row",
            Link { class: "row-link", to,
                p { class: "row-title", "{title}" }
                if !meta.is_empty() {
                    p { class: "row-meta", {meta.join(" · ")} }
                }
                Marks { waiting: record.waiting, conflicts: record.conflict_count }
            }
        }
    }
}
