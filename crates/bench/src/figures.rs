//! Rates and ratios in whole numbers: what is printed is what was compared.

use std::fmt;
use std::time::Duration;

/// How often something happened per second, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rate(u64);

impl Rate {
    /// `count` in `elapsed`; nothing happens in no time.
    pub(crate) fn of(count: u64, elapsed: Duration) -> Rate {
        let thousandths = u128::from(count)
            .saturating_mul(1_000_000_000_000)
            .checked_div(elapsed.as_nanos())
            .unwrap_or(0);
        Rate(u64::try_from(thousandths).unwrap_or(u64::MAX))
    }

    /// What `workers` reach together when each needs `each` for one.
    pub(crate) fn of_workers(workers: u64, each: Duration) -> Rate {
        Rate::of(workers, each)
    }

    /// Reads `1234.567890`; further digits are dropped.
    pub(crate) fn parse(text: &str) -> Option<Rate> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let digits: String = rest.chars().chain("000".chars()).take(3).collect();
        let whole: u64 = whole.parse().ok()?;
        Some(Rate(whole.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?))
    }

    pub(crate) fn thousandths(self) -> u64 {
        self.0
    }

    /// How many happen in this time.
    pub(crate) fn within(self, time: Duration) -> u64 {
        let count = u128::from(self.0).saturating_mul(time.as_millis()) / 1_000_000;
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// This rate as a part of another, which must not be nothing.
    pub(crate) fn over(self, limit: Rate) -> Option<Ratio> {
        Ratio::of(self.0, limit.0)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            few if few < 100_000 => write!(f, "{}.{}", few / 1_000, few / 100 % 10),
            many => write!(f, "{}", many / 1_000),
        }
    }
}

/// A part of something, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ratio(u64);

impl Ratio {
    /// `None` when there is nothing to compare with.
    pub(crate) fn of(part: u64, whole: u64) -> Option<Ratio> {
        let hundredths = u128::from(part).saturating_mul(100).checked_div(u128::from(whole))?;
        u64::try_from(hundredths).ok().map(Ratio)
    }

    pub(crate) const fn hundredths(hundredths: u64) -> Ratio {
        Ratio(hundredths)
    }

    pub(crate) fn in_hundredths(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A time for people: milliseconds with two places.
pub(crate) fn millis(duration: Duration) -> String {
    let hundredths = duration.as_micros() / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_count_over_time() {
        assert_eq!(Rate::of(3, Duration::from_millis(1_500)), Rate(2_000));
        assert_eq!(Rate::of(3, Duration::ZERO), Rate(0));
        assert_eq!(Rate::of(1_000, Duration::from_secs(1)).within(Duration::from_millis(250)), 250);
    }

    #[test]
    fn rates_are_read_as_pgbench_prints_them() {
        assert_eq!(Rate::parse("1234.567890"), Some(Rate(1_234_567)));
        assert_eq!(Rate::parse("7"), Some(Rate(7_000)));
        assert_eq!(Rate::parse("tps"), None);
    }

    #[test]
    fn a_ratio_needs_something_to_compare_with() {
        assert_eq!(Rate(500).over(Rate(400)), Some(Ratio(125)));
        assert_eq!(Rate(500).over(Rate(0)), None);
        assert_eq!(Ratio(125).to_string(), "1.25");
        assert_eq!(Ratio(5).to_string(), "0.05");
    }

    #[test]
    fn small_rates_keep_a_place() {
        assert_eq!(Rate(12_345).to_string(), "12.3");
        assert_eq!(Rate(1_234_567).to_string(), "1234");
    }
}
