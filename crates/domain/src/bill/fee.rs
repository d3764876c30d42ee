//! Fees as bills write them: yuan with five places, such as `0.05940`.
//!
//! A fee is a fraction of a fen, so it is no [`Fen`](crate::Fen). Read digit by digit, never
//! through a float, and never rounded.

use core::fmt;

/// The places after the point.
const PLACES: usize = 5;
/// Hundred-thousandths in a yuan.
const YUAN: i64 = 100_000;

/// A fee in whole hundred-thousandths of a yuan (a thousandth of a fen). Negative where a refund
/// gives it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fee(i64);

impl Fee {
    /// Nothing.
    pub const ZERO: Fee = Fee(0);

    /// A fee of that many hundred-thousandths of a yuan.
    #[must_use]
    pub const fn new(hundred_thousandths: i64) -> Fee {
        Fee(hundred_thousandths)
    }

    /// The number of hundred-thousandths of a yuan.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// `self + other`, or `None` when it does not fit.
    #[must_use]
    pub fn plus(self, other: Fee) -> Option<Fee> {
        self.0.checked_add(other.0).map(Fee)
    }

    /// The fee that a text in yuan says, exactly: a minus or none, digits, and after a point one to
    /// five more. `None` for everything else, as with [`Fen::from_yuan`](crate::Fen::from_yuan).
    #[must_use]
    pub fn from_yuan(text: &str) -> Option<Fee> {
        let (sign, text) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let leads_with_zero = whole.len() > 1 && whole.starts_with('0');
        if leads_with_zero || places.len() > PLACES {
            return None;
        }
        let missing = u32::try_from(PLACES.checked_sub(places.len())?).ok()?;
        let fraction = digits(places)?.checked_mul(10_i64.checked_pow(missing)?)?;
        let all = digits(whole)?.checked_mul(YUAN)?.checked_add(fraction)?;
        all.checked_mul(sign).map(Fee)
    }
}

impl fmt::Display for Fee {
    /// In yuan, with all five places.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, all) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let yuan = YUAN.unsigned_abs();
        let whole = all.checked_div(yuan).unwrap_or(0);
        let fraction = all.checked_rem(yuan).unwrap_or(0);
        write!(f, "{sign}{whole}.{fraction:05}")
    }
}

fn digits(text: &str) -> Option<i64> {
    let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn five_places_are_kept_exactly() {
        for (text, fee) in [
            ("0.00000", 0),
            ("0", 0),
            ("0.0", 0),
            ("-0.00000", 0),
            ("0.00001", 1),
            ("0.05940", 5_940),
            ("-0.05940", -5_940),
            ("1.5", 150_000),
            ("12.34", 1_234_000),
            ("92233720368547.75807", i64::MAX),
        ] {
            assert_eq!(Fee::from_yuan(text), Some(Fee::new(fee)), "{text}");
        }
    }

    #[test]
    fn nothing_is_written_without_a_sign() {
        assert_eq!(Fee::ZERO.to_string(), "0.00000");
    }

    #[test]
    fn what_is_not_one_fee_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "-.5",
            "5.",
            "--1",
            "+1",
            "0.000001",
            "0.059400",
            "01.5",
            "1e2",
            "1,000",
            " 1",
            "1 ",
            "1.-5",
            "１.00000",
            "0.60%",
            "NaN",
            "92233720368547.75808",
        ] {
            assert_eq!(Fee::from_yuan(text), None, "{text:?}");
        }
    }

    #[test]
    fn fees_are_added_exactly_or_not_at_all() {
        let (paid, given_back) = (Fee::new(5_940), Fee::new(-5_940));
        assert_eq!(paid.plus(given_back), Some(Fee::ZERO));
        assert_eq!(Fee::new(i64::MAX).plus(Fee::new(1)), None);
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(fee in -i64::MAX..=i64::MAX) {
            let text = Fee::new(fee).to_string();
            prop_assert_eq!(Fee::from_yuan(&text), Some(Fee::new(fee)));
        }
    }
}
