//! One step of an issue: what it needs, and doing it.
//!
//! Test ids: `step-sheet`, `step-department`, `department-*`, `step-note`, `step-target`, `rating-*`,
//! `step-save`, `step-discard`, `error`.

use dioxus::prelude::*;
use replica::api::{Answer, Call, IssueFilter, StepDraft};
use shared::domain::issue::{Event, Step};
use shared::ids::{HouseholdId, IssueId};

use crate::components::{
    ChoiceChips, Discard, FieldKind, Form, SaveBar, Select, Sheet, TextField, toast, use_form,
};
use crate::i18n::{t, t_code};
use crate::routes::Route;
use crate::store::use_query;

/// Whom issues go to most; any other name can be typed.
pub(crate) const DEPARTMENTS: [&str; 6] = [
    "property",
    "sanitation",
    "police",
    "housing",
    "civil-affairs",
    "power-water",
];
/// How many issues are offered to be merged into.
const MERGE_CHOICES_MAX: u32 = 50;

/// Asks for what the step needs and appends it. What was typed is kept like every form.
#[component]
pub(crate) fn StepSheet(
    issue: IssueId,
    household: Option<HouseholdId>,
    step: Step,
    onclose: EventHandler<()>,
) -> Element {
    let (form, draft) = use_form(StepDraft::id(issue, step.number()), || StepDraft {
        issue,
        household,
        event: Event::of(step),
    });
    rsx! {
        Sheet { title: t_code("do", step.code()), testid: "step-sheet", onclose,
            if (form.ready)() {
                div { class: "form",
                    match step {
                        Step::Assigned => rsx! { Department { form, draft } },
                        Step::MergedInto => rsx! { MergeTarget { form, draft } },
                        Step::Closed => rsx! { Rating { form, draft } },
                        _ => rsx! {},
                    }
                    TextField {
                        id: "step-note", label: t("step-note"), kind: FieldKind::Area, value: draft.read().event.note.clone(),
                        oninput: move |text| {
                            let mut draft = draft;
                            draft.write().event.note = text;
                            form.keep.call(());
                        },
                    }
                    Discard {
                        form, testid: "step-discard", again: Route::IssuePage { id: issue },
                        ondone: move |()| onclose.call(()),
                    }
                }
                SaveBar {
                    form, label: t_code("do", step.code()), testid: "step-save",
                    onsaved: move |_| {
                        toast(t("saved-on-phone"));
                        onclose.call(());
                    },
                }
            }
        }
    }
}

/// Writes whom or what the step names.
fn name(form: Form, mut draft: Signal<StepDraft>, target: String) {
    draft.write().event.target = target;
    form.keep.call(());
}

#[component]
fn Department(form: Form, draft: Signal<StepDraft>) -> Element {
    let target = draft.read().event.target.clone();
    let choices: Vec<(String, String)> = DEPARTMENTS
        .iter()
        .map(|code| {
            let name = t_code("department", code);
            (name.clone(), name)
        })
        .collect();
    rsx! {
        ChoiceChips {
            name: "department", legend: t("step-department"), choices, selected: target.clone(),
            onselect: move |chosen| name(form, draft, chosen),
        }
        TextField {
            id: "step-department", label: t("step-department-other"), value: target,
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
    let loaded = use_query(Call::Issues {
        filter,
        after: None,
        limit: MERGE_CHOICES_MAX,
    });
    let mut choices = vec![(String::new(), t("step-target-none"))];
    if let Some(Ok(Answer::Issues(issues))) = loaded {
        let others = issues.into_iter().filter(|other| other.id != issue);
        choices.extend(others.map(|other| (other.id.to_string(), other.issue.title)));
    }
    rsx! {
        Select {
            id: "step-target", label: t("step-target"), choices, selected: target,
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
            onselect: move |rating| name(form, draft, rating),
        }
    }
}
