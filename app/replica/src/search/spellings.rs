//! How a Chinese name may be typed on a Latin keyboard.
//!
//! 单春华 is `shanchunhua`; a person who knows only the given name types `chunhua`, one in a hurry `sch`
//! or `shanch`, one who does not know the surname's reading `danchunhua`. All of them should find her.

use std::collections::BTreeSet;

use super::readings;
use super::surnames::{has_one_reading, surname, surname_length};

/// The most ways to read one name, or the part of it from one syllable on.
const COMBINATIONS_MAX: usize = 12;
/// The same for a name of more than [`SHORT_NAME_CHARS`], whose first syllables tell enough.
const LONG_NAME_COMBINATIONS_MAX: usize = 3;
const SHORT_NAME_CHARS: usize = 4;
/// Characters behind these are not spelt; nobody types that far.
const SPELT_CHARS_MAX: usize = 16;

/// Every spelling of a run of Chinese characters that is a name.
pub(super) fn of_name(run: &str) -> BTreeSet<String> {
    let chars: Vec<char> = run.chars().take(SPELT_CHARS_MAX).collect();
    let mut syllables = surname(run).unwrap_or_default();
    syllables.extend(
        chars
            .iter()
            .skip(syllables.len())
            .map(|c| readings(*c))
            .collect::<Vec<_>>(),
    );
    of_syllables(&syllables, surname_length(run))
}

/// Every spelling of a run of Chinese characters that is not a name, a place for instance.
pub(super) fn of_words(run: &str) -> BTreeSet<String> {
    let syllables: Vec<_> = run.chars().take(SPELT_CHARS_MAX).map(readings).collect();
    of_syllables(&syllables, 0)
}

fn of_syllables(syllables: &[Vec<&'static str>], surname_length: usize) -> BTreeSet<String> {
    let initials: Vec<Vec<&str>> = syllables.iter().map(|readings| first_letters(readings)).collect();
    let most = if syllables.len() > SHORT_NAME_CHARS {
        LONG_NAME_COMBINATIONS_MAX
    } else {
        COMBINATIONS_MAX
    };
    let mut spellings = BTreeSet::new();
    for start in 0..syllables.len() {
        for parts in [syllables, &initials] {
            spellings.extend(combinations(parts.get(start..).unwrap_or_default(), most));
        }
    }
    if (1..syllables.len()).contains(&surname_length)
        && let (Some(whole), Some(short)) = (syllables.get(..surname_length), initials.get(surname_length..))
    {
        spellings.extend(combinations(&[whole, short].concat(), most));
    }
    spellings.remove("");
    spellings
}

/// The joined readings, the most usual ones first, at most `most`.
fn combinations(parts: &[Vec<&'static str>], most: usize) -> Vec<String> {
    let mut found: Vec<(usize, String)> = vec![(0, String::new())];
    for readings in parts.iter().filter(|readings| !readings.is_empty()) {
        let mut longer: Vec<(usize, String)> = Vec::with_capacity(found.len() * readings.len());
        for (rarity, begun) in &found {
            longer.extend(
                readings
                    .iter()
                    .enumerate()
                    .map(|(rank, reading)| (rarity + rank, format!("{begun}{reading}"))),
            );
        }
        longer.sort_by_key(|(rarity, _)| *rarity);
        longer.truncate(most);
        found = longer;
    }
    found.into_iter().map(|(_, text)| text).collect()
}

/// The readings of a character without tones, the most usual one first; empty for one nobody can read.
fn readings(c: char) -> Vec<&'static str> {
    let mut found = Vec::new();
    let count = if has_one_reading(c) { 1 } else { usize::MAX };
    for reading in readings::of(c).take(count) {
        for typed in without_umlaut(&reading) {
            if !found.contains(typed) {
                found.push(typed);
            }
        }
    }
    found
}

/// 吕 is typed `lv`, printed in passports as `LYU`, and `lu` where the dots were lost.
fn without_umlaut<'a>(reading: &'a &'static str) -> &'a [&'static str] {
    match *reading {
        "lü" => &["lv", "lu", "lyu"],
        "nü" => &["nv", "nu", "nyu"],
        "lüe" => &["lve", "lue"],
        "nüe" => &["nve", "nue"],
        // Interjections, which are nobody's name: ê, hḿ.
        _ if !reading.is_ascii() => &[],
        _ => std::slice::from_ref(reading),
    }
}

fn first_letters(readings: &[&'static str]) -> Vec<&'static str> {
    let mut letters = Vec::new();
    for letter in readings.iter().filter_map(|reading| reading.get(..1)) {
        if !letters.contains(&letter) {
            letters.push(letter);
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelt_whole_in_parts_and_by_initials() {
        let spellings: Vec<String> = of_name("王小芳").into_iter().collect();
        assert_eq!(
            spellings,
            ["f", "fang", "wangxf", "wangxiaofang", "wxf", "xf", "xiaofang"]
        );
        assert!(of_name("欧阳芳").contains("ouyangf"));
    }

    #[test]
    fn surnames_are_read_as_surnames_and_misread_too() {
        for (name, right, wrong) in [
            ("单春", "shanchun", "danchun"),
            ("曾春", "zengchun", "cengchun"),
            ("仇春", "qiuchun", "chouchun"),
            ("解春", "xiechun", "jiechun"),
            ("区春", "ouchun", "quchun"),
            ("尉迟春", "yuchichun", "weichichun"),
            ("万俟春", "moqichun", "wansichun"),
            ("长孙春", "zhangsunchun", "changsunchun"),
            ("澹台春", "tantaichun", "dantaichun"),
            ("单于春", "chanyuchun", "danyuchun"),
            ("查春", "zhachun", "chachun"),
            ("盖春", "gechun", "gaichun"),
            ("朴春", "piaochun", "puchun"),
            ("乐春", "yuechun", "lechun"),
            ("覃春", "qinchun", "tanchun"),
            ("翟春", "zhaichun", "dichun"),
            ("缪春", "miaochun", "mouchun"),
            ("员春", "yunchun", "yuanchun"),
            ("种春", "chongchun", "zhongchun"),
            ("黑春", "hechun", "heichun"),
        ] {
            let spellings = of_name(name);
            assert!(
                spellings.contains(right) && spellings.contains(wrong),
                "{name}: {spellings:?}"
            );
        }
        for (name, only) in [
            ("任春", "renchun"),
            ("华春", "huachun"),
            ("冼春", "xianchun"),
            ("令狐春", "linghuchun"),
        ] {
            let whole: Vec<String> = of_name(name)
                .into_iter()
                .filter(|text| text.ends_with("chun"))
                .collect();
            assert!(whole.contains(&only.to_owned()), "{name}: {whole:?}");
        }
        // The rule for surnames ends behind the surname.
        assert!(of_name("王单").contains("wangdan") && of_name("王单").contains("wangshan"));
    }

    #[test]
    fn u_with_dots_is_found_as_people_type_it() {
        for typed in ["lvchun", "luchun", "lyuchun", "lc"] {
            assert!(of_name("吕春").contains(typed), "{typed}");
        }
    }

    #[test]
    fn many_readings_stay_bounded_and_the_usual_ones_are_kept() {
        let spellings = of_name(&"乐长重行朝和".repeat(3));
        assert!(
            spellings.len() <= SPELT_CHARS_MAX * 2 * LONG_NAME_COMBINATIONS_MAX + 20,
            "{}",
            spellings.len()
        );
        assert!(of_name("单乐重行").len() <= 4 * 2 * COMBINATIONS_MAX + COMBINATIONS_MAX);
        assert!(of_name("单乐重行").contains("shanlezhongxing"));
    }
}
