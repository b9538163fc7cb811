//! What is indexed of a resident and of a household.

use std::collections::BTreeSet;

use shared::domain::door::DoorNumber;
use shared::domain::name::person_name;
use shared::domain::phone::without_prefix;
use shared::domain::spelling::{is_han, plain};

use super::letters::{Script, push_han, runs};
use super::spellings;

/// The longest name or door of which everything is indexed.
const INDEXED_CHARS_MAX: usize = 120;
/// How many digits at the end of a telephone number people remember.
const LAST_DIGITS: usize = 4;
/// Marks where a door begins, so that 3 finds building 3 and not every unit 3.
pub(super) const DOOR_MARK: char = 'd';
/// Marks a telephone number or its end.
pub(super) const PHONE_MARK: char = 'p';

/// The texts of one row of the search table, tokens separated by spaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexText {
    /// Chinese characters.
    pub chars: String,
    /// Pinyin, initials, and names in other scripts.
    pub latin: String,
    /// Doors and telephone numbers.
    pub digits: String,
}

/// How a resident is found: by name and by telephone.
pub fn resident_text(name: &str, phones: &[String]) -> IndexText {
    let mut text = IndexText::default();
    let mut latin = BTreeSet::new();
    for (script, run) in runs(&beginning(&person_name(name))) {
        match script {
            Script::Han => {
                run.chars().for_each(|c| push_han(&mut text.chars, c));
                latin.extend(spellings::of_name(&run));
            }
            Script::Letters => {
                latin.insert(run);
            }
            Script::Digits => {}
        }
    }
    let phones: BTreeSet<String> = phones.iter().flat_map(|phone| phone_tokens(phone)).collect();
    text.latin = join(&latin);
    text.digits = join(&phones);
    text
}

/// How a household is found: by its door, from the building or from the room on, and by the name in it
/// (东区, 综合楼).
pub fn household_text(door: &str) -> IndexText {
    let door = beginning(door);
    let keys = match DoorNumber::parse(&door) {
        Ok(number) => number.search_keys(),
        Err(_) => vec![door.clone()],
    };
    let mut text = IndexText::default();
    let mut latin = BTreeSet::new();
    let canonical = keys.first().map_or("", String::as_str);
    for run in canonical
        .split(|c| !is_han(c))
        .filter(|run| run.chars().nth(1).is_some())
    {
        latin.extend(spellings::of_words(run));
    }
    canonical
        .chars()
        .filter(|c| is_han(*c))
        .for_each(|c| push_han(&mut text.chars, c));
    let phrases: BTreeSet<String> = keys.iter().map(|key| door_phrase(key)).collect();
    text.latin = join(&latin);
    text.digits = join(&phrases);
    text
}

impl IndexText {
    /// Both texts in one row: a resident who is found by the door, too.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let both = |a: String, b: &str| [a.as_str(), b].join(" ").trim().to_owned();
        Self {
            chars: both(self.chars, &other.chars),
            latin: both(self.latin, &other.latin),
            digits: both(self.digits, &other.digits),
        }
    }
}

/// The parts of a door as tokens, the first one marked: `3-2-501` is `d3 2 501`. Empty when there are none.
pub(super) fn door_phrase(key: &str) -> String {
    let parts: Vec<&str> = key
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("{DOOR_MARK}{}", parts.join(" ").to_lowercase())
    }
}

/// The digits of a telephone number, without China's country code and without the 00 that is dialled for a plus.
pub(super) fn phone_digits(text: &str) -> String {
    let digits: String = plain(text).chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    match digits.strip_prefix("86") {
        Some(rest) if rest.len() >= 10 => rest.to_owned(),
        _ => digits.to_owned(),
    }
}

fn phone_tokens(phone: &str) -> Vec<String> {
    let digits = phone_digits(phone);
    // 0314-4021234 is also known without its area code, +852 9123 4567 without its country code.
    let abroad = phone.trim_start().starts_with('+') && !phone.trim_start().starts_with("+86");
    let kept = format!("{}{digits}", if abroad { "+" } else { "" });
    let mut ends = vec![digits.as_str()];
    ends.extend(without_prefix(&kept));
    ends.extend(
        digits
            .len()
            .checked_sub(LAST_DIGITS)
            .and_then(|start| digits.get(start..)),
    );
    ends.into_iter()
        .filter(|end| !end.is_empty())
        .map(|end| format!("{PHONE_MARK}{end}"))
        .collect()
}

fn beginning(text: &str) -> String {
    plain(text).chars().take(INDEXED_CHARS_MAX).collect()
}

fn join(tokens: &BTreeSet<String>) -> String {
    tokens
        .iter()
        .filter(|token| !token.is_empty())
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resident_is_indexed_by_characters_spellings_and_telephone() {
        let phones = ["+86 138 0013 8000".to_owned(), "0314-4021234".to_owned()];
        let text = resident_text("单春", &phones);
        assert_eq!(text.chars, "单 春");
        for token in ["shanchun", "danchun", "chanchun", "chun", "sc", "dc", "shanc"] {
            assert!(
                text.latin.split(' ').any(|found| found == token),
                "{token} in {}",
                text.latin
            );
        }
        assert_eq!(text.digits, "p03144021234 p1234 p13800138000 p4021234 p8000");
    }

    #[test]
    fn a_name_in_look_alikes_is_indexed_as_it_is_typed() {
        for (written, typed) in [
            ("⽅志远", "方志远"),
            ("\u{f9e1}明", "李明"),
            ("张 㛃", "张㛃"),
            ("阿依古丽•买买提", "阿依古丽·买买提"),
        ] {
            assert_eq!(
                resident_text(written, &[]),
                resident_text(typed, &[]),
                "{written}"
            );
        }
        assert_eq!(resident_text("⽅", &[]).chars, "方");
    }

    #[test]
    fn a_number_from_abroad_is_found_with_and_without_its_country() {
        let digits = resident_text("", &["+85291234567".to_owned()]).digits;
        assert_eq!(digits, "p4567 p85291234567 p91234567");
        assert_eq!(phone_digits("00852 9123"), "8529123");
    }

    #[test]
    fn a_name_in_letters_is_folded() {
        let text = resident_text("Nguyễn Thị ÁNH", &[]);
        assert_eq!(
            (text.chars.as_str(), text.latin.as_str(), text.digits.as_str()),
            ("", "anh nguyen thi", "")
        );
    }

    #[test]
    fn a_household_is_indexed_by_every_beginning_of_its_door() {
        assert_eq!(household_text("3栋2单元501室").digits, "d3 2 501 d3 501 d501");
        let east = household_text("东区·3-2-501");
        assert_eq!(
            (east.chars.as_str(), east.digits.as_str()),
            ("东 区", "d3 2 501 d3 501 d501 d东区 3 2 501")
        );
        assert!(
            household_text("综合楼-301")
                .latin
                .split(' ')
                .any(|token| token == "zhl")
        );
        assert_eq!(household_text("").digits, "");
        assert_eq!(household_text("no door").digits, "dno door");
    }

    #[test]
    fn texts_join_for_a_resident_with_a_door() {
        let both = resident_text("单春", &[]).and(&household_text("3-501"));
        assert_eq!(
            (both.chars.as_str(), both.digits.as_str()),
            ("单 春", "d3 501 d501")
        );
    }
}
