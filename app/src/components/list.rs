//! Rows of lists that several screens show: visits, issues, drafts.

use dioxus::prelude::*;
use replica::api::{DraftKind, DraftSummary, IssueSummary, VisitSummary};
use shared::domain::visit::Outcome;
use shared::domain::{CalendarDate, Visit};

use super::{Icon, IconName, NeedChips, PhotoStrip};
use crate::format;
use crate::i18n::{capitalised, t, t_args, t_code};
use crate::platform;
use crate::routes::Route;

/// A visit in a list. `show_door` where visits of several households meet.
#[component]
pub(crate) fn VisitRow(visit: VisitSummary, #[props(default)] show_door: bool) -> Element {
    let record = &visit.visit;
    let when = format::moment(record.started_at, platform::now_ms());
    let purpose = t_code("purpose", record.purpose.code());
    let outcome = t_code("outcome", record.outcome.code());
    let title = if show_door {
        format!("{} · {outcome}", visit.door)
    } else {
        outcome
    };
    let phrases: Vec<String> = record
        .phrases
        .iter()
        .map(|phrase| t_code("phrase", phrase.code()))
        .collect();
    let mut text = phrases.join(&t("list-comma"));
    if !record.note.is_empty() {
        if !text.is_empty() {
            text.push_str(&t("list-stop"));
        }
        text.push_str(&record.note);
    }
    let tone = if record.outcome == Outcome::Met {
        "dot met"
    } else {
        "dot"
    };
    rsx! {
        li { class: "row card", "data-testid": "visit-row",
            Link { class: "row-link", to: Route::VisitPage { id: visit.id },
                p { class: "row-title",
                    span { class: tone, "aria-hidden": "true" }
                    "{title}"
                }
                p { class: "row-meta", "{when} · {purpose} · {visit.author}" }
                if !visit.met_names.is_empty() {
                    p { class: "row-text", {t_args("visit-met", &[("names", visit.met_names.join(&t("list-comma")).into())])} }
                }
                if !text.is_empty() {
                    p { class: "row-text clamp", "{text}" }
                }
                NeedChips { needs: record.needs.clone() }
                if !record.promise.is_empty() {
                    Promised { visit: record.clone() }
                }
                Marks { waiting: visit.waiting, conflicts: visit.conflict_count }
            }
            PhotoStrip { photos: visit.photos.clone() }
        }
    }
}

/// What was promised on a visit, for which day, and whether it was kept.
#[component]
fn Promised(visit: Visit) -> Element {
    rsx! {
        p { class: "row-promise", "data-testid": "visit-promised",
            {t_args("visit-promised", &[("promise", visit.promise.into())])}
            PromiseTag { kept_on: visit.promise_kept_on, due: visit.promise_due }
        }
    }
}

/// How a promise stands: when it was kept, or else by which day it is to be.
#[component]
pub(crate) fn PromiseTag(kept_on: Option<CalendarDate>, due: Option<CalendarDate>) -> Element {
    let now = platform::now_ms();
    let by = |day| format!("{} · {}", format::day(day, now), format::due(day, now));
    let (class, text) = match (kept_on, due) {
        (Some(day), _) => (
            "tag good",
            t_args("promise-kept-on", &[("day", format::day(day, now).into())]),
        ),
        (None, Some(day)) if day < CalendarDate::of_ms(now) => ("tag overdue", by(day)),
        (None, Some(day)) => ("tag", by(day)),
        (None, None) => ("tag", t("promise-no-day")),
    };
    rsx! {
        span { class, "data-testid": if kept_on.is_some() { "visit-promise-kept" }, "{text}" }
    }
}

/// An issue in a list.
#[component]
pub(crate) fn IssueRow(issue: IssueSummary) -> Element {
    let when = format::moment(issue.issue.reported_at, platform::now_ms());
    let category = t_code("category", issue.issue.category.code());
    let place = if issue.door.is_empty() {
        issue.issue.place.clone()
    } else {
        issue.door.clone()
    };
    let meta: Vec<String> = [category, place, when, issue.author.clone()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    rsx! {
        li { class: "row card", "data-testid": "issue-row",
            Link { class: "row-link", to: Route::IssuePage { id: issue.id },
                p { class: "row-title",
                    span { class: "row-name", "{issue.issue.title}" }
                    span { class: "tag state-{issue.state.code()}", {t_code("step", issue.state.code())} }
                }
                p { class: "row-meta", {meta.join(" · ")} }
                Marks { waiting: issue.waiting, conflicts: 0 }
            }
            PhotoStrip { photos: issue.photos.clone() }
        }
    }
}

/// What is special about a row, in words.
#[component]
pub(crate) fn Marks(waiting: bool, conflicts: u32) -> Element {
    rsx! {
        if waiting || conflicts > 0 {
            p { class: "marks",
                if waiting {
                    span { class: "tag waiting", {t("mark-waiting")} }
                }
                if conflicts > 0 {
                    span { class: "tag conflict", {t_args("mark-conflicts", &[("count", conflicts.into())])} }
                }
            }
        }
    }
}

/// A draft in words: where, and what it is.
pub(crate) fn draft_title(draft: &DraftSummary) -> String {
    let mut kind = match draft.kind {
        DraftKind::Record(_) => capitalised(&t_code("kind", draft.kind.code())),
        _ => t_code("draft", draft.kind.code()),
    };
    if let Some(step) = draft.step {
        kind = t_code("do", step.code());
    }
    if draft.corrects {
        kind = t_args("draft-correction", &[("kind", kind.into())]);
    }
    if draft.door.is_empty() {
        kind
    } else {
        format!("{} · {kind}", draft.door)
    }
}

/// A draft in a list.
#[component]
pub(crate) fn DraftRow(draft: DraftSummary, to: Route) -> Element {
    let title = draft_title(&draft);
    let when = format::moment(draft.changed_at, platform::now_ms());
    rsx! {
        li { class: "row card", "data-testid": "draft-row",
            Link { class: "row-link with-icon", to,
                Icon { name: IconName::Edit }
                div {
                    p { class: "row-title", "{title}" }
                    p { class: "row-meta",
                        "{when}"
                        if draft.photo_count > 0 {
                            " · " {t_args("photo-count", &[("count", draft.photo_count.into())])}
                        }
                    }
                    if !draft.text.is_empty() {
                        p { class: "row-text clamp", "{draft.text}" }
                    }
                }
            }
        }
    }
}
