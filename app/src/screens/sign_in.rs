//! Sign in, also on a phone that was revoked. Test ids: `sign-in`, `sign-in-username`, `sign-in-password`,
//! `sign-in-submit`, `sealed`, `error`.

use dioxus::prelude::*;
use replica::api::{self, ApiError, Sealed};

use crate::components::{
    Button, ButtonKind, ChoiceChips, ErrorNote, FieldKind, Icon, IconName, TextField, replace,
};
use crate::i18n::{Lang, t, t_args};
use crate::platform;
use crate::routes::Route;
use crate::settings::{self, LANGUAGE, SETTINGS};
use crate::store::{use_live, use_store};

/// Name and password; the server is where the app came from.
#[component]
pub(crate) fn SignIn() -> Element {
    let store = use_store();
    let live = use_live();
    let mut username = use_signal(String::new);
    let mut password = use_signal(String::new);
    let mut busy = use_signal(|| false);
    let mut failed = use_signal(|| None::<ApiError>);
    let sealed = live
        .status
        .read()
        .as_ref()
        .and_then(|status| status.sealed.clone());
    let known = sealed.as_ref().map(|sealed| sealed.username.clone());
    use_effect(use_reactive((&known,), move |(known,)| {
        // Nothing is typed twice.
        if let Some(known) = known {
            username.set(known);
        }
    }));
    let title = t("sign-in-title");
    use_effect(use_reactive((&title,), |(title,)| {
        platform::set_title(&format!("{title} · {}", t("app-name")))
    }));

    let asking = store.clone();
    let sign_in = use_callback(move |()| {
        let store = asking.clone();
        if busy() {
            return;
        }
        busy.set(true);
        failed.set(None);
        spawn(async move {
            // What stands there counts: a password manager may have filled it in without a word.
            let typed =
                |id, heard: Signal<String>| platform::value_of(id).unwrap_or_else(|| heard.peek().clone());
            let sign_in = api::SignIn {
                server: String::new(),
                username: typed("sign-in-username", username).trim().to_owned(),
                password: typed("sign-in-password", password),
                device_name: platform::device_name(),
            };
            match store.call(sign_in).await {
                Ok(_) => {
                    // Asked after a deliberate act, when browsers are most willing to say yes; and before anything is
                    // waited for, because this screen and its tasks go as soon as it is known who is signed in.
                    drop(platform::storage_persist());
                    password.set(String::new());
                    replace(Route::Today {});
                    live.ask_status(&store).await;
                }
                Err(error) => failed.set(Some(error)),
            }
            busy.set(false);
        });
    });

    let languages = Lang::ALL
        .iter()
        .map(|lang| (lang.tag().to_owned(), lang.own_name().to_owned()))
        .collect::<Vec<_>>();
    rsx! {
        main { class: "content alone", id: "content", "data-testid": "sign-in",
            div { class: "sign-in-head",
                span { class: "brand-mark large", Icon { name: IconName::Door } }
                h1 { {t("app-name")} }
                p { {t("app-motto")} }
            }
            if let Some(sealed) = sealed {
                SealedNote { sealed }
            }
            form {
                class: "card form",
                "aria-label": title.clone(),
                onsubmit: move |event| {
                    event.prevent_default();
                    sign_in.call(());
                },
                h2 { "{title}" }
                TextField {
                    id: "sign-in-username", label: t("sign-in-username"), value: username(), kind: FieldKind::Username,
                    oninput: move |text| username.set(text),
                }
                TextField {
                    id: "sign-in-password", label: t("sign-in-password"), value: password(), kind: FieldKind::Password,
                    oninput: move |text| password.set(text),
                }
                if let Some(error) = failed() {
                    ErrorNote { error }
                }
                Button {
                    label: t(if busy() { "sign-in-busy" } else { "sign-in-submit" }), testid: "sign-in-submit",
                    kind: ButtonKind::Primary, submit: true, busy: busy(), onclick: move |()| sign_in.call(()),
                }
                p { class: "hint", {t("sign-in-hint")} }
            }
            ChoiceChips {
                name: "language", legend: t("settings-language"), choices: languages,
                selected: SETTINGS.read().language.clone(),
                onselect: move |tag: String| settings::change(&store, &LANGUAGE, &tag),
            }
        }
    }
}

/// Why nothing can be seen here, and that nothing is lost.
#[component]
fn SealedNote(sealed: Sealed) -> Element {
    let Sealed {
        name,
        operations,
        photos,
        drafts,
        ..
    } = sealed;
    let waiting = [
        ("operations", operations.into()),
        ("photos", photos.into()),
        ("drafts", drafts.into()),
    ];
    rsx! {
        div { class: "note", role: "status", "data-testid": "sealed",
            Icon { name: IconName::Warning }
            div {
                p { {t_args("sign-in-sealed", &[("name", name.into())])} }
                if operations + photos + drafts > 0 {
                    p { class: "hint", {t_args("sign-in-sealed-waiting", &waiting)} }
                }
            }
        }
    }
}
