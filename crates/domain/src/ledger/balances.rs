//! What a buyer's accounts hold, and what becomes of a transfer that takes more than is there.
//!
//! For facts alone: money that has gone is taken back as far as it can be, and the rest is owed. What
//! somebody merely asks for is refused instead. What comes to a buyer again because a refund came to
//! nothing pays first what was owed for it.

use super::{Account, BuyerAccount, Entry, Transfer, Unit};
use crate::UserId;
use std::collections::BTreeMap;

/// The balances of one buyer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    /// In the wallet, in fen.
    pub wallet: i64,
    /// Points.
    pub points: i64,
    /// What the buyer owes, in fen; negative or zero.
    pub receivable_fen: i64,
    /// What the buyer owes in points; negative or zero.
    pub receivable_points: i64,
}

/// What could not be taken from a buyer and is owed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// In what.
    pub unit: Unit,
    /// How much, above zero.
    pub amount: i64,
}

impl Balances {
    /// What this account of the buyer holds.
    #[must_use]
    pub fn of(&self, account: BuyerAccount) -> i64 {
        match account {
            BuyerAccount::Wallet => self.wallet,
            BuyerAccount::Points => self.points,
            BuyerAccount::Receivable(Unit::Fen) => self.receivable_fen,
            BuyerAccount::Receivable(Unit::Points) => self.receivable_points,
        }
    }

    /// These transfers as far as `buyer` has what they take, one after another; what is missing goes
    /// to what the buyer owes.
    #[must_use]
    pub fn cover(
        &self,
        buyer: UserId,
        transfers: Vec<Transfer>,
    ) -> (Vec<Transfer>, Vec<Shortfall>) {
        let mut held: BTreeMap<Unit, i64> =
            [(Unit::Fen, self.wallet), (Unit::Points, self.points)].into_iter().collect();
        let mut missing: BTreeMap<Unit, i64> = BTreeMap::new();
        let mut covered = Vec::new();
        for transfer in transfers {
            let Transfer { name, kind, entries } = transfer;
            let mut parts = Vec::new();
            for entry in entries {
                let unit = entry.account.unit();
                let Some(balance) = held.get_mut(&unit).filter(|_| is_held_by(&entry, buyer))
                else {
                    parts.push((entry.account, entry.amount));
                    continue;
                };
                let taken = entry.amount.max(balance.saturating_neg().min(0));
                let rest = entry.amount.saturating_sub(taken);
                *balance = balance.saturating_add(taken);
                parts.push((entry.account, taken));
                if rest.is_negative() {
                    let owed = missing.entry(unit).or_default();
                    *owed = owed.saturating_sub(rest);
                    parts.push((Account::Buyer(buyer, BuyerAccount::Receivable(unit)), rest));
                }
            }
            covered.extend(Transfer::new(name, kind, &parts));
        }
        let missing = missing.into_iter().map(|(unit, amount)| Shortfall { unit, amount });
        (covered, missing.collect())
    }
}

impl Balances {
    /// These transfers with what they give to `buyer` set off against what the buyer owes in the same
    /// unit, one after another; the rest goes to the buyer's account.
    #[must_use]
    pub fn set_off(&self, buyer: UserId, transfers: Vec<Transfer>) -> Vec<Transfer> {
        let owed = |unit| self.of(BuyerAccount::Receivable(unit)).saturating_neg().max(0);
        let mut owed: BTreeMap<Unit, i64> =
            [Unit::Fen, Unit::Points].into_iter().map(|unit| (unit, owed(unit))).collect();
        let mut set_off = Vec::new();
        for transfer in transfers {
            let Transfer { name, kind, entries } = transfer;
            let mut parts = Vec::new();
            for entry in entries {
                let unit = entry.account.unit();
                let Some(debt) = owed.get_mut(&unit).filter(|_| is_held_by(&entry, buyer)) else {
                    parts.push((entry.account, entry.amount));
                    continue;
                };
                let part = entry.amount.min(*debt).max(0);
                *debt = debt.saturating_sub(part);
                parts.push((entry.account, entry.amount.saturating_sub(part)));
                parts.push((Account::Buyer(buyer, BuyerAccount::Receivable(unit)), part));
            }
            set_off.extend(Transfer::new(name, kind, &parts));
        }
        set_off
    }
}

fn is_held_by(entry: &Entry, buyer: UserId) -> bool {
    match entry.account {
        Account::Buyer(whose, BuyerAccount::Wallet | BuyerAccount::Points) => whose == buyer,
        Account::Buyer(_, BuyerAccount::Receivable(_)) | Account::House(..) => false,
    }
}
