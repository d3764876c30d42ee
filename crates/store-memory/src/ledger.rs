//! The ledger: carries transfers out, and is read.

use crate::MemoryStore;
use crate::state::State;
use domain::changeset::Refusal;
use domain::ledger::{Account, Balances, BuyerAccount, Entry, House, Transfer, TransferKind, Unit};
use domain::ports::{
    CommitAnswer, EntryList, EntryListing, EntryRecord, Ledger, PortFuture, StoreError,
    TrialBalance, TrialLine,
};
use domain::{OrderNumber, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;

/// An account of a buyer, by which its rows are found.
pub(crate) type Key = (UserId, BuyerAccount);

/// What an account holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) balance: i64,
    /// How many entries it has.
    pub(crate) entries: u64,
}

/// A transfer that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) transfer: Transfer,
    pub(crate) order: Option<OrderNumber>,
    pub(crate) at: Timestamp,
}

/// An entry of a buyer's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    /// Of which transfer.
    pub(crate) transfer: String,
    pub(crate) amount: i64,
    pub(crate) balance_after: i64,
}

/// Whose accounts of one kind and unit, and what they come to.
type Summed = (BTreeSet<Option<UserId>>, TrialLine);

impl State {
    /// In the order in which Postgres does it, so that both name the same one of several refusals.
    pub(crate) fn post(
        &mut self,
        transfers: Vec<Transfer>,
        order: Option<&OrderNumber>,
        at: Timestamp,
    ) -> Result<(), CommitAnswer> {
        let refused = |refusal| Err(CommitAnswer::GuardRefused(refusal));
        let mut of_buyers: Vec<(UserId, BuyerAccount, String, i64)> = Vec::new();
        let mut names: Vec<&str> = transfers.iter().map(Transfer::name).collect();
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair.first() == pair.last());
        let taken = names.iter().find(|name| self.transfers.contains(&(**name).to_owned()));
        if let Some(name) = taken.or_else(|| twice.and_then(|pair| pair.first())) {
            return refused(Refusal::TransferTaken((*name).to_owned()));
        }
        for transfer in transfers {
            for Entry { account, amount } in transfer.entries() {
                if let Account::Buyer(buyer, kind) = account {
                    of_buyers.push((*buyer, *kind, transfer.name().to_owned(), *amount));
                }
            }
            let name = transfer.name().to_owned();
            self.transfers.put(name, Moved { transfer, order: order.cloned(), at });
        }
        // A stable sort: entries of one account stay in the order of their transfers.
        of_buyers.sort_by_key(|(buyer, kind, ..)| (*buyer, kind.name(), kind.unit().name()));
        for (buyer, kind, transfer, amount) in of_buyers {
            let key = (buyer, kind);
            let held = self.accounts.get(&key).copied().unwrap_or_default();
            let balance = held.balance.saturating_add(amount);
            if !kind.may_hold(balance) {
                return refused(Refusal::Balance(kind));
            }
            let entries = held.entries.saturating_add(1);
            self.accounts.put(key, Held { balance, entries });
            let posted = Posted { transfer, amount, balance_after: balance };
            self.entries.put((buyer, kind, entries), posted);
        }
        Ok(())
    }

    pub(crate) fn balances(&self, buyer: UserId) -> Balances {
        let held = |kind| self.accounts.get(&(buyer, kind)).map_or(0, |held: &Held| held.balance);
        Balances {
            wallet: held(BuyerAccount::Wallet),
            points: held(BuyerAccount::Points),
            receivable_fen: held(BuyerAccount::Receivable(Unit::Fen)),
            receivable_points: held(BuyerAccount::Receivable(Unit::Points)),
        }
    }

    fn page_of_entries(&self, query: &EntryList) -> EntryListing {
        let last = query.before.map_or(u64::MAX, |before| before.saturating_sub(1));
        let of_account = (query.buyer, query.account, 0)..=(query.buyer, query.account, last);
        let in_time = |at: Timestamp| {
            query.created_from.is_none_or(|from| at >= from)
                && query.created_to.is_none_or(|to| at < to)
        };
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let mut entries: Vec<EntryRecord> = self
            .entries
            .range(of_account)
            .rev()
            .map(|((_, _, seq), posted)| self.record(*seq, posted))
            .filter(|record| in_time(record.created_at))
            .take(limit.saturating_add(1))
            .collect();
        let more = entries.len() > limit;
        entries.truncate(limit);
        EntryListing { entries, more }
    }

    fn record(&self, seq: u64, posted: &Posted) -> EntryRecord {
        let moved = self.transfers.get(&posted.transfer);
        EntryRecord {
            seq,
            kind: moved.map_or(TransferKind::Payment, |moved| moved.transfer.kind()),
            amount: posted.amount,
            balance_after: posted.balance_after,
            order: moved.and_then(|moved| moved.order.clone()),
            created_at: moved.map_or(Timestamp::from_seconds(0), |moved| moved.at),
        }
    }

    fn sum_up(&self) -> TrialBalance {
        let mut sums: BTreeMap<(&str, &str), Summed> = BTreeMap::new();
        for moved in self.transfers.values() {
            for entry in moved.transfer.entries() {
                let (account, unit) = (entry.account.name(), entry.account.unit());
                let (whose, line) = sums.entry((account, unit.name())).or_insert_with(|| {
                    let account = account.to_owned();
                    let line = TrialLine { account, unit, accounts: 0, entries: 0, sum: 0 };
                    (BTreeSet::new(), line)
                });
                whose.insert(entry.account.buyer());
                line.entries = line.entries.saturating_add(1);
                line.sum = line.sum.saturating_add(entry.amount);
            }
        }
        let lines: Vec<TrialLine> = sums
            .into_values()
            .map(|(whose, line)| TrialLine {
                accounts: u64::try_from(whose.len()).unwrap_or(u64::MAX),
                ..line
            })
            .collect();
        TrialBalance { differences: self.differences(&lines), lines }
    }

    fn differences(&self, lines: &[TrialLine]) -> Vec<String> {
        let mut differences = Vec::new();
        for unit in [Unit::Fen, Unit::Points] {
            let sum: i64 = lines.iter().filter(|line| line.unit == unit).map(|l| l.sum).sum();
            if sum != 0 {
                differences.push(format!("all accounts together hold {sum} {}", unit.name()));
            }
        }
        let mut before: Option<(Key, u64, i64)> = None;
        for ((buyer, kind, seq), posted) in self.entries.iter() {
            let key = (*buyer, *kind);
            let (last, held) = match before {
                Some((other, last, held)) if other == key => (last, held),
                Some(_) | None => (0, 0),
            };
            let goes_on = *seq == last.saturating_add(1)
                && posted.balance_after == held.saturating_add(posted.amount)
                && kind.may_hold(posted.balance_after);
            if !goes_on {
                differences.push(format!("{} does not go on where it ended", posted.transfer));
            }
            before = Some((key, *seq, posted.balance_after));
        }
        differences
    }

    /// What all entries of an account of the house come to.
    pub(crate) fn sum_of(&self, house: House, unit: Unit) -> i64 {
        let account = Account::House(house, unit);
        let entries = self.transfers.values().flat_map(|moved| moved.transfer.entries());
        entries.filter(|entry| entry.account == account).map(|entry| entry.amount).sum()
    }
}

impl Ledger for MemoryStore {
    fn balances(&self, buyer: UserId) -> PortFuture<'_, Result<Option<Balances>, StoreError>> {
        Box::pin(ready(
            self.state().map(|state| state.buyers.contains(&buyer).then(|| state.balances(buyer))),
        ))
    }

    fn entry<'a>(
        &'a self,
        buyer: UserId,
        account: BuyerAccount,
        transfer: &'a str,
    ) -> PortFuture<'a, Result<Option<EntryRecord>, StoreError>> {
        Box::pin(ready(self.state().map(|state| {
            let of_account = (buyer, account, 0)..=(buyer, account, u64::MAX);
            let mut entries = state.entries.range(of_account);
            let found = entries.find(|(_, posted)| posted.transfer == transfer);
            found.map(|((_, _, seq), posted)| state.record(*seq, posted))
        })))
    }

    fn entries<'a>(
        &'a self,
        query: &'a EntryList,
    ) -> PortFuture<'a, Result<EntryListing, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.page_of_entries(query))))
    }

    fn trial_balance(&self) -> PortFuture<'_, Result<TrialBalance, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.sum_up())))
    }
}
