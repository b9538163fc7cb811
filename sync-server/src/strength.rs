//! Whether a password is among the first that anybody tries: it is refused where it is set, at every entrance.
//!
//! What is common is known by the crate `zxcvbn`: lists of passwords that were found out, names and words, repetitions,
//! sequences, rows of the keyboard, dates. Added are words of this place.

use zxcvbn::{Score, zxcvbn};

/// Words that those who guess at this server try first; the first ones stand for "I love you" in Chinese numbers.
const WORDS: [&str; 12] = [
    "woaini", "5201314", "1314520", "520", "1314", "koumen", "wangge", "shequ", "grid", "admin123",
    "a123456", "qq123456",
];

/// The password is too easy to guess.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this password is too easy to guess ({0}); take three or four words that do not belong together")]
pub struct WeakPassword(String);

/// Checks a password that somebody sets for an account with these names.
///
/// # Errors
/// [`WeakPassword`] with what is wrong with it.
pub fn check(password: &str, names: &[&str]) -> Result<(), WeakPassword> {
    let lower = password.to_lowercase();
    let repeats = lower.chars().collect::<std::collections::BTreeSet<_>>().len() < 4;
    if repeats {
        return Err(WeakPassword("it repeats few characters".to_owned()));
    }
    let named = names.iter().map(|name| name.to_lowercase());
    let mut rest = lower.clone();
    named
        .filter(|name| name.chars().count() > 2)
        .for_each(|name| rest = rest.replace(&name, ""));
    if rest != lower && rest.chars().count() < 6 {
        return Err(WeakPassword("it is the account's name".to_owned()));
    }
    let known: Vec<&str> = names.iter().chain(&WORDS).copied().collect();
    let guessed = zxcvbn(password, &known);
    if guessed.score() >= Score::Two {
        return Ok(());
    }
    let why = guessed.feedback().and_then(|feedback| feedback.warning());
    Err(WeakPassword(
        why.map_or("it is short and plain".to_owned(), |why| {
            why.to_string().trim_end_matches('.').to_lowercase()
        }),
    ))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_anybody_tries_first_is_refused() {
        for password in [
            "12345678",
            "87654321",
            "aaaaaaaa",
            "abababab",
            "11112222",
            "password",
            "Password1",
            "P@ssw0rd",
            "qwertyui",
            "1qaz2wsx",
            "asdfghjkl",
            "abcdefgh",
            "abcd1234",
            "iloveyou",
            "woaini1314",
            "woaini520",
            "5201314520",
            "a123456789",
            "zhaoli12",
            "ZhaoLi2024",
            "zhaolizhaoli",
            "koumen123",
            "admin123",
            "1314520a",
            "19900101",
            "qq123456",
        ] {
            let refused = check(password, &["zhaoli", "赵莉"]).unwrap_err().to_string();
            assert!(
                refused.starts_with("this password is too easy to guess ("),
                "{refused}"
            );
        }
    }

    #[test]
    fn what_somebody_made_up_passes() {
        for password in [
            "koumen-demo",
            "koumen-test",
            "knock-knock-7",
            "lantern stair violin",
            "三楼的灯又坏了请修",
            "Xu7!pqom",
            "dh3kd92mfs",
        ] {
            assert_eq!(check(password, &["zhaoli", "赵莉"]), Ok(()), "{password}");
        }
    }
}
