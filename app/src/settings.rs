//! Language, type size and theme of this device.
//!
//! They are kept in the replica; a copy beside it lets the first picture after a start be right at once.

use dioxus::prelude::*;
use replica::api;

use crate::i18n::{LANG, Lang};
use crate::platform;
use crate::store::Store;

/// A setting with its name in the replica and its choices; the first is the default.
pub(crate) struct Setting {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its choices.
    pub(crate) choices: &'static [&'static str],
}

/// `zh-CN`, `en`
pub(crate) const LANGUAGE: Setting = Setting {
    name: "language",
    choices: &["zh-CN", "en"],
};
/// How large the type is.
pub(crate) const TYPE_SIZE: Setting = Setting {
    name: "type_size",
    choices: &["standard", "large", "largest"],
};
/// Light, dark, or as the device is set.
pub(crate) const THEME: Setting = Setting {
    name: "theme",
    choices: &["system", "light", "dark"],
};

/// The settings in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// See [`LANGUAGE`].
    pub(crate) language: String,
    /// See [`TYPE_SIZE`].
    pub(crate) type_size: String,
    /// See [`THEME`].
    pub(crate) theme: String,
}

/// The settings in use, for all screens.
pub(crate) static SETTINGS: GlobalSignal<Settings> = GlobalSignal::with_name(from_copy, "settings");

fn copy_key(name: &str) -> String {
    format!("koumen.{name}")
}

fn from_copy() -> Settings {
    let value = |setting: &Setting| {
        let kept = platform::local_get(&copy_key(setting.name)).unwrap_or_default();
        valid(setting, &kept)
    };
    Settings {
        language: value(&LANGUAGE),
        type_size: value(&TYPE_SIZE),
        theme: value(&THEME),
    }
}

fn valid(setting: &Setting, value: &str) -> String {
    let fallback = setting.choices.first().copied().unwrap_or_default();
    setting
        .choices
        .iter()
        .find(|choice| **choice == value)
        .copied()
        .unwrap_or(fallback)
        .to_owned()
}

/// Puts the settings in use on the page.
pub(crate) fn apply() {
    let settings = SETTINGS.peek().clone();
    put_on_page(&settings);
    if let Some(lang) = Lang::from_tag(&settings.language)
        && *LANG.peek() != lang
    {
        *LANG.write() = lang;
    }
}

/// Puts language, theme and type size on the page before anything is drawn.
pub(crate) fn show_at_once() {
    put_on_page(&from_copy());
}

fn put_on_page(settings: &Settings) {
    let theme = if settings.theme == "system" {
        ""
    } else {
        settings.theme.as_str()
    };
    platform::set_root(&[
        ("lang", &settings.language),
        ("data-theme", theme),
        ("data-size", &settings.type_size),
    ]);
}

/// Changes a setting now and keeps it.
pub(crate) fn change(store: &Store, setting: &Setting, value: &str) {
    set(setting, value);
    store.tell(api::SetSetting {
        name: setting.name.to_owned(),
        value: value.to_owned(),
    });
}

fn set(setting: &Setting, value: &str) {
    let value = valid(setting, value);
    platform::local_set(&copy_key(setting.name), &value);
    {
        let mut settings = SETTINGS.write();
        match setting.name {
            "language" => settings.language = value,
            "type_size" => settings.type_size = value,
            _ => settings.theme = value,
        }
    }
    apply();
}

/// Takes over what the replica keeps, when the copy was lost.
pub(crate) async fn load(store: &Store) {
    for setting in [LANGUAGE, TYPE_SIZE, THEME] {
        if platform::local_get(&copy_key(setting.name)).is_some() {
            continue;
        }
        let reply = store
            .call(api::Setting {
                name: setting.name.to_owned(),
            })
            .await;
        if let Ok(Some(value)) = reply {
            set(&setting, &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_value_is_the_default() {
        assert_eq!(valid(&THEME, "dark"), "dark");
        assert_eq!(valid(&THEME, "purple"), "system");
        for lang in Lang::ALL {
            assert!(LANGUAGE.choices.contains(&lang.tag()));
        }
    }
}
