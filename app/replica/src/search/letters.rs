//! Characters: how Chinese ones become tokens, and Latin letters without their accents.

use shared::domain::name::is_middle_dot;
use shared::domain::spelling::is_han;

/// The token of a Chinese character. SQLite's `unicode61` knows the characters of 2012; the younger ones,
/// which occur in names, would vanish and are spelt by their number.
pub(super) fn push_han(out: &mut String, c: char) {
    if !out.is_empty() {
        out.push(' ');
    }
    if matches!(c, '\u{3007}' | '\u{3400}'..='\u{4db5}' | '\u{4e00}'..='\u{9fcb}') {
        out.push(c);
    } else {
        out.push_str(&format!("u{:x}", u32::from(c)));
    }
}

/// What a run of a text consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Han,
    /// Letters of any other script.
    Letters,
    Digits,
}

/// Cuts a text into runs of one script, letters folded; signs only separate. A middle dot separates nothing
/// and an apostrophe neither, as in xi'an.
pub(super) fn runs(text: &str) -> Vec<(Script, String)> {
    let mut runs: Vec<(Script, String)> = Vec::new();
    let mut joined = false;
    for c in text.chars() {
        let script = match c {
            _ if is_middle_dot(c) || matches!(c, '\'' | '’' | '‘' | '`' | '\u{300}'..='\u{36f}') => {
                continue;
            }
            _ if is_han(c) => Script::Han,
            _ if c.is_ascii_digit() => Script::Digits,
            _ if c.is_alphanumeric() => Script::Letters,
            _ => {
                joined = false;
                continue;
            }
        };
        match runs.last_mut() {
            Some((last, run)) if joined && *last == script => fold_into(run, c),
            _ => {
                let mut run = String::new();
                fold_into(&mut run, c);
                runs.push((script, run));
            }
        }
        joined = true;
    }
    runs
}

/// Letters with their accented forms: Western and Eastern Europe, pinyin with tones, Vietnamese.
const ACCENTS: &[(&str, &str)] = &[
    ("a", "àáâãäåāăąǎạảấầẩẫậắằẳẵặɑ"),
    ("ae", "æ"),
    ("c", "çćĉċč"),
    ("d", "ďđð"),
    ("e", "èéêëēĕėęěẹẻẽếềểễệə"),
    ("f", "ƒ"),
    ("g", "ĝğġģǧɡ"),
    ("h", "ĥħ"),
    ("i", "ìíîïĩīĭįıǐịỉ"),
    ("j", "ĵ"),
    ("k", "ķǩ"),
    ("l", "ĺļľŀł"),
    ("m", "ḿ"),
    ("n", "ñńņňŉŋǹ"),
    ("o", "òóôõöøōŏőǒơọỏốồổỗộớờởỡợǫ"),
    ("oe", "œ"),
    ("r", "ŕŗř"),
    ("s", "śŝşšſș"),
    ("ss", "ß"),
    ("t", "ţťŧț"),
    ("th", "þ"),
    ("u", "ùúûüũūŭůűųǔǖǘǚǜưụủứừửữự"),
    ("w", "ŵẁẃẅ"),
    ("y", "ýÿŷỳỵỷỹ"),
    ("z", "źżž"),
];

/// Adds a character in lower case and without its accent.
fn fold_into(out: &mut String, c: char) {
    if c.is_ascii() || is_han(c) {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for c in c.to_lowercase().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')) {
        match ACCENTS.iter().find(|(_, accented)| accented.contains(c)) {
            Some((plain, _)) => out.push_str(plain),
            None => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_runs_of_one_script() {
        let check = |text: &str, expect: &[(Script, &str)]| {
            let found = runs(text);
            let found: Vec<(Script, &str)> = found
                .iter()
                .map(|(script, run)| (*script, run.as_str()))
                .collect();
            assert_eq!(found, expect, "{text}");
        };
        check("单chun", &[(Script::Han, "单"), (Script::Letters, "chun")]);
        check("阿卜杜拉·买买提", &[(Script::Han, "阿卜杜拉买买提")]);
        check(
            "Nguyễn Đức",
            &[(Script::Letters, "nguyen"), (Script::Letters, "duc")],
        );
        check(
            "O'Brien-Müller",
            &[(Script::Letters, "obrien"), (Script::Letters, "muller")],
        );
        check("lǚ", &[(Script::Letters, "lu")]);
        check("e\u{301}", &[(Script::Letters, "e")]);
        check(
            "Straße İ",
            &[(Script::Letters, "strasse"), (Script::Letters, "i")],
        );
        check("a1", &[(Script::Letters, "a"), (Script::Digits, "1")]);
        check("Айгуль", &[(Script::Letters, "айгуль")]);
        check(" \"*()-", &[]);
    }
}
