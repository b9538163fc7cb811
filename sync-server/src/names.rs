//! Names of accounts, devices, areas and people who work here: one form for what looks the same, and only what can be seen.
//!
//! The form is Unicode's NFKC, without blanks around it and with one space where there are several; an account's name is
//! in small letters, too. So `Zhao`, `zhao` and `ｚｈａｏ` are one account, and nobody signs in as a name that only looks
//! like another's. What cannot be seen (controls, direction marks, characters without width) is refused, not dropped:
//! whoever typed it shall know.

use shared::domain::spelling::is_invisible;
use unicode_normalization::UnicodeNormalization;

use crate::storage::{Account, Storage, StorageResult};

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing to be seen.
    #[error("the name is empty")]
    Empty,
    /// More bytes than there is room for.
    #[error("the name is too long")]
    TooLong,
    /// A sign that nobody sees, or none at all.
    #[error("the name has a sign that cannot be seen; type it anew instead of pasting it")]
    Invisible,
    /// An account's name with a blank in it.
    #[error("an account's name is one word, without blanks")]
    Blank,
}

/// The one form of a name on screens, of at most `bytes_max` bytes.
///
/// # Errors
/// [`NameError`]
pub fn shown(name: &str, bytes_max: usize) -> Result<String, NameError> {
    // Asked before anything folds them away. A line end is none of a name's signs.
    if name.trim().chars().any(|c| is_invisible(c) || c.is_control()) {
        return Err(NameError::Invisible);
    }
    let folded: String = name.nfkc().collect();
    // What NFKC gives for a sign alone may begin or end with a blank: the form of the form is the form.
    let folded: String = folded
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .nfkc()
        .collect();
    match folded.len() {
        0 => Err(NameError::Empty),
        length if length > bytes_max => Err(NameError::TooLong),
        _ if folded.chars().any(|c| is_invisible(c) || c.is_control()) => Err(NameError::Invisible),
        _ => Ok(folded),
    }
}

/// The one form of an account's name, of at most `bytes_max` bytes.
///
/// # Errors
/// [`NameError`]
pub fn account(name: &str, bytes_max: usize) -> Result<String, NameError> {
    let name = shown(name, bytes_max)?;
    // Up first: ß and ss, and the two small sigmas, are one.
    let folded: String = name
        .to_uppercase()
        .to_lowercase()
        .replace('ς', "σ")
        .nfkc()
        .collect();
    match folded.len() {
        length if length > bytes_max => Err(NameError::TooLong),
        _ if folded.contains(char::is_whitespace) => Err(NameError::Blank),
        _ => Ok(folded),
    }
}

/// The account of a name in its one form. One that was made before names had one goes by its name as it is typed.
///
/// # Errors
/// When the storage fails.
pub async fn find(storage: &Storage, typed: &str, name: &str) -> StorageResult<Option<Account>> {
    let typed = typed.trim();
    if typed != name
        && let Some(account) = storage.account(typed).await?
    {
        return Ok(Some(account));
    }
    storage.account(name).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_account_has_one_name_however_it_is_typed() {
        for typed in ["zhao", "Zhao", "ZHAO", "ｚｈａｏ", "Ｚhao", " zhao "] {
            assert_eq!(account(typed, 100).as_deref(), Ok("zhao"), "{typed}");
        }
        assert_eq!(account("ｌｉ", 100).as_deref(), Ok("li"));
        assert_eq!(account("Straße", 100), account("STRASSE", 100));
        assert_eq!(account("赵⼩明", 100).as_deref(), Ok("赵小明"));
        assert_eq!(account("e\u{301}va", 100), account("éva", 100));
    }

    #[test]
    fn a_name_with_a_sign_that_nobody_sees_is_refused() {
        for name in [
            "zh\u{202e}ao",
            "zh\u{200b}ao",
            "zhao\u{0}",
            "zh\u{7f}ao",
            "zh\nao",
            "zh\u{ad}ao",
            "\u{feff}zhao",
            "\u{3164}",
        ] {
            assert_eq!(account(name, 100), Err(NameError::Invisible), "{name:?}");
            assert_eq!(shown(name, 100), Err(NameError::Invisible), "{name:?}");
        }
        assert_eq!(shown("  ", 100), Err(NameError::Empty));
        assert_eq!(shown("　", 100), Err(NameError::Empty));
        assert_eq!(shown("abcd", 3), Err(NameError::TooLong));
        assert_eq!(account("zhao li", 100), Err(NameError::Blank));
        assert_eq!(shown("赵　明  的手机", 100).as_deref(), Ok("赵 明 的手机"));
    }

    proptest! {
        #[test]
        fn the_form_of_a_name_is_its_own_form(name in "\\PC{1,12}") {
            if let Ok(form) = account(&name, 400) {
                prop_assert_eq!(account(&form, 400), Ok(form));
            }
            if let Ok(form) = shown(&name, 400) {
                prop_assert_eq!(shown(&form, 400), Ok(form));
            }
        }
    }
}
