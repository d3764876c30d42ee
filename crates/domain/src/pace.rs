//! How long a designed second really takes: under torture a ladder of minutes is climbed in seconds.
//!
//! Scales what we wait of our own accord: the ladders, the horizon, the time between two refunds, the
//! last minute before a deadline. May not scale what others rely on: deadlines, the times of
//! signatures, how long a key is remembered.

use crate::Timestamp;

/// Real time per designed time, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pace(u32);

impl Pace {
    /// As designed, and the only one in production.
    pub const DESIGNED: Pace = Pace(1_000);

    /// `thousandths` real seconds per thousand designed ones; at least one.
    #[must_use]
    pub fn of_thousandths(thousandths: u32) -> Pace {
        Pace(thousandths.max(1))
    }

    /// How long so many designed seconds take, in milliseconds.
    #[must_use]
    pub fn millis(self, seconds: i64) -> i64 {
        seconds.saturating_mul(i64::from(self.0))
    }

    /// So many designed seconds after `at`; before it when they are negative.
    #[must_use]
    pub fn after(self, at: Timestamp, seconds: i64) -> Timestamp {
        at.plus_millis(self.millis(seconds))
    }

    /// How many whole designed seconds lie between `earlier` and `later`.
    #[must_use]
    pub fn seconds_between(self, earlier: Timestamp, later: Timestamp) -> i64 {
        later.millis_since(earlier).div_euclid(i64::from(self.0))
    }
}

impl Default for Pace {
    fn default() -> Pace {
        Pace::DESIGNED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_designed_a_second_is_a_second() {
        let at = Timestamp::from_micros(1_234_567);
        assert_eq!(Pace::DESIGNED.after(at, 61), at.plus_seconds(61));
        assert_eq!(Pace::DESIGNED.after(at, -61), at.plus_seconds(-61));
        let later = at.plus_millis(2_999);
        assert_eq!(Pace::DESIGNED.seconds_between(at, later), later.seconds_since(at));
        assert_eq!(Pace::DESIGNED.seconds_between(later, at), at.seconds_since(later));
    }

    #[test]
    fn at_a_tenth_a_minute_is_six_seconds() {
        let (pace, at) = (Pace::of_thousandths(100), Timestamp::from_seconds(1_000));
        assert_eq!(pace.after(at, 60), at.plus_seconds(6));
        assert_eq!(pace.millis(5), 500);
        assert_eq!(pace.seconds_between(at, at.plus_millis(5_950)), 59);
    }

    #[test]
    fn time_never_stands_still() {
        assert_eq!(Pace::of_thousandths(0).millis(1_000), 1_000);
    }
}
