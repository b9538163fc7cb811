//! How long to wait before trying again.

/// The first wait.
const FIRST_MS: u64 = 500;
/// The longest wait while the worker may be standing in a stairwell with signal coming and going.
const SOON_MS_MAX: u64 = 5_000;
/// The longest wait after [`FAILURES_SOON`] failures in a row.
const LATER_MS_MAX: u64 = 60_000;
/// About ten minutes of failures.
const FAILURES_SOON: u32 = 150;

/// The wait after `failures` failures in a row, in ms: doubling, and between half and all of it by chance, so
/// that phones that lost the same server do not come back at the same instant.
pub fn wait_ms(failures: u32, chance: u32) -> u64 {
    let most = if failures < FAILURES_SOON {
        SOON_MS_MAX
    } else {
        LATER_MS_MAX
    };
    let full = FIRST_MS
        .checked_shl(failures.saturating_sub(1).min(20))
        .unwrap_or(most)
        .min(most);
    full / 2 + full / 2 * u64::from(chance) / u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        assert_eq!(wait_ms(1, u32::MAX), 500);
        assert_eq!(wait_ms(1, 0), 250);
        assert_eq!(wait_ms(4, u32::MAX), 4_000);
        assert_eq!(wait_ms(100, u32::MAX), 5_000);
        assert_eq!(wait_ms(u32::MAX, u32::MAX), 60_000);
    }
}
