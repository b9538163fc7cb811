//! How people type: full-width signs, invisible characters, look-alikes, dashes of every length, Chinese numerals.

use std::borrow::Cow;

use super::look_alikes::unified;

/// The same character in half width: `３` is `3`, `＃` is `#`, the ideographic space is a space.
pub fn half_width(c: char) -> char {
    match c {
        '！'..='～' => u32::from(c)
            .checked_sub(0xFEE0)
            .and_then(char::from_u32)
            .unwrap_or(c),
        '\u{3000}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => ' ',
        _ => c,
    }
}

/// Characters that nobody sees: controls, zero-width spaces, direction marks, byte order marks, soft hyphens. Not the
/// line end and the tab.
///
/// Source: Unicode's general category Cc, its property `Default_Ignorable_Code_Point`, the signs of interlinear
/// annotation, and the codes that are no characters.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// A text as it is kept: line ends of every kind are `\n`, and what nobody sees is gone. A word processor's vertical tab
/// between two lines is a line end, the byte order mark of a copied cell is nothing. Every text that somebody typed or
/// pasted goes through here before it is checked and saved.
///
/// What joins the parts of one emoji, and what chooses the form of a Mongolian letter, stays: it is seen.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => kept.push('\n'),
            c if !is_invisible(c) => kept.push(c),
            '\u{fe0f}' if kept.ends_with(is_pictured) => kept.push(c),
            '\u{200d}'
                if kept.trim_end_matches('\u{fe0f}').ends_with(is_pictured)
                    && chars.peek().copied().is_some_and(is_pictured) =>
            {
                kept.push(c);
            }
            '\u{180b}'..='\u{180f}' if kept.ends_with(|c| matches!(c, '\u{1820}'..='\u{18aa}')) => {
                kept.push(c)
            }
            _ => {}
        }
    }
    Cow::Owned(kept)
}

/// A sign that emoji are made of.
fn is_pictured(c: char) -> bool {
    matches!(c, '#' | '*' | '0'..='9' | '©' | '®' | '\u{203c}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}'
        | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// Half width, look-alikes as they are typed, without the characters that nobody sees: for reading what was written, not
/// for keeping a note.
pub fn plain(text: &str) -> String {
    visible(text)
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| unified(half_width(c)))
        .collect()
}

/// Whether a character is Chinese, rare ones of names included: every block of ideographs that Unicode has or has set
/// aside (extensions A to J, planes 2 and 3), radicals, and the signs for zero, for repetition and for 〆.
pub fn is_han(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{2e80}'..='\u{2fdf}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3fffd}')
}

/// Dashes of every length, the Japanese long vowel sign among them.
pub fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'
            ..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{30fc}' | '\u{2500}' | '\u{2501}'
    )
}

/// Whether a character belongs to a Chinese numeral.
pub fn is_han_numeral(c: char) -> bool {
    han_digit(c).is_some() || han_unit(c).is_some()
}

/// The number that a Chinese numeral names: `十二` is 12, `一百零二` is 102, `五零一` is 501.
///
/// `None` when the text is no numeral, or a number past eight digits.
pub fn han_number(text: &str) -> Option<u32> {
    if text.is_empty() || text.chars().count() > 8 {
        return None;
    }
    if text.chars().any(|c| han_unit(c).is_some()) {
        counted(text)
    } else {
        positional(text)
    }
}

fn positional(text: &str) -> Option<u32> {
    text.chars()
        .try_fold(0_u32, |number, c| Some(number * 10 + han_digit(c)?))
}

fn counted(text: &str) -> Option<u32> {
    let (mut total, mut digit, mut smallest_unit) = (0, None, u32::MAX);
    for c in text.chars() {
        if let Some(unit) = han_unit(c) {
            if unit >= smallest_unit {
                return None;
            }
            total += digit.take().unwrap_or(1) * unit;
            smallest_unit = unit;
        } else {
            match (han_digit(c)?, digit) {
                (0, None) => {}
                (value, None) => digit = Some(value),
                (_, Some(_)) => return None,
            }
        }
    }
    Some(total + digit.unwrap_or(0))
}

fn han_digit(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' | '○' => 0,
        '一' | '壹' => 1,
        '二' | '贰' | '两' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn han_unit(c: char) -> Option<u32> {
    match c {
        '十' | '拾' => Some(10),
        '百' | '佰' => Some(100),
        '千' | '仟' => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_numerals_are_read_both_ways() {
        for (text, number) in [
            ("五零一", 501),
            ("十二", 12),
            ("二十", 20),
            ("二十三", 23),
            ("一百零二", 102),
            ("一千二百零一", 1201),
            ("一九六〇", 1960),
            ("叁", 3),
            ("零五", 5),
        ] {
            assert_eq!(han_number(text), Some(number), "{text}");
        }
        for text in ["", "十十", "一二十", "三栋", "十百", "一二三四五六七八九"] {
            assert_eq!(han_number(text), None, "{text}");
        }
    }

    #[test]
    fn full_width_becomes_half_width_and_the_unseen_goes() {
        assert_eq!(plain("\u{feff}３＃２－５０１\u{3000}Ａ\u{200b}"), "3#2-501 A");
        assert_eq!(plain("⽅\u{f9e1}\u{e0100}"), "方李");
    }

    #[test]
    fn signs_like_line_ends_become_line_ends_and_the_unseen_goes() {
        for (typed, kept) in [
            ("楼道灯坏了\u{b}二楼", "楼道灯坏了\n二楼"),
            ("a\r\nb\rc\u{c}d\u{85}e\u{2028}f\u{2029}g", "a\nb\nc\nd\ne\nf\ng"),
            ("a\tb\nc", "a\tb\nc"),
            ("张\u{7f}三\u{0}", "张三"),
            ("\u{feff}软\u{ad}连\u{200b}字\u{202e}符\u{2066}", "软连字符"),
            ("1\u{fffe}\u{fdd0}\u{e0041}2", "12"),
            ("葛\u{e0100}", "葛"),
            ("", ""),
        ] {
            assert_eq!(visible(typed), kept, "{typed:?}");
        }
    }

    #[test]
    fn an_emoji_and_a_mongolian_letter_stay_as_they_look() {
        for text in [
            "❤\u{fe0f}",
            "👨\u{200d}👩\u{200d}👧",
            "👩🏽\u{200d}🚒",
            "🏳\u{fe0f}\u{200d}🌈",
            "1\u{fe0f}\u{20e3}",
            "ᠠ\u{180b}",
        ] {
            assert_eq!(visible(text), text, "{text:?}");
        }
        assert_eq!(visible("张\u{200d}三\u{fe0f}"), "张三");
    }

    #[test]
    fn every_block_of_ideographs_is_chinese() {
        for c in [
            '方',
            '㛃',
            '\u{20000}',
            '\u{2a700}',
            '\u{2b740}',
            '\u{2b820}',
            '\u{2ceb0}',
            '\u{2ebf0}',
            '\u{30000}',
            '\u{31350}',
            '\u{323b0}',
            '々',
            '〇',
        ] {
            assert!(is_han(c), "U+{:X}", u32::from(c));
        }
        for c in ['a', '·', ' ', 'あ', '한', '1'] {
            assert!(!is_han(c), "{c}");
        }
    }
}
