//! Telephone numbers as people write them into one cell.
//!
//! A number is kept whole or handed back whole, never a part of it:
//!
//! | kept as | what it is |
//! |---|---|
//! | `13800138000` | a mobile: eleven digits that begin with 1 |
//! | `03142021234` | an area code with seven or eight digits, or with a service |
//! | `62021234` | a local number: seven or eight digits that begin with 2 to 9 |
//! | `4001234567`, `110`, `12345`, `95588` | services, three to ten digits |
//! | `+85291234567` | a number of another country, as ITU-T E.164 writes it |
//!
//! Which prefixes networks use changes and is not checked. An extension (`转801`) cannot be kept, so a number that has one
//! is handed back with it, and so is an extension alone (`分机110`).

mod plan;

use super::spelling::{is_dash, plain};

/// A text longer than this is not searched for numbers; it is handed back whole.
const PHONE_TEXT_CHARS_MAX: usize = 400;
/// The most zeros that a spreadsheet's `1.2009375E10` may have left out and still mean one number.
const LEFT_OUT_ZEROS_MAX: usize = 2;
/// Words and signs before an extension.
const EXTENSION_WORDS: [&str; 6] = ["转", "轉", "分机", "分機", "内线", "#"];
/// The same, as a word by itself.
const EXTENSION_IN_LETTERS: [&str; 3] = ["ext", "extn", "extension"];
/// What has such a word in it and says something else: what somebody shall pass on, hand over or be paid.
const NO_EXTENSIONS: [&str; 6] = ["转告", "转交", "转账", "转达", "轉告", "轉交"];

/// What was read from one cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParsedPhones {
    /// Numbers as they are dialled, each once, in the order of writing.
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
    if trimmed.chars().count() > PHONE_TEXT_CHARS_MAX || is_lost(trimmed) {
        parsed.impossible.push(trimmed.to_owned());
        return parsed;
    }
    match spreadsheet_number(trimmed) {
        Some(number) => parsed.take(&number),
        None => pieces(trimmed).iter().for_each(|piece| parsed.take(piece)),
    }
    if parsed.numbers.is_empty() && parsed.impossible.is_empty() {
        parsed.impossible.push(trimmed.to_owned());
    }
    parsed
}

/// Whether a text is what is kept of a telephone number, and can be dialled as it stands.
pub fn is_dialled(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (1..=20).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
}

/// What people may know of a kept number besides the whole: the part without country code or area code.
pub fn without_prefix(number: &str) -> Option<&str> {
    match number.strip_prefix('+') {
        Some(digits) => plan::split_country(digits).map(|(_, rest)| rest),
        None => plan::split_area(number).map(|(_, local)| local),
    }
}

impl ParsedPhones {
    /// Takes a piece: one number, or several with only spaces and dashes between them. When its digits are not whole
    /// numbers to the last one, none of it is taken: nobody knows which part was meant.
    fn take(&mut self, piece: &str) {
        let groups = groups(piece);
        let numbers = if has_extension(piece) {
            None
        } else {
            whole_numbers(&groups)
        };
        let Some(numbers) = numbers else {
            self.impossible.push(piece.to_owned());
            return;
        };
        for number in numbers {
            if !self.numbers.contains(&number) {
                self.numbers.push(number);
            }
        }
    }
}

/// The parts of a text that hold digits; words and list signs part them. A number stays together with its extension.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut between = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let inside = is_within_number(c);
        let length = rest.find(|c| is_within_number(c) != inside).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        if !inside || !run.contains(|c: char| c.is_ascii_digit()) {
            between.push_str(run);
            continue;
        }
        let run = run.trim_matches(|c: char| !c.is_ascii_digit() && c != '+');
        match pieces.last_mut() {
            Some(last) if has_extension(&between) => last.push_str(&format!("{}{run}", between.trim())),
            // An extension of a number that nobody wrote: 分机110 is not the police.
            None if has_extension(&between) => pieces.push(format!("{}{run}", between.trim())),
            _ => pieces.push(run.to_owned()),
        }
        between.clear();
    }
    pieces
}

fn has_extension(text: &str) -> bool {
    let mut text = text.to_lowercase();
    for other in NO_EXTENSIONS {
        text = text.replace(other, " ");
    }
    let mut words = text.split(|c: char| !c.is_ascii_lowercase());
    EXTENSION_WORDS.iter().any(|word| text.contains(word))
        || words.any(|word| EXTENSION_IN_LETTERS.contains(&word))
        || text.trim() == "x"
}

/// Digits that stand together, and whether a plus stands before them.
struct Group<'a> {
    digits: &'a str,
    plus: bool,
}

fn groups(piece: &str) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    let mut before = 0;
    for part in piece.split(|c: char| !c.is_ascii_digit()) {
        if !part.is_empty() {
            let at = part.as_ptr() as usize - piece.as_ptr() as usize;
            let plus = piece.get(before..at).is_some_and(|between| between.contains('+'));
            groups.push(Group { digits: part, plus });
            before = at + part.len();
        }
    }
    groups
}

/// The most groups that one number falls into: each digit apart, and the country code.
const GROUPS_PER_NUMBER_MAX: usize = 17;

/// The numbers that these groups are, when every group belongs to one. The longest number first: `0314 2021234` is one,
/// not an area code that strays before a local number.
fn whole_numbers(groups: &[Group<'_>]) -> Option<Vec<String>> {
    if let [only] = groups
        && !only.plus
        && plan::is_service(only.digits)
    {
        return Some(vec![only.digits.to_owned()]);
    }
    // From the end: what the groups from each place on are.
    let mut from: Vec<Option<Vec<String>>> = vec![None; groups.len()];
    from.push(Some(Vec::new()));
    for start in (0..groups.len()).rev() {
        let found = (1..=GROUPS_PER_NUMBER_MAX.min(groups.len() - start))
            .rev()
            .find_map(|count| {
                let after = from.get(start + count)?.as_ref()?;
                let first = number(groups.get(start..start + count)?)?;
                Some([vec![first], after.clone()].concat())
            });
        if let Some(place) = from.get_mut(start) {
            *place = found;
        }
    }
    from.into_iter().next().flatten()
}

/// The one number that these groups are together.
fn number(groups: &[Group<'_>]) -> Option<String> {
    let (first, others) = groups.split_first()?;
    // What is a number by itself is not the beginning of another one: 2021234 5 is not 20212345.
    let begun = !others.is_empty() && !first.plus && plan::is_national(first.digits);
    if begun || others.iter().any(|group| group.plus) {
        return None;
    }
    let digits: String = groups.iter().map(|group| group.digits).collect();
    // 1-415-555-2671 without its plus has as many digits as a mobile.
    let lengths: Vec<usize> = groups.iter().map(|group| group.digits.len()).collect();
    let north_american = lengths == [1, 3, 3, 4];
    if first.plus {
        return plan::international(&digits);
    }
    if let Some(abroad) = digits.strip_prefix("00") {
        return plan::international(abroad);
    }
    if plan::is_national(&digits) && !north_american {
        return Some(digits);
    }
    // 86 without plus; not for fewer digits, which may be a local number.
    let rest = digits.strip_prefix(plan::CHINA).filter(|rest| rest.len() >= 10)?;
    plan::is_national(rest).then(|| rest.to_owned())
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

/// Whether the whole text is a number like `1.2E+10` that has lost digits.
fn is_lost(text: &str) -> bool {
    spreadsheet_number(text).is_none()
        && text.contains(['e', 'E'])
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
            "拒绝提供",
            "999999196004021883",
            "0314-12",
            "010-2021234",
            "22009375836",
        ] {
            check(text, &[], 1);
        }
        check("12009375836/120520684", &["12009375836"], 1);
    }

    #[test]
    fn what_only_has_the_word_of_an_extension_in_it_is_none() {
        for text in [
            "13800138000,有事转告13900139000",
            "13800138000 请转交 13900139000",
            "13800138000(转账用)13900139000",
            "13800138000 next 13900139000",
            "13800138000 next of kin: 13900139000",
            "13800138000 text 13900139000",
        ] {
            check(text, &["13800138000", "13900139000"], 0);
        }
    }

    #[test]
    fn an_extension_alone_is_no_number() {
        for text in [
            "分机110",
            "内线12345",
            "分机:110",
            "转 12345",
            "#110",
            "ext 110",
            "Ext.12345",
        ] {
            check(text, &[], 1);
        }
        check("分机110、13800138000", &["13800138000"], 1);
    }

    #[test]
    fn a_number_of_another_country_is_kept_whole() {
        for (text, number) in [
            ("+1 415 555 2671", "+14155552671"),
            ("+1 (415) 555-2671", "+14155552671"),
            ("001-415-555-2671", "+14155552671"),
            ("+852 9123 4567", "+85291234567"),
            ("(+852) 9123 4567", "+85291234567"),
            ("00852-91234567", "+85291234567"),
            ("+85291234567", "+85291234567"),
            ("＋８５２ ９１２３ ４５６７", "+85291234567"),
            ("香港+852-9123-4567", "+85291234567"),
            ("+853 6612 3456", "+85366123456"),
            ("+886 912 345 678", "+886912345678"),
            ("+886 0912 345 678", "+886912345678"),
            ("+886 2 2345 6789", "+886223456789"),
            ("+82 10-1234-5678", "+821012345678"),
            ("+82 010-1234-5678", "+821012345678"),
            ("+81 90 1234 5678", "+819012345678"),
            ("+44 (0)20 7946 0958", "+442079460958"),
            ("+7 912 345-67-89", "+79123456789"),
            ("+39 06 1234 5678", "+390612345678"),
            ("+976 8812 3456", "+97688123456"),
            ("+86 314 2021234", "03142021234"),
            ("+86 (0)10 6202 1234", "01062021234"),
            ("+86 10 6202 1234", "01062021234"),
            ("0086 400 123 4567", "4001234567"),
        ] {
            check(text, &[number], 0);
        }
        check(
            "+852 9123 4567 / 13800138000",
            &["+85291234567", "13800138000"],
            0,
        );
        check("+852 9123 4567 13800138000", &["+85291234567", "13800138000"], 0);
        check("13800138000 +1 415 555 2671", &["13800138000", "+14155552671"], 0);
    }

    #[test]
    fn services_are_numbers() {
        for text in [
            "110",
            "120",
            "12345",
            "10086",
            "95588",
            "118114",
            "962121",
            "95105555",
            "4001234567",
            "8008101234",
            "031412345",
        ] {
            check(text, &[text], 0);
        }
        check("400-123-4567", &["4001234567"], 0);
        check("4001-234-567", &["4001234567"], 0);
        check("110、12345", &["110", "12345"], 0);
    }

    #[test]
    fn a_part_is_never_kept_as_the_whole() {
        for text in [
            "+852 9123",
            "+852 9123 4567 8",
            "852 9123 4567",
            "852 91234567",
            "+1 415 555",
            "1 415 555 2671",
            "415-555-2671",
            "(415) 555-2671",
            "+999 1234 5678",
            "+86 9123",
            "+86 2021234",
            "+1234567890123456",
            "2021234 5",
            "13800138000 5",
            "13800138000-801",
            "0314-2021234-801",
            "0314-2021234转801",
            "0314-2021234 转 801",
            "62021234 ext. 12",
            "62021234x12",
            "62021234#801",
            "13800138000 转 110",
            "13800",
            "138001380",
        ] {
            check(text, &[], 1);
        }
    }

    #[test]
    fn what_people_know_of_a_number_besides_the_whole() {
        assert_eq!(without_prefix("+85291234567"), Some("91234567"));
        assert_eq!(without_prefix("03142021234"), Some("2021234"));
        assert_eq!(without_prefix("01062021234"), Some("62021234"));
        assert_eq!(without_prefix("13800138000"), None);
        assert!(is_dialled("+85291234567") && is_dialled("110") && is_dialled("0314-2021234"));
        assert!(!is_dialled("-") && !is_dialled("+-") && !is_dialled("--"));
        assert!(!is_dialled("") && !is_dialled("+") && !is_dialled("1+2") && !is_dialled("转801"));
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
        fn what_is_kept_has_every_digit_of_its_piece(text in "[+0-9 ()-]{0,24}") {
            let parsed = parse_phones(&text);
            if parsed.impossible.is_empty() && parsed.numbers.len() == 1 {
                let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
                let (written, kept) = (digits(&text), digits(&parsed.numbers[0]));
                // All of it, but for the country code of China, 00, the zero within a country, and the same number twice.
                prop_assert!(written.len() <= kept.len() + 4 || written.len() == 2 * kept.len(), "{} {}", text, kept);
                prop_assert!(written.ends_with(kept.get(3..).unwrap_or_default()), "{} {}", text, kept);
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
