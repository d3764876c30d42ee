//! Business time as a function of real time: an anchor and a speed.
//!
//! MAY NOT run backwards, except by [`SandboxClock::real`] at a reset, and MAY NOT use floats: a speed is a fraction.

use time::{Duration, OffsetDateTime};

use crate::core::ports::Moment;

/// Business time stops here, so that adding a day to it never overflows.
const END: OffsetDateTime = time::macros::datetime!(9000-01-01 00:00 UTC);

/// Business seconds per real second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    numerator: u32,
    denominator: u32,
}

impl Speed {
    /// Real speed.
    pub const REAL: Self = Self { numerator: 1, denominator: 1 };
    const MAX: u32 = 1_000_000;

    /// `3`, `1/2`, `0` (frozen).
    pub fn parse(text: &str) -> Option<Self> {
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
        let (numerator, denominator) = (numerator.parse().ok()?, denominator.parse().ok()?);
        let bounded = numerator <= Self::MAX && (1..=Self::MAX).contains(&denominator);
        bounded.then_some(Self { numerator, denominator })
    }

    /// As it was written: `3` or `1/2`.
    pub fn text(self) -> String {
        match self.denominator {
            1 => self.numerator.to_string(),
            denominator => format!("{}/{denominator}", self.numerator),
        }
    }

    /// The speed, if it is a whole number.
    pub fn whole(self) -> Option<u32> {
        (self.denominator == 1).then_some(self.numerator)
    }

    fn business(self, real: Duration) -> Duration {
        scale(real, self.numerator, self.denominator)
    }

    /// How much real time passes in so much business time; `None` when frozen.
    pub fn real(self, business: Duration) -> Option<Duration> {
        (self.numerator > 0).then(|| scale(business, self.denominator, self.numerator))
    }
}

/// Exact to the nanosecond, so that at speed 1 the offset does not creep.
fn scale(span: Duration, times: u32, over: u32) -> Duration {
    const SECOND: i128 = 1_000_000_000;
    let scaled = span.whole_nanoseconds() * i128::from(times) / i128::from(over.max(1));
    match (i64::try_from(scaled / SECOND), i32::try_from(scaled % SECOND)) {
        (Ok(seconds), Ok(nanoseconds)) => Duration::new(seconds, nanoseconds),
        _ => Duration::MAX,
    }
}

/// The sandbox's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SandboxClock {
    anchor: Moment,
    speed: Speed,
}

impl SandboxClock {
    /// Business time is real time.
    pub fn real(now: OffsetDateTime) -> Self {
        Self { anchor: Moment { real: now, business: now }, speed: Speed::REAL }
    }

    /// Both times at a real instant.
    pub fn moment(&self, real: OffsetDateTime) -> Moment {
        let passed = (real - self.anchor.real).max(Duration::ZERO);
        let business = self.anchor.business.checked_add(self.speed.business(passed));
        Moment { real, business: business.map_or(END, |at| at.min(END)) }
    }

    /// Jumps to a business time; `None` if that lies in the past or out of range.
    #[must_use]
    pub fn set(&self, real: OffsetDateTime, business: OffsetDateTime) -> Option<Self> {
        let forward = business >= self.moment(real).business && business <= END;
        forward.then_some(Self { anchor: Moment { real, business }, speed: self.speed })
    }

    /// Jumps ahead.
    #[must_use]
    pub fn advance(&self, real: OffsetDateTime, by: Duration) -> Option<Self> {
        self.set(real, self.moment(real).business.checked_add(by)?)
    }

    /// Changes the speed from now on.
    #[must_use]
    pub fn with_speed(&self, real: OffsetDateTime, speed: Speed) -> Self {
        Self { anchor: self.moment(real), speed }
    }

    /// The speed.
    pub fn speed(&self) -> Speed {
        self.speed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-21 02:00 UTC);

    #[test]
    fn time_goes_on_from_where_it_was_set() {
        let clock = SandboxClock::real(START).advance(START, Duration::days(1)).unwrap();
        let later = START + Duration::seconds(10);
        assert_eq!(clock.moment(later).business, later + Duration::days(1));
        assert_eq!(clock.moment(later).real, later);
    }

    #[test]
    fn a_speed_is_a_fraction() {
        let half = SandboxClock::real(START).with_speed(START, Speed::parse("1/2").unwrap());
        let later = START + Duration::seconds(10);
        assert_eq!(half.moment(later).business, START + Duration::seconds(5));
        assert_eq!(half.speed().real(Duration::seconds(5)), Some(Duration::seconds(10)));
        let frozen = half.with_speed(later, Speed::parse("0").unwrap());
        assert_eq!(frozen.moment(START + Duration::days(1)).business, START + Duration::seconds(5));
        assert_eq!(frozen.speed().real(Duration::seconds(5)), None);
        for bad in ["", "-1", "1/0", "1.5", "9999999"] {
            assert_eq!(Speed::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn it_does_not_run_backwards() {
        let clock = SandboxClock::real(START);
        assert_eq!(clock.set(START, START - Duration::seconds(1)), None);
        assert_eq!(clock.advance(START, Duration::seconds(-1)), None);
    }
}
