//! What the server has set aside in the areas of those who oversee, and what it knows that it lacks.
//!
//! Test ids: `parked`, `parked-row`, `parked-apply`, `parked-taken`, `parked-empty`, `gaps`, `copies`, `more`.

use dioxus::prelude::*;
use replica::api::{self, ApiError, ErrorCode, Gap, ParkedField, ParkedOfOthers};
use shared::domain::issue::Step;
use shared::ids::DeviceId;

use crate::components::{Button, EmptyState, ErrorNote, Screen, parked_text, thumbnail_url, with_answer};
use crate::describe::describe_named;
use crate::i18n::{t, t_args, t_code};
use crate::routes::Route;
use crate::store::{use_query, use_store};
use crate::{format, platform};

/// The list, with what was in each. A page more is read when somebody wants it: one phone may have filled it.
#[component]
pub(crate) fn Parked() -> Element {
    let mut pages = use_signal(|| vec![String::new()]);
    rsx! {
        Screen { title: t("parked-title"), back: Route::Today {}, testid: "parked",
            Missing {}
            p { class: "lead", {t("parked-lead")} }
            for (index , after) in pages().into_iter().enumerate() {
                ParkedPage {
                    key: "{after}", after, last: index + 1 == pages.len(),
                    onmore: move |next| pages.push(next),
                }
            }
        }
    }
}

#[component]
fn ParkedPage(after: String, last: bool, onmore: EventHandler<String>) -> Element {
    let first = after.is_empty();
    let loaded = use_query(api::ParkedAll { after });
    rsx! {
        {with_answer(loaded, |parked| {
            if parked.is_empty() && first {
                return rsx! {
                    EmptyState { title: t("parked-nothing"), text: t("parked-nothing-hint"), testid: "parked-empty" }
                };
            }
            let next = parked.last().filter(|entry| !entry.is_last).map(|entry| entry.place.clone());
            rsx! {
                ul { class: "rows",
                    for entry in parked {
                        ParkedRow { key: "{entry.place}", entry }
                    }
                }
                if let Some(next) = next.filter(|_| last) {
                    Button { label: t("more"), testid: "more", onclick: move |()| onmore.call(next.clone()) }
                }
            }
        })}
    }
}

/// What has not reached the server, and copied devices; nothing when there is none of it, or when nobody can tell now.
#[component]
fn Missing() -> Element {
    let Some(Ok(gaps)) = use_query(api::Gaps) else {
        return rsx! {};
    };
    let (copies, missing): (Vec<_>, Vec<_>) =
        gaps.into_iter().partition(|gap| matches!(gap, Gap::Copy { .. }));
    rsx! {
        if !missing.is_empty() {
            Gaps { title: t("gaps-title"), hint: t("gaps-hint"), testid: "gaps", gaps: missing }
        }
        if !copies.is_empty() {
            Gaps { title: t("copies-title"), hint: t("copies-hint"), testid: "copies", gaps: copies }
        }
    }
}

#[component]
fn Gaps(title: String, hint: String, testid: &'static str, gaps: Vec<Gap>) -> Element {
    rsx! {
        section { class: "card", "data-testid": testid,
            h2 { class: "section-title", "{title}" }
            p { class: "hint", "{hint}" }
            ul {
                for (index , text) in gaps.into_iter().map(gap_text).enumerate() {
                    li { key: "{text}-{index}", "{text}" }
                }
            }
        }
    }
}

fn gap_text(gap: Gap) -> String {
    let of_device = |key, id: DeviceId, worker: String, device: String| {
        let args = [
            ("worker", worker.into()),
            ("device", device.into()),
            ("tail", tail(id).into()),
        ];
        t_args(key, &args)
    };
    match gap {
        Gap::Device { id, worker, device } => of_device("gaps-device", id, worker, device),
        Gap::Copy { id, worker, device } => of_device("copies-device", id, worker, device),
        Gap::Photos { area, lacking } => {
            t_args("gaps-photos", &[("area", area.into()), ("count", lacking.into())])
        }
    }
}

/// The end of a device's id, as people tell numbers apart: the beginning of most is alike.
fn tail(id: DeviceId) -> String {
    let id = id.to_string();
    id.chars().skip(id.chars().count().saturating_sub(4)).collect()
}

#[component]
fn ParkedRow(entry: ParkedOfOthers) -> Element {
    let spec = entry.record.kind.spec();
    let kind = t_code("kind", spec.map_or("unknown", |spec| spec.name));
    let when = format::moment(entry.parked_at, platform::now_ms());
    let step = entry.event.as_ref().map(|event| {
        let step = Step::from_number(event.step).map_or("unknown", Step::code);
        (t_code("step", step), event.note.clone())
    });
    let store = use_store();
    let (mut failed, mut is_taken) = (use_signal(|| None::<ApiError>), use_signal(|| false));
    let place = entry.place.clone();
    let take_up = use_callback(move |()| {
        let (store, place) = (store.clone(), place.clone());
        spawn(async move {
            failed.set(None);
            match store.call(api::TakeUpParked { place }).await {
                Ok(()) => is_taken.set(true),
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    rsx! {
        li { class: "row card", "data-testid": "parked-row",
            p { class: "row-title", {t_args("parked-of", &[("author", entry.author.clone().into()), ("kind", kind.into())])} }
            if !entry.title.is_empty() {
                p { "{entry.title}" }
            }
            if let Some(photo) = &entry.photo {
                img { src: thumbnail_url(photo), alt: t("photo-alt") }
            }
            dl { class: "facts-list",
                if let Some((step, note)) = step {
                    Fact { name: t("parked-step"), value: step }
                    if !note.is_empty() {
                        Fact { name: t("step-note"), value: note }
                    }
                }
                if entry.removes {
                    Fact { name: t("parked-removes"), value: t("yes") }
                }
                for field in &entry.fields {
                    Fact {
                        key: "{field.name}-{field.is_taken_out}", name: t_code("field", &field.name),
                        value: fact(&entry, field),
                    }
                }
            }
            p { {parked_text(&entry.code)} }
            p { class: "row-meta", "{when}" }
            if is_taken() {
                p { class: "tag good", "data-testid": "parked-taken", role: "status", {t("parked-taken")} }
            } else {
                Button { label: t("parked-apply"), testid: "parked-apply", onclick: move |()| take_up.call(()) }
            }
            match failed() {
                // The code is that of what is set aside, not of a form.
                Some(ApiError { code: ErrorCode::Invalid, detail, .. }) => rsx! {
                    p { class: "field-error", role: "alert", "data-testid": "error", {parked_text(&detail)} }
                },
                Some(error) => rsx! { ErrorNote { error } },
                None => rsx! {},
            }
        }
    }
}

fn fact(entry: &ParkedOfOthers, field: &ParkedField) -> String {
    let said = describe_named(entry.record.kind, field.field, &field.value, &field.names);
    match field.is_taken_out {
        true => t_args("parked-taken-out", &[("what", said.into())]),
        false => said,
    }
}

#[component]
fn Fact(name: String, value: String) -> Element {
    rsx! {
        dt { class: "fact-name", "{name}" }
        dd { class: "fact-value", "{value}" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_copies_of_one_phone_are_told_apart() {
        let copy = |last: u8| Gap::Copy {
            id: format!("01930000-0000-7000-8000-00000000a1{last:02}")
                .parse()
                .unwrap(),
            worker: "赵敏".to_owned(),
            device: "Chrome, Android".to_owned(),
        };
        let texts =
            VirtualDom::new(|| rsx! {}).in_scope(ScopeId::ROOT, || [1, 2].map(|last| gap_text(copy(last))));
        assert_ne!(texts[0], texts[1]);
        assert!(
            texts[0].contains("a101") && texts[1].contains("a102"),
            "{texts:?}"
        );
    }
}
