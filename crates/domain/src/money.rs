//! Money: whole fen (分), nothing else.
//!
//! No floats, no implicit arithmetic: every operation is checked and says so in its type. Texts in yuan
//! are read and written in `money/yuan.rs`.

mod yuan;

pub use yuan::Yuan;

use core::fmt;

/// An amount of money in fen (1 yuan = 100 fen). May be negative only as a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(i64);

impl Fen {
    /// Nothing.
    pub const ZERO: Fen = Fen(0);
    /// The most that any single amount may be: ten million yuan. WeChat Pay's own limits are
    /// lower and depend on the bank; ours only keeps sums far away from overflow.
    pub const LIMIT: Fen = Fen(1_000_000_000);

    /// An amount of `fen`.
    #[must_use]
    pub const fn new(fen: i64) -> Fen {
        Fen(fen)
    }

    /// The number of fen.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// `self + other`, or `None` when it does not fit.
    #[must_use]
    pub fn plus(self, other: Fen) -> Option<Fen> {
        self.0.checked_add(other.0).map(Fen)
    }

    /// `self - other`, or `None` when it does not fit.
    #[must_use]
    pub fn minus(self, other: Fen) -> Option<Fen> {
        self.0.checked_sub(other.0).map(Fen)
    }

    /// `self × quantity`, or `None` when it does not fit.
    #[must_use]
    pub fn times(self, quantity: u32) -> Option<Fen> {
        self.0.checked_mul(i64::from(quantity)).map(Fen)
    }

    /// The sum, or `None` when it does not fit.
    pub fn sum(amounts: impl IntoIterator<Item = Fen>) -> Option<Fen> {
        amounts.into_iter().try_fold(Fen::ZERO, Fen::plus)
    }

    /// Whether this is an amount an order may have: `0 ..= LIMIT`.
    #[must_use]
    pub fn is_payable_range(self) -> bool {
        (Fen::ZERO..=Fen::LIMIT).contains(&self)
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fen", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sum_is_exact_or_refused(amounts in prop::collection::vec(any::<i64>(), 0..8)) {
            let exact: i128 = amounts.iter().map(|a| i128::from(*a)).sum();
            let got = Fen::sum(amounts.iter().copied().map(Fen::new));
            if let Some(sum) = got {
                prop_assert_eq!(i128::from(sum.get()), exact);
            } else {
                let mut running = 0i128;
                let left_the_range = amounts.iter().any(|a| {
                    running += i128::from(*a);
                    i64::try_from(running).is_err()
                });
                prop_assert!(left_the_range, "refused a sum that fits at every step");
            }
        }

        #[test]
        fn times_never_wraps(fen in any::<i64>(), quantity in any::<u32>()) {
            let exact = i128::from(fen) * i128::from(quantity);
            prop_assert_eq!(
                Fen::new(fen).times(quantity).map(|f| i128::from(f.get())),
                i64::try_from(exact).ok().map(i128::from)
            );
        }
    }

    #[test]
    fn an_order_costs_nothing_or_up_to_ten_million_yuan() {
        for fen in [0, 1, 1_000_000_000] {
            assert!(Fen::new(fen).is_payable_range(), "{fen}");
        }
        for fen in [-1, 1_000_000_001, i64::MIN, i64::MAX] {
            assert!(!Fen::new(fen).is_payable_range(), "{fen}");
        }
        assert_eq!(Fen::LIMIT, Fen::new(1_000_000_000));
    }

    #[test]
    fn differences_are_exact_or_refused() {
        assert_eq!(Fen::new(3).minus(Fen::new(5)), Some(Fen::new(-2)));
        assert_eq!(Fen::new(i64::MIN).minus(Fen::new(1)), None);
        assert_eq!(Fen::new(1_500).to_string(), "1500 fen");
    }
}
