//! Texts in a page: a length in bytes, then one byte for an ASCII character, two for the 32,000 or so others
//! that Chinese is written with, five for what is left.

use super::DecodeError;
use super::bytes::{Reader, put_unsigned};

/// Blocks that have two bytes: the first character of each, how many there are, and the number of the first.
/// CJK Unified Ideographs; CJK symbols, kana and compatibility; full-width forms; Latin to Mongolian;
/// punctuation and symbols.
const BLOCKS: [(u32, u32, u32); 5] = [
    (0x4e00, 0x5200, 0),
    (0x3000, 0x0400, 0x5200),
    (0xff00, 0x00f0, 0x5600),
    (0x0080, 0x1780, 0x56f0),
    (0x2000, 0x1000, 0x6e70),
];
/// Announces a character by its number, in three bytes.
const OTHER: u16 = 0xffff;

pub(super) fn put(out: &mut Vec<u8>, text: &str) {
    let begin = out.len();
    out.reserve(text.len() + 2);
    // Most texts are shorter than 128 bytes here; a longer length moves them up.
    out.push(0);
    for c in text.chars() {
        let c = u32::from(c);
        if c < 0x80 {
            out.push(c as u8);
            continue;
        }
        let block = BLOCKS
            .iter()
            .find(|(first, count, _)| c.wrapping_sub(*first) < *count);
        match block {
            Some((first, _, number)) => {
                out.extend_from_slice(&(0x8000 | (number + (c - first)) as u16).to_be_bytes())
            }
            None => {
                out.extend_from_slice(&OTHER.to_be_bytes());
                out.extend_from_slice(&[(c >> 16) as u8, (c >> 8) as u8, c as u8]);
            }
        }
    }
    let length = out.len() - begin - 1;
    if let (Some(byte), true) = (out.get_mut(begin), length < 0x80) {
        *byte = length as u8;
    } else {
        let text = out.split_off(begin + 1);
        out.truncate(begin);
        put_unsigned(out, length as u64);
        out.extend_from_slice(&text);
    }
}

pub(super) fn take(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let wrong = DecodeError("text");
    let mut bytes = reader.bytes("text")?;
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 2);
    while let Some((first, behind)) = bytes.split_first() {
        if *first < 0x80 {
            text.push(char::from(*first));
            bytes = behind;
            continue;
        }
        let (second, behind) = behind.split_first().ok_or(wrong)?;
        let code = u16::from_be_bytes([*first, *second]);
        bytes = behind;
        let c = if code == OTHER {
            let ([high, middle, low], behind) = bytes.split_first_chunk().ok_or(wrong)?;
            bytes = behind;
            u32::from_be_bytes([0, *high, *middle, *low])
        } else {
            let number = u32::from(code & 0x7fff);
            let block = BLOCKS
                .iter()
                .find(|(_, count, at)| number.wrapping_sub(*at) < *count);
            block.map(|(first, _, at)| first + (number - at)).ok_or(wrong)?
        };
        text.push(char::from_u32(c).ok_or(wrong)?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn through(text: &str) -> (usize, Option<String>) {
        let mut out = Vec::new();
        put(&mut out, text);
        let mut reader = Reader::new(&out);
        let read = take(&mut reader).ok().filter(|_| reader.is_empty());
        (out.len(), read)
    }

    #[test]
    fn every_character_reads_back() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            assert_eq!(
                through(c.encode_utf8(&mut [0; 4])).1,
                Some(c.to_string()),
                "{c:?}"
            );
        }
    }

    #[test]
    fn chinese_has_two_bytes_a_character() {
        assert_eq!(through("楼道灯坏了,老人夜里看不清。12").0, 1 + 2 * 13 + 3);
        // 200 of them need a length of two bytes.
        assert_eq!(through(&"户".repeat(200)), (402, Some("户".repeat(200))));
    }

    #[test]
    fn blocks_do_not_overlap() {
        for (at, (_, count, number)) in BLOCKS.iter().enumerate() {
            let next = BLOCKS.get(at + 1).map_or(0x7fff, |(_, _, next)| *next);
            assert!(number + count <= next, "{at}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in "\\PC{0,200}") {
            prop_assert_eq!(through(&text).1, Some(text));
        }
    }
}
