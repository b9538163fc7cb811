//! Ordinary notes with many digits, and true numbers in every spelling, by the ten thousand.

use super::*;

/// The same numbers at each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(b'0' + self.below(10) as u8))
            .collect()
    }

    fn mobile(&mut self) -> String {
        let second = 3 + self.below(7);
        let digits = format!("1{second}{}", self.digits(9));
        match self.below(6) {
            0 => format!("{} {} {}", &digits[..3], &digits[3..7], &digits[7..]),
            1 => format!("{}-{}-{}", &digits[..3], &digits[3..7], &digits[7..]),
            2 => format!("+86 {digits}"),
            _ => digits,
        }
    }

    fn local(&mut self, count: usize) -> String {
        format!("{}{}", 2 + self.below(8), self.digits(count - 1))
    }

    fn landline(&mut self) -> String {
        let sign = self.one(&["-", "-", " ", ""]);
        match self.below(3) {
            0 => format!("010{sign}{}", self.local(8)),
            1 => format!("0{}{}{sign}{}", 3 + self.below(7), self.digits(2), self.local(7)),
            _ => self.local(7),
        }
    }

    fn door(&mut self) -> String {
        let sign = self.one(&["-", "-", "-", "/"]);
        let (building, unit, floor, room) = (
            1 + self.below(29),
            1 + self.below(6),
            1 + self.below(33),
            1 + self.below(6),
        );
        if self.below(4) == 0 {
            format!("{building}{sign}{floor}{room:02}")
        } else {
            format!("{building}{sign}{unit}{sign}{floor}{room:02}")
        }
    }

    fn day(&mut self) -> String {
        let sign = self.one(&["-", "-", "/", "."]);
        let (year, month, day) = (1930 + self.below(110), 1 + self.below(12), 1 + self.below(28));
        match self.below(4) {
            0 => format!("{month}{sign}{day}"),
            1 => format!("{year}{sign}{month}{sign}{day}"),
            2 => format!("{month:02}{sign}{day:02}"),
            _ => format!("{year}{sign}{month:02}{sign}{day:02}"),
        }
    }

    fn thing(&mut self) -> String {
        match self.below(4) {
            0 => self.mobile(),
            1 => self.landline(),
            2 => self.door(),
            _ => self.day(),
        }
    }

    fn identity(&mut self) -> String {
        let region = self.one(&[
            "110105", "130803", "320102", "440305", "510107", "650102", "810000", "999999",
        ]);
        let digits = format!(
            "{region}{}{:02}{:02}{}",
            1920 + self.below(106),
            1 + self.below(12),
            1 + self.below(28),
            self.digits(3)
        );
        let check = "0123456789X"
            .chars()
            .find(|check| checks(&format!("{digits}{check}")));
        format!("{digits}{}", check.unwrap())
    }
}

fn full_width(text: &str) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { wide(c) } else { c })
        .collect()
}

#[test]
fn ten_thousand_ordinary_notes_hold_no_identity_number() {
    let mut chance = Chance(20_261_129);
    for _ in 0..10_000 {
        let sign = chance.one(&[" ", " ", "  ", "/", " / ", "-", ",", "，", "\u{3000}", "\n"]);
        let things: Vec<String> = (0..2 + chance.below(2)).map(|_| chance.thing()).collect();
        let note = format!(
            "{}{}",
            chance.one(&["", "家属住", "电话", "改约 "]),
            things.join(sign)
        );
        let note = if chance.below(5) == 0 {
            full_width(&note)
        } else {
            note
        };
        assert!(!looks_like_identity_number(&note), "{note}");
    }
}

#[test]
fn no_true_number_gets_through_in_any_spelling() {
    let mut chance = Chance(11_643);
    for _ in 0..10_000 {
        let number = chance.identity();
        let sign = chance.one(&[" ", "-", "—", " - ", "\u{3000}", "_", ".", "/", "\u{200b} "]);
        let lengths: &[usize] = match chance.below(8) {
            0 => &[6, 8, 4],
            1 => &[1; 18],
            2 => &[4, 4, 4, 4, 2],
            3 => &[3, 3, 4, 4, 4],
            4 => &[6, 4, 4, 4],
            5 => &[6, 4, 2, 2, 4],
            6 => &[17, 1],
            _ => &[18],
        };
        let mut rest = number.as_str();
        let parts = lengths.iter().map(|length| {
            let (part, after) = rest.split_at(*length);
            rest = after;
            part
        });
        let spelt = parts.collect::<Vec<_>>().join(sign);
        let spelt = match chance.below(4) {
            0 => full_width(&spelt),
            1 => spelt.replace('X', "x"),
            2 => spelt.replace('X', "×"),
            _ => spelt,
        };
        let beside = chance.thing();
        for note in [
            spelt.clone(),
            format!("证{spelt}。"),
            format!("{beside},证件{spelt}"),
            format!("{spelt};{beside}"),
        ] {
            assert!(looks_like_identity_number(&note), "{note}");
        }
    }
}

#[test]
fn a_mistyped_number_is_noticed_where_it_stands_together_or_alone() {
    let mut chance = Chance(7_064);
    for _ in 0..2_000 {
        let number = chance.identity();
        let last = if number.ends_with('5') { '6' } else { '5' };
        let wrong = format!("{}{last}", &number[..17]);
        assert!(
            looks_like_identity_number(&format!("证{wrong}，电话{}", chance.mobile())),
            "{wrong}"
        );
        let parted = format!("{} {} {}", &wrong[..6], &wrong[6..14], &wrong[14..]);
        assert!(looks_like_identity_number(&parted), "{parted}");
    }
}
