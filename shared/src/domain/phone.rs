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
mod tests;
