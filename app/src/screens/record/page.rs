//! One record of a kind without a page of its own.
//!
//! Test ids: `record`, `record-field-*`, `record-edit`, `record-remove`, `phone`, `conflicts`, `removal-marks`, `earlier`.

use dioxus::prelude::*;
use replica::api::{self, RecordPage as Page};
use shared::domain::schema::{FieldSpec, KindSpec, Meaning};
use shared::domain::{RecordRef, Value};
use uuid::Uuid;

use super::{GenericKind, title};
use crate::components::{
    ButtonKind, ConflictMarks, EarlierList, Icon, IconName, LinkButton, RemovalMarks, Screen, TakeBack,
    with_answer,
};
use crate::describe::describe_value;
use crate::format;
use crate::i18n::{t, t_args, t_code};
use crate::routes::Route;
use crate::store::use_query;

/// Everything about it, and what may be done.
#[component]
pub(crate) fn RecordPage(kind: GenericKind, id: Uuid) -> Element {
    let record = RecordRef { kind: kind.0, id };
    let loaded = use_query(api::Record { record });
    let heading = match &loaded {
        Some(Ok(page)) => title(&page.summary),
        _ => kind.heading(),
    };
    rsx! {
        Screen { title: heading, back: Route::Records { kind }, testid: "record",
            {with_answer(loaded, |page| rsx! { PageView { kind, page } })}
        }
    }
}

#[component]
fn PageView(kind: GenericKind, page: Page) -> Element {
    let summary = &page.summary;
    let record = summary.record;
    let fields = record.kind.spec().into_iter().flat_map(KindSpec::entered);
    // The title stands above.
    let title_field = record.kind.spec().and_then(|spec| spec.title);
    let filled: Vec<(&FieldSpec, Value)> = fields
        .filter_map(|field| Some((field, summary.fields.get(&field.id)?.clone())))
        .filter(|(field, value)| *value != Value::Null && Some(field.id) != title_field)
        .collect();
    rsx! {
        p { class: "place-line",
            span { class: "tag", {kind.heading()} }
            span { class: "tag", "{summary.area_name}" }
            if summary.waiting {
                span { class: "tag waiting", {t("mark-waiting")} }
            }
        }
        RemovalMarks { removals: page.removals.clone() }
        ConflictMarks { conflicts: page.conflicts.clone() }
        article { class: "card facts",
            dl { class: "facts-list",
                for (field , value) in filled {
                    dt { key: "{field.name}", class: "fact-name", {t_code("field", &format!("{kind}.{}", field.name))} }
                    dd { class: "fact-value", "data-testid": "record-field-{field.name}",
                        if let (Meaning::Phones { .. }, Value::Texts(phones)) = (field.meaning, &value) {
                            for phone in phones.iter() {
                                a { key: "{phone}", class: "button phone", href: "tel:{phone}", "data-testid": "phone",
                                    Icon { name: IconName::Phone }
                                    {format::phone(phone)}
                                }
                            }
                        } else if let Some((_, names)) = page.names.iter().find(|(named, _)| *named == field.id) {
                            if names.is_empty() { {t("record-gone")} } else { {names.join(&t("list-comma"))} }
                        } else {
                            {describe_value(record.kind, field.id, &value)}
                        }
                    }
                }
            }
            if page.may_edit {
                LinkButton {
                    label: t("record-edit"), testid: "record-edit", icon: IconName::Edit, kind: ButtonKind::Quiet,
                    to: Route::RecordForm { kind, id: record.id },
                }
            }
        }
        EarlierList { earlier: page.earlier.clone() }
        if page.may_remove {
            TakeBack {
                record, label: t_args("record-remove", &[("kind", kind.one().into())]), testid: "record-remove",
                hint: t("record-remove-hint"), done: t_args("record-removed", &[("name", title(summary).into())]),
                back: Route::Records { kind },
            }
        }
    }
}
