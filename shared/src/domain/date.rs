//! Calendar dates without a time zone: birthdays of promises, not instants.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// A day.
///
/// Shape: the number `yyyymmdd`, e.g. 20261121, always a day that exists. Time zone: that of the
/// community (UTC+8 everywhere in China).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct CalendarDate(NaiveDate);

/// The number is not a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a day in the form yyyymmdd")]
pub struct CalendarDateError(pub i64);

/// Milliseconds that China's clocks are ahead of UTC.
const UTC_OFFSET_MS: i64 = 8 * 3600 * 1000;
const DAY_MS: i64 = 24 * 3600 * 1000;

impl CalendarDate {
    /// The day `year`-`month`-`day`, if it exists.
    pub fn from_parts(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(1..=9999).contains(&year) {
            return None;
        }
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// The day of an instant, on clocks in China.
    pub fn of_ms(ms: u64) -> Self {
        let local_ms = i64::try_from(ms)
            .unwrap_or(i64::MAX - UTC_OFFSET_MS)
            .saturating_add(UTC_OFFSET_MS);
        let day = NaiveDate::default() + chrono::Duration::days((local_ms / DAY_MS).min(2_900_000));
        Self(day)
    }

    /// The day `yyyy-mm-dd`, as HTML date fields give it.
    pub fn parse(text: &str) -> Option<Self> {
        // By hand: chrono's format language would be a tenth of the date code that each user downloads.
        let mut parts = text.splitn(3, '-');
        let mut next = |digits: usize| {
            let part = parts
                .next()
                .filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()));
            part.and_then(|part| part.parse::<u32>().ok())
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        Self::from_parts(i32::try_from(year).ok()?, month, day)
    }

    /// The number `yyyymmdd`.
    pub fn number(self) -> i64 {
        i64::from(self.0.year()) * 10_000 + i64::from(self.0.month()) * 100 + i64::from(self.0.day())
    }

    /// `days` later (or earlier, when negative).
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(
            self.0
                .checked_add_signed(chrono::Duration::days(days))
                .unwrap_or(self.0),
        )
    }

    /// Days from `earlier` to this day.
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_days()
    }

    /// Milliseconds since the Unix epoch when the day begins in China.
    pub fn start_ms(self) -> u64 {
        let days = (self.0 - NaiveDate::default()).num_days();
        u64::try_from(days * DAY_MS - UTC_OFFSET_MS).unwrap_or(0)
    }

    /// Year, month and day.
    pub fn parts(self) -> (i32, u32, u32) {
        (self.0.year(), self.0.month(), self.0.day())
    }
}

impl TryFrom<i64> for CalendarDate {
    type Error = CalendarDateError;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        let part = |value: i64| u32::try_from(value).ok();
        let year = i32::try_from(number / 10_000).ok();
        match (year, part(number / 100 % 100), part(number % 100)) {
            (Some(year), Some(month), Some(day)) => {
                Self::from_parts(year, month, day).ok_or(CalendarDateError(number))
            }
            _ => Err(CalendarDateError(number)),
        }
    }
}

impl From<CalendarDate> for i64 {
    fn from(date: CalendarDate) -> i64 {
        date.number()
    }
}

impl fmt::Display for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.0.year(),
            self.0.month(),
            self.0.day()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let day = CalendarDate::parse("2026-11-21").unwrap();
        assert_eq!(day.number(), 20_261_121);
        assert_eq!(CalendarDate::of_ms(day.start_ms()), day);
        assert_eq!(CalendarDate::of_ms(day.start_ms() - 1), day.plus_days(-1));
        for bad in [
            "2026-02-30",
            "2026-1-21",
            "2026-11-21-1",
            "+026-11-21",
            "",
            "2026-11",
            "２０２６-11-21",
        ] {
            assert_eq!(CalendarDate::parse(bad), None, "{bad}");
        }
        assert_eq!(
            CalendarDate::try_from(20_260_230),
            Err(CalendarDateError(20_260_230))
        );
        assert_eq!(CalendarDate::try_from(-5), Err(CalendarDateError(-5)));
        CalendarDate::of_ms(u64::MAX);
    }
}
