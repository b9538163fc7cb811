//! Telephone numbers as people write them into one cell.
//!
//! A number is kept as digits only: eleven digits that begin with 1 (mobile), an area code with seven or
//! eight digits, or seven or eight digits that begin with 2 to 9 (local). Which prefixes networks use
//! changes and is not checked. What is written but is none of these is handed back, never dropped.

use super::spelling::{is_dash, plain};

/// A text longer than this is not searched for numbers; it is handed back whole.
const PHONE_TEXT_CHARS_MAX: usize = 400;
/// The most zeros that a spreadsheet's `1.2009375E10` may have left out and still mean one number.
const LEFT_OUT_ZEROS_MAX: usize = 2;

/// What was read from one cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParsedPhones {
    /// Numbers, digits only, each once, in the order of writing.
    pub numbers: Vec<String>,
    /// What was written and is no telephone number.
    pub impossible: Vec<String>,
}

/// Reads the telephone numbers of a cell: several of them, with spaces, dashes, country code and words
/// between them (`本人120..., 女儿 120...`), or one that a spreadsheet kept as a number (`12009375836.0`).
///
/// Words are no numbers and nothing is kept of them; a cell of words alone is handed back as impossible,
/// unless it says that there is no number (`无`, `-`).
pub fn parse_phones(text: &str) -> ParsedPhones {
    let mut parsed = ParsedPhones::default();
    let plain = plain(text);
    let trimmed = plain.trim();
    if says_none(trimmed) {
        return parsed;
    }
    if trimmed.chars().count() > PHONE_TEXT_CHARS_MAX {
        parsed.impossible.push(trimmed.to_owned());
        return parsed;
    }
    if let Some(number) = spreadsheet_number(trimmed) {
        parsed.take(&number);
        return parsed;
    }
    if is_exponent(trimmed) {
        parsed.impossible.push(trimmed.to_owned());
        return parsed;
    }
    for piece in trimmed.split(|c| !is_within_number(c)) {
        let piece = piece.trim_matches(|c: char| !c.is_ascii_digit() && c != '+' && c != '(');
        if piece.chars().any(|c| c.is_ascii_digit()) {
            parsed.take(piece);
        }
    }
    if parsed.numbers.is_empty() && parsed.impossible.is_empty() {
        parsed.impossible.push(trimmed.to_owned());
    }
    parsed
}

impl ParsedPhones {
    /// Takes one number, or several with only spaces between them.
    fn take(&mut self, piece: &str) {
        let groups: Vec<String> = digit_groups(piece);
        let mut rest: &[String] = &groups;
        while !rest.is_empty() {
            // The longest run of groups first: `0314 1234567` is one number, not a stray 0314.
            let found = (1..=rest.len()).rev().find_map(|count| {
                let (run, after) = rest.split_at_checked(count)?;
                Some((phone(&run.concat())?, after))
            });
            match found {
                Some((number, after)) => {
                    if !self.numbers.contains(&number) {
                        self.numbers.push(number);
                    }
                    rest = after;
                }
                None => {
                    self.impossible.push(rest.join(" "));
                    return;
                }
            }
        }
    }
}

/// Whether these digits, written together, are one telephone number; gives it without country code.
fn phone(digits: &str) -> Option<String> {
    let national = ["0086", "86"]
        .iter()
        .find_map(|code| {
            digits
                .strip_prefix(code)
                .filter(|rest| national_number(rest) && rest.len() >= 10)
        })
        .unwrap_or(digits);
    // After +86 the zero of the area code is left out.
    if national_number(national) {
        Some(national.to_owned())
    } else {
        None
    }
}

fn national_number(digits: &str) -> bool {
    let second = digits.as_bytes().get(1);
    match (digits.as_bytes().first(), digits.len()) {
        (Some(b'1'), 11) | (Some(b'2'..=b'9'), 7 | 8) => true,
        // 010 and 02x have eight digits after them, other areas seven or eight.
        (Some(b'0'), 11) if matches!(second, Some(b'1' | b'2')) => true,
        (Some(b'0'), 11 | 12) => matches!(second, Some(b'3'..=b'9')),
        _ => false,
    }
}

fn says_none(text: &str) -> bool {
    text.chars()
        .all(|c| is_dash(c) || matches!(c, '/' | '\\' | '*' | '.' | '。' | ' ' | '_' | '?'))
        || matches!(
            text,
            "无" | "没有"
                | "暂无"
                | "不详"
                | "未知"
                | "无电话"
                | "没有电话"
                | "空"
                | "0"
                | "无号码"
                | "未留"
                | "未登记"
        )
}

/// Signs that stand inside one number, or between two that only a space parts.
fn is_within_number(c: char) -> bool {
    c.is_ascii_digit() || is_dash(c) || matches!(c, ' ' | '\t' | '(' | ')' | '+' | '.' | '·')
}

fn digit_groups(piece: &str) -> Vec<String> {
    piece
        .split(|c: char| !c.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// Whether the whole text is a number like `1.2E+10`.
fn is_exponent(text: &str) -> bool {
    text.contains(['e', 'E'])
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, 'e' | 'E' | '.' | '+'))
}

/// `12009375836.0` and `1.2009375836E10`; `1.20094E+10` has lost digits and is no number any more.
fn spreadsheet_number(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((mantissa, exponent)) = upper.split_once('E') else {
        let (whole, zeros) = upper.split_once('.')?;
        let whole_number = whole.len() >= 7 && digits_only(whole) && zeros.bytes().all(|byte| byte == b'0');
        return whole_number.then(|| whole.to_owned());
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shift: usize = exponent
        .trim_start_matches('+')
        .parse()
        .ok()
        .filter(|shift| *shift <= 12)?;
    let left_out = shift.checked_sub(fraction.len())?;
    let exact =
        whole.len() == 1 && digits_only(whole) && digits_only(fraction) && left_out <= LEFT_OUT_ZEROS_MAX;
    exact.then(|| format!("{whole}{fraction}{}", "0".repeat(left_out)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, numbers: &[&str], impossible: usize) {
        let parsed = parse_phones(text);
        assert_eq!(parsed.numbers, numbers, "{text}");
        assert_eq!(
            parsed.impossible.len(),
            impossible,
            "{text}: {:?}",
            parsed.impossible
        );
    }

    #[test]
    fn a_number_is_found_in_every_spelling() {
        for text in [
            "12009375836",
            " 12009375836 ",
            "120 0937 5836",
            "120-0937-5836",
            "１２００９３７５８３６",
            "+86 12009375836",
            "+8612009375836",
            "0086-120-0937-5836",
            "8612009375836",
            "12009375836.0",
            "1.2009375836E10",
            "1.2009375836e+10",
            "(+86)12009375836",
            "手机:12009375836",
            "12009375836(女儿)",
            "120\u{200b}0937\u{3000}5836",
            "12009375836/12009375836",
        ] {
            check(text, &["12009375836"], 0);
        }
    }

    #[test]
    fn several_numbers_stand_in_one_cell() {
        for text in [
            "12009375836/12033343251",
            "12009375836、12033343251",
            "12009375836，12033343251",
            "12009375836;12033343251",
            "12009375836 12033343251",
            "12009375836\n12033343251",
            "12009375836或12033343251",
            "120 0937 5836 120 3334 3251",
            "本人12009375836女儿12033343251",
            "12009375836-12033343251",
            "12009375836 / 120-3334-3251",
            "12009375836|12033343251",
        ] {
            check(text, &["12009375836", "12033343251"], 0);
        }
        check("0314-2021234 12009375836", &["03142021234", "12009375836"], 0);
    }

    #[test]
    fn fixed_lines_keep_their_area_code() {
        for (text, number) in [
            ("0314-2021234", "03142021234"),
            ("(0314)2021234", "03142021234"),
            ("0314 2021234", "03142021234"),
            ("010-62021234", "01062021234"),
            ("0755-82021234", "075582021234"),
            ("2021234", "2021234"),
            ("62021234", "62021234"),
            ("0086 0314 2021234", "03142021234"),
        ] {
            check(text, &[number], 0);
        }
    }

    #[test]
    fn what_cannot_be_a_number_is_handed_back() {
        for text in [
            "1205206849",
            "120093758361",
            "1.20094E+10",
            "12345",
            "拒绝提供",
            "999999196004021883",
            "0314-12",
            "010-2021234",
            "22009375836",
        ] {
            check(text, &[], 1);
        }
        check("12009375836/120520684", &["12009375836"], 1);
        check("12009375836 转 801", &["12009375836"], 1);
    }

    #[test]
    fn no_number_is_no_fault() {
        for text in ["", " ", "无", "—", "/", "不详", "\u{3000}"] {
            check(text, &[], 0);
        }
    }

    proptest! {
        #[test]
        fn any_text_never_panics_and_numbers_read_back(text in any::<String>()) {
            for number in parse_phones(&text).numbers {
                prop_assert_eq!(parse_phones(&number).numbers, vec![number]);
            }
        }

        #[test]
        fn no_digit_is_dropped_in_silence(text in "[0-9 /+\\-、.()或]{0,40}") {
            let parsed = parse_phones(&text);
            if text.chars().any(|c| c.is_ascii_digit()) && text.trim() != "0" {
                prop_assert!(!parsed.numbers.is_empty() || !parsed.impossible.is_empty());
            }
        }

        #[test]
        fn random_mobiles_are_found(digits in "1[0-9]{10}", other in "1[0-9]{10}", sign in "[/、,; \n]") {
            let parsed = parse_phones(&format!("{digits}{sign}{other}"));
            let expect = if digits == other { vec![digits] } else { vec![digits, other] };
            prop_assert_eq!(parsed, ParsedPhones { numbers: expect, impossible: vec![] });
        }
    }
}
