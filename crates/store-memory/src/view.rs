//! Looking at what is stored without copying it: for the simulation, which looks after every event.

use crate::MemoryStore;
use crate::journal::Commit;
use crate::state::{State, Wanted};
use domain::buyer::ItemId;
use domain::case::Case;
use domain::catalogue::{Sku, SkuId};
use domain::changeset::{Audit, InboxEntry, ReplayRecord};
use domain::coupon::CouponId;
use domain::job::JobId;
use domain::ledger::{Balances, BuyerAccount, House, Transfer, Unit};
use domain::order::Order;
use domain::outgoing::Outgoing;
use domain::ports::{OrderKey, StoreError};
use domain::stock::StockMove;
use domain::{CommandId, Epoch, OrderId, OrderNumber, Timestamp, UserId};
use std::sync::Arc;

/// What is stored, for as long as nobody else writes.
#[derive(Clone, Copy)]
pub struct View<'a>(&'a State);

impl MemoryStore {
    /// Lets `look` see everything. It may not use the store meanwhile.
    ///
    /// # Errors
    /// When a use of the store panicked.
    pub fn view<T>(&self, look: impl FnOnce(View<'_>) -> T) -> Result<T, StoreError> {
        let state = self.state()?;
        Ok(look(View(&state)))
    }
}

impl<'a> View<'a> {
    /// Which life of the database this is.
    #[must_use]
    pub fn epoch(self) -> &'a Epoch {
        &self.0.epoch
    }

    /// How many commits there were, lost ones included.
    #[must_use]
    pub fn commits(self) -> u64 {
        self.0.journal.commits()
    }

    /// The commits after commit `no` that are not lost, newest first. Only the last ones are
    /// remembered: whoever wants all of them comes often.
    pub fn commits_after(self, no: u64) -> impl Iterator<Item = &'a Commit> {
        self.0.journal.recent().rev().take_while(move |commit| commit.no > no)
    }

    /// Every order, by id.
    pub fn orders(self) -> impl Iterator<Item = &'a Arc<Order>> {
        self.0.orders.values()
    }

    /// One order. A clone of the pointer keeps it as it was.
    #[must_use]
    pub fn order(self, key: &OrderKey) -> Option<&'a Arc<Order>> {
        self.0.find(key)
    }

    /// Orders that somebody has to look after, by id.
    pub fn live_orders(self) -> impl Iterator<Item = &'a Arc<Order>> {
        self.0.live.iter().filter_map(|(id, ())| self.0.orders.get(id))
    }

    /// Whether there is an effect, or a command, of this name.
    #[must_use]
    pub fn has_effect(self, name: &str) -> bool {
        self.0.effects.contains(&CommandId::stored(name.to_owned()))
    }

    /// Every notification.
    pub fn inbox(self) -> impl Iterator<Item = &'a InboxEntry> {
        self.0.inbox.values()
    }

    /// Every effect and every command, by name.
    pub fn effects(self) -> impl Iterator<Item = &'a CommandId> {
        self.0.effects.iter().map(|(name, ())| name)
    }

    /// Every key that was used.
    pub fn replays(self) -> impl Iterator<Item = &'a ReplayRecord> {
        self.0.replays.values()
    }

    /// Every line of every purchase list: whose, which, of what, how many, and by whom captured.
    pub fn items(self) -> impl Iterator<Item = (UserId, ItemId, &'a SkuId, u32, Option<OrderId>)> {
        self.0
            .items
            .iter()
            .map(|((buyer, id), item)| (*buyer, *id, &item.sku_id, item.quantity, item.captured_by))
    }

    /// Every event for the outside, with its order's version, in the order of the commits.
    #[must_use]
    pub fn outbox(self) -> &'a [(OrderId, u64, Outgoing)] {
        self.0.outbox.rows()
    }

    /// Every audit row, with its order's version, in the order of the commits.
    #[must_use]
    pub fn audit(self) -> &'a [(Option<OrderId>, u64, Audit)] {
        self.0.audit.rows()
    }

    /// Every case, in the order in which they were opened.
    pub fn cases(self) -> impl Iterator<Item = &'a Case> {
        self.0.cases.values()
    }

    /// Every job, by its name.
    pub fn jobs(self) -> impl Iterator<Item = JobView<'a>> {
        self.0.jobs.iter().map(|(id, job)| JobView {
            id,
            due_at: job.due_at,
            attempts: job.attempts,
            leased_until: job.lease.map(|lease| lease.until),
            hastened_at: job.hastened_at,
            wanted: match job.wanted {
                Wanted::No => "no",
                Wanted::First => "first",
                Wanted::InTurn => "in turn",
            },
            parked: job.parked.as_deref(),
        })
    }

    /// Every SKU, by id.
    pub fn skus(self) -> impl Iterator<Item = &'a Sku> {
        self.0.skus.values()
    }

    /// What a buyer's accounts hold.
    #[must_use]
    pub fn balances(self, buyer: UserId) -> Balances {
        self.0.balances(buyer)
    }

    /// Every transfer, by name.
    pub fn transfers(self) -> impl Iterator<Item = &'a Transfer> {
        self.0.transfers.values().map(|moved| &moved.transfer)
    }

    /// One transfer.
    #[must_use]
    pub fn transfer(self, name: &str) -> Option<&'a Transfer> {
        self.0.transfers.get(&name.to_owned()).map(|moved| &moved.transfer)
    }

    /// What all entries of an account of the house come to. Reads them all.
    #[must_use]
    pub fn sum_of(self, house: House, unit: Unit) -> i64 {
        self.0.sum_of(house, unit)
    }

    /// Every entry of buyers' accounts, in their order: whose, of which, its number, how much was
    /// added, and what the account held then.
    pub fn entries(self) -> impl Iterator<Item = (UserId, BuyerAccount, u64, i64, i64)> {
        self.0.entries.iter().map(|((buyer, account, seq), posted)| {
            (*buyer, *account, *seq, posted.amount, posted.balance_after)
        })
    }

    /// The order of a transfer, when it belongs to one.
    #[must_use]
    pub fn order_of_transfer(self, name: &str) -> Option<&'a OrderNumber> {
        self.0.transfers.get(&name.to_owned())?.order.as_ref()
    }

    /// What every account of a buyer holds, and how many entries it has.
    pub fn accounts(self) -> impl Iterator<Item = (UserId, BuyerAccount, i64, u64)> {
        self.0
            .accounts
            .iter()
            .map(|((buyer, account), held)| (*buyer, *account, held.balance, held.entries))
    }

    /// Every coupon in a buyer's hand: whose, which, its number, and the order that has it with whether
    /// it is spent.
    pub fn grants(
        self,
    ) -> impl Iterator<Item = (UserId, &'a CouponId, u32, Option<(OrderId, bool)>)> {
        self.0.grants.iter().map(|((buyer, coupon, no), issued)| (*buyer, coupon, *no, issued.with))
    }

    /// Every move of stock by an order, in the order of the commits.
    #[must_use]
    pub fn stock_moves(self) -> &'a [(OrderId, StockMove)] {
        self.0.stock_moves.rows()
    }
}

/// A job, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobView<'a> {
    /// Which.
    pub id: &'a JobId,
    /// When it is due.
    pub due_at: Timestamp,
    /// How often it was claimed since it last succeeded.
    pub attempts: u32,
    /// Until when somebody has it, or had it.
    pub leased_until: Option<Timestamp>,
    /// The earlier time that somebody asked for while it was in hand.
    pub hastened_at: Option<Timestamp>,
    /// Whether a client waits for it: `no`, `first`, or `in turn` when it was put off.
    pub wanted: &'static str,
    /// Why it was set aside, if it was.
    pub parked: Option<&'a str>,
}
