//! Shares a discount over lines, by largest remainder: the shares sum to it exactly, each is within
//! one fen of its exact part, and no line gets more than it costs.

use crate::Fen;

/// Each line's share of `discount`, in the order of `amounts`. Equal remainders: the earlier line.
/// `discount` is at most the sum of `amounts`; of nothing, nothing is shared.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "products of two i64 and sums of lines fit an i128; `whole` is above zero"
)]
pub(super) fn share(discount: Fen, amounts: &[Fen]) -> Vec<Fen> {
    let whole: i128 = amounts.iter().map(|amount| i128::from(amount.get())).sum();
    if whole <= 0 {
        return vec![Fen::ZERO; amounts.len()];
    }
    let product = |amount: &Fen| i128::from(discount.get()) * i128::from(amount.get());
    let mut shares: Vec<i128> = amounts.iter().map(|amount| product(amount) / whole).collect();
    let left = i128::from(discount.get()) - shares.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..amounts.len()).collect();
    // A stable sort: what is equal stays in order.
    by_remainder.sort_by_key(|i| amounts.get(*i).map(|amount| -(product(amount) % whole)));
    for index in by_remainder.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        if let Some(share) = shares.get_mut(index) {
            *share += 1;
        }
    }
    shares.into_iter().map(|share| Fen::new(i64::try_from(share).unwrap_or(0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(discount: i64, amounts: &[i64]) -> Vec<i64> {
        let amounts: Vec<Fen> = amounts.iter().copied().map(Fen::new).collect();
        share(Fen::new(discount), &amounts).into_iter().map(Fen::get).collect()
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainders() {
        assert_eq!(shares(2, &[1, 1, 1]), [1, 1, 0], "equal ones: the earlier");
        assert_eq!(shares(10, &[700, 200, 100]), [7, 2, 1]);
        // 3.5, 1.4, 5.1: the half gets the fen that is left.
        assert_eq!(shares(10, &[35, 14, 51]), [4, 1, 5]);
    }

    #[test]
    fn of_nothing_nothing_is_shared() {
        assert_eq!(shares(0, &[0, 0]), [0, 0]);
        assert_eq!(shares(0, &[5]), [0]);
        assert!(shares(0, &[]).is_empty());
    }

    #[test]
    fn a_line_that_costs_nothing_gets_nothing() {
        assert_eq!(shares(3, &[0, 3, 0]), [0, 3, 0]);
    }

    proptest! {
        #[test]
        fn the_shares_sum_exactly_and_each_is_within_a_fen_of_its_part(
            amounts in prop::collection::vec(0i64..=1_000_000_000, 1..50),
            of_it in 0u64..=1_000_000,
        ) {
            let whole: i128 = amounts.iter().map(|a| i128::from(*a)).sum();
            let discount = i64::try_from(whole * i128::from(of_it) / 1_000_000).unwrap();
            let got = shares(discount, &amounts);
            prop_assert_eq!(got.iter().sum::<i64>(), if whole == 0 { 0 } else { discount });
            for (share, amount) in got.iter().zip(&amounts) {
                prop_assert!(0 <= *share && share <= amount);
                let apart = i128::from(*share) * whole - i128::from(discount) * i128::from(*amount);
                prop_assert!(apart.abs() < whole.max(1), "{share} of {amount}");
            }
        }
    }
}
