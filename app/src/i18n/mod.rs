//! The words on the screens: Fluent files in `assets/i18n`, compiled in.
//!
//! A key that is missing shows itself, and a test makes sure that none is.

use std::cell::RefCell;
use std::collections::BTreeMap;

use dioxus::prelude::*;
use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

#[cfg(test)]
mod tests;

/// A language of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Lang {
    /// 简体中文
    #[default]
    ZhCn,
    /// English
    En,
}

impl Lang {
    /// Every language, the first is the default.
    pub(crate) const ALL: [Self; 2] = [Self::ZhCn, Self::En];

    /// The tag of the `lang` attribute and of the setting.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }

    /// The language with this tag.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.tag() == tag)
    }

    /// Its name in itself.
    pub(crate) fn own_name(self) -> &'static str {
        match self {
            Self::ZhCn => "简体中文",
            Self::En => "English",
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::ZhCn => include_str!("../../../assets/i18n/zh-CN.ftl"),
            Self::En => include_str!("../../../assets/i18n/en.ftl"),
        }
    }
}

/// The language in use. Components that call [`t`] draw themselves anew when it changes.
pub(crate) static LANG: GlobalSignal<Lang> = GlobalSignal::with_name(Lang::default, "language");

thread_local! {
    static BUNDLES: RefCell<BTreeMap<Lang, FluentBundle<FluentResource>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The text of a key in the language in use.
pub(crate) fn t(key: &str) -> String {
    t_args(key, &[])
}

/// The text of a key with its arguments.
pub(crate) fn t_args(key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
    translate(*LANG.read(), key, args).unwrap_or_else(|| key.to_owned())
}

/// The name of a member of a closed list, e.g. `need` and `lives_alone`; codes of later versions get the
/// family's `-unknown`.
pub(crate) fn t_code(family: &str, code: &str) -> String {
    let lang = *LANG.read();
    translate(lang, &code_key(family, code), &[])
        .or_else(|| translate(lang, &code_key(family, "unknown"), &[]))
        .unwrap_or_else(|| code.to_owned())
}

/// Like [`t_code`], but `None` for a code that the family does not know.
pub(crate) fn known_code(family: &str, code: &str) -> Option<String> {
    translate(*LANG.read(), &code_key(family, code), &[])
}

/// The same words at the beginning of a line.
pub(crate) fn capitalised(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(rest).collect()
}

/// The key of a code: `need` and `lives_alone` are `need-lives-alone`.
pub(crate) fn code_key(family: &str, code: &str) -> String {
    format!("{family}-{}", code.replace(['_', '.'], "-"))
}

fn translate(lang: Lang, key: &str, args: &[(&str, FluentValue<'_>)]) -> Option<String> {
    BUNDLES.with_borrow_mut(|bundles| {
        let bundle = bundles.entry(lang).or_insert_with(|| bundle_of(lang));
        let pattern = bundle.get_message(key)?.value()?;
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
        // What goes wrong shows in the text; the test over the files finds it.
        Some(
            bundle
                .format_pattern(pattern, Some(&args), &mut Vec::new())
                .into_owned(),
        )
    })
}

fn bundle_of(lang: Lang) -> FluentBundle<FluentResource> {
    let id: LanguageIdentifier = lang.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new(vec![id]);
    bundle.set_use_isolating(false);
    let (Ok(resource) | Err((resource, _))) = FluentResource::try_new(lang.source().to_owned());
    bundle.add_resource_overriding(resource);
    bundle
}
