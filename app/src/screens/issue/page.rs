//! An issue with its timeline and what may be done next.
//!
//! Test ids: `issue`, `issue-state`, `timeline`, `timeline-entry`, `step-*`, `issue-correct`, `issue-household`, `conflicts`.

use dioxus::prelude::*;
use replica::api::{self, IssuePage as Page, StepDraft, TimelineEntry};
use shared::domain::issue::Step;
use shared::ids::{DraftId, IssueId};

use super::form::kept_issue;
use super::step::StepSheet;
use crate::components::{
    Button, ButtonKind, ConflictMarks, EarlierList, IconName, LinkButton, PhotoStrip, Screen, Section,
    replace, with_answer,
};
use crate::i18n::{t, t_args, t_code};
use crate::routes::Route;
use crate::store::use_query;
use crate::{format, platform};

/// Everything about one issue.
#[component]
pub(crate) fn IssuePage(id: IssueId) -> Element {
    rsx! { PageOf { id, opened: None } }
}

/// The issue, with a step that was begun and is kept: whatever has become of the issue meanwhile, or if it is not here.
#[component]
pub(crate) fn IssueStep(id: IssueId, draft: DraftId) -> Element {
    rsx! {
        for draft in [draft] {
            PageOf { key: "{draft}", id, opened: Some(draft) }
        }
    }
}

#[component]
fn PageOf(id: IssueId, opened: Option<DraftId>) -> Element {
    let mut step = use_signal(|| opened);
    let loaded = use_query(api::Issue { id });
    let (household, possible) = match &loaded {
        Some(Ok(page)) => (page.summary.issue.household, Some(page.next_steps.clone())),
        Some(Err(_)) => (None, Some(Vec::new())),
        None => (None, None),
    };
    let title = match &loaded {
        Some(Ok(page)) => page.summary.issue.title.clone(),
        _ => t("issue-page-title"),
    };
    rsx! {
        Screen { title, back: Route::Issues {}, testid: "issue",
            {with_answer(loaded, |page| rsx! {
                PageView { page, onstep: move |next: Step| step.set(Some(StepDraft::id(id, next.number()))) }
            })}
            if let Some(draft) = step() {
                StepSheet {
                    issue: id, household, draft, possible,
                    onclose: move |()| {
                        step.set(None);
                        if opened.is_some() {
                            replace(Route::IssuePage { id });
                        }
                    },
                }
            }
        }
    }
}

#[component]
fn PageView(page: Page, onstep: EventHandler<Step>) -> Element {
    let summary = &page.summary;
    let issue = &summary.issue;
    let now = platform::now_ms();
    let place: Vec<&str> = [summary.door.as_str(), issue.place.as_str()]
        .into_iter()
        .filter(|p| !p.is_empty())
        .collect();
    rsx! {
        p { class: "place-line",
            span { class: "tag state-{summary.state.code()}", "data-testid": "issue-state", "data-state": summary.state.code(),
                {t_code("step", summary.state.code())}
            }
            span { class: "tag", {t_code("category", issue.category.code())} }
            if summary.waiting {
                span { class: "tag waiting", {t("mark-waiting")} }
            }
        }
        ConflictMarks { conflicts: page.conflicts.clone() }
        article { class: "card facts",
            if !place.is_empty() {
                p { class: "row-title", {place.join(" · ")} }
            }
            p { class: "row-meta", "{format::moment(issue.reported_at, now)} · {summary.author}" }
            if !issue.note.is_empty() {
                p { class: "prose", "{issue.note}" }
            }
            PhotoStrip { photos: summary.photos.clone() }
            LinkButton {
                label: t("issue-correct"), testid: "issue-correct", icon: IconName::Edit, kind: ButtonKind::Quiet,
                to: kept_issue(DraftId(summary.id.0)),
            }
            // Where it is only lent the household is not: the place says where.
            if let Some(household) = issue.household.filter(|_| !summary.door.is_empty()) {
                LinkButton {
                    label: t_args("visit-household", &[("door", summary.door.clone().into())]), testid: "issue-household",
                    icon: IconName::Door, kind: ButtonKind::Quiet, to: Route::HouseholdPage { id: household },
                }
            }
        }
        div { class: "columns",
            Section { title: t("issue-timeline"),
                ol { class: "timeline", "data-testid": "timeline",
                    for (index , entry) in page.timeline.iter().enumerate() {
                        TimelineRow { key: "{entry.at}-{entry.author}-{index}", entry: entry.clone() }
                    }
                }
                EarlierList { earlier: page.earlier.clone() }
            }
            if !page.next_steps.is_empty() {
                Section { title: t("issue-next"),
                    div { class: "button-column",
                        for (index , next) in page.next_steps.iter().copied().enumerate() {
                            Button {
                                key: "{next.code()}", label: t_code("do", next.code()), testid: "step-{next.code()}",
                                kind: if index == 0 { ButtonKind::Primary } else { ButtonKind::Secondary },
                                onclick: move |()| onstep.call(next),
                            }
                        }
                    }
                }
            }
        }
    }
}

#[component]
fn TimelineRow(entry: TimelineEntry) -> Element {
    let step = entry.step.map_or("unknown", Step::code);
    let when = format::moment(entry.at, platform::now_ms());
    rsx! {
        li { class: if entry.applied { "timeline-entry" } else { "timeline-entry not-applied" }, "data-testid": "timeline-entry",
            p { class: "row-title",
                {t_code("step", step)}
                if !entry.names.is_empty() {
                    span { class: "tag", "{entry.names}" }
                }
            }
            p { class: "row-meta", "{when} · {entry.author}" }
            if !entry.event.note.is_empty() {
                p { class: "row-text", "{entry.event.note}" }
            }
            if !entry.applied {
                p { class: "hint", {t_code("reason", &entry.reason)} }
            }
        }
    }
}
