//! How people type: full-width signs, invisible characters, dashes of every length, Chinese numerals.

/// The same character in half width: `３` is `3`, `＃` is `#`, the ideographic space is a space.
pub fn half_width(c: char) -> char {
    match c {
        '！'..='～' => u32::from(c)
            .checked_sub(0xFEE0)
            .and_then(char::from_u32)
            .unwrap_or(c),
        '\u{3000}' | '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' => ' ',
        _ => c,
    }
}

/// Characters that nobody sees: zero-width spaces, direction marks, byte order marks, soft hyphens.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}')
}

/// Half width, without the characters that nobody sees.
pub fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !is_invisible(*c))
        .map(half_width)
        .collect()
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
    }
}
