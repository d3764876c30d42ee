//! Recharges: what a buyer gets for money that is paid ahead.

use crate::catalogue::SkuId;
use crate::ledger::{BuyerAccount, Unit};
use crate::{Fen, Timestamp};
use core::fmt;

/// What a package credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credit {
    /// The wallet, in fen.
    Wallet,
    /// Points.
    Points,
}

/// The merchant's id of a package: 1–32 of `[0-9A-Za-z_-]`. The one line of a recharge's order has it where
/// goods have their SKU's; it is none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(SkuId);

/// What a merchant offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RechargePackage {
    /// Its id.
    pub id: PackageId,
    /// Its title.
    pub title: String,
    /// What it costs, in fen; at least 1.
    pub price: Fen,
    /// What it credits, and how much.
    pub promise: Promise,
    /// Rises with each change.
    pub version: u64,
    /// Since when it is as it is.
    pub set_at: Timestamp,
}

/// What a recharge credits, once it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// What.
    pub credit: Credit,
    /// What was paid for, in the unit of what is credited; at least 1.
    pub principal: i64,
    /// What comes with it, in the same unit.
    pub bonus: i64,
}

/// The most that a package may credit, principal or bonus.
pub const PROMISE_MAX: i64 = 1_000_000_000;

impl PackageId {
    /// Reads an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<PackageId> {
        SkuId::parse(text).map(PackageId)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// As the line of an order names it.
    #[must_use]
    pub fn as_line(&self) -> &SkuId {
        &self.0
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Credit {
    /// Its name in tables and the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Credit::Wallet => "wallet",
            Credit::Points => "points",
        }
    }

    /// What is called so.
    #[must_use]
    pub fn parse(name: &str) -> Option<Credit> {
        [Credit::Wallet, Credit::Points].into_iter().find(|credit| credit.name() == name)
    }

    /// The account that it is.
    #[must_use]
    pub fn account(self) -> BuyerAccount {
        match self {
            Credit::Wallet => BuyerAccount::Wallet,
            Credit::Points => BuyerAccount::Points,
        }
    }

    /// What it is counted in.
    #[must_use]
    pub fn unit(self) -> Unit {
        self.account().unit()
    }
}

impl Promise {
    /// What of it belongs to `part` of `price`: principal and bonus, rounded down; all of it to all of
    /// the price. Of two parts that follow one another the difference is the second's.
    #[must_use]
    pub fn share(&self, part: Fen, price: Fen) -> (i64, i64) {
        (share(self.principal, part, price), share(self.bonus, part, price))
    }
}

fn share(whole: i64, part: Fen, price: Fen) -> i64 {
    let product = i128::from(whole).saturating_mul(i128::from(part.get()));
    let share = product.checked_div(i128::from(price.get())).unwrap_or(0);
    i64::try_from(share).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_credited_and_what_is_sold_keep_their_names() {
        for (credit, name) in [(Credit::Wallet, "wallet"), (Credit::Points, "points")] {
            assert_eq!((credit.name(), Credit::parse(name)), (name, Some(credit)));
        }
        assert_eq!(Credit::parse("Wallet"), None);
        let id = PackageId::parse("gift-100").unwrap();
        assert_eq!((id.as_str(), id.as_line()), ("gift-100", &SkuId::parse("gift-100").unwrap()));
        assert_eq!((format!("{id}"), format!("{id:?}")), ("gift-100".into(), "gift-100".into()));
        assert_eq!(PackageId::parse("gift 100"), None);
    }

    proptest! {
        #[test]
        fn parts_of_a_grant_add_up_to_all_of_it(
            principal in 1..=PROMISE_MAX, bonus in 0..=PROMISE_MAX, price in 1..=1_000_000_000_i64,
            cuts in prop::collection::vec(0..=1_000_000_000_i64, 0..6),
        ) {
            let promise = Promise { credit: Credit::Wallet, principal, bonus };
            let price = Fen::new(price);
            let mut ends: Vec<Fen> = cuts.into_iter().map(|c| Fen::new(c).min(price)).collect();
            ends.push(price);
            ends.sort();
            let (mut before, mut sum) = ((0, 0), (0, 0));
            for end in ends {
                let upto = promise.share(end, price);
                prop_assert!(upto.0 >= before.0 && upto.1 >= before.1, "never given back by more");
                sum = (sum.0 + upto.0 - before.0, sum.1 + upto.1 - before.1);
                before = upto;
            }
            prop_assert_eq!(sum, (principal, bonus));
        }
    }
}
