//! A visit's page. Test ids: `visit`, `visit-household`, `visit-promise-kept`, `photos`, `conflicts`,
//! `visit-correct`, `visit-take-back`, `earlier`.

use dioxus::prelude::*;
use replica::api::{self, VisitPage as Page};
use shared::domain::{RecordKind, RecordRef};
use shared::ids::{DraftId, VisitId};

use crate::components::{
    ConflictMarks, EarlierList, IconName, IssueRow, LinkButton, NeedChips, PhotoStrip, PromiseTag, Screen,
    Section, TakeBack, with_answer,
};
use crate::i18n::{t, t_args, t_code};
use crate::routes::Route;
use crate::store::use_query;
use crate::{format, platform};

/// Everything about one visit.
#[component]
pub(crate) fn VisitPage(id: VisitId) -> Element {
    let loaded = use_query(api::Visit { id });
    let title = match &loaded {
        Some(Ok(page)) => t_args("visit-title", &[("door", page.summary.door.clone().into())]),
        _ => t("visit-page-title"),
    };
    rsx! {
        Screen { title, back: Route::Today {}, testid: "visit",
            {with_answer(loaded, |page| rsx! { PageView { page } })}
        }
    }
}

#[component]
fn PageView(page: Page) -> Element {
    let summary = &page.summary;
    let visit = &summary.visit;
    let now = platform::now_ms();
    let phrases = visit
        .phrases
        .iter()
        .map(|phrase| t_code("phrase", phrase.code()))
        .collect::<Vec<_>>();
    rsx! {
        ConflictMarks { conflicts: page.conflicts.clone() }
        article { class: "card facts",
            Fact { name: t("field-visit-outcome"),
                strong { {t_code("outcome", visit.outcome.code())} }
            }
            if !summary.met_names.is_empty() {
                Fact { name: t("field-visit-met"), {summary.met_names.join(&t("list-comma"))} }
            }
            Fact { name: t("field-visit-purpose"), {t_code("purpose", visit.purpose.code())} }
            Fact { name: t("visit-when-who"),
                "{format::moment(visit.started_at, now)} · {summary.author}"
                if summary.waiting {
                    span { class: "tag waiting", {t("mark-waiting")} }
                }
            }
            if !phrases.is_empty() {
                Fact { name: t("field-visit-phrases"), {phrases.join(&t("list-comma"))} }
            }
            if !visit.note.is_empty() {
                Fact { name: t("field-visit-note"), p { class: "prose", "{visit.note}" } }
            }
            if !visit.needs.is_empty() {
                Fact { name: t("field-visit-needs"), NeedChips { needs: visit.needs.clone() } }
            }
            if !visit.promise.is_empty() {
                Fact { name: t("field-visit-promise"),
                    "{visit.promise} "
                    PromiseTag { kept_on: visit.promise_kept_on, due: visit.promise_due }
                }
            }
        }
        if !summary.photos.is_empty() {
            Section { title: t("photos"), PhotoStrip { photos: summary.photos.clone() } }
        }
        if !page.issues.is_empty() {
            Section { title: t("tab-issues"),
                ul { class: "rows",
                    for issue in page.issues.clone() {
                        IssueRow { key: "{issue.id}", issue }
                    }
                }
            }
        }
        EarlierList { earlier: page.earlier.clone() }
        div { class: "button-row",
            LinkButton {
                label: t("visit-correct"), testid: "visit-correct", icon: IconName::Edit,
                to: Route::VisitForm { draft: DraftId(summary.id.0), household: visit.household },
            }
            LinkButton {
                label: t_args("visit-household", &[("door", summary.door.clone().into())]), testid: "visit-household",
                icon: IconName::Door, to: Route::HouseholdPage { id: visit.household },
            }
        }
        TakeBack {
            record: RecordRef::new(RecordKind::VISIT, summary.id), label: t("visit-take-back"), testid: "visit-take-back",
            hint: t("visit-take-back-hint"), done: t("visit-taken-back"), back: Route::HouseholdPage { id: visit.household },
        }
    }
}

/// A name with what stands behind it.
#[component]
fn Fact(name: String, children: Element) -> Element {
    rsx! {
        div { class: "fact",
            p { class: "fact-name", "{name}" }
            div { class: "fact-value", {children} }
        }
    }
}
