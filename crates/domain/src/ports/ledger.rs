//! What the ledger holds. It is written by changesets alone.

use super::PortFuture;
use super::order_store::StoreError;
use crate::ledger::{Balances, BuyerAccount, TransferKind, Unit};
use crate::{OrderNumber, Timestamp, UserId};

/// The ledger, read.
pub trait Ledger: Send + Sync {
    /// What a buyer's accounts hold; `None` when there is no such buyer.
    fn balances(&self, buyer: UserId) -> PortFuture<'_, Result<Option<Balances>, StoreError>>;

    /// The entry of one account of a buyer that belongs to the transfer of this name.
    fn entry<'a>(
        &'a self,
        buyer: UserId,
        account: BuyerAccount,
        transfer: &'a str,
    ) -> PortFuture<'a, Result<Option<EntryRecord>, StoreError>>;

    /// A page of the entries of one account of a buyer, newest first.
    ///
    /// # Contract
    /// By `seq`, which rises by one with each entry of an account, from 1, without gaps;
    /// `balance_after` is the one before plus the amount.
    fn entries<'a>(
        &'a self,
        query: &'a EntryList,
    ) -> PortFuture<'a, Result<EntryListing, StoreError>>;

    /// What all accounts hold, by kind and unit, and what contradicts the ledger's rules; as one
    /// snapshot. May take long on a large ledger; locks nothing.
    fn trial_balance(&self) -> PortFuture<'_, Result<TrialBalance, StoreError>>;
}

/// Which entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryList {
    /// Whose.
    pub buyer: UserId,
    /// Of which account.
    pub account: BuyerAccount,
    /// Only entries older than this one.
    pub before: Option<u64>,
    /// Written at or after.
    pub created_from: Option<Timestamp>,
    /// Written before.
    pub created_to: Option<Timestamp>,
    /// At most this many, 1–100.
    pub limit: u32,
}

/// A page of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryListing {
    /// Newest first.
    pub entries: Vec<EntryRecord>,
    /// Whether there are older ones.
    pub more: bool,
}

/// An entry of a buyer's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRecord {
    /// Which entry of the account, from 1.
    pub seq: u64,
    /// What it is.
    pub kind: TransferKind,
    /// How much was added; negative for what was taken.
    pub amount: i64,
    /// What the account held then.
    pub balance_after: i64,
    /// The order that it belongs to.
    pub order: Option<OrderNumber>,
    /// When.
    pub created_at: Timestamp,
}

/// What all accounts hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialBalance {
    /// By kind and unit, in their order.
    pub lines: Vec<TrialLine>,
    /// What contradicts the rules, one sentence each; none when the ledger is right.
    pub differences: Vec<String>,
}

/// All accounts of one kind in one unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrialLine {
    /// The kind's name.
    pub account: String,
    /// In what.
    pub unit: Unit,
    /// How many accounts: buyers', or one of the house.
    pub accounts: u64,
    /// How many entries.
    pub entries: u64,
    /// Their sum.
    pub sum: i64,
}
