//! Settings of this device.
//!
//! Test ids: `settings`, `language-*`, `type-size-*`, `theme-*`, `storage`, `storage-persist`, `account`,
//! `sign-out`, `sign-out-confirm`, `about`.

use dioxus::prelude::*;
use replica::api::{self, ApiError, StorageState};

use crate::components::{
    Button, ButtonKind, ChoiceChips, ErrorNote, LinkButton, RoomNote, Screen, Section, Sheet, toast,
    with_answer,
};
use crate::i18n::{Lang, t, t_args, t_code};
use crate::routes::Route;
use crate::screens::record::GenericKind;
use crate::settings::{self, LANGUAGE, SETTINGS, THEME, TYPE_SIZE};
use crate::shell::{use_session, who};
use crate::store::{use_live, use_query, use_store};
use crate::{format, platform};

/// Language, type size, theme, storage, account.
#[component]
pub(crate) fn Settings() -> Element {
    let store = use_store();
    let oversees = who(use_live()).oversees();
    let in_use = SETTINGS.read().clone();
    let languages = Lang::ALL
        .iter()
        .map(|lang| (lang.tag().to_owned(), lang.own_name().to_owned()))
        .collect::<Vec<_>>();
    let choices = |family: &str, codes: &[&str]| {
        codes
            .iter()
            .map(|code| ((*code).to_owned(), t_code(family, code)))
            .collect::<Vec<_>>()
    };
    let (for_language, for_size, for_theme) = (store.clone(), store.clone(), store.clone());
    rsx! {
        Screen { title: t("tab-settings"), testid: "settings",
            div { class: "columns",
                Section { title: t("settings-look"),
                    div { class: "card form",
                        ChoiceChips {
                            name: "language", legend: t("settings-language"), choices: languages, selected: in_use.language,
                            onselect: move |value: String| settings::change(&for_language, &LANGUAGE, &value),
                        }
                        ChoiceChips {
                            name: "type-size", legend: t("settings-type-size"), choices: choices("type-size", TYPE_SIZE.choices),
                            selected: in_use.type_size,
                            onselect: move |value: String| settings::change(&for_size, &TYPE_SIZE, &value),
                        }
                        ChoiceChips {
                            name: "theme", legend: t("settings-theme"), choices: choices("theme", THEME.choices),
                            selected: in_use.theme,
                            onselect: move |value: String| settings::change(&for_theme, &THEME, &value),
                        }
                    }
                }
                OurArea {}
                Storage {}
                Account {}
                Section { title: t("settings-about"), testid: "about",
                    div { class: "card",
                        p { {t_args("about-version", &[("version", env!("CARGO_PKG_VERSION").into())])} }
                        p { class: "hint", {t("about-lines")} }
                        LinkButton { label: t("removed-title"), testid: "settings-removed", to: Route::Removed {}, kind: ButtonKind::Quiet }
                        if oversees {
                            LinkButton { label: t("tab-outbox"), testid: "settings-outbox", to: Route::Outbox {} }
                        }
                    }
                }
            }
        }
    }
}

/// What is decided for everybody who works here: who has to do with what, and what is to be done.
#[component]
fn OurArea() -> Element {
    let Some(session) = use_session() else {
        return rsx! {};
    };
    let kinds: Vec<GenericKind> = GenericKind::held_by(session.role).collect();
    rsx! {
        if !kinds.is_empty() {
            Section { title: t("settings-our-area"), testid: "our-area",
                div { class: "card",
                    p { class: "hint", {t("settings-our-area-hint")} }
                    for kind in kinds {
                        LinkButton {
                            key: "{kind}", label: kind.all(), testid: "records-{kind}", to: Route::Records { kind }, kind: ButtonKind::Quiet,
                        }
                    }
                }
            }
        }
    }
}

#[component]
fn Storage() -> Element {
    let loaded = use_query(api::Storage);
    let mut persisted = use_signal(|| None::<bool>);
    let mut room = use_signal(|| None::<(f64, f64)>);
    use_future(move || async move {
        persisted.set(platform::storage_persisted().await);
        room.set(platform::storage_estimate().await);
    });
    rsx! {
        Section { title: t("settings-storage"), testid: "storage",
            RoomNote {}
            div { class: "card",
                {with_answer(loaded, |state| rsx! { Amounts { state } })}
                if let Some((used, allowed)) = room() {
                    p { class: "row-meta",
                        {t_args("storage-room", &[("used", format::bytes(used).into()), ("allowed", format::bytes(allowed).into())])}
                    }
                }
                div { role: "status",
                    match persisted() {
                        Some(true) => rsx! { p { class: "tag good", {t("storage-persisted")} } },
                        Some(false) => rsx! { p { class: "hint", {t("storage-not-persisted")} } },
                        None => rsx! {},
                    }
                }
                if persisted() == Some(false) {
                    Button {
                        label: t("storage-persist"), testid: "storage-persist",
                        onclick: move |()| {
                            spawn(async move {
                                let granted = platform::storage_persist().await;
                                if granted == Some(false) {
                                    toast(t("storage-persist-refused"));
                                }
                                persisted.set(granted);
                            });
                        },
                    }
                }
            }
        }
    }
}

#[component]
fn Amounts(state: StorageState) -> Element {
    rsx! {
        p {
            {t_args("storage-records", &[
                ("households", state.households.into()),
                ("residents", state.residents.into()),
                ("visits", state.visits.into()),
            ])}
        }
        p { class: "row-meta",
            {t_args("storage-size", &[
                ("database", format::bytes(state.database_bytes as f64).into()),
                ("photos", format::bytes(state.photo_bytes as f64).into()),
            ])}
        }
    }
}

#[component]
fn Account() -> Element {
    let store = use_store();
    let live = use_live();
    let mut asking = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let sign_out = use_callback(move |()| {
        let store = store.clone();
        spawn(async move {
            match store.call(api::SignOut).await {
                Ok(()) => {
                    asking.set(false);
                    live.ask_status(&store).await;
                }
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    let Some(session) = use_session() else {
        return rsx! {};
    };
    let areas = session
        .areas
        .iter()
        .map(|area| area.name.clone())
        .collect::<Vec<_>>()
        .join(&t("list-comma"));
    rsx! {
        Section { title: t("settings-account"), testid: "account",
            div { class: "card",
                p { class: "row-title", "{session.name}" }
                p { class: "row-meta", {t_code("role", session.role.code())} }
                if !areas.is_empty() {
                    p { {t_args("account-areas", &[("areas", areas.into())])} }
                }
                LinkButton { label: t("why-title"), testid: "settings-why", to: Route::Why {}, kind: ButtonKind::Quiet }
                Button {
                    label: t("sign-out"), testid: "sign-out",
                    onclick: move |()| {
                        failed.set(None);
                        asking.set(true);
                    },
                }
            }
        }
        if asking() {
            Sheet { title: t("sign-out"), testid: "sign-out-sheet", onclose: move |()| asking.set(false),
                p { {t("sign-out-text")} }
                if let Some(error) = failed() {
                    ErrorNote { error }
                }
                Button {
                    label: t("sign-out-confirm"), testid: "sign-out-confirm", kind: ButtonKind::Danger,
                    onclick: move |()| sign_out.call(()),
                }
            }
        }
    }
}
