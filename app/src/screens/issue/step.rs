//! One step of an issue: what it needs, and doing it.
//!
//! Test ids: `step-sheet`, `step-department`, `department-*`, `step-note`, `step-target`, `rating-*`,
//! `step-save`, `error`.

use dioxus::prelude::*;
use replica::api::{Answer, ApiError, Call, IssueFilter};
use shared::domain::issue::{Event, Step};
use shared::ids::IssueId;

use crate::components::{
    Button, ButtonKind, ChoiceChips, ErrorNote, FieldKind, Select, Sheet, TextField, toast,
};
use crate::i18n::{t, t_code};
use crate::store::{use_query, use_store};

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

/// Asks for what the step needs and appends it.
#[component]
pub(crate) fn StepSheet(issue: IssueId, step: Step, onclose: EventHandler<()>) -> Element {
    let store = use_store();
    let target = use_signal(String::new);
    let mut note = use_signal(String::new);
    let mut busy = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let save = use_callback(move |()| {
        let store = store.clone();
        if busy() {
            return;
        }
        let event = Event {
            step: step.number(),
            note: note.peek().trim().to_owned(),
            target: target.peek().trim().to_owned(),
        };
        busy.set(true);
        spawn(async move {
            match store.call(Call::AddEvent { issue, event }).await {
                Ok(_) => {
                    toast(t("saved-on-phone"));
                    onclose.call(());
                }
                Err(error) => failed.set(Some(error)),
            }
            busy.set(false);
        });
    });
    rsx! {
        Sheet { title: t_code("do", step.code()), testid: "step-sheet", onclose,
            div { class: "form",
                match step {
                    Step::Assigned => rsx! { Department { target } },
                    Step::MergedInto => rsx! { MergeTarget { issue, target } },
                    Step::Closed => rsx! { Rating { target } },
                    _ => rsx! {},
                }
                TextField {
                    id: "step-note", label: t("step-note"), kind: FieldKind::Area, value: note(),
                    oninput: move |text| note.set(text),
                }
                if let Some(error) = failed() {
                    ErrorNote { error }
                }
                Button {
                    label: t_code("do", step.code()), testid: "step-save", kind: ButtonKind::Primary, busy: busy(),
                    onclick: move |()| save.call(()),
                }
            }
        }
    }
}

#[component]
fn Department(mut target: Signal<String>) -> Element {
    let choices: Vec<(String, String)> = DEPARTMENTS
        .iter()
        .map(|code| {
            let name = t_code("department", code);
            (name.clone(), name)
        })
        .collect();
    rsx! {
        ChoiceChips {
            name: "department", legend: t("step-department"), choices, selected: target(),
            onselect: move |name| target.set(name),
        }
        TextField {
            id: "step-department", label: t("step-department-other"), value: target(),
            oninput: move |text| target.set(text),
        }
    }
}

#[component]
fn MergeTarget(issue: IssueId, mut target: Signal<String>) -> Element {
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
            id: "step-target", label: t("step-target"), choices, selected: target(),
            onselect: move |id| target.set(id),
        }
    }
}

#[component]
fn Rating(mut target: Signal<String>) -> Element {
    let choices: Vec<(String, String)> = (1..=5)
        .rev()
        .map(|rating: u8| (rating.to_string(), t_code("rating", &rating.to_string())))
        .collect();
    rsx! {
        ChoiceChips {
            name: "rating", legend: t("step-rating"), choices, selected: target(),
            onselect: move |rating| target.set(rating),
        }
    }
}
