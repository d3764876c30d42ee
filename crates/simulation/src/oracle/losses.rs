//! What a failover loses is lost for the oracle, too: its models go back to where the store is.

use super::{Keeping, Oracle, Seen};
use crate::actors::SPENT;
use crate::marks::Mark;
use crate::world::World;
use domain::catalogue::{SkuId, StockLevel};
use domain::changeset::ReplayScope;
use domain::coupon::GrantId;
use domain::order::Order;
use domain::{OrderId, UserId};
use std::collections::{BTreeSet, VecDeque};

/// No failover loses more commits.
pub(super) const LOSSES_MAX: usize = 3;

/// How one commit is taken back.
#[derive(Debug, Default)]
pub(super) struct Undo {
    /// The order as it was; `None` inside when there was none.
    pub(super) order: Option<(OrderId, Option<Order>)>,
    pub(super) stock: Vec<(SkuId, StockLevel)>,
    /// In reverse, so that what is taken back last is what was there first.
    pub(super) coupons: Vec<((UserId, GrantId), Option<Keeping>)>,
    pub(super) keys: Vec<ReplayScope>,
    pub(super) inbox: Option<String>,
    pub(super) transactions: Vec<String>,
    pub(super) cleared: Option<OrderId>,
    pub(super) spent: Vec<UserId>,
}

/// What was lost, and how the next loss is taken back.
#[derive(Debug, Default)]
pub(super) struct Losses {
    undo: VecDeque<Undo>,
    /// Numbers of orders, payments and refunds whose record was lost.
    records: BTreeSet<String>,
    /// Numbers of payments whose settlement was lost.
    settlements: BTreeSet<String>,
    /// Whether leases were lost.
    leases: bool,
}

impl Losses {
    pub(super) fn remember(&mut self, undo: Undo) {
        self.undo.push_back(undo);
        if self.undo.len() > LOSSES_MAX {
            self.undo.pop_front();
        }
    }

    /// What was written beside commits is lost with the last one before it; what nothing came before is not.
    pub(super) fn remember_beside(&mut self, note: impl FnOnce(&mut Undo)) {
        self.undo.back_mut().map(note);
    }

    /// Whether the record of this number was lost at some time.
    pub(super) fn has_record(&self, number: &str) -> bool {
        self.records.contains(number)
    }

    /// Whether the settlement by this payment was lost at some time.
    pub(super) fn has_settlement(&self, number: &str) -> bool {
        self.settlements.contains(number)
    }

    /// Whether leases were lost that somebody still believes in.
    pub(super) fn leases(&self) -> bool {
        self.leases
    }
}

impl Oracle {
    /// The last `commits` are lost.
    pub fn lost(&self, world: &World, commits: usize) {
        let mut inside = self.inside();
        for _ in 0..commits {
            let Some(undo) = inside.losses.undo.pop_back() else { break };
            world.chronicle.sometimes(Mark::CommitsLost);
            inside.take_back(world, undo);
        }
        inside.leases.clear();
        inside.losses.leases = true;
        world.kernel.fold(u64::try_from(commits).unwrap_or(0));
    }
}

impl Seen {
    /// How many commits could be lost.
    #[must_use]
    pub fn remembers(&self) -> usize {
        self.losses.undo.len()
    }

    fn take_back(&mut self, world: &World, undo: Undo) {
        let Undo { order, stock, coupons, keys, inbox, transactions, cleared, spent } = undo;
        for buyer in spent {
            *self.spent.entry(buyer).or_default() -= SPENT;
        }
        self.stock.extend(stock);
        for (coupon, was) in coupons {
            match was {
                Some(keeping) => drop(self.coupons.insert(coupon, keeping)),
                None => drop(self.coupons.remove(&coupon)),
            }
        }
        for key in keys {
            self.keys.remove(&key);
        }
        inbox.map(|event_id| self.inbox.remove(&event_id));
        for transaction in transactions {
            self.transactions.remove(&transaction);
        }
        cleared.map(|order| self.cleared.remove(&order));
        if let Some((id, before)) = order {
            self.take_order_back(world, id, before);
        }
    }

    fn take_order_back(&mut self, world: &World, id: OrderId, before: Option<Order>) {
        let Some(after) = self.orders.remove(&id) else { return };
        let number = after.number.as_str().to_owned();
        let had = |known: &str| {
            let before = before.as_ref();
            before.is_some_and(|before| {
                before.payments.iter().any(|p| p.out_trade_no().as_str() == known)
                    || before.refunds.iter().any(|r| r.out_refund_no.as_str() == known)
            })
        };
        let payments = after.payments.iter().map(|p| p.out_trade_no().as_str().to_owned());
        let refunds = after.refunds.iter().map(|r| r.out_refund_no.as_str().to_owned());
        let gone: Vec<String> = payments.chain(refunds).filter(|known| !had(known)).collect();
        self.losses.records.extend(gone);
        let was_settled = before.as_ref().is_some_and(|before| before.settlement.is_some());
        if after.settlement.is_some() && !was_settled {
            world.chronicle.sometimes(Mark::SettlementLost);
            self.told_paid.remove(&number);
            if let Some(paid) = after.settled_payment() {
                self.losses.settlements.insert(paid.out_trade_no().as_str().to_owned());
            }
        }
        world.chronicle.say(
            || "store".to_owned(),
            Some(&number),
            || {
                let as_it_was = before.as_ref().map(|before| (before.version, before.status));
                format!(
                    "LOSES version {} ({:?}): back to {as_it_was:?}",
                    after.version, after.status
                )
            },
        );
        match before {
            Some(before) => {
                self.orders.insert(id, before);
            }
            None => {
                self.numbers.remove(&number);
                self.losses.records.insert(number);
            }
        }
    }
}
