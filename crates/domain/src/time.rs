//! Instants. Time is an input everywhere; nothing here asks what time it is.
//!
//! Cut to microseconds, so that memory and Postgres agree exactly.

use ::time::format_description::well_known::Rfc3339;
use ::time::{OffsetDateTime, UtcOffset};
use core::fmt;

/// A UTC instant in whole microseconds since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The latest instant we hold: 9999-12-31T23:59:59Z, in microseconds.
const LATEST: i64 = 253_402_300_799_000_000;
/// The earliest: year 1.
const EARLIEST: i64 = -62_135_596_800_000_000;

impl Timestamp {
    /// `micros` microseconds since the epoch, held within the years 1 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Timestamp {
        Timestamp(micros.clamp(EARLIEST, LATEST))
    }

    /// `seconds` since the epoch.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved by `seconds`.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// This instant moved by `millis` milliseconds.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_add(millis.saturating_mul(1_000)))
    }

    /// Milliseconds from `earlier` to this instant; negative when it lies before.
    #[must_use]
    pub fn millis_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1_000)
    }

    /// Whole seconds from `earlier` to this instant, rounded down.
    #[must_use]
    pub fn seconds_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1_000_000)
    }

    /// The same instant as the `time` crate writes it, in UTC.
    #[must_use]
    pub fn to_offset(self) -> OffsetDateTime {
        // In range by construction; the fallback only keeps this function total.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0).saturating_mul(1_000))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The instant of `at`, cut to microseconds.
    #[must_use]
    pub fn from_offset(at: OffsetDateTime) -> Timestamp {
        let micros = at.unix_timestamp_nanos().div_euclid(1_000);
        Timestamp::from_micros(i64::try_from(micros).unwrap_or(LATEST))
    }

    /// Reads an RFC 3339 time.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Timestamp::from_offset)
    }

    /// Writes RFC 3339 in UTC, for people and wires of ours.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.to_offset().format(&Rfc3339).unwrap_or_default()
    }

    /// Beijing time as WeChat Pay wants it: `yyyy-MM-ddTHH:mm:ss+08:00` (whole seconds).
    #[must_use]
    pub fn to_beijing_rfc3339(self) -> String {
        let (date, clock) = self.beijing();
        format!("{date}T{clock}+08:00")
    }

    /// Beijing time as fourteen digits, `yyyyMMddHHmmss`: the readable part of an order number.
    #[must_use]
    pub fn to_beijing_digits(self) -> String {
        let (date, clock) = self.beijing();
        format!("{date}{clock}").chars().filter(char::is_ascii_digit).collect()
    }

    fn beijing(self) -> (String, String) {
        let local = UtcOffset::from_hms(8, 0, 0).map_or(self.to_offset(), |zone| {
            self.to_offset().checked_to_offset(zone).unwrap_or(OffsetDateTime::UNIX_EPOCH)
        });
        let date = format!("{:04}-{:02}-{:02}", local.year(), u8::from(local.month()), local.day());
        let clock = format!("{:02}:{:02}:{:02}", local.hour(), local.minute(), local.second());
        (date, clock)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn beijing_is_eight_hours_ahead() {
        let at = Timestamp::parse_rfc3339("2026-11-21T18:30:05.5Z").unwrap();
        assert_eq!(at.to_beijing_rfc3339(), "2026-11-22T02:30:05+08:00");
        assert_eq!(at.to_beijing_digits(), "20261122023005");
    }

    proptest! {
        #[test]
        fn any_instant_survives_the_time_crate(micros in any::<i64>()) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::from_offset(at.to_offset()), at);
            prop_assert!(at.to_beijing_digits().len() >= 14);
        }
    }

    #[test]
    fn an_instant_is_held_within_the_years_that_can_be_written() {
        let latest = Timestamp::from_micros(i64::MAX);
        let earliest = Timestamp::from_micros(i64::MIN);
        assert_eq!(latest.to_rfc3339(), "9999-12-31T23:59:59Z");
        assert_eq!(earliest.to_rfc3339(), "0001-01-01T00:00:00Z");
        assert_eq!(latest.plus_seconds(i64::MAX), latest);
        assert_eq!(earliest.plus_millis(i64::MIN), earliest);
        assert_eq!(Timestamp::from_seconds(i64::MAX), latest);
    }

    #[test]
    fn seconds_are_counted_down_to_whole_ones() {
        let at = Timestamp::from_micros(1_500_000);
        assert_eq!((at.seconds(), at.micros()), (1, 1_500_000));
        assert_eq!(Timestamp::from_micros(-1).seconds(), -1);
        let later = at.plus_seconds(2).plus_millis(499);
        assert_eq!((later.seconds_since(at), later.millis_since(at)), (2, 2_499));
        assert_eq!((at.seconds_since(later), at.millis_since(later)), (-3, -2_499));
        assert_eq!(Timestamp::from_seconds(3), Timestamp::from_micros(3_000_000));
    }

    #[test]
    fn people_read_rfc_3339() {
        let at = Timestamp::parse_rfc3339("2026-11-21T10:30:05.25+08:00").unwrap();
        assert_eq!(at.to_rfc3339(), "2026-11-21T02:30:05.25Z");
        assert_eq!((at.to_string(), format!("{at:?}")), (at.to_rfc3339(), at.to_rfc3339()));
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }
}
