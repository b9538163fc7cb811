//! What surrounds every screen: navigation, messages, and who may see what.

use dioxus::prelude::*;
use replica::api::{self, Session};
use shared::domain::rights::Roles;
use shared::domain::worker::Role;

use crate::components::{Entry, IconName, TabBar, ToastRegion};
use crate::i18n::{t, t_code};
use crate::routes::Route;
use crate::screens::sign_in::SignIn;
use crate::store::{Live, Store, use_live, use_store};
use crate::{place, platform};

/// Where the first picture after a start looks whether somebody is signed in, and as what.
const ROLE_COPY: &str = "koumen.role";
/// Attribute of the page's root while something is being entered; the start script watches it.
const BUSY: &str = "data-koumen-busy";
/// Said when this version has opened its database: the one before may be let go.
const OPENED: &str = "koumen:opened";

/// Who is signed in, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The replica has not said yet, and nothing was kept from last time.
    Unknown,
    /// Nobody.
    Nobody,
    /// Somebody with this role.
    Somebody(Role),
}

impl Who {
    /// Sees the work of others.
    pub(crate) fn oversees(self) -> bool {
        matches!(self, Self::Somebody(role) if Roles::SUPERVISORS.contains(role))
    }
}

/// Who is signed in; from last time until the replica has said.
pub(crate) fn who(live: Live) -> Who {
    match live.status.read().as_ref() {
        Some(status) => status
            .session
            .as_ref()
            .map_or(Who::Nobody, |session| Who::Somebody(session.role)),
        None => match platform::local_get(ROLE_COPY).as_deref() {
            Some("") => Who::Nobody,
            Some(code) => Role::from_code(code).map_or(Who::Unknown, Who::Somebody),
            None => Who::Unknown,
        },
    }
}

/// The session, once the replica has said.
pub(crate) fn use_session() -> Option<Session> {
    let live = use_live();
    let status = live.status.read();
    status.as_ref().and_then(|status| status.session.clone())
}

/// The frame around the screens.
#[component]
pub(crate) fn Shell() -> Element {
    let store = use_store();
    let live = use_live();
    use_wake(&store);
    let route = use_route::<Route>();

    use_effect(use_reactive((&route,), move |(route,)| {
        place::arrive();
        // A new version of the app takes over between two pieces of work, never during one (D14).
        platform::set_root(&[(BUSY, if route.is_form() { "form" } else { "" })]);
    }));
    use_effect(move || {
        if let Some(status) = live.status.read().as_ref() {
            let role = status.session.as_ref().map_or("", |session| session.role.code());
            platform::local_set(ROLE_COPY, role);
            platform::announce(OPENED);
        }
    });

    // Once something could be kept here, a form may be open: it stays, with a message above it.
    if let Some(code) = live
        .unusable
        .read()
        .as_ref()
        .filter(|_| live.status.read().is_none())
    {
        return rsx! { Unusable { code: code.clone() } };
    }
    let who = who(live);
    if matches!(who, Who::Nobody | Who::Unknown) {
        // Unknown is the very first start: nobody has signed in here yet.
        return rsx! {
            div { class: "shell signed-out", SignIn {} }
            ToastRegion {}
        };
    }
    let class = if route.is_form() { "shell in-form" } else { "shell" };
    rsx! {
        a {
            class: "skip-link", href: "#content",
            onclick: move |event| {
                event.prevent_default();
                platform::focus_element("content");
            },
            {t("skip-to-content")}
        }
        div { class,
            TabBar { entries: entries(who), current: route.main_screen() }
            div { class: "stage",
                Tabs {}
                // Another address is another screen, down to its texts: what stood there is never left standing, even
                // where something else than the app has changed the page (translators, extensions).
                for address in [route.to_string()] {
                    Outlet::<Route> { key: "{address}" }
                }
            }
        }
        ToastRegion {}
    }
}

fn entries(who: Who) -> Vec<Entry> {
    let entry = |to, key, icon, wide_only| Entry {
        to,
        key,
        icon,
        wide_only,
    };
    let mut entries = vec![
        entry(Route::Today {}, "tab-today", IconName::Today, false),
        entry(Route::Households {}, "tab-households", IconName::Door, false),
    ];
    if who.oversees() {
        entries.push(entry(Route::Log {}, "tab-log", IconName::Log, false));
    }
    entries.push(entry(Route::Issues {}, "tab-issues", IconName::Issue, false));
    if who.oversees() {
        entries.push(entry(Route::Conflicts {}, "tab-conflicts", IconName::Fork, true));
        entries.push(entry(Route::Parked {}, "tab-parked", IconName::Parked, true));
    }
    entries.push(entry(
        Route::Outbox {},
        "tab-outbox",
        IconName::Upload,
        who.oversees(),
    ));
    entries.push(entry(
        Route::Settings {},
        "tab-settings",
        IconName::Settings,
        false,
    ));
    entries
}

/// Asks for a sync whenever the network or the person comes back.
fn use_wake(store: &Store) {
    let store = store.clone();
    use_hook(move || platform::on_wake(move || store.tell(api::SyncNow)));
}

/// A tab that is just being reloaded holds the database for a moment longer; nobody needs to know.
const FOLLOWING_SHOWN_AFTER_MS: i32 = 3_000;

/// What is to be known about other tabs: that one holds the database, or that it does not answer.
#[component]
fn Tabs() -> Element {
    let live = use_live();
    let mut shown = use_signal(|| false);
    use_effect(move || {
        if !*live.following.read() {
            shown.set(false);
            return;
        }
        spawn(async move {
            platform::sleep_ms(FOLLOWING_SHOWN_AFTER_MS).await;
            let still = *live.following.peek();
            shown.set(still);
        });
    });
    let silent = live.unusable.read().clone();
    rsx! {
        div { role: "alert",
            if let Some(code) = silent {
                p { class: "note warning slim", "data-testid": "tab-silent", {t_code("unusable", &code)} }
            }
        }
        div { role: "status",
            if shown() {
                div { class: "note slim", "data-testid": "following",
                    p { {t("following")} }
                    button { class: "button quiet", r#type: "button", onclick: move |_| shown.set(false), {t("close")} }
                }
            }
        }
    }
}

/// Says that nothing can be kept here, and what to do.
#[component]
fn Unusable(code: String) -> Element {
    rsx! {
        main { class: "content alone", id: "content", "data-testid": "unusable",
            h1 { {t("unusable-title")} }
            p { {t_code("unusable", &code)} }
            p { {t("unusable-safe")} }
            button { class: "button primary", r#type: "button", onclick: move |_| platform::reload(), {t("unusable-again")} }
            p { class: "hint", "{code}" }
        }
    }
}
