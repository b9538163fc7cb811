//! What goes out: 草稿 / 等待 / 已上传 / 需处理.
//!
//! Test ids: `outbox`, `outbox-tab-drafts`, `outbox-tab-waiting`, `outbox-tab-uploaded`,
//! `outbox-tab-attention`, `outbox-entry`, `outbox-retry`, `outbox-dismiss`, `outbox-photo-refused`,
//! `outbox-photo-retry`, `outbox-photo-open`, `outbox-photo-discard`, `outbox-photo-discard-sheet`,
//! `outbox-photo-discard-confirm`, `sync-now`, `clock-wrong`, `another-copy`, `lost-here`.

use dioxus::prelude::*;
use replica::api::{self, ApiError, OutboxEntry, OutboxPage, RefusedPhoto, SyncPhase};
use replica::calls::Call;
use replica::storage::too_large;
use shared::domain::{RecordKind, RecordRef};

use crate::components::{
    Button, ButtonKind, DraftRow, EmptyState, ErrorNote, Icon, IconName, LinkButton, PhotoStrip, Screen,
    Sheet, Told, ToldOnce, offer_undo, parked_text, toast, with_answer,
};
use crate::i18n::{t, t_args, t_code};
use crate::place::use_kept;
use crate::routes::Route;
use crate::screens::visit::draft_route;
use crate::store::{use_live, use_query, use_store};
use crate::{format, platform};

/// Which list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Drafts,
    Waiting,
    Uploaded,
    Attention,
}

impl Tab {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Drafts, "outbox-tab-drafts"),
        (Self::Waiting, "outbox-tab-waiting"),
        (Self::Uploaded, "outbox-tab-uploaded"),
        (Self::Attention, "outbox-tab-attention"),
    ];
}

/// The four lists.
#[component]
pub(crate) fn Outbox() -> Element {
    let loaded = use_query(api::Outbox);
    rsx! {
        Screen { title: t("outbox-title"), back: Route::Today {}, testid: "outbox",
            SyncNow {}
            ToldOnce { what: Told::LostHere }
            ToldOnce { what: Told::AnotherCopy }
            {with_answer(loaded, |outbox| rsx! { Lists { outbox } })}
        }
    }
}

/// How the sync stands, in a sentence, and what the person can do about it.
#[component]
fn SyncNow() -> Element {
    let store = use_store();
    let live = use_live();
    let sync = live.sync.read();
    let Some(sync) = sync.as_ref() else { return rsx! {} };
    let now = platform::now_ms();
    let last = match sync.last_success_at {
        0 => t("sync-never"),
        at => t_args("sync-last", &[("moment", format::moment(at, now).into())]),
    };
    let phase = match sync.phase {
        SyncPhase::Idle => "idle",
        SyncPhase::Working => "working",
        SyncPhase::UpToDate if sync.attention > 0 => "with-attention",
        SyncPhase::UpToDate => "up-to-date",
        SyncPhase::Offline => "offline",
        SyncPhase::Trouble => "trouble",
        SyncPhase::ServerFull => "server-full",
        SyncPhase::SignInAgain => "sign-in-again",
        SyncPhase::UpdateNeeded => "update-needed",
    };
    rsx! {
        section { class: "card sync-card", "aria-label": t("sync-label"),
            p { {t_code("phase", phase)} }
            p { class: "row-meta", "{last}" }
            if sync.clock_ahead_ms != 0 {
                div { class: "note warning", "data-testid": "clock-wrong",
                    Icon { name: IconName::Clock }
                    p { {clock_text(sync.clock_ahead_ms)} }
                }
            }
            div { class: "button-row",
                if sync.phase == SyncPhase::SignInAgain {
                    LinkButton { label: t("sign-in-submit"), testid: "sign-in-again", to: Route::SignIn {}, kind: ButtonKind::Primary }
                } else if sync.phase == SyncPhase::UpdateNeeded {
                    Button { label: t("update-now"), testid: "update", kind: ButtonKind::Primary, onclick: |()| platform::reload() }
                } else {
                    Button {
                        label: t("sync-now"), testid: "sync-now", icon: IconName::Upload, busy: sync.phase == SyncPhase::Working,
                        onclick: move |()| store.tell(api::SyncNow),
                    }
                }
            }
        }
    }
}

/// How wrong the clock is, in whole minutes.
fn clock_text(ahead_ms: i64) -> String {
    let minutes = (ahead_ms.unsigned_abs() / 60_000).max(1);
    let key = if ahead_ms > 0 {
        "clock-ahead"
    } else {
        "clock-behind"
    };
    t_args(key, &[("minutes", minutes.into())])
}

#[component]
fn Lists(outbox: OutboxPage) -> Element {
    let counts = [
        outbox.drafts.len(),
        outbox.waiting.len(),
        outbox.uploaded.len(),
        outbox.attention.len() + outbox.refused_photos.len(),
    ];
    // Until somebody chooses: what needs them first, also when it comes while the page is open.
    let mut chosen = use_kept("tab", || None);
    let first = if !outbox.attention.is_empty() || !outbox.refused_photos.is_empty() {
        Tab::Attention
    } else if !outbox.waiting.is_empty() || outbox.drafts.is_empty() {
        Tab::Waiting
    } else {
        Tab::Drafts
    };
    let tab = chosen().unwrap_or(first);
    rsx! {
        div { class: "segments", role: "group", "aria-label": t("outbox-lists"),
            for ((which , key) , count) in Tab::ALL.into_iter().zip(counts) {
                button {
                    key: "{key}", r#type: "button", class: "segment", "data-testid": key,
                    "aria-pressed": if tab == which { "true" } else { "false" },
                    onclick: move |_| chosen.set(Some(which)),
                    {t(key)}
                    if count > 0 && which != Tab::Uploaded {
                        span { class: if which == Tab::Attention { "count attention" } else { "count" }, "{count}" }
                    }
                }
            }
        }
        match tab {
            Tab::Drafts => rsx! {
                if outbox.drafts.is_empty() {
                    EmptyState { title: t("outbox-no-drafts"), text: t("outbox-no-drafts-hint") }
                }
                ul { class: "rows",
                    for draft in outbox.drafts {
                        DraftRow { key: "{draft.id}", to: draft_route(&draft), draft }
                    }
                }
            },
            Tab::Waiting => rsx! {
                if outbox.waiting.is_empty() && outbox.photos.is_empty() {
                    EmptyState { title: t("outbox-none-waiting"), text: t("outbox-none-waiting-hint") }
                }
                Entries { entries: outbox.waiting }
                if !outbox.photos.is_empty() {
                    h2 { class: "section-title", {t_args("outbox-photos", &[("count", outbox.photos.len().into())])} }
                    PhotoStrip { photos: outbox.photos }
                }
            },
            Tab::Uploaded => rsx! {
                if outbox.uploaded.is_empty() {
                    EmptyState { title: t("outbox-none-uploaded") }
                }
                Entries { entries: outbox.uploaded }
            },
            Tab::Attention => rsx! {
                if outbox.attention.is_empty() && outbox.refused_photos.is_empty() {
                    EmptyState { title: t("outbox-none-attention"), text: t("outbox-none-attention-hint") }
                }
                ul { class: "rows",
                    for entry in outbox.attention {
                        AttentionRow { key: "{entry.seq}", entry }
                    }
                    for refused in outbox.refused_photos {
                        RefusedPhotoRow { key: "{refused.photo.hash}", refused }
                    }
                }
            },
        }
    }
}

fn entry_title(entry: &OutboxEntry) -> String {
    let kind = entry.record.kind.spec().map_or("unknown", |spec| spec.name);
    let what = t_args(
        &crate::i18n::code_key("action", &entry.action),
        &[("kind", t_code("kind", kind).into())],
    );
    if entry.title.is_empty() {
        what
    } else {
        format!("{} · {what}", entry.title)
    }
}

#[component]
fn Entries(entries: Vec<OutboxEntry>) -> Element {
    let now = platform::now_ms();
    rsx! {
        ul { class: "rows",
            for entry in entries {
                li { key: "{entry.seq}", class: "row card with-icon", "data-testid": "outbox-entry",
                    Icon { name: if entry.receipted_at > 0 { IconName::Check } else { IconName::Clock } }
                    div {
                        p { class: "row-title", {entry_title(&entry)} }
                        p { class: "row-meta",
                            if entry.receipted_at > 0 {
                                {t_args("outbox-uploaded-at", &[("moment", format::moment(entry.receipted_at, now).into())])}
                            } else {
                                {t_args("outbox-saved-at", &[("moment", format::moment(entry.at, now).into())])}
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The page of a record, for kinds that have one.
fn page_of(record: RecordRef) -> Option<Route> {
    match record.kind {
        RecordKind::VISIT => Some(Route::VisitPage { id: record.id.into() }),
        RecordKind::ISSUE => Some(Route::IssuePage { id: record.id.into() }),
        RecordKind::HOUSEHOLD => Some(Route::HouseholdPage { id: record.id.into() }),
        RecordKind::RESIDENT | RecordKind::PHOTO => None,
        kind => kind
            .spec()
            .filter(|spec| !spec.has_table)
            .map(|_| Route::RecordPage {
                kind: kind.into(),
                id: record.id,
            }),
    }
}

/// A photo that the server will not take, with its reason.
#[component]
fn RefusedPhotoRow(refused: RefusedPhoto) -> Element {
    let store = use_store();
    let hash = refused.photo.hash;
    let mut asking = use_signal(|| false);
    let discard = store.clone();
    rsx! {
        li { class: "row card", "data-testid": "outbox-photo-refused",
            p { class: "row-title", {t("outbox-photo-refused")} }
            p { {t_code("refused", &refused.code)} }
            PhotoStrip { photos: vec![refused.photo.clone()] }
            div { class: "button-row",
                Button {
                    label: t("outbox-retry"), testid: "outbox-photo-retry", kind: ButtonKind::Primary,
                    onclick: move |()| {
                        store.tell(api::RetryPhoto { hash });
                        toast(t("outbox-retried"));
                    },
                }
                Button {
                    label: t("outbox-photo-discard"), testid: "outbox-photo-discard",
                    onclick: move |()| asking.set(true),
                }
                if let Some(to) = page_of(refused.owner) {
                    LinkButton { label: t("open"), testid: "outbox-photo-open", kind: ButtonKind::Quiet, to }
                }
            }
            if asking() {
                Sheet { title: t("outbox-photo-discard"), testid: "outbox-photo-discard-sheet", onclose: move |()| asking.set(false),
                    p { {t("outbox-photo-discard-text")} }
                    Button {
                        label: t("outbox-photo-discard"), testid: "outbox-photo-discard-confirm", kind: ButtonKind::Danger,
                        onclick: move |()| discard.tell(api::DiscardPhoto { hash }),
                    }
                }
            }
        }
    }
}

#[component]
fn AttentionRow(entry: OutboxEntry) -> Element {
    let store = use_store();
    let mut failed = use_signal(|| None::<ApiError>);
    let seq = entry.seq;
    let act = use_callback(move |(call, done, back): (Call, &'static str, Option<Call>)| {
        let store = store.clone();
        spawn(async move {
            match (store.perform(call).await, back) {
                (Ok(()), Some(back)) => offer_undo(t(done), back, None),
                (Ok(()), None) => toast(t(done)),
                (Err(error), _) => failed.set(Some(error)),
            }
        });
    });
    let to = page_of(entry.record);
    rsx! {
        li { class: "row card", "data-testid": "outbox-entry",
            p { class: "row-title", {entry_title(&entry)} }
            p { {parked_text(&entry.code)} }
            p { class: "row-meta", {t_args("outbox-saved-at", &[("moment", format::moment(entry.at, platform::now_ms()).into())])} }
            div { class: "button-row",
                Button {
                    label: t("outbox-retry"), testid: "outbox-retry", kind: ButtonKind::Primary,
                    onclick: move |()| act.call((api::RetryParked { seq }.into(), "outbox-retried", None)),
                }
                // What was too large to be sent is on this phone alone: no supervisor has it.
                if entry.code != too_large::CODE {
                    Button {
                        label: t("outbox-dismiss"), testid: "outbox-dismiss",
                        onclick: move |()| {
                            let dismiss = |seen| api::DismissParked { seq, seen }.into();
                            act.call((dismiss(true), "outbox-dismissed", Some(dismiss(false))));
                        },
                    }
                }
                if let Some(to) = to {
                    LinkButton { label: t("open"), testid: "outbox-open", kind: ButtonKind::Quiet, to }
                }
            }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::schema::kinds;

    use super::*;

    /// What was set aside is opened from here.
    #[test]
    fn every_kind_that_is_shown_on_a_page_has_it() {
        for spec in kinds() {
            let record = RecordRef::new(spec.kind, uuid::Uuid::nil());
            // A resident is shown on the household's page, a photo on that of what it lies beside.
            let has_none = matches!(spec.kind, RecordKind::RESIDENT | RecordKind::PHOTO);
            assert_eq!(page_of(record).is_none(), has_none, "{}", spec.name);
        }
    }
}
