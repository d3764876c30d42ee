//! Amounts as people and bills write them: yuan with a point, such as `19.99`.
//!
//! Read and written digit by digit, never through a float: `19.99 × 100` is `1998.9999…` to one. Our own API
//! speaks fen; this is for texts that others write, and for what people read.

use super::Fen;
use core::fmt;

impl Fen {
    /// The amount that a text in yuan says, exactly: digits, and after a point one or two more. `None`
    /// for everything that is not one amount to the fen and written in one way: more than two places,
    /// exponents, signs, blanks, separators, digits of other scripts, a point without digits on both
    /// sides, leading zeros, and more than fits.
    #[must_use]
    pub fn from_yuan(text: &str) -> Option<Fen> {
        let (whole, cents) = match text.split_once('.') {
            Some((whole, places)) => (whole, cents(places)?),
            None => (text, 0),
        };
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        digits(whole)?.checked_mul(100)?.checked_add(cents).map(Fen::new)
    }

    /// The amount in yuan, to be read: always with two places, such as `0.05` or `-3.00`.
    #[must_use]
    pub fn yuan(self) -> Yuan {
        Yuan(self)
    }
}

/// An amount whose text is in yuan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yuan(Fen);

impl fmt::Display for Yuan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fen = self.0.get();
        let (sign, all) = (if fen < 0 { "-" } else { "" }, fen.unsigned_abs());
        write!(f, "{sign}{}.{:02}", all / 100, all % 100)
    }
}

/// What stands after the point: one place is tenths.
fn cents(places: &str) -> Option<i64> {
    match places.len() {
        1 => digits(places)?.checked_mul(10),
        2 => digits(places),
        _ => None,
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

    /// Counts upwards in text alone, as a child does: nothing of it is arithmetic.
    struct Counter {
        text: Vec<u8>,
    }

    impl Counter {
        fn at(text: &str) -> Counter {
            Counter { text: text.bytes().collect() }
        }

        fn text(&self) -> &str {
            std::str::from_utf8(&self.text).unwrap()
        }

        fn one_more(&mut self) {
            for digit in self.text.iter_mut().rev().filter(|byte| **byte != b'.') {
                if *digit < b'9' {
                    *digit += 1;
                    return;
                }
                *digit = b'0';
            }
            self.text.insert(0, b'1');
        }
    }

    fn count(from: &str, fen: std::ops::RangeInclusive<i64>) {
        let mut counter = Counter::at(from);
        for fen in fen {
            assert_eq!(Fen::from_yuan(counter.text()), Some(Fen::new(fen)), "{}", counter.text());
            counter.one_more();
        }
    }

    /// Requirement S3.3, as much of it as takes a moment: every cent up to ten thousand yuan, and every
    /// yuan with one of its cents, each in its turn.
    #[test]
    fn every_cent_is_read_exactly() {
        count("0.01", 1..=999_999);
        count("9999.99", 999_999..=1_000_001);
        count("99990.00", 9_999_000..=10_001_000);
        for yuan in 0..=999_999_i64 {
            let text = format!("{yuan}.{:02}", yuan % 100);
            assert_eq!(Fen::from_yuan(&text), Some(Fen::new(yuan * 100 + yuan % 100)), "{text}");
        }
    }

    /// Requirement S3.3, all of it.
    #[test]
    #[ignore = "a minute without optimisation: `cargo xtask test` runs it with"]
    fn every_cent_from_0_01_to_999_999_99_is_read_exactly() {
        std::thread::scope(|threads| {
            threads.spawn(|| count("0.01", 1..=49_999_999));
            threads.spawn(|| count("500000.00", 50_000_000..=99_999_999));
        });
    }

    /// Every cent up to a thousand yuan, then every yuan with some of its cents.
    #[test]
    fn what_is_written_is_what_was_counted_and_is_read_again() {
        let mut counter = Counter::at("0.00");
        for fen in 0..=100_000 {
            assert_eq!(Fen::new(fen).yuan().to_string(), counter.text());
            counter.one_more();
        }
        for yuan in 0..=1_000_000_i64 {
            let fen = Fen::new(yuan * 100 + yuan % 100);
            assert_eq!(Fen::from_yuan(&fen.yuan().to_string()), Some(fen));
        }
    }

    #[test]
    fn one_place_is_tenths_and_none_is_whole_yuan() {
        for (text, fen) in [("0", 0), ("0.0", 0), ("0.1", 10), ("7", 700), ("12.3", 1_230)] {
            assert_eq!(Fen::from_yuan(text), Some(Fen::new(fen)), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_amount_to_the_fen_is_refused() {
        for text in [
            "",
            ".",
            ".5",
            "5.",
            "1.234",
            "0.001",
            "19.990",
            "1e2",
            "1E2",
            "0x10",
            "+1",
            "-1",
            "-0.01",
            " 1",
            "1 ",
            "1. 5",
            "1\u{a0}",
            "1,000.00",
            "1_000",
            "1.2.3",
            "01",
            "00.10",
            "１.00",
            "1．00",
            "٣.00",
            "¥1.00",
            "1元",
            "NaN",
            "inf",
            "`1.00",
            // More than fits.
            "92233720368547758.08",
            "99999999999999999999",
        ] {
            assert_eq!(Fen::from_yuan(text), None, "{text:?}");
        }
        assert_eq!(Fen::from_yuan("92233720368547758.07"), Some(Fen::new(i64::MAX)));
    }

    #[test]
    fn what_was_given_is_written_with_its_sign() {
        let texts = [-1, -100, -12_345, i64::MIN].map(|fen| Fen::new(fen).yuan().to_string());
        assert_eq!(texts, ["-0.01", "-1.00", "-123.45", "-92233720368547758.08"]);
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(fen in 0..=i64::MAX) {
            let text = Fen::new(fen).yuan().to_string();
            prop_assert_eq!(Fen::from_yuan(&text), Some(Fen::new(fen)));
        }

        /// Whatever is read says the same when it is written, but for places that say nothing.
        #[test]
        fn no_text_is_read_as_another_amount(text in "[0-9０-９eE+. -]{0,12}") {
            let Some(fen) = Fen::from_yuan(&text) else { return Ok(()) };
            let places = text.split_once('.').map_or(0, |(_, places)| places.len());
            let whole = match places { 0 => format!("{text}.00"), 1 => format!("{text}0"), _ => text };
            prop_assert_eq!(fen.yuan().to_string(), whole);
        }
    }
}
