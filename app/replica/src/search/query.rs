//! From what was typed to an FTS5 expression.
//!
//! The text is cut at spaces. Pieces that look like parts of a door are read together as a door
//! (`3栋 2单元 501`), the others one by one: Chinese characters as a phrase, letters as the beginning of a
//! spelling, digits as a door or a telephone. All pieces must be found. Every term is a quoted phrase of
//! letters and digits, so nothing that is typed is ever read as FTS5 syntax.

use shared::domain::door::parse_query;
use shared::domain::spelling::{is_han, is_han_numeral, plain};

use super::index_text::{PHONE_MARK, door_phrase, phone_digits};
use super::letters::{Script, push_han, runs};

/// Characters of a search that count; nothing that is looked for is longer.
pub const QUERY_CHARS_MAX: usize = 64;
/// Fewer digits than these are a door, not the end of a telephone number.
const PHONE_DIGITS_MIN: usize = 3;
/// Fewer letters than these in front of a digit are a building: A3.
const NAME_LETTERS_MIN: usize = 3;
/// A longer word in front of a door is the name of a compound, not of a person.
const PERSON_CHARS_MAX: usize = 4;

/// The FTS5 expression for what was typed; `None` when there is nothing to look for.
///
/// Any text is safe: what comes out is valid FTS5 and names only the columns `chars`, `latin` and `digits`.
pub fn fts_query(typed: &str) -> Option<String> {
    let parts = parts(typed);
    all(parts.iter().map(Part::term))
}

/// The two expressions for a person at a door, `王 3-2` or `wangxf 3栋2单元`: the first for residents, the
/// second for the households they belong to. `None` when the text does not have both.
pub fn person_at_door(typed: &str) -> Option<(String, String)> {
    let parts = parts(typed);
    let terms = |doors: bool| {
        all(parts
            .iter()
            .filter(|part| part.is_door() == doors)
            .map(Part::term))
    };
    Some((terms(false)?, terms(true)?))
}

enum Part {
    Name(String),
    Door(Vec<String>),
}

impl Part {
    fn is_door(&self) -> bool {
        matches!(self, Self::Door(_))
    }

    fn term(&self) -> Option<String> {
        match self {
            Self::Name(piece) => run_terms(piece),
            Self::Door(pieces) => door_terms(pieces),
        }
    }
}

fn parts(typed: &str) -> Vec<Part> {
    let text: String = plain(typed).chars().take(QUERY_CHARS_MAX).collect();
    let mut parts: Vec<Part> = Vec::new();
    for piece in text.split_whitespace() {
        let (name, door) = person_before_door(piece);
        if !name.is_empty() {
            parts.push(Part::Name(name.to_owned()));
        }
        if door.is_empty() {
            continue;
        }
        let sign = !door.contains(char::is_alphanumeric);
        match parts.last_mut() {
            Some(Part::Door(pieces)) if sign || looks_like_a_door(door) => pieces.push(door.to_owned()),
            _ if sign => {}
            _ if looks_like_a_door(door) => parts.push(Part::Door(vec![door.to_owned()])),
            _ => parts.push(Part::Name(door.to_owned())),
        }
    }
    parts
}

/// Splits `王芳3-2` and `wang3-2`; leaves `东区3-2`, `A3-2` and `富强新村3-2`, where a place comes first.
fn person_before_door(piece: &str) -> (&str, &str) {
    let start = piece.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let (name, door) = piece.split_at_checked(start).unwrap_or(("", piece));
    let length = name.chars().count();
    let han = name.chars().all(is_han) && length <= PERSON_CHARS_MAX;
    let person = han && !name.chars().all(is_door_word) && !name.ends_with(is_end_of_place);
    let letters =
        name.chars().all(char::is_alphabetic) && !name.contains(is_han) && length >= NAME_LETTERS_MIN;
    if !name.is_empty() && (person || letters) {
        (name, door)
    } else {
        ("", piece)
    }
}

fn is_end_of_place(c: char) -> bool {
    "村区园苑庭里府城院楼路街巷厦邸湾轩居舍寓社组队号栋幢座#".contains(c)
}

fn is_door_word(c: char) -> bool {
    is_han_numeral(c) || "栋幢座楼号单元门梯层室房户间第区期弄排东西南北中甲乙丙丁#".contains(c)
}

/// A piece with a digit, of words and numerals of doors only, or one letter with such words.
fn looks_like_a_door(piece: &str) -> bool {
    let letters = piece.chars().filter(char::is_ascii_alphabetic).count();
    let words = piece
        .chars()
        .filter(|c| !c.is_ascii_alphabetic())
        .all(is_door_word);
    piece.contains(|c: char| c.is_ascii_digit()) || (words && letters <= 1)
}

/// A door as it may go on, or a telephone number, or the pieces as they are (`三` is a name, too).
fn door_terms(pieces: &[String]) -> Option<String> {
    let joined = pieces.join(" ");
    let mut terms: Vec<String> = parse_query(&joined)
        .iter()
        .filter_map(|key| door_term(key))
        .collect();
    terms.extend(phone_term(&joined));
    let certain = pieces
        .iter()
        .all(|piece| piece.contains(|c: char| c.is_ascii_digit()));
    if terms.is_empty() || !certain {
        terms.extend(all(pieces.iter().map(|piece| {
            let digits = parse_query(piece)
                .iter()
                .filter_map(|key| door_term(key))
                .collect::<Vec<_>>();
            let single =
                pieces.len() > 1 && piece.contains(|c: char| c.is_ascii_digit()) && !digits.is_empty();
            if single { any(digits) } else { run_terms(piece) }
        })));
    }
    any(terms)
}

/// `3-2` may go on as `3-20` or `3-2-501`; `3-` is building 3, not 31.
fn door_term(key: &str) -> Option<String> {
    let phrase = door_phrase(key);
    let open = key.ends_with(char::is_alphanumeric);
    (!phrase.is_empty()).then(|| format!("digits : \"{phrase}\"{}", if open { "*" } else { "" }))
}

fn phone_term(text: &str) -> Option<String> {
    let signs_only = text
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '+' | '(' | ')'));
    let digits = phone_digits(text);
    let whole = digits.len() == text.len() || digits.len() > 6;
    (signs_only && whole && digits.len() >= PHONE_DIGITS_MIN)
        .then(|| format!("digits : \"{PHONE_MARK}{digits}\"*"))
}

/// Each run of one script as a term; all of them must be found.
fn run_terms(piece: &str) -> Option<String> {
    all(runs(piece).into_iter().map(|(script, run)| match script {
        Script::Han => {
            let mut phrase = String::new();
            run.chars().for_each(|c| push_han(&mut phrase, c));
            Some(format!("chars : \"{phrase}\""))
        }
        Script::Letters => Some(format!("latin : \"{run}\"*")),
        Script::Digits => any([door_term(&run), phone_term(&run)].into_iter().flatten()),
    }))
}

fn all(terms: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    join(terms.into_iter().flatten(), " AND ")
}

fn any(terms: impl IntoIterator<Item = String>) -> Option<String> {
    join(terms, " OR ")
}

fn join(terms: impl IntoIterator<Item = String>, with: &str) -> Option<String> {
    let terms: Vec<String> = terms.into_iter().collect();
    match terms.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        several => Some(format!("({})", several.join(with))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, expect: &str) {
        assert_eq!(fts_query(typed).unwrap_or_default(), expect, "{typed}");
    }

    #[test]
    fn each_script_goes_to_its_column() {
        check("春华", "chars : \"春 华\"");
        check("⽅", "chars : \"方\"");
        check(" chunhua ", "latin : \"chunhua\"*");
        check("单chun", "(chars : \"单\" AND latin : \"chun\"*)");
        check("wang xiaofang", "(latin : \"wang\"* AND latin : \"xiaofang\"*)");
        check("xi'an", "latin : \"xian\"*");
        check("3-2-501", "digits : \"d3 2 501\"*");
        check("３栋２单元５０１室", "digits : \"d3 2 501\"*");
        check("3# 2-501", "digits : \"d3 2 501\"*");
        check("3栋", "digits : \"d3\"");
        check("501", "(digits : \"d501\"* OR digits : \"p501\"*)");
        check(
            "138 0013 8000",
            "(digits : \"d138 13 8000\"* OR digits : \"p13800138000\"*)",
        );
    }

    #[test]
    fn a_person_and_a_door_are_told_apart() {
        let check = |typed: &str, expect: Option<(&str, &str)>| {
            let found = person_at_door(typed);
            let found = found
                .as_ref()
                .map(|(person, door)| (person.as_str(), door.as_str()));
            assert_eq!(found, expect, "{typed}");
        };
        check("wang 3-2", Some(("latin : \"wang\"*", "digits : \"d3 2\"*")));
        check("王芳3栋2", Some(("chars : \"王 芳\"", "digits : \"d3 2\"*")));
        check("wang3-2", Some(("latin : \"wang\"*", "digits : \"d3 2\"*")));
        check("3栋 2单元 王", Some(("chars : \"王\"", "digits : \"d3 2\"")));
        for no_person in ["东区3-2", "富强新村3栋2", "A3-2", "综合楼301", "3-2-501", "第3栋"] {
            check(no_person, None);
        }
        check("王芳", None);
    }

    #[test]
    fn numerals_are_doors_and_names() {
        check("三", "(digits : \"d3\"* OR chars : \"三\")");
        check("a", "(digits : \"da\"* OR latin : \"a\"*)");
        check("三栋", "(digits : \"d3\" OR chars : \"三 栋\")");
        check("张三", "chars : \"张 三\"");
    }

    #[test]
    fn nothing_to_look_for_is_no_query() {
        for typed in ["", " \u{3000} ", "\"*()", "--", "\u{200b}", "，。", "🙂"] {
            assert_eq!(fts_query(typed), None, "{typed:?}");
            assert_eq!(person_at_door(typed), None, "{typed:?}");
        }
    }
}
