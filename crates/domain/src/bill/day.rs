//! The day of a bill: a calendar day in Beijing.

use core::fmt;

use time::{Date, Month};

use crate::Timestamp;

/// Beijing is eight hours ahead of UTC, all year.
const BEIJING_SECONDS: i64 = 28_800;
const DAY_SECONDS: i64 = 86_400;

/// A calendar day in Beijing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillDay(Date);

impl BillDay {
    /// The day on which `at` lies.
    #[must_use]
    pub fn of(at: Timestamp) -> BillDay {
        BillDay(at.plus_seconds(BEIJING_SECONDS).to_offset().date())
    }

    /// Reads `yyyy-mm-dd`.
    #[must_use]
    pub fn parse(text: &str) -> Option<BillDay> {
        let shape = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let mut parts = text.split('-');
        let year = parts.next().filter(|year| shape && year.len() == 4)?.parse().ok()?;
        let month: u8 = parts.next().filter(|month| month.len() == 2)?.parse().ok()?;
        let day = parts.next()?.parse().ok()?;
        if parts.next().is_some() || year == 0 {
            return None;
        }
        Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok().map(BillDay)
    }

    /// Its first instant.
    #[must_use]
    pub fn begins_at(self) -> Timestamp {
        let midnight = Timestamp::from_offset(self.0.midnight().assume_utc());
        midnight.plus_seconds(BEIJING_SECONDS.saturating_neg())
    }

    /// The first instant after it.
    #[must_use]
    pub fn ends_at(self) -> Timestamp {
        self.begins_at().plus_seconds(DAY_SECONDS)
    }
}

impl fmt::Display for BillDay {
    /// `yyyy-mm-dd`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

impl fmt::Debug for BillDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_day_begins_at_four_in_the_afternoon_of_the_day_before() {
        let day = BillDay::parse("2026-11-21").unwrap();
        assert_eq!(day.begins_at().to_rfc3339(), "2026-11-20T16:00:00Z");
        assert_eq!(day.ends_at().to_rfc3339(), "2026-11-21T16:00:00Z");
        for (at, named) in [
            ("2026-11-20T15:59:59.999999Z", "2026-11-20"),
            ("2026-11-20T16:00:00Z", "2026-11-21"),
            ("2026-11-21T15:59:59Z", "2026-11-21"),
            ("2026-12-31T16:00:00Z", "2027-01-01"),
        ] {
            let at = Timestamp::parse_rfc3339(at).unwrap();
            assert_eq!(BillDay::of(at).to_string(), named, "{at}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2026-11-31",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "2026-011-1",
            "20261121",
            "2026-11-21 ",
            "2026-11-2-",
            "-026-11-21",
            "0000-01-01",
            "+026-11-21",
            "２０２６-11-21",
        ] {
            assert_eq!(BillDay::parse(text), None, "{text:?}");
        }
        assert_eq!(format!("{:?}", BillDay::parse("2028-02-29").unwrap()), "2028-02-29");
    }

    proptest! {
        #[test]
        fn an_instant_lies_in_its_day_and_the_day_is_read_again(seconds in -62_000_000_000_i64..253_000_000_000) {
            let at = Timestamp::from_seconds(seconds);
            let day = BillDay::of(at);
            prop_assert!(day.begins_at() <= at && at < day.ends_at());
            prop_assert_eq!(BillDay::parse(&day.to_string()), Some(day));
        }
    }
}
