//! Coupons: what one takes off, from how much on, and when. Those in buyers' hands are in
//! `coupon/grants.rs`.

mod grants;

pub use grants::{
    CouponHold, CouponHoldStatus, CouponMove, Grant, GrantId, GrantState, Standing, sort_for_use,
};

use crate::{Fen, Timestamp};
use core::fmt;

/// The name of a coupon, chosen by the merchant: 1–32 of `[0-9A-Za-z_-]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CouponId(String);

impl CouponId {
    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<CouponId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        ((1..=32).contains(&text.len()) && text.bytes().all(allowed))
            .then(|| CouponId(text.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CouponId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CouponId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a coupon promises, as the merchant defined it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponTerms {
    /// Its name.
    pub id: CouponId,
    /// What buyers read.
    pub title: String,
    /// What it takes off.
    pub cut: Cut,
    /// From so much of goods on; the goods alone count, without fees.
    pub threshold: Fen,
    /// The first moment at which it can be used.
    pub valid_from: Timestamp,
    /// The first moment at which it cannot any more.
    pub valid_to: Timestamp,
    /// How many of it one buyer may ever get; at least 1.
    pub per_user_limit: u32,
}

/// What a coupon takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A fixed amount, though never more than the goods cost.
    Amount(Fen),
    /// So many hundredths of what the goods cost, rounded down to whole fen.
    Percent {
        /// 1 to 100.
        percent: u8,
        /// And never more than this.
        cap: Option<Fen>,
    },
}

/// Why a coupon takes nothing off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CouponRefusal {
    /// Its time has not come.
    #[error("it is not valid yet")]
    NotYet,
    /// Its time is over.
    #[error("it is not valid any more")]
    Over,
    /// The goods cost too little.
    #[error("the goods cost less than {0}")]
    Below(Fen),
}

/// What is wrong with terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// Nobody could ever use it.
    #[error("it ends before it begins")]
    NeverValid,
    /// It takes nothing off, or more than everything.
    #[error("it takes off nothing, or more than everything")]
    NoSuchCut,
    /// The threshold is negative, or more than an order may cost.
    #[error("no order reaches its threshold")]
    NoSuchThreshold,
    /// Nobody could have one.
    #[error("nobody may have one")]
    NobodysCoupon,
}

impl CouponTerms {
    /// Whether these terms make a coupon.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), TermsError> {
        if self.valid_from >= self.valid_to {
            return Err(TermsError::NeverValid);
        }
        let takes_something = match self.cut {
            Cut::Amount(amount) => is_some_money(amount),
            Cut::Percent { percent, cap } => {
                (1..=100).contains(&percent) && cap.is_none_or(is_some_money)
            }
        };
        if !takes_something {
            return Err(TermsError::NoSuchCut);
        }
        if !self.threshold.is_payable_range() {
            return Err(TermsError::NoSuchThreshold);
        }
        if self.per_user_limit == 0 {
            return Err(TermsError::NobodysCoupon);
        }
        Ok(())
    }

    /// What it takes off goods that cost `items`, at `now`: at most all of it.
    ///
    /// # Errors
    /// When it does not apply.
    pub fn discount(&self, items: Fen, now: Timestamp) -> Result<Fen, CouponRefusal> {
        if now < self.valid_from {
            return Err(CouponRefusal::NotYet);
        }
        if now >= self.valid_to {
            return Err(CouponRefusal::Over);
        }
        if items < self.threshold {
            return Err(CouponRefusal::Below(self.threshold));
        }
        let cut = match self.cut {
            Cut::Amount(amount) => amount,
            Cut::Percent { percent, cap } => {
                let part = hundredths(items, percent);
                cap.map_or(part, |cap| part.min(cap))
            }
        };
        Ok(cut.min(items))
    }
}

fn is_some_money(amount: Fen) -> bool {
    amount > Fen::ZERO && amount.is_payable_range()
}

/// Rounded down, and exact.
#[expect(clippy::arithmetic_side_effects, reason = "an i64 times a u8 fits an i128")]
fn hundredths(amount: Fen, percent: u8) -> Fen {
    let exact = i128::from(amount.get()) * i128::from(percent) / 100;
    Fen::new(i64::try_from(exact).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(cut: Cut, threshold: i64) -> CouponTerms {
        CouponTerms {
            id: CouponId::parse("new-year").unwrap(),
            title: "满 100 减 10".to_owned(),
            cut,
            threshold: Fen::new(threshold),
            valid_from: Timestamp::from_seconds(1_000),
            valid_to: Timestamp::from_seconds(2_000),
            per_user_limit: 1,
        }
    }

    fn off(terms: &CouponTerms, items: i64) -> Result<i64, CouponRefusal> {
        terms.discount(Fen::new(items), Timestamp::from_seconds(1_500)).map(Fen::get)
    }

    fn percent(percent: u8, cap: Option<i64>) -> Cut {
        Cut::Percent { percent, cap: cap.map(Fen::new) }
    }

    #[test]
    fn an_id_is_shown_as_it_was_given() {
        let id = CouponId::parse("new-year").unwrap();
        assert_eq!(format!("{id} {id:?}"), "new-year new-year");
    }

    #[test]
    fn a_fixed_amount_comes_off_from_the_threshold_on() {
        let ten_off = terms(Cut::Amount(Fen::new(1_000)), 10_000);
        assert_eq!(off(&ten_off, 10_000), Ok(1_000));
        assert_eq!(off(&ten_off, 9_999), Err(CouponRefusal::Below(Fen::new(10_000))));
    }

    #[test]
    fn nothing_costs_less_than_nothing() {
        let ten_off = terms(Cut::Amount(Fen::new(1_000)), 0);
        assert_eq!([off(&ten_off, 999), off(&ten_off, 0)], [Ok(999), Ok(0)]);
    }

    #[test]
    fn hundredths_are_rounded_down_and_capped() {
        assert_eq!(off(&terms(percent(15, None), 0), 999), Ok(149));
        assert_eq!(off(&terms(percent(15, Some(100)), 0), 999), Ok(100));
        assert_eq!(off(&terms(percent(100, None), 0), 999), Ok(999));
    }

    #[test]
    fn a_coupon_is_valid_from_its_first_moment_to_just_before_its_last() {
        let ten_off = terms(Cut::Amount(Fen::new(10)), 0);
        let at = |s| ten_off.discount(Fen::new(50), Timestamp::from_seconds(s)).map(Fen::get);
        assert_eq!([at(999), at(1_000)], [Err(CouponRefusal::NotYet), Ok(10)]);
        assert_eq!([at(1_999), at(2_000)], [Ok(10), Err(CouponRefusal::Over)]);
    }

    #[test]
    fn terms_that_make_no_coupon_say_why() {
        let good = terms(percent(15, Some(1)), 0);
        assert_eq!(good.check(), Ok(()));
        let ended = CouponTerms { valid_to: good.valid_from, ..good.clone() };
        assert_eq!(ended.check(), Err(TermsError::NeverValid));
        for cut in [
            Cut::Amount(Fen::ZERO),
            Cut::Amount(Fen::new(1_000_000_001)),
            percent(0, None),
            percent(101, None),
            percent(5, Some(0)),
        ] {
            let checked = CouponTerms { cut, ..good.clone() }.check();
            assert_eq!(checked, Err(TermsError::NoSuchCut), "{cut:?}");
        }
        let unreachable = CouponTerms { threshold: Fen::new(-1), ..good.clone() };
        assert_eq!(unreachable.check(), Err(TermsError::NoSuchThreshold));
        let nobodys = CouponTerms { per_user_limit: 0, ..good };
        assert_eq!(nobodys.check(), Err(TermsError::NobodysCoupon));
    }

    #[test]
    fn names_are_the_merchants_own_within_limits() {
        assert_eq!(CouponId::parse("New_Year-26").unwrap().as_str(), "New_Year-26");
        for bad in ["", "新年", "a b", &"x".repeat(33)] {
            assert_eq!(CouponId::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_comes_off_is_never_more_than_the_goods_nor_than_was_promised(
            items in 0i64..=1_000_000_000,
            hundredth in 1u8..=100,
            cap in prop::option::of(1i64..=1_000_000_000),
        ) {
            let got = off(&terms(percent(hundredth, cap), 0), items).unwrap();
            prop_assert!(0 <= got && got <= items);
            prop_assert!(i128::from(got) * 100 <= i128::from(items) * i128::from(hundredth));
            prop_assert!(cap.is_none_or(|cap| got <= cap));
            let capped = cap == Some(got);
            let next = (i128::from(got) + 1) * 100 > i128::from(items) * i128::from(hundredth);
            prop_assert!(capped || next, "not the most that was promised");
        }

        /// From its first moment to just before its last, from its threshold on, and nowhere else; and who is
        /// too early hears that before hearing that the goods cost too little.
        #[test]
        fn a_coupon_applies_from_its_edges_on_and_nowhere_else(
            (from, lasts) in (0i64..1_000, 1i64..1_000), threshold in 0i64..10_000,
            cut in prop_oneof![
                (1i64..20_000).prop_map(|fen| Cut::Amount(Fen::new(fen))),
                (1u8..=100, prop::option::of(1i64..5_000)).prop_map(|(p, cap)| percent(p, cap)),
            ],
            at in 0i64..2_100, items in 0i64..20_000,
        ) {
            let to = from + lasts;
            let terms = CouponTerms {
                valid_from: Timestamp::from_seconds(from),
                valid_to: Timestamp::from_seconds(to),
                ..terms(cut, threshold)
            };
            prop_assert_eq!(terms.check(), Ok(()));
            let asked = |items: i64, at: i64| terms.discount(Fen::new(items), Timestamp::from_seconds(at));
            let below = Err(CouponRefusal::Below(Fen::new(threshold)));
            let got = asked(items, at);
            if at < from {
                prop_assert_eq!(got, Err(CouponRefusal::NotYet));
            } else if at >= to {
                prop_assert_eq!(got, Err(CouponRefusal::Over));
            } else if items < threshold {
                prop_assert_eq!(got, below);
            } else {
                let got = got.unwrap().get();
                prop_assert!(0 <= got && got <= items);
            }
            prop_assert_eq!(asked(threshold, from - 1), Err(CouponRefusal::NotYet));
            prop_assert_eq!(asked(threshold, to), Err(CouponRefusal::Over));
            prop_assert_eq!(asked(threshold - 1, from), below);
            prop_assert!(asked(threshold, from).is_ok() && asked(threshold, to - 1).is_ok());
        }
    }
}
