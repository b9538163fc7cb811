//! Dates, times and sizes as people read them. Pure but for the language.

use shared::clock::TimestampMs;
use shared::domain::CalendarDate;

use crate::i18n::{t, t_args, t_code};

const MINUTE_MS: u64 = 60_000;
/// Clocks in China are 8 hours ahead of UTC.
const UTC_OFFSET_MS: u64 = 8 * 60 * MINUTE_MS;

/// `14:05`, on clocks in China.
pub(crate) fn clock_time(ms: TimestampMs) -> String {
    let minutes = ms.saturating_add(UTC_OFFSET_MS) / MINUTE_MS % (24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `今天 14:05`, `昨天 09:30`, `11月3日 10:00`.
pub(crate) fn moment(ms: TimestampMs, now: TimestampMs) -> String {
    format!("{} {}", day(CalendarDate::of_ms(ms), now), clock_time(ms))
}

/// `今天`, `昨天`, `明天`, `11月3日`, `2025年11月3日`.
pub(crate) fn day(date: CalendarDate, now: TimestampMs) -> String {
    let today = CalendarDate::of_ms(now);
    match date.days_since(today) {
        0 => t("day-today"),
        -1 => t("day-yesterday"),
        1 => t("day-tomorrow"),
        _ => {
            let (year, month, day) = date.parts();
            let args = [
                ("year", year.to_string().into()),
                ("month", month.into()),
                ("day", day.into()),
            ];
            if year == today.parts().0 {
                t_args("day-of-year", &args)
            } else {
                t_args("day-full", &args)
            }
        }
    }
}

/// `11月21日 星期六`
pub(crate) fn long_day(now: TimestampMs) -> String {
    let today = CalendarDate::of_ms(now);
    let (_, month, day) = today.parts();
    // 1 January 1970 was a Thursday.
    let number = (today.days_since(CalendarDate::of_ms(0)) + 4).rem_euclid(7);
    let weekday = t_code("weekday", &number.to_string());
    t_args(
        "long-day",
        &[
            ("month", month.into()),
            ("day", day.into()),
            ("weekday", weekday.into()),
        ],
    )
}

/// How long ago somebody was met: `今天`, `12 天前`, `3 个月前`, or `还没见过`.
pub(crate) fn last_met(at: Option<TimestampMs>, now: TimestampMs) -> String {
    let Some(at) = at else { return t("met-never") };
    let days = CalendarDate::of_ms(now)
        .days_since(CalendarDate::of_ms(at))
        .max(0);
    match days {
        0 => t("met-today"),
        1..=59 => t_args("met-days-ago", &[("days", days.into())]),
        _ => t_args("met-months-ago", &[("months", (days / 30).into())]),
    }
}

/// When a promise is due: `今天到期`, `已过 3 天`, `还有 2 天`.
pub(crate) fn due(date: CalendarDate, now: TimestampMs) -> String {
    let days = date.days_since(CalendarDate::of_ms(now));
    match days {
        0 => t("due-today"),
        1.. => t_args("due-in-days", &[("days", days.into())]),
        _ => t_args("due-days-over", &[("days", (-days).into())]),
    }
}

/// `3.2 MB`.
pub(crate) fn bytes(bytes: f64) -> String {
    const MB: f64 = 1024.0 * 1024.0;
    if bytes >= 1024.0 * MB {
        format!("{:.1} GB", bytes / (1024.0 * MB))
    } else {
        format!("{:.1} MB", bytes / MB)
    }
}

/// A telephone number in groups: `138 0314 2956`.
pub(crate) fn phone(digits: &str) -> String {
    match (digits.get(..3), digits.get(3..7), digits.get(7..)) {
        (Some(a), Some(b), Some(c)) if digits.len() == 11 && digits.starts_with('1') => {
            format!("{a} {b} {c}")
        }
        _ => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_the_time_in_china() {
        let midnight = CalendarDate::parse("2026-11-21").unwrap().start_ms();
        assert_eq!(clock_time(midnight), "00:00");
        assert_eq!(clock_time(midnight + 14 * 3_600_000 + 5 * 60_000), "14:05");
    }

    #[test]
    fn only_mobile_numbers_are_grouped() {
        assert_eq!(phone("13803142956"), "138 0314 2956");
        assert_eq!(phone("03142050000"), "03142050000");
        assert_eq!(phone("２３４５６７８９０１１"), "２３４５６７８９０１１");
    }

    #[test]
    fn sizes_are_in_megabytes() {
        assert_eq!(bytes(3_355_443.2), "3.2 MB");
        assert_eq!(bytes(1_610_612_736.0), "1.5 GB");
    }
}
