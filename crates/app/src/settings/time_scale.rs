//! How long a designed second really takes (`jobs.time_scale`): for torture and demonstrations.
//!
//! Read exactly: a decimal with at most three places, as a number or as text.

use domain::Pace;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// The slowest that makes sense: ten times as long as designed.
const MAX: u32 = 10_000;
const MISTAKE: &str = "time_scale is 0.001 to 10, with at most three decimal places";

/// `jobs.time_scale`, in thousandths of real seconds per designed second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeScale(u32);

impl Default for TimeScale {
    /// As designed.
    fn default() -> TimeScale {
        TimeScale(1_000)
    }
}

impl TimeScale {
    /// As the application takes it.
    #[must_use]
    pub fn pace(self) -> Pace {
        Pace::of_thousandths(self.0)
    }

    /// Whether time passes faster than designed.
    #[must_use]
    pub fn is_faster(self) -> bool {
        self.0 < TimeScale::default().0
    }

    /// So many designed milliseconds, really.
    #[must_use]
    pub fn of_millis(self, millis: u64) -> u64 {
        millis.saturating_mul(u64::from(self.0)).saturating_div(1_000)
    }

    fn parse(text: &str) -> Option<TimeScale> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !are_digits(whole) || !are_digits(decimals) {
            return None;
        }
        let decimals = decimals.trim_end_matches('0');
        if decimals.len() > 3 {
            return None;
        }
        let whole: u32 = whole.parse().ok()?;
        let rest: u32 = format!("{decimals:0<3}").parse().ok()?;
        let thousandths = whole.checked_mul(1_000)?.checked_add(rest)?;
        (1..=MAX).contains(&thousandths).then_some(TimeScale(thousandths))
    }
}

impl<'de> Deserialize<'de> for TimeScale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TimeScale, D::Error> {
        deserializer.deserialize_any(AnyNumber)
    }
}

struct AnyNumber;

impl Visitor<'_> for AnyNumber {
    type Value = TimeScale;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MISTAKE)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<TimeScale, E> {
        TimeScale::parse(text).ok_or_else(|| E::custom(MISTAKE))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<TimeScale, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<TimeScale, E> {
        self.visit_str(&number.to_string())
    }

    /// The shortest decimal that is this number: what was written.
    fn visit_f64<E: Error>(self, number: f64) -> Result<TimeScale, E> {
        self.visit_str(&number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_scale_is_read_exactly_as_number_and_as_text() {
        let read = |value: serde_json::Value| serde_json::from_value::<TimeScale>(value);
        for (value, thousandths) in [
            (json!(1), 1_000),
            (json!(0.1), 100),
            (json!("0.1"), 100),
            (json!("0.050"), 50),
            (json!(0.001), 1),
            (json!(2.5), 2_500),
            (json!("10"), 10_000),
        ] {
            assert_eq!(read(value.clone()).unwrap(), TimeScale(thousandths), "{value}");
        }
        for value in [
            json!(0),
            json!(-1),
            json!("0.0001"),
            json!(10.001),
            json!(".5"),
            json!("1e-1"),
            json!(""),
        ] {
            let said = read(value.clone()).unwrap_err().to_string();
            assert!(said.contains("three decimal places"), "{value}: {said}");
        }
    }

    #[test]
    fn it_scales_whole_milliseconds() {
        assert_eq!(TimeScale(100).of_millis(60_000), 6_000);
        assert_eq!(TimeScale::default().of_millis(60_000), 60_000);
        assert!(TimeScale(999).is_faster() && !TimeScale::default().is_faster());
    }
}
