//! The readings of Chinese characters, in a table of 33 KB compressed: much less to download than the tables
//! that the crate `pinyin` puts into a program.
//!
//! `readings.bin` is made from that crate's data (MIT, from pinyin-data) by the test below, which also
//! fails when the two differ. It covers the 20,992 characters of `U+4E00` to `U+9FFF`; the names of the rarer
//! ones are found by their characters.
//!
//! Shape: numbers of 16 bits stand as all their low bytes, then all their high bytes, because bytes of one kind
//! side by side pack well. Syllables are numbered by how many characters read so, so that high bytes are mostly 0.
//!
//! ```text
//! count of syllables, count of further readings: 2 bytes each, little-endian
//! syllables      6 bytes each, filled with spaces
//! usual          per character from U+4E00: its most usual syllable, from 1; 0 when it has no reading
//! counts         per character, 1 byte: how many further readings it has
//! further        character after character: their syllables, from 1
//! ```

use std::sync::LazyLock;

/// The first and the last character in the table.
const RANGE: std::ops::RangeInclusive<char> = '\u{4e00}'..='\u{9fff}';
const SYLLABLE_BYTES: usize = 6;
const HEAD_BYTES: usize = 4;

static BYTES: &[u8] = include_bytes!("readings.bin");
static TABLE: LazyLock<Option<Table<'static>>> = LazyLock::new(|| Table::new(BYTES));

/// The readings of a character without tones, the most usual one first, `ü` with its dots.
pub(super) fn of(c: char) -> impl Iterator<Item = &'static str> {
    TABLE.iter().flat_map(move |table| table.readings(c))
}

struct Table<'a> {
    syllables: &'a [u8],
    usual: &'a [u8],
    /// Where the further readings of each character begin, and of the last where they end.
    starts: Vec<u16>,
    further: &'a [u8],
}

impl<'a> Table<'a> {
    /// `None` for what is no whole table.
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let count = |at: usize| {
            let two = bytes.get(at..)?.first_chunk()?;
            Some(usize::from(u16::from_le_bytes(*two)))
        };
        let (syllables, further) = (count(0)?, count(2)?);
        let rest = bytes.get(HEAD_BYTES..)?;
        let (syllables, rest) = rest.split_at_checked(syllables * SYLLABLE_BYTES)?;
        let (usual, rest) = rest.split_at_checked(RANGE.count() * 2)?;
        let (counts, rest) = rest.split_at_checked(RANGE.count())?;
        let mut starts = vec![0_u16];
        let mut end = 0_u16;
        for count in counts {
            end = end.checked_add(u16::from(*count))?;
            starts.push(end);
        }
        let whole = usize::from(end) == further && rest.len() == further * 2;
        whole.then_some(Self {
            syllables,
            usual,
            starts,
            further: rest,
        })
    }

    fn readings(&self, c: char) -> impl Iterator<Item = &'a str> {
        let at = u32::from(c)
            .checked_sub(u32::from(*RANGE.start()))
            .unwrap_or(u32::MAX) as usize;
        let between = self.starts.get(at).copied().zip(self.starts.get(at + 1).copied());
        let (begin, end) = between.unwrap_or_default();
        let usual = number(self.usual, at);
        let further = (begin..end).filter_map(|at| number(self.further, usize::from(at)));
        usual
            .into_iter()
            .chain(further)
            .filter_map(|number| self.syllable(number))
    }

    fn syllable(&self, number: u16) -> Option<&'a str> {
        let start = usize::from(number).checked_sub(1)? * SYLLABLE_BYTES;
        std::str::from_utf8(self.syllables.get(start..start + SYLLABLE_BYTES)?)
            .ok()
            .map(str::trim_end)
    }
}

/// The number at a place: its low byte is in the first half, its high byte in the second.
fn number(halves: &[u8], at: usize) -> Option<u16> {
    let (low, high) = halves.split_at_checked(halves.len() / 2)?;
    Some(u16::from_le_bytes([*low.get(at)?, *high.get(at)?]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        let readings: Vec<Vec<&str>> = RANGE.map(of_the_crate).collect();
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for syllable in readings.iter().flatten() {
            *uses.entry(syllable).or_default() += 1;
        }
        for usual in readings.iter().filter_map(|readings| readings.first()) {
            *uses.entry(usual).or_default() += 1_000;
        }
        let mut syllables: Vec<&str> = uses.keys().copied().collect();
        syllables.sort_by_key(|syllable| std::cmp::Reverse(uses[syllable]));
        let number_of: BTreeMap<&str, usize> = syllables.iter().copied().zip(1..).collect();
        let usual = readings
            .iter()
            .map(|readings| readings.first().map_or(0, |usual| number_of[usual]));
        let further: Vec<&str> = readings
            .iter()
            .flat_map(|readings| readings.iter().skip(1))
            .copied()
            .collect();

        let short = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let mut bytes = [syllables.len(), further.len()].map(short).concat();
        for syllable in &syllables {
            assert!(syllable.len() <= SYLLABLE_BYTES, "{syllable}");
            bytes.extend(
                syllable
                    .bytes()
                    .chain(std::iter::repeat(b' '))
                    .take(SYLLABLE_BYTES),
            );
        }
        let halves = |numbers: &[usize]| -> Vec<u8> {
            let half = |half: usize| numbers.iter().map(move |number| short(*number)[half]);
            half(0).chain(half(1)).collect()
        };
        bytes.extend(halves(&usual.collect::<Vec<_>>()));
        bytes.extend(
            readings
                .iter()
                .map(|readings| u8::try_from(readings.len().saturating_sub(1)).unwrap()),
        );
        bytes.extend(halves(
            &further
                .iter()
                .map(|syllable| number_of[syllable])
                .collect::<Vec<_>>(),
        ));
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
