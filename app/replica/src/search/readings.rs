//! The readings of Chinese characters, in a table of 37 KB compressed: much less to download than the tables
//! that the crate `pinyin` puts into a program.
//!
//! `readings.bin` is made from that crate's data (MIT, from pinyin-data) by the test below, which also
//! fails when the two differ. It covers the 20,992 characters of `U+4E00` to `U+9FFF`; the names of the rarer
//! ones are found by their characters.
//!
//! Shape: numbers of 16 bits stand as all their low bytes, then all their high bytes, because bytes of one kind
//! side by side pack well. Sets are numbered by how many characters have them, so that high bytes are mostly 0.
//!
//! ```text
//! count of syllables, count of sets, count of members: 2 bytes each, little-endian
//! syllables      6 bytes each, filled with spaces
//! lengths        per set, 1 byte: how many members it has
//! members        set after set: numbers of syllables, the most usual reading first
//! characters     per character from U+4E00: the number of its set, from 1; 0 when it has no reading
//! ```

use std::sync::LazyLock;

/// The first and the last character in the table.
const RANGE: std::ops::RangeInclusive<char> = '\u{4e00}'..='\u{9fff}';
const SYLLABLE_BYTES: usize = 6;
const HEAD_BYTES: usize = 6;

static BYTES: &[u8] = include_bytes!("readings.bin");
static TABLE: LazyLock<Option<Table<'static>>> = LazyLock::new(|| Table::new(BYTES));

/// The readings of a character without tones, the most usual one first, `ü` with its dots.
pub(super) fn of(c: char) -> impl Iterator<Item = &'static str> {
    let table = TABLE.as_ref();
    let members = table.and_then(|table| table.members(c)).unwrap_or_default();
    members.filter_map(move |member| table?.syllable(member))
}

struct Table<'a> {
    syllables: &'a [u8],
    /// Where the members of each set begin, and of the last where they end.
    starts: Vec<u16>,
    members: &'a [u8],
    characters: &'a [u8],
}

impl<'a> Table<'a> {
    /// `None` for what is no whole table.
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let count = |at: usize| {
            let two = bytes.get(at..)?.first_chunk()?;
            Some(usize::from(u16::from_le_bytes(*two)))
        };
        let (syllables, sets, members) = (count(0)?, count(2)?, count(4)?);
        let rest = bytes.get(HEAD_BYTES..)?;
        let (syllables, rest) = rest.split_at_checked(syllables * SYLLABLE_BYTES)?;
        let (lengths, rest) = rest.split_at_checked(sets)?;
        let (members, characters) = rest.split_at_checked(members * 2)?;
        let mut starts = vec![0_u16];
        let mut end = 0_u16;
        for length in lengths {
            end = end.checked_add(u16::from(*length))?;
            starts.push(end);
        }
        let whole = usize::from(end) * 2 == members.len() && characters.len() == RANGE.count() * 2;
        whole.then_some(Self {
            syllables,
            starts,
            members,
            characters,
        })
    }

    fn members(&self, c: char) -> Option<Members<'a>> {
        let at = u32::from(c).checked_sub(u32::from(*RANGE.start()))?;
        let set = usize::from(number(self.characters, at as usize)?).checked_sub(1)?;
        Some(Members {
            members: self.members,
            next: *self.starts.get(set)?,
            end: *self.starts.get(set + 1)?,
        })
    }

    fn syllable(&self, member: u16) -> Option<&'a str> {
        let start = usize::from(member) * SYLLABLE_BYTES;
        std::str::from_utf8(self.syllables.get(start..start + SYLLABLE_BYTES)?)
            .ok()
            .map(str::trim_end)
    }
}

/// The members of one set.
#[derive(Default)]
struct Members<'a> {
    members: &'a [u8],
    next: u16,
    end: u16,
}

impl Iterator for Members<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let at = self.next;
        (at < self.end).then(|| self.next += 1)?;
        number(self.members, usize::from(at))
    }
}

/// The number at a place: its low byte is in the first half, its high byte in the second.
fn number(halves: &[u8], at: usize) -> Option<u16> {
    let (low, high) = halves.split_at_checked(halves.len() / 2)?;
    Some(u16::from_le_bytes([*low.get(at)?, *high.get(at)?]))
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
        let mut uses: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
        for set in RANGE.map(of_the_crate).filter(|set| !set.is_empty()) {
            *uses.entry(set).or_default() += 1;
        }
        let syllables: BTreeSet<&str> = uses.keys().flatten().copied().collect();
        let number_of: BTreeMap<&str, usize> = syllables
            .iter()
            .enumerate()
            .map(|(at, text)| (*text, at))
            .collect();
        let mut sets: Vec<(&Vec<&str>, &usize)> = uses.iter().collect();
        sets.sort_by_key(|(set, uses)| (std::cmp::Reverse(**uses), *set));
        let set_number: BTreeMap<&Vec<&str>, usize> = sets.iter().map(|(set, _)| *set).zip(1..).collect();
        let members = sets
            .iter()
            .flat_map(|(set, _)| set.iter().map(|syllable| number_of[syllable]));
        let members: Vec<usize> = members.collect();
        let characters = RANGE.map(|c| set_number.get(&of_the_crate(c)).copied().unwrap_or(0));

        let short = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let mut bytes = [syllables.len(), sets.len(), members.len()].map(short).concat();
        for syllable in &syllables {
            assert!(syllable.len() <= SYLLABLE_BYTES, "{syllable}");
            bytes.extend(
                syllable
                    .bytes()
                    .chain(std::iter::repeat(b' '))
                    .take(SYLLABLE_BYTES),
            );
        }
        bytes.extend(sets.iter().map(|(set, _)| u8::try_from(set.len()).unwrap()));
        for numbers in [members, characters.collect()] {
            for half in 0..2 {
                bytes.extend(numbers.iter().map(|number| short(*number)[half]));
            }
        }
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
                made == BYTES,
                "readings.bin differs from the crate; UPDATE_READINGS=1 makes it anew"
            );
        }
    }

    #[test]
    fn every_character_reads_as_in_the_crate() {
        for c in RANGE.filter(|c| !of_the_crate(*c).is_empty()) {
            assert_eq!(of(c).collect::<Vec<_>>(), of_the_crate(c), "{c}");
        }
        for c in ['a', '\u{4dff}', '\u{a000}', '\u{20000}', '，'] {
            assert_eq!(of(c).count(), 0, "{c}");
        }
    }

    #[test]
    fn a_table_cut_off_is_none_and_does_not_panic() {
        for length in (0..BYTES.len()).step_by(7) {
            assert!(Table::new(&BYTES[..length]).is_none(), "{length}");
        }
        assert!(Table::new(BYTES).is_some());
    }
}
