//! The ledger: who has what, by double entry.
//!
//! ```text
//! wechat_clearing ──▶ sales            a paid order          wallet ──▶ sales      paid from the wallet
//! wechat_clearing ──▶ wallet           a recharge            promotion ──▶ wallet  its bonus
//! wechat_clearing ──▶ refunds_payable ──▶ wechat_clearing    money that its order could not take
//! ```
//!
//! An entry is positive for the account that something flows to; a transfer sums to zero per unit. Buyers'
//! accounts keep a balance, which is never negative; the house's are entries alone, so that no row is
//! shared by all settlements. What a source has given stands there as a negative sum. Which transfers
//! follow from what happened is in `changeset/transfers.rs`; a store carries them out and decides nothing.

mod balances;
#[cfg(test)]
mod tests;

pub use balances::{Balances, Shortfall};

use crate::UserId;

/// The most that a buyer's account may hold, in its unit; keeps sums far away from overflow.
pub const BALANCE_MAX: i64 = 1_000_000_000_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Money, in fen.
    Fen,
    /// Points.
    Points,
}

/// An account of the house: its entries alone, no balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum House {
    /// Money that WeChat Pay took from payers and has not given back; a source, so its sum is negative.
    WechatClearing,
    /// What was sold.
    Sales,
    /// Money that is owed back.
    RefundsPayable,
    /// What we gave away: bonuses.
    Promotion,
    /// Cash on its way, and money paid back by other means than WeChat Pay.
    CashInTransit,
}

/// A kind of account that a buyer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuyerAccount {
    /// Money, in fen; never negative.
    Wallet,
    /// Points; never negative.
    Points,
    /// What the buyer owes us in this unit; never positive.
    Receivable(Unit),
}

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// A buyer's.
    Buyer(UserId, BuyerAccount),
    /// The house's.
    House(House, Unit),
}

/// What a transfer is, as a buyer reads it beside an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransferKind {
    /// An order was paid.
    Payment,
    /// A recharge was paid.
    Recharge,
    /// What comes with a recharge, or is taken back with it.
    Bonus,
    /// Points were spent.
    Spend,
    /// Money goes back.
    Refund,
    /// Money came that its order could not take.
    Surplus,
}

/// One side of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Of which account.
    pub account: Account,
    /// How much flows to it, in its unit; negative when it flows from it. Never zero.
    pub amount: i64,
}

/// Something that moved between accounts. Immutable: what undoes it is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    name: String,
    kind: TransferKind,
    entries: Vec<Entry>,
}

impl Transfer {
    /// The transfer called `name`, the key of the business that it belongs to: a name moves something
    /// once. Entries of nothing are left out; `None` when what is left is no transfer: fewer than two
    /// entries, an account twice, a sum that is not zero in every unit, or more than accounts hold.
    #[must_use]
    pub fn new(name: String, kind: TransferKind, entries: &[(Account, i64)]) -> Option<Transfer> {
        let entries: Vec<Entry> = entries
            .iter()
            .filter(|(_, amount)| *amount != 0)
            .map(|(account, amount)| Entry { account: *account, amount: *amount })
            .collect();
        let balanced = |unit| {
            let of_unit = entries.iter().filter(|entry| entry.account.unit() == unit);
            of_unit.map(|entry| i128::from(entry.amount)).sum::<i128>() == 0
        };
        let once = |entry: &Entry| {
            entries.iter().filter(|other| other.account == entry.account).count() == 1
        };
        let in_range = |entry: &Entry| (-BALANCE_MAX..=BALANCE_MAX).contains(&entry.amount);
        let is_whole = entries.len() >= 2
            && balanced(Unit::Fen)
            && balanced(Unit::Points)
            && entries.iter().all(|entry| once(entry) && in_range(entry));
        is_whole.then_some(Transfer { name, kind, entries })
    }

    /// Its name: the key of the business that it belongs to.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> TransferKind {
        self.kind
    }

    /// Its entries, at least two.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Account {
    /// What it counts.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self {
            Account::Buyer(_, BuyerAccount::Wallet) => Unit::Fen,
            Account::Buyer(_, BuyerAccount::Points) => Unit::Points,
            Account::Buyer(_, BuyerAccount::Receivable(unit)) | Account::House(_, unit) => *unit,
        }
    }

    /// Whose it is; `None` for the house's.
    #[must_use]
    pub fn buyer(&self) -> Option<UserId> {
        match self {
            Account::Buyer(buyer, _) => Some(*buyer),
            Account::House(..) => None,
        }
    }

    /// Its kind, by its name in tables and reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Account::Buyer(_, account) => account.name(),
            Account::House(house, _) => house.name(),
        }
    }
}

impl BuyerAccount {
    /// Its name in tables and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BuyerAccount::Wallet => "wallet",
            BuyerAccount::Points => "points",
            BuyerAccount::Receivable(_) => "buyer_receivable",
        }
    }

    /// The kind of this name and unit.
    #[must_use]
    pub fn parse(name: &str, unit: Unit) -> Option<BuyerAccount> {
        let all = [BuyerAccount::Wallet, BuyerAccount::Points, BuyerAccount::Receivable(unit)];
        all.into_iter().find(|account| account.name() == name && account.unit() == unit)
    }

    /// What it counts.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            BuyerAccount::Wallet => Unit::Fen,
            BuyerAccount::Points => Unit::Points,
            BuyerAccount::Receivable(unit) => unit,
        }
    }

    /// Whether it may hold this much.
    #[must_use]
    pub fn may_hold(self, balance: i64) -> bool {
        match self {
            BuyerAccount::Wallet | BuyerAccount::Points => (0..=BALANCE_MAX).contains(&balance),
            BuyerAccount::Receivable(_) => (-BALANCE_MAX..=0).contains(&balance),
        }
    }
}

impl House {
    /// Every account of the house.
    pub const ALL: [House; 5] = [
        House::WechatClearing,
        House::Sales,
        House::RefundsPayable,
        House::Promotion,
        House::CashInTransit,
    ];

    /// Its name in tables and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            House::WechatClearing => "wechat_clearing",
            House::Sales => "sales",
            House::RefundsPayable => "refunds_payable",
            House::Promotion => "promotion",
            House::CashInTransit => "cash_in_transit",
        }
    }
}

impl Unit {
    /// Its name in tables and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Unit::Fen => "fen",
            Unit::Points => "points",
        }
    }

    /// The unit of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Unit> {
        [Unit::Fen, Unit::Points].into_iter().find(|unit| unit.name() == name)
    }
}

impl TransferKind {
    /// Every kind.
    pub const ALL: [TransferKind; 6] = [
        TransferKind::Payment,
        TransferKind::Recharge,
        TransferKind::Bonus,
        TransferKind::Spend,
        TransferKind::Refund,
        TransferKind::Surplus,
    ];

    /// Its name in tables and the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TransferKind::Payment => "payment",
            TransferKind::Recharge => "recharge",
            TransferKind::Bonus => "bonus",
            TransferKind::Spend => "spend",
            TransferKind::Refund => "refund",
            TransferKind::Surplus => "surplus",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<TransferKind> {
        TransferKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
