//! The list of issues. Test ids: `issues`, `issue-open-*`, `issue-filter-category`, `issue-new`, `issue-row`, `more`.

use dioxus::prelude::*;
use replica::api::{self, IssueFilter, IssueSummary, LogCursor};
use shared::domain::issue::Category;

use crate::components::{
    Button, ButtonKind, ChoiceChips, EmptyState, ErrorNote, IconName, IssueRow, LinkButton, Loading, Screen,
    Select,
};
use crate::i18n::{t, t_code};
use crate::place::use_kept;
use crate::routes::Route;
use crate::store::{Page, use_pages};

/// Issues are read in pages of this many.
const PAGE_SIZE: u32 = 30;

impl Page for IssueSummary {
    type Filter = IssueFilter;
    type Ask = api::Issues;

    fn ask(filter: IssueFilter, after: Option<LogCursor>) -> api::Issues {
        api::Issues {
            filter,
            after,
            limit: PAGE_SIZE,
        }
    }

    fn cursor(&self) -> LogCursor {
        LogCursor {
            at: self.issue.reported_at,
            id: self.id.0,
        }
    }

    fn size() -> usize {
        PAGE_SIZE as usize
    }
}

/// Issues, open ones first asked for.
#[component]
pub(crate) fn Issues() -> Element {
    let mut filter = use_kept("filter", || IssueFilter {
        open_only: true,
        ..IssueFilter::default()
    });
    let pages = use_pages::<IssueSummary>(filter());
    let mut categories = vec![(String::new(), t("filter-all"))];
    categories.extend(
        Category::ALL
            .iter()
            .map(|c| (c.code().to_owned(), t_code("category", c.code()))),
    );
    let issues = pages.entries();
    rsx! {
        Screen { title: t("tab-issues"), testid: "issues",
            div { class: "button-row",
                LinkButton {
                    label: t("report-issue"), testid: "issue-new", kind: ButtonKind::Primary, icon: IconName::Plus,
                    to: Route::IssueNew { household: String::new(), visit: String::new() },
                }
            }
            div { class: "filters",
                ChoiceChips {
                    name: "issue-open", legend: t("filter-which"),
                    choices: vec![("open".to_owned(), t("issues-open")), ("all".to_owned(), t("issues-all"))],
                    selected: if filter.read().open_only { "open" } else { "all" },
                    onselect: move |which: String| filter.write().open_only = which == "open",
                }
                Select {
                    id: "issue-filter-category", label: t("field-issue-category"), choices: categories,
                    selected: filter.read().category.map_or("", Category::code),
                    onselect: move |code: String| filter.write().category = Category::from_code(&code),
                }
            }
            match issues {
                None => rsx! { Loading {} },
                Some(Err(error)) => rsx! { ErrorNote { error } },
                Some(Ok(issues)) if issues.is_empty() => rsx! {
                    EmptyState { title: t("issues-nothing"), text: t("issues-nothing-hint"), testid: "issues-empty" }
                },
                Some(Ok(issues)) => rsx! {
                    ul { class: "rows",
                        for issue in issues {
                            IssueRow { key: "{issue.id}", issue }
                        }
                    }
                    if pages.has_more() {
                        Button { label: t("more"), testid: "more", onclick: move |()| pages.more() }
                    }
                },
            }
        }
    }
}
