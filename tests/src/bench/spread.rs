//! How measured times are spread.

use std::time::Duration;

/// Times, in any order until they are asked about.
#[derive(Debug, Clone, Default)]
pub struct Spread(Vec<Duration>);

impl Spread {
    /// Takes one more.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The shortest time that at least so many of a hundred do not exceed, ms; 0 when there are none.
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        let time = sorted.get(rank - 1).copied().unwrap_or_default();
        (time.as_secs_f64() * 1e5).round() / 100.0
    }

    /// The longest, ms.
    pub fn max_ms(&self) -> f64 {
        self.percentile_ms(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_times_and_never_below_its_share() {
        let mut spread = Spread::default();
        assert_eq!((spread.percentile_ms(50), spread.max_ms()), (0.0, 0.0));
        for ms in (1..=20).rev() {
            spread.add(Duration::from_millis(ms));
        }
        assert_eq!(spread.percentile_ms(50), 10.0);
        assert_eq!(spread.percentile_ms(95), 19.0);
        assert_eq!(spread.percentile_ms(96), 20.0);
        assert_eq!(spread.percentile_ms(0), 1.0);
        assert_eq!((spread.max_ms(), spread.count()), (20.0, 20));
    }
}
