//! The clock as screens see it. What is drawn by it is drawn again when another day has begun: an app that is taken up
//! in the morning must not go on with yesterday.

use dioxus::core::ReactiveContext;
use dioxus::prelude::*;
use shared::domain::CalendarDate;

use super::page::clock_ms;

/// The day as of the last look.
static DAY: GlobalSignal<CalendarDate> = GlobalSignal::with_name(|| CalendarDate::of_ms(clock_ms()), "day");

/// Longer than this nobody waits for the new day, even when the device slept over midnight.
const LOOK_AGAIN_MS_MAX: u64 = 60_000;

/// The device's clock, ms. Who asks while drawing draws again when the day has changed.
pub(crate) fn now_ms() -> u64 {
    if ReactiveContext::current().is_some() {
        DAY.read();
    }
    clock_ms()
}

/// Whether another day has begun since the last look.
pub(crate) fn day_has_changed() -> bool {
    let today = CalendarDate::of_ms(clock_ms());
    let changed = *DAY.peek() != today;
    if changed {
        *DAY.write() = today;
    }
    changed
}

/// When to look again: at midnight, and before.
pub(crate) fn next_look_ms() -> i32 {
    let now = clock_ms();
    i32::try_from(wait_ms(now)).unwrap_or(i32::MAX)
}

fn wait_ms(now: u64) -> u64 {
    let midnight = CalendarDate::of_ms(now).plus_days(1).start_ms();
    // A timer may fire a little early.
    midnight
        .saturating_sub(now)
        .saturating_add(1)
        .min(LOOK_AGAIN_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_looks_just_after_midnight_and_never_much_later() {
        let midnight = CalendarDate::parse("2026-11-30").unwrap().start_ms();
        assert_eq!(wait_ms(midnight - 5_000), 5_001);
        assert_eq!(wait_ms(midnight), LOOK_AGAIN_MS_MAX);
        assert_eq!(wait_ms(midnight - 3_600_000), LOOK_AGAIN_MS_MAX);
    }
}
