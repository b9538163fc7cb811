//! A guard against identity-card numbers: none is stored anywhere, not in a note either.

mod ordinary;

use super::spelling::{half_width, is_dash, plain};

/// The digits of such a number.
const DIGITS: usize = 18;
/// The digits of the shortest one, of the time before.
const DIGITS_MIN: usize = 15;

/// Whether a text holds something that looks like an identity-card number: 18 characters (17 digits and a
/// digit or X) or 15 digits, with a date of birth where such numbers have it.
///
/// Where they stand together, the check digit is not asked for: a number with a typing mistake is still somebody's.
/// Spaces, dashes and full-width digits do not hide one of 18: parts that are one together are found, when their check
/// digit is right or they are parted as such numbers are (region, birth, rest). A telephone number, a date or a door in
/// a note does not join what stands beside it, and fifteen digits in parts are no number of those times.
pub fn looks_like_identity_number(text: &str) -> bool {
    // Most texts hold few digits or none, and are asked about at every save: first by bytes.
    let may_hold_one = count_of_digits(text.as_bytes()) >= DIGITS_MIN;
    if !may_hold_one || text.chars().filter(|c| is_digit(*c)).take(DIGITS_MIN).count() < DIGITS_MIN {
        return false;
    }
    runs(text).iter().any(|groups| run_holds_one(groups))
}

/// Whether a character may stand in such a number.
fn is_digit(c: char) -> bool {
    half_width(c).is_ascii_digit() || is_check_x(half_width(c))
}

/// How many bytes may begin one. Counted in bytes, by pieces that do not overflow them: that is how many are looked at
/// together.
fn count_of_digits(bytes: &[u8]) -> usize {
    let pieces = bytes.chunks(128);
    let counts = pieces.map(|piece| piece.iter().map(|byte| u8::from(begins_digit(*byte))).sum::<u8>());
    counts.map(usize::from).sum()
}

/// Whether a byte may begin one for which [`is_digit`] holds. Without branches, so that many are looked at together.
fn begins_digit(byte: u8) -> bool {
    byte.is_ascii_digit() | (byte | 0x20 == b'x') | (byte == 0xc3) | (byte & 0xfe == 0xd0) | (byte == 0xef)
}

/// The text as it is, or, when it holds such a number, with every run of digits replaced by `[…]`: for
/// messages that must quote what somebody typed.
pub fn without_identity_numbers(text: &str) -> String {
    if !looks_like_identity_number(text) {
        return text.to_owned();
    }
    let mut masked = String::new();
    let mut in_digits = false;
    for c in plain(text).chars() {
        let digit = c.is_ascii_digit() || (in_digits && is_inside(c)) || (in_digits && is_check_x(c));
        if digit && !in_digits {
            masked.push_str("[…]");
        }
        in_digits = digit;
        if !digit {
            masked.push(c);
        }
    }
    masked
}

/// Digits (X among them) that stand together, and what parts them from those before.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    text: String,
    /// The sign in front; a space when there are several, or when this is the first.
    sign: char,
}

/// Groups that only spaces, dashes and the like part.
fn runs(text: &str) -> Vec<Vec<Group>> {
    let mut runs = vec![Vec::new()];
    let (mut group, mut between) = (String::new(), String::new());
    for c in plain(text).chars().chain(['\n']) {
        if c.is_ascii_digit() || is_check_x(c) {
            group.push(if c.is_ascii_digit() { c } else { 'X' });
            continue;
        }
        if let Some(run) = runs.last_mut().filter(|_| !group.is_empty()) {
            let mut signs = between.chars();
            let sign = signs.next().filter(|_| signs.next().is_none()).unwrap_or(' ');
            run.push(Group {
                text: std::mem::take(&mut group),
                sign: if is_dash(sign) { '-' } else { sign },
            });
            between.clear();
        }
        between.push(c);
        if !is_inside(c) && runs.last().is_some_and(|run| !run.is_empty()) {
            runs.push(Vec::new());
        }
    }
    runs
}

fn is_check_x(c: char) -> bool {
    matches!(c, 'x' | 'X' | '×' | 'Х' | 'х')
}

fn is_inside(c: char) -> bool {
    is_dash(c) || matches!(c, ' ' | '\t' | '_' | '.' | '·' | '/' | '\'')
}

fn run_holds_one(groups: &[Group]) -> bool {
    let others = ordinary::others(groups);
    groups.iter().any(|group| has_the_shape(&group.text))
        || parted_as_such(groups)
        || others
            .iter()
            .any(|rest| parts_hold_one(rest) || is_one(rest, false))
        || (is_one(groups, true) && !ordinary::explain(&others))
}

/// Whether neighbours are one number of 18 together, by its check digit.
fn parts_hold_one(groups: &[Group]) -> bool {
    candidates(groups).any(|parts| is_one(parts, true))
}

/// The neighbours that have 18 digits together: from each group on at most once, and looked for no further than that, so
/// that a long text costs no more than its length.
fn candidates(groups: &[Group]) -> impl Iterator<Item = &[Group]> {
    (0..groups.len()).filter_map(|start| {
        let mut digits = 0;
        let rest = groups.get(start..)?;
        let ends = rest.iter().position(|group| {
            digits += group.text.len();
            digits >= DIGITS
        });
        rest.get(..=ends?).filter(|_| digits == DIGITS)
    })
}

/// Whether these groups, written together, are one number of 18.
fn is_one(groups: &[Group], check: bool) -> bool {
    if groups.iter().map(|group| group.text.len()).sum::<usize>() != DIGITS {
        return false;
    }
    let digits: String = groups.iter().map(|group| group.text.as_str()).collect();
    has_the_shape(&digits) && is_region(&digits) && (!check || checks(&digits))
}

/// Region, birth and rest apart, as people write such a number to read it out: 999999 19600402 1883, and the birth
/// itself in three parts when the check digit is right.
fn parted_as_such(groups: &[Group]) -> bool {
    let parted = |count: usize, lengths: &[usize], check: bool| {
        groups.windows(count).any(|parts| {
            let fits = parts
                .iter()
                .map(|group| group.text.len())
                .eq(lengths.iter().copied());
            fits && is_one(parts, check)
        })
    };
    parted(3, &[6, 8, 4], false) || parted(5, &[6, 4, 2, 2, 4], true)
}

/// Whether the first two digits are those of a province (GB/T 2260), of a foreigner's permit (9), or of made-up numbers.
fn is_region(digits: &str) -> bool {
    let two: Option<u8> = digits.get(..2).and_then(|two| two.parse().ok());
    matches!(
        two,
        Some(11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 90..=99)
    )
}

/// Whether the last of 18 is the check digit of the others (GB 11643, ISO 7064 MOD 11-2).
fn checks(digits: &str) -> bool {
    let sum = digits.chars().fold(0_u32, |sum, c| {
        let value = if c == 'X' { 10 } else { c.to_digit(10).unwrap_or(0) };
        (sum * 2 + value) % 11
    });
    sum == 1
}

fn has_the_shape(digits: &str) -> bool {
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let is_digits = |to: usize| {
        digits
            .get(..to)
            .is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let day_exists = |month: Option<u32>, day: Option<u32>| {
        month.is_some_and(|month| (1..=12).contains(&month)) && day.is_some_and(|day| (1..=31).contains(&day))
    };
    match digits.len() {
        18 => {
            is_digits(17)
                && !digits.starts_with('0')
                && number(6, 10).is_some_and(|year| (1850..2100).contains(&year))
                && day_exists(number(10, 12), number(12, 14))
        }
        // Issued until 1999, without the century. Regions begin with 11 to 82 (99 in made-up examples).
        15 => {
            is_digits(15)
                && number(0, 2).is_some_and(|region| (11..=82).contains(&region) || region == 99)
                && day_exists(number(8, 10), number(10, 12))
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "identity/notes_tests.rs"]
mod notes_tests;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_digit_is_found_by_its_bytes() {
        for c in (0..=0x0010_ffff)
            .filter_map(char::from_u32)
            .filter(|c| is_digit(*c))
        {
            assert!(begins_digit(c.encode_utf8(&mut [0; 4]).as_bytes()[0]), "{c:?}");
        }
    }

    #[test]
    fn identity_numbers_are_noticed_in_every_spelling() {
        for text in [
            "999999196004021883",
            "身份证999999196004021883",
            "99999919600402188X",
            "99999919600402188x",
            "999999 19600402 1883",
            "9999 9919 6004 0218 83",
            "999999-19600402-1883",
            "９９９９９９１９６００４０２１８８３",
            "99999919600402188Ｘ",
            "1.999999196004021883",
            "电话12009375836,证999999196004021883。",
            "9 9 9 9 9 9 1 9 6 0 0 4 0 2 1 8 8 3",
            "999999600402188",
            "999999\u{200b}19600402\u{3000}1883",
            "12009375836 999999196004021883",
            "99999919600402188×",
        ] {
            assert!(looks_like_identity_number(text), "{text}");
            assert!(
                !looks_like_identity_number(&without_identity_numbers(text)),
                "{text}"
            );
        }
    }

    #[test]
    fn telephone_numbers_and_other_digits_are_left_alone() {
        for text in [
            "",
            "12009375836",
            "12009375836 12033343251",
            "12009375836/12033343251",
            "0314-2021234 2021235",
            "62021234 2021234",
            "+86 12009375836",
            "0086 12009375836",
            "008612009375836",
            "3-2-501 12009375836",
            "2026-11-21 14:30 3-2-501",
            "血压 135/85 心率 72",
            "999999999999999999",
            "6222020000001234567",
            "123456789012345",
            "2026年11月21日",
            "999999196013021883",
            "12019600612 2021234",
            "电表 0012345678",
            "3-2-501, 4-1-302, 13-4-602",
            "家属住3-2-501 13801121234",
            "13900000013 0314-2021234",
            "11-21 13801121234",
            "999999 600402 188",
        ] {
            assert!(!looks_like_identity_number(text), "{text}");
            assert_eq!(without_identity_numbers(text), text);
        }
    }

    #[test]
    fn the_rest_of_a_masked_text_stays() {
        assert_eq!(
            without_identity_numbers("证 999999 19600402 1883,电话见上"),
            "证 […],电话见上"
        );
    }

    #[test]
    fn a_text_of_thousands_of_digits_apart_is_looked_at_once_from_each() {
        // As long as a text may be.
        let text = "1 ".repeat(3_000);
        let runs = runs(&text);
        let groups = runs.first().unwrap();
        assert_eq!(groups.len(), 3_000);
        let digits = |parts: &[Group]| parts.iter().map(|group| group.text.len()).sum::<usize>();
        let looked_at: usize = candidates(groups).map(digits).sum();
        assert!(looked_at <= DIGITS * groups.len(), "{looked_at}");
        assert!(!looks_like_identity_number(&text));
        assert!(looks_like_identity_number(&format!("{text}999999 19600402 1883")));
    }

    proptest! {
        #[test]
        fn any_text_never_panics(text in any::<String>()) {
            let _ = without_identity_numbers(&text);
        }

        #[test]
        fn one_or_two_mobiles_never_trigger(a in "1[0-9]{10}", b in "1[0-9]{10}", sign in "[/、,;\n -]") {
            let both = format!("{a}{sign}{b}");
            prop_assert!(!looks_like_identity_number(&a));
            prop_assert!(!looks_like_identity_number(&both), "{both}");
        }

        #[test]
        fn a_mobile_and_a_fixed_line_never_trigger(a in "1[0-9]{10}", b in "[2-9][0-9]{6}") {
            let both = format!("{a} {b}");
            prop_assert!(!looks_like_identity_number(&both), "{both}");
        }

        #[test]
        fn plausible_numbers_always_trigger(region in "[1-9][0-9]{5}", year in 1900_u32..2030, month in 1_u32..13, day in 1_u32..29, rest in "[0-9]{3}[0-9X]") {
            let number = format!("{region}{year}{month:02}{day:02}{rest}");
            prop_assert!(looks_like_identity_number(&number), "{number}");
        }
    }
}
