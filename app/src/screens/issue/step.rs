//! One step of an issue: what it needs, and doing it.
//!
//! Test ids: `step-sheet`, `step-unit`, `unit-*`, `step-note`, `step-target`, `rating-*`,
//! `step-save`, `step-discard`, `step-late`, `error`.

use dioxus::prelude::*;
use replica::api::{self, IssueFilter, RecordSummary, StepDraft};
use shared::domain::issue::{Event, Step};
use shared::domain::{RecordKind, Value, unit};
use shared::ids::{DraftId, HouseholdId, IssueId};
use uuid::Uuid;

use crate::components::{
    ChoiceChips, Discard, FieldKind, Form, FormNotes, SaveBar, Select, Sheet, TextField, toast, use_form,
};
use crate::i18n::{t, t_code};
use crate::routes::Route;
use crate::store::use_query;

/// How many issues are offered to be merged into.
const MERGE_CHOICES_MAX: u32 = 50;

/// The step whose draft has this id, unless another window had written it: see [`StepDraft::id`].
fn step_of(issue: IssueId, draft: DraftId) -> Option<Step> {
    let number = u64::try_from(issue.0.as_u128() ^ draft.0.as_u128()).ok()?;
    Step::from_number(number)
}

/// Asks for what the step needs and appends it. What was typed is kept like every form, and can be read and thrown away
/// when the step cannot be taken any more: it is not among `possible`, the steps that can be taken now.
#[component]
pub(crate) fn StepSheet(
    issue: IssueId,
    household: Option<HouseholdId>,
    draft: DraftId,
    possible: Option<Vec<Step>>,
    onclose: EventHandler<()>,
) -> Element {
    let (form, draft) = use_form(draft, || StepDraft {
        issue,
        household,
        event: Event::of(step_of(issue, draft).unwrap_or(Step::Reported)),
    });
    let step = Step::from_number(draft.read().event.step);
    let is_late = possible.is_some_and(|possible| step.is_none_or(|step| !possible.contains(&step)));
    let title = step.map_or("unknown", Step::code);
    rsx! {
        Sheet { title: t_code("do", title), testid: "step-sheet", onclose,
            FormNotes { form }
            if (form.ready)() {
                if is_late {
                    p { class: "note", "data-testid": "step-late", {t("step-late")} }
                }
                div { class: "form",
                    match step {
                        Some(Step::Assigned) => rsx! { ToUnit { issue, form, draft } },
                        Some(Step::MergedInto) => rsx! { MergeTarget { form, draft } },
                        Some(Step::Closed) => rsx! { Rating { form, draft } },
                        _ => rsx! {},
                    }
                    TextField {
                        id: "step-note", label: t("step-note"), kind: FieldKind::Area, value: draft.read().event.note.clone(),
                        error: error_of(form, &["text.too_long", "text.identity_number", "text.control_character"]),
                        oninput: move |text| {
                            let mut draft = draft;
                            draft.write().event.note = text;
                            form.keep.call(());
                        },
                    }
                    Discard {
                        form, testid: "step-discard", again: move |draft| Route::IssueStep { id: issue, draft },
                        ondone: move |()| onclose.call(()),
                    }
                }
                if !is_late {
                    SaveBar {
                        form, label: t_code("do", title), testid: "step-save",
                        onsaved: move |_| {
                            toast(t("saved-on-phone"));
                            onclose.call(());
                        },
                    }
                }
            }
        }
    }
}

/// What was refused with one of these codes.
fn error_of(form: Form, codes: &[&'static str]) -> String {
    codes.iter().map(|code| form.error_at(*code)).collect()
}

/// Writes whom or what the step names.
fn name(form: Form, mut draft: Signal<StepDraft>, target: String) {
    draft.write().event.target = target;
    form.keep.call(());
}

/// The units of the community and the street, first those that take care of such issues; another one can be typed.
#[component]
fn ToUnit(issue: IssueId, form: Form, draft: Signal<StepDraft>) -> Element {
    let target = draft.read().event.target.clone();
    let category = match use_query(api::Issue { id: issue }) {
        Some(Ok(page)) => Some(page.summary.issue.category.number()),
        _ => None,
    };
    let kind = RecordKind::UNIT;
    let mut units = match use_query(api::Records { kind }) {
        Some(Ok(list)) => list.records,
        _ => Vec::new(),
    };
    let handles = |unit: &RecordSummary| {
        let handled = unit
            .fields
            .get(&unit::HANDLES)
            .unwrap_or(&Value::Null)
            .as_numbers();
        category.is_some_and(|category| handled.contains(&category))
    };
    units.sort_by_key(|unit| !handles(unit));
    let choices: Vec<(String, String)> = units
        .into_iter()
        .map(|unit| (unit.record.id.to_string(), unit.title))
        .collect();
    let typed = if target.parse::<Uuid>().is_ok() {
        String::new()
    } else {
        target.clone()
    };
    let hint = if choices.is_empty() {
        t("step-unit-hint")
    } else {
        String::new()
    };
    rsx! {
        p { class: "hint", {t("step-unit-told")} }
        if !choices.is_empty() {
            ChoiceChips {
                name: "unit", legend: t("step-unit"), choices, selected: target,
                onselect: move |chosen| name(form, draft, chosen),
            }
        }
        TextField {
            id: "step-unit", label: t("step-unit-other"), value: typed, hint,
            error: form.error_at("issue.department_missing"),
            oninput: move |typed| name(form, draft, typed),
        }
    }
}

#[component]
fn MergeTarget(form: Form, draft: Signal<StepDraft>) -> Element {
    let StepDraft { issue, event, .. } = draft.read().clone();
    let target = event.target;
    let filter = IssueFilter {
        open_only: true,
        ..IssueFilter::default()
    };
    let loaded = use_query(api::Issues {
        filter,
        after: None,
        limit: MERGE_CHOICES_MAX,
    });
    let mut choices = vec![(String::new(), t("step-target-none"))];
    if let Some(Ok(issues)) = loaded {
        let others = issues.into_iter().filter(|other| other.id != issue);
        choices.extend(others.map(|other| (other.id.to_string(), other.issue.title)));
    }
    rsx! {
        Select {
            id: "step-target", label: t("step-target"), choices, selected: target,
            error: form.error_at("issue.target_missing"),
            onselect: move |id| name(form, draft, id),
        }
    }
}

#[component]
fn Rating(form: Form, draft: Signal<StepDraft>) -> Element {
    let target = draft.read().event.target.clone();
    let choices: Vec<(String, String)> = (1..=5)
        .rev()
        .map(|rating: u8| (rating.to_string(), t_code("rating", &rating.to_string())))
        .collect();
    rsx! {
        ChoiceChips {
            name: "rating", legend: t("step-rating"), choices, selected: target,
            error: form.error_at("issue.rating_impossible"),
            onselect: move |rating| name(form, draft, rating),
        }
    }
}
