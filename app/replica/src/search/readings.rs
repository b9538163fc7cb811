//! The readings of Chinese characters, in a table of 54 KB compressed: the tables that the crate `pinyin`
//! puts into a program made the first download 44 KB and the program 365 KB larger.
//!
//! `readings.bin` is made from that crate's data (MIT, from pinyin-data) by the test below, which also
//! fails when the two differ. It covers the characters of `U+3400` to `U+9FFF`; the names of the rarer
//! ones are found by their characters.
//!
//! Shape, all numbers 16 bits, little-endian:
//!
//! ```text
//! count of syllables, count of sets
//! syllables      6 bytes each, filled with spaces
//! starts         per set and one more: where its syllables begin in the next part
//! members        numbers of syllables, the most usual reading first
//! characters     per character from U+3400: the number of its set, from 1; 0 when it has no reading
//! ```

/// The first and the last character in the table.
const RANGE: std::ops::RangeInclusive<char> = '\u{3400}'..='\u{9fff}';
const SYLLABLE_BYTES: usize = 6;

static TABLE: &[u8] = include_bytes!("readings.bin");

/// The readings of a character without tones, the most usual one first, `ü` with its dots.
pub(super) fn of(c: char) -> impl Iterator<Item = &'static str> {
    let table = Table::new(TABLE);
    let members = table
        .as_ref()
        .and_then(|table| table.members(c))
        .unwrap_or_default();
    members
        .chunks_exact(2)
        .filter_map(move |number| table.as_ref()?.syllable(number))
}

struct Table<'a> {
    syllables: &'a [u8],
    starts: &'a [u8],
    members: &'a [u8],
    characters: &'a [u8],
}

impl<'a> Table<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let (syllables, sets) = (number(bytes, 0)?, number(bytes, 1)?);
        let (syllables, rest) = bytes.get(4..)?.split_at_checked(syllables * SYLLABLE_BYTES)?;
        let (starts, rest) = rest.split_at_checked((sets + 1) * 2)?;
        let (members, characters) = rest.split_at_checked(number(starts, sets)? * 2)?;
        Some(Self {
            syllables,
            starts,
            members,
            characters,
        })
    }

    fn members(&self, c: char) -> Option<&'a [u8]> {
        let at = u32::from(c).checked_sub(u32::from(*RANGE.start()))?;
        let set = number(self.characters, at as usize)?.checked_sub(1)?;
        self.members
            .get(number(self.starts, set)? * 2..number(self.starts, set + 1)? * 2)
    }

    fn syllable(&self, member: &[u8]) -> Option<&'a str> {
        let start = number(member, 0)? * SYLLABLE_BYTES;
        std::str::from_utf8(self.syllables.get(start..start + SYLLABLE_BYTES)?)
            .ok()
            .map(str::trim_end)
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    bytes
        .get(at * 2..)?
        .first_chunk()
        .map(|bytes| usize::from(u16::from_le_bytes(*bytes)))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use pinyin::ToPinyinMulti as _;

    use super::*;

    fn of_the_crate(c: char) -> Vec<&'static str> {
        let mut readings = Vec::new();
        for pinyin in c.to_pinyin_multi().into_iter().flatten() {
            if !readings.contains(&pinyin.plain()) {
                readings.push(pinyin.plain());
            }
        }
        readings
    }

    fn made_from_the_crate() -> Vec<u8> {
        let sets: BTreeSet<Vec<&str>> = RANGE.map(of_the_crate).filter(|set| !set.is_empty()).collect();
        let syllables: BTreeSet<&str> = sets.iter().flatten().copied().collect();
        let number_of: BTreeMap<&str, usize> = syllables
            .iter()
            .enumerate()
            .map(|(at, text)| (*text, at))
            .collect();
        let set_number: BTreeMap<&Vec<&str>, usize> = sets.iter().zip(1..).collect();

        let mut numbers = Vec::new();
        let mut start = 0;
        for set in &sets {
            numbers.push(start);
            start += set.len();
        }
        numbers.push(start);
        numbers.extend(sets.iter().flatten().map(|syllable| number_of[syllable]));
        numbers.extend(RANGE.map(|c| set_number.get(&of_the_crate(c)).copied().unwrap_or(0)));

        let short = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let mut bytes = [short(syllables.len()), short(sets.len())].concat();
        for syllable in &syllables {
            assert!(syllable.len() <= SYLLABLE_BYTES, "{syllable}");
            bytes.extend(
                syllable
                    .bytes()
                    .chain(std::iter::repeat(b' '))
                    .take(SYLLABLE_BYTES),
            );
        }
        bytes.extend(numbers.into_iter().flat_map(short));
        bytes
    }

    /// `UPDATE_READINGS=1 cargo test -p replica readings` writes the table again, for a newer `pinyin`.
    #[test]
    fn the_table_is_made_from_the_crate_pinyin() {
        let made = made_from_the_crate();
        if std::env::var_os("UPDATE_READINGS").is_some() {
            std::fs::write(
                concat!(env!("CARGO_MANIFEST_DIR"), "/src/search/readings.bin"),
                &made,
            )
            .unwrap();
        } else {
            assert!(
                made == TABLE,
                "readings.bin differs from the crate; UPDATE_READINGS=1 makes it anew"
            );
        }
    }

    #[test]
    fn every_character_reads_as_in_the_crate() {
        for c in RANGE.filter(|c| !of_the_crate(*c).is_empty()) {
            assert_eq!(of(c).collect::<Vec<_>>(), of_the_crate(c), "{c}");
        }
        for c in ['a', '\u{33ff}', '\u{a000}', '\u{20000}', '，'] {
            assert_eq!(of(c).count(), 0, "{c}");
        }
    }

    #[test]
    fn a_table_cut_off_has_no_readings_and_does_not_panic() {
        for length in 0..6_000 {
            let table = Table::new(&TABLE[..length]);
            assert!(table.and_then(|table| table.members('好')).is_none());
        }
    }
}
