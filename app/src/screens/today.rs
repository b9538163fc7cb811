//! 今日: what waits, what is overdue, and the way to the next door.
//!
//! Test ids: `today`, `start-visit`, `today-drafts`, `today-promises`, `today-issues`, `today-conflicts`, `promise-kept`;
//! those of [`care`].

mod care;

use dioxus::prelude::*;
use replica::api::{self, ApiError, PromiseDue, SyncPhase, TodayPage};
use shared::domain::visit::PROMISE_KEPT_ON;
use shared::domain::{CalendarDate, FieldMap, RecordKind, RecordRef, Value};

use crate::components::{
    Button, ButtonKind, DraftRow, EmptyState, ErrorNote, Icon, IconName, IssueRow, LinkButton, PromiseTag,
    RoomNote, Screen, Section, Told, ToldOnce, offer_undo, with_answer,
};
use crate::i18n::{t, t_args};
use crate::routes::Route;
use crate::screens::visit::draft_route;
use crate::shell::who;
use crate::store::{use_live, use_query, use_store};
use crate::{format, platform};

use care::{CareSection, use_care};

/// The first screen.
#[component]
pub(crate) fn Today() -> Element {
    let loaded = use_query(api::Today);
    let oversees = who(use_live()).oversees();
    rsx! {
        Screen { title: t("tab-today"), testid: "today",
            p { class: "date-line", {format::long_day(platform::now_ms())} }
            RoomNote {}
            ToldOnce { what: Told::LostHere }
            Link { class: "start-button", to: Route::Start {}, "data-testid": "start-visit",
                Icon { name: IconName::Door }
                span {
                    strong { {t("today-start")} }
                    small { {t("today-start-hint")} }
                }
                Icon { name: IconName::Forward }
            }
            if oversees {
                nav { class: "quick-links", "aria-label": t("today-oversee"),
                    LinkButton { label: t("tab-log"), testid: "today-log", to: Route::Log {}, icon: IconName::Log }
                    LinkButton { label: t("tab-conflicts"), testid: "today-conflicts-all", to: Route::Conflicts {}, icon: IconName::Fork }
                    LinkButton { label: t("tab-parked"), testid: "today-parked", to: Route::Parked {}, icon: IconName::Parked }
                }
            }
            {with_answer(loaded, |plan| rsx! { PlanView { plan } })}
        }
    }
}

#[component]
fn PlanView(plan: TodayPage) -> Element {
    let care = use_care();
    let nothing = plan.drafts.is_empty()
        && plan.promises.is_empty()
        && care.has_nobody()
        && plan.open_issues.is_empty()
        && plan.conflict_count == 0;
    let receiving = use_live()
        .sync
        .read()
        .as_ref()
        .is_some_and(|sync| sync.phase == SyncPhase::Working);
    rsx! {
        if !plan.drafts.is_empty() {
            Section { title: t("today-drafts"), testid: "today-drafts",
                ul { class: "rows",
                    for draft in plan.drafts {
                        DraftRow { key: "{draft.id}", to: draft_route(&draft), draft }
                    }
                }
            }
        }
        if plan.conflict_count > 0 {
            Link { class: "note link", to: Route::Conflicts {}, "data-testid": "today-conflicts",
                Icon { name: IconName::Fork }
                span { {t_args("today-conflicts", &[("count", plan.conflict_count.into())])} }
                Icon { name: IconName::Forward }
            }
        }
        div { class: "columns",
            if !plan.promises.is_empty() {
                Section { title: t("today-promises"), testid: "today-promises",
                    ul { class: "rows",
                        for promise in plan.promises {
                            PromiseRow { key: "{promise.visit}", promise }
                        }
                    }
                }
            }
            CareSection { care }
            if !plan.open_issues.is_empty() {
                Section { title: t_args("today-issues", &[("count", plan.open_issue_count.into())]), testid: "today-issues",
                    ul { class: "rows",
                        for issue in plan.open_issues {
                            IssueRow { key: "{issue.id}", issue }
                        }
                    }
                }
            }
        }
        if nothing {
            if plan.household_count == 0 && receiving {
                EmptyState { title: t("today-receiving"), text: t("today-receiving-hint"), testid: "today-receiving" }
            } else if plan.household_count == 0 {
                EmptyState { title: t("today-no-households"), text: t("today-no-households-hint"), testid: "today-empty" }
            } else {
                EmptyState { title: t("today-nothing"), text: t("today-nothing-hint"), testid: "today-empty" }
            }
        }
    }
}

/// A promise that is not kept yet, with its day and a way to say that it is.
#[component]
pub(crate) fn PromiseRow(promise: PromiseDue) -> Element {
    let store = use_store();
    let mut failed = use_signal(|| None::<ApiError>);
    let record = RecordRef::new(RecordKind::VISIT, promise.visit);
    let keep = use_callback(move |()| {
        let store = store.clone();
        let today = CalendarDate::of_ms(platform::now_ms());
        let kept_on = |value| FieldMap::from_iter([(PROMISE_KEPT_ON, value)]);
        let fields = kept_on(Value::Int(today.number()));
        let not_yet = api::SaveFields {
            record,
            fields: kept_on(Value::Null),
        };
        spawn(async move {
            match store.call(api::SaveFields { record, fields }).await {
                Ok(_) => offer_undo(t("promise-kept-done"), not_yet, None),
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    rsx! {
        li { class: "row card", "data-testid": "promise-row",
            Link { class: "row-link", to: Route::HouseholdPage { id: promise.household },
                p { class: "row-title", "{promise.promise}" }
                p { class: "row-meta",
                    "{promise.door}"
                    PromiseTag { kept_on: None, due: promise.due }
                }
            }
            Button {
                label: t("promise-kept"), testid: "promise-kept", kind: ButtonKind::Secondary, icon: IconName::Check,
                onclick: move |()| keep.call(()),
            }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
        }
    }
}
