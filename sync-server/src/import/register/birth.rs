//! Birth dates in every spelling; only year and month are kept.

use shared::domain::CalendarDate;
use shared::domain::spelling::{han_number, is_dash, is_han_numeral};

use super::report::FindingCode;
use super::sheet::{Cell, serial_day};

/// Nobody is older.
const AGE_YEARS_MAX: i64 = 120;
/// Serial numbers of days that a whole number without a date format may be: 1927 to 2064.
const SERIALS: std::ops::RangeInclusive<f64> = 10_000.0..=60_000.0;
/// Fewer digits are a year, or a year and a month.
const FIVE_DIGITS: f64 = 10_000.0;

/// What four digits may be as a year, and not a year and a month.
const YEARS: std::ops::Range<i64> = 1850..2100;

/// What a cell says about a birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Birth {
    pub(super) year: Option<u16>,
    pub(super) month: Option<u8>,
    pub(super) finding: Option<FindingCode>,
}

/// A date as it was written.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    /// The year has two digits; the century is to be found.
    short: bool,
    finding: Option<FindingCode>,
}

/// Reads a birth date. A person cannot be born after `today`, so a two-digit year takes the latest century
/// that is past.
///
/// `epoch_days`: see [`super::sheet::Sheet::epoch_days`].
pub(super) fn read_birth(cell: Option<&Cell>, epoch_days: f64, today: CalendarDate) -> Birth {
    let written = match cell {
        None => return Birth::default(),
        Some(Cell::Unreadable | Cell::Bool(_)) => None,
        Some(Cell::Date(serial)) => from_serial(*serial, epoch_days, today),
        Some(Cell::Number(number)) if has_two_readings(*number, epoch_days, today) => {
            return Birth {
                finding: Some(FindingCode::BirthUnclear),
                ..Birth::default()
            };
        }
        Some(Cell::Number(number)) => from_number(*number, epoch_days),
        Some(Cell::Text(text)) if matches!(text.as_str(), "-" | "/" | "无" | "—") => {
            return Birth::default();
        }
        Some(Cell::Text(text)) => from_text(text, epoch_days),
    };
    match written {
        Some(written) => settle(written, today),
        None => Birth {
            finding: Some(FindingCode::BirthUnreadable),
            ..Birth::default()
        },
    }
}

fn settle(written: Written, today: CalendarDate) -> Birth {
    let impossible = Birth {
        finding: Some(FindingCode::BirthImpossible),
        ..Birth::default()
    };
    let (this_year, this_month) = (today.number() / 10_000, today.number() / 100 % 100);
    let month = written.month.filter(|month| *month != 0);
    let day = written.day.filter(|day| *day != 0);
    let in_future = |year: i64| (year, month.unwrap_or(1)) > (this_year, this_month);
    let year = match written.short {
        true if in_future(2000 + written.year) => 1900 + written.year,
        true => 2000 + written.year,
        false => written.year,
    };
    if year > this_year || year < this_year - AGE_YEARS_MAX {
        return impossible;
    }
    let exists = match (month, day) {
        (Some(month), day) => i32::try_from(year)
            .ok()
            .zip(u32::try_from(month).ok())
            .is_some_and(|(year, month)| {
                u32::try_from(day.unwrap_or(1))
                    .is_ok_and(|day| CalendarDate::from_parts(year, month, day).is_some())
            }),
        (None, _) => true,
    };
    let year_read = u16::try_from(year).ok();
    if !exists || in_future(year) {
        return Birth {
            year: year_read,
            month: None,
            finding: Some(FindingCode::BirthDayImpossible),
        };
    }
    Birth {
        year: year_read,
        month: month.and_then(|month| u8::try_from(month).ok()),
        finding: written.finding,
    }
}

/// Whether a number of four digits may be a year and a month (`6007`) and the count of a day that lost its format (1916),
/// both of somebody who may be alive.
fn has_two_readings(number: f64, epoch_days: f64, today: CalendarDate) -> bool {
    let short = from_digits(&number.to_string()).filter(|written| written.short && written.day.is_none());
    let lives =
        |written: Option<Written>| written.is_some_and(|written| settle(written, today).finding.is_none());
    lives(short) && lives(on_day(number + epoch_days))
}

fn on_day(serial: f64) -> Option<Written> {
    let day = serial_day(serial)?.number();
    Some(Written {
        year: day / 10_000,
        month: Some(day / 100 % 100),
        day: Some(day % 100),
        ..Written::default()
    })
}

fn from_serial(serial: f64, epoch_days: f64, today: CalendarDate) -> Option<Written> {
    // A year typed into a column of dates, 1960 shown as 1905-05-13: nobody is that old.
    let typed = serial - epoch_days;
    if typed.fract() == 0.0 && (1900.0..=(today.number() / 10_000) as f64).contains(&typed) {
        return Some(Written {
            year: typed as i64,
            ..Written::default()
        });
    }
    on_day(serial)
}

fn from_number(number: f64, epoch_days: f64) -> Option<Written> {
    if SERIALS.contains(&(number + epoch_days)) && number >= FIVE_DIGITS {
        return on_day((number + epoch_days).floor());
    }
    if number.fract() == 0.0 {
        return from_digits(&number.to_string());
    }
    let text = number.to_string();
    let (year, fraction) = text.split_once('.')?;
    let mut written = from_digits(year).filter(|written| written.month.is_none() && !written.short)?;
    match fraction.len() {
        // 1970.1 was January or October: a number has no last zero.
        1 if fraction == "1" => written.finding = Some(FindingCode::BirthMonthUnclear),
        1 | 2 => written.month = fraction.parse().ok(),
        _ => return None,
    }
    Some(written)
}

/// `1960`, `196007`, `19600702`; `6007` and `600702` where the longer reading would be no year of ours.
fn from_digits(digits: &str) -> Option<Written> {
    let number: i64 = digits.parse().ok()?;
    let (hundreds, last_two) = (number / 100, Some(number % 100));
    match digits.len() {
        4 if !YEARS.contains(&number) && (1..=12).contains(&(number % 100)) => Some(Written {
            year: hundreds,
            month: last_two,
            short: true,
            ..Written::default()
        }),
        4 => Some(Written {
            year: number,
            ..Written::default()
        }),
        6 if YEARS.contains(&hundreds) => Some(Written {
            year: hundreds,
            month: last_two,
            ..Written::default()
        }),
        6 | 8 => {
            let month = Some(hundreds % 100);
            Some(Written {
                year: hundreds / 100,
                month,
                day: last_two,
                short: digits.len() == 6,
                finding: None,
            })
        }
        _ => None,
    }
}

fn from_text(text: &str, epoch_days: f64) -> Option<Written> {
    let lunar = ["农历", "阴历", "旧历"].iter().any(|word| text.contains(word));
    let mut text = text.to_uppercase();
    for word in [
        "农历", "阴历", "旧历", "阳历", "公历", "公元", "左右", "出生", "生于", "约", "生", "大概",
    ] {
        text = text.replace(word, "");
    }
    let text = without_time(text.trim());
    if let Ok(number) = text.parse::<f64>().map(f64::floor)
        && text.len() == 5
        && SERIALS.contains(&(number + epoch_days))
    {
        return from_number(number, epoch_days);
    }
    let numbers = numbers(text)?;
    let mut written = match numbers.as_slice() {
        [only] => from_one(only),
        [first, second] => from_two(first, second),
        [first, second, third] => from_three(first, second, third),
        _ => None,
    }?;
    if lunar {
        // The lunar month is another month.
        written.month = None;
        written.day = None;
        written.finding = Some(FindingCode::BirthLunar);
    }
    Some(written)
}

/// `1960-07-02 00:00:00` and `1960-07-02T00:00:00` without the time.
fn without_time(text: &str) -> &str {
    let date = text.split('T').next().unwrap_or(text);
    match date.split_once(' ') {
        Some((date, time)) if time.contains(':') => date,
        _ => date,
    }
    .trim()
}

/// A number of a date and whether 年 stands behind it.
struct Digits {
    text: String,
    value: i64,
    is_year: bool,
}

impl Digits {
    fn len(&self) -> usize {
        self.text.len()
    }
}

fn numbers(text: &str) -> Option<Vec<Digits>> {
    let mut numbers: Vec<Digits> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let same = |other: char| {
            if c.is_ascii_digit() {
                other.is_ascii_digit()
            } else {
                is_han_numeral(other)
            }
        };
        if c.is_ascii_digit() || is_han_numeral(c) {
            let length = rest.find(|other| !same(other)).unwrap_or(rest.len());
            let (run, after) = rest.split_at_checked(length)?;
            let text = if c.is_ascii_digit() {
                run.to_owned()
            } else {
                han_number(run)?.to_string()
            };
            let value = text.parse().ok().filter(|_| text.len() <= 8)?;
            numbers.push(Digits {
                text,
                value,
                is_year: after.starts_with('年'),
            });
            rest = after;
        } else if is_dash(c)
            || matches!(
                c,
                '/' | '.' | '。' | '、' | ',' | '\\' | ' ' | '年' | '月' | '日' | '号' | '\''
            )
        {
            rest = rest.get(c.len_utf8()..)?;
        } else {
            return None;
        }
    }
    Some(numbers)
}

fn from_one(only: &Digits) -> Option<Written> {
    if only.is_year && only.len() <= 2 {
        return Some(Written {
            year: only.value,
            short: true,
            ..Written::default()
        });
    }
    from_digits(&only.text)
}

fn from_two(first: &Digits, second: &Digits) -> Option<Written> {
    let month = Some(second.value);
    match (first.len(), second.len()) {
        (4, 1 | 2) => Some(Written {
            year: first.value,
            month,
            ..Written::default()
        }),
        (1 | 2, 4) if !first.is_year => Some(Written {
            year: second.value,
            month: Some(first.value),
            ..Written::default()
        }),
        (1 | 2, 1 | 2) if first.is_year || first.value > 12 || first.text.starts_with('0') => Some(Written {
            year: first.value,
            month,
            short: true,
            ..Written::default()
        }),
        _ => None,
    }
}

fn from_three(first: &Digits, second: &Digits, third: &Digits) -> Option<Written> {
    let (month, day) = (Some(second.value), Some(third.value));
    match (first.len(), second.len(), third.len()) {
        (4, 1 | 2, 1 | 2) => Some(Written {
            year: first.value,
            month,
            day,
            ..Written::default()
        }),
        (1 | 2, 1 | 2, 1 | 2) if first.is_year || first.value > 31 => Some(Written {
            year: first.value,
            month,
            day,
            short: true,
            ..Written::default()
        }),
        // 2/7/1960: day and month may stand in either order.
        (1 | 2, 1 | 2, 4) => {
            let (a, b) = (first.value, second.value);
            let year = third.value;
            match (a > 12, b > 12) {
                (true, true) => Some(Written {
                    year,
                    month: Some(a),
                    day: Some(b),
                    ..Written::default()
                }),
                (true, false) => Some(Written {
                    year,
                    month: Some(b),
                    day: Some(a),
                    ..Written::default()
                }),
                (false, true) => Some(Written {
                    year,
                    month: Some(a),
                    day: Some(b),
                    ..Written::default()
                }),
                (false, false) if a == b => Some(Written {
                    year,
                    month: Some(a),
                    ..Written::default()
                }),
                (false, false) => Some(Written {
                    year,
                    finding: Some(FindingCode::BirthMonthUnclear),
                    ..Written::default()
                }),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "birth_tests.rs"]
mod tests;
