//! Who watches a world: sees every durable commit at its instant, every call that reaches WeChat
//! Pay, every answer that leaves a node, and compares them with what is true.
//!
//! Holds what was committed, as it was committed, and never asks the service. Each promise is a
//! named function: `safety.rs` after every commit, `conduct.rs` for calls and answers, `settled.rs`
//! once a world has come to rest.

mod bills;
mod books;
mod conduct;
mod debts;
mod losses;
mod marking;
mod moves;
mod safety;
mod settled;
mod shop;

pub(crate) use bills::{Fetched, is_had};
pub use settled::{Rest, judge, judge_after_days, restless};
pub(crate) use settled::{is_kept, unheard_successes};

use crate::actors::SPENT;
use crate::marks::Mark;
use crate::node::transport_order_of as order_of;
use crate::tape::mix;
use crate::world::World;
use domain::catalogue::{SkuId, StockLevel};
use domain::changeset::{Changeset, Fence, ListChange, Refusal, ReplayScope};
use domain::coupon::{CouponId, GrantId};
use domain::job::JobId;
use domain::ledger::{Transfer, TransferKind};
use domain::order::{Event, Order, OrderStatus};
use domain::payment::{Payment, PaymentState};
use domain::ports::{Clock as _, CommitAnswer, LeasedJob};
use domain::stock::StockMoveKind;
use domain::{OrderId, OutTradeNo, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The watcher.
#[derive(Debug, Default)]
pub struct Oracle {
    inside: Mutex<Seen>,
}

/// What it saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Every order, as it is durable.
    pub(crate) orders: BTreeMap<OrderId, Order>,
    numbers: BTreeMap<String, OrderId>,
    buyers: BTreeMap<UserId, u32>,
    leases: BTreeMap<JobId, Lease>,
    pub(crate) stock: BTreeMap<SkuId, StockLevel>,
    /// Who has which coupon of a buyer's; those that nobody has are in their buyer's hand.
    pub(crate) coupons: BTreeMap<(UserId, GrantId), Keeping>,
    /// When coupons end.
    coupon_ends: BTreeMap<CouponId, Timestamp>,
    keys: BTreeSet<ReplayScope>,
    /// The request that each key was first answered well for.
    fingerprints: BTreeMap<ReplayScope, String>,
    /// What who commits was told of buyers' accounts.
    looks: debts::Looks,
    /// Points that backends have spent.
    spent: BTreeMap<UserId, i64>,
    /// Orders whose lines left the list.
    cleared: BTreeSet<OrderId>,
    /// Who holds transactions.
    transactions: BTreeMap<String, OutTradeNo>,
    /// Notifications that are durable.
    inbox: BTreeSet<String>,
    /// Orders that somebody was told are paid.
    told_paid: BTreeSet<String>,
    /// Calls under way, by what and number.
    under_way: BTreeMap<(crate::wechat::Asked, String), u32>,
    /// Notifications being worked on, by number.
    in_hand: BTreeMap<String, u32>,
    /// Numbers whose close was answered well before they were ordered.
    closed_early: BTreeSet<String>,
    /// Numbers that were asked about and said to be unpaid after they were paid.
    said_unpaid: BTreeSet<String>,
    /// The last refund of each payment that a node sent, and when.
    refund_sent: BTreeMap<String, (String, i64)>,
    /// Refunds of which a question was answered that they do not exist.
    disproved: BTreeSet<String>,
    /// What WeChat Pay was asked to send to a card, and by which application.
    applications: BTreeSet<(String, Timestamp)>,
    /// Refunds that WeChat Pay refused to send to a card.
    applications_refused: BTreeSet<String>,
    /// Numbers that were paid.
    paid: BTreeSet<String>,
    /// Nodes whose signature WeChat Pay did not take the last time.
    unsigned: BTreeSet<u32>,
    /// Which node ordered a number.
    orderer: BTreeMap<String, u32>,
    /// What the merchant set, and what buyers were shown of it.
    shop: shop::Shop,
    /// What failovers lost.
    losses: losses::Losses,
    /// Jobs that were set aside.
    pub(crate) parked: BTreeSet<JobId>,
    /// How many orders came to an end.
    pub(crate) lifetimes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    token: i64,
    until: Timestamp,
}

/// The order that has a coupon, and whether it is spent.
pub(crate) type Keeping = (OrderId, bool);

/// One commit, with what it changed.
pub(crate) struct Commit<'a> {
    pub(crate) before: Option<&'a Order>,
    pub(crate) after: &'a Order,
    pub(crate) changeset: &'a Changeset,
}

impl Oracle {
    /// A buyer and the number of the actor who plays them.
    pub fn knows(&self, buyer: UserId, actor: u32) {
        self.inside().buyers.insert(buyer, actor);
    }

    /// Stock as it was brought in.
    pub fn stocked(&self, sku: SkuId, level: StockLevel) {
        self.inside().stock.insert(sku, level);
    }

    /// A coupon that cannot be used any more from then on.
    pub fn coupon_ends(&self, coupon: CouponId, at: Timestamp) {
        self.inside().coupon_ends.insert(coupon, at);
    }

    /// Looks at what was seen.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.inside())
    }

    /// How many points backends have spent, of all buyers together.
    #[must_use]
    pub fn points_spent(&self) -> i64 {
        self.inside().spent.values().sum()
    }

    /// The actor whose order a job is about.
    #[must_use]
    pub fn whose(&self, subject: &str) -> u32 {
        let inside = self.inside();
        let order = inside.order(order_of(subject));
        let buyer = order.and_then(|order| order.buyer);
        buyer.and_then(|buyer| inside.buyers.get(&buyer)).copied().unwrap_or(0)
    }

    /// Whether the payment of this number is being closed.
    #[must_use]
    pub fn is_closing(&self, number: &str) -> bool {
        self.inside()
            .payment(number)
            .is_some_and(|payment| matches!(payment.state, PaymentState::Closing { .. }))
    }

    /// Whether the payment of this number is open.
    #[must_use]
    pub fn is_open(&self, number: &str) -> bool {
        self.inside().payment(number).is_some_and(Payment::is_open)
    }

    /// Somebody paid the number.
    pub fn paid(&self, number: &str) {
        self.inside().paid.insert(number.to_owned());
    }

    /// The store has said what became of a commit; if it is durable, then as of now.
    pub fn answered(&self, world: &World, node: u32, changeset: &Changeset, answer: &CommitAnswer) {
        match answer {
            CommitAnswer::Committed => self.committed(world, node, changeset),
            CommitAnswer::RolledBack(why) => conduct::overruled(world, changeset, why),
            CommitAnswer::GuardRefused(Refusal::Coupon(_)) => {
                world.chronicle.sometimes(Mark::CouponTakenAtOnce);
            }
            CommitAnswer::GuardRefused(Refusal::CouponMoved(_)) => {
                world.chronicle.sometimes(Mark::CouponTermsMoved);
            }
            CommitAnswer::AlreadyCommitted
            | CommitAnswer::Conflict
            | CommitAnswer::GuardRefused(_)
            | CommitAnswer::OutcomeUnknown(_) => {}
        }
    }

    fn committed(&self, world: &World, node: u32, changeset: &Changeset) {
        let mut inside = self.inside();
        let said = safety::after_commit(&inside, world, changeset);
        for (promise, order, seen) in said {
            world.chronicle.violated_by(promise.0, promise.1, order.as_deref(), seen);
        }
        inside.mark(world, node, changeset);
        inside.take_in(world, changeset);
        let events = changeset.events.iter().map(Event::name);
        let digest = events.fold(0_u64, |digest, name| {
            name.bytes().fold(digest, |digest, byte| mix(digest ^ u64::from(byte)))
        });
        drop(inside);
        world.kernel.fold(digest);
    }

    /// Jobs were claimed as of now.
    pub fn claimed(&self, world: &World, node: u32, jobs: &[LeasedJob], lease_ms: u64) {
        let mut inside = self.inside();
        let until = lease_end(world, lease_ms);
        for job in jobs {
            let lease = Lease { token: job.fence.token, until };
            let known = inside.leases.insert(job.fence.job.clone(), lease);
            if known.is_some() {
                world.chronicle.sometimes(Mark::LeaseTakenOver);
            }
            world.kernel.fold(mix(job.fence.token.unsigned_abs()));
            world.chronicle.say(
                || format!("node {node}"),
                Some(order_of(&job.fence.job.subject)),
                || format!("claims {} (attempt {})", job.fence.job.kind.name(), job.attempts),
            );
        }
    }

    /// A lease was renewed as of now.
    pub fn renewed(&self, world: &World, fence: &Fence, lease_ms: u64) {
        let lease = Lease { token: fence.token, until: lease_end(world, lease_ms) };
        self.inside().leases.insert(fence.job.clone(), lease);
    }

    /// A job was finished as of now.
    pub fn finished(&self, world: &World, fence: &Fence, parks: bool) {
        let mut inside = self.inside();
        inside.leases.remove(&fence.job);
        if parks {
            inside.parked.insert(fence.job.clone());
            drop(inside);
            conduct::parked(world, fence);
        }
    }

    fn inside(&self) -> MutexGuard<'_, Seen> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lease_end(world: &World, lease_ms: u64) -> Timestamp {
    world.store_time.real().plus_millis(i64::try_from(lease_ms).unwrap_or(i64::MAX))
}

impl Seen {
    /// Whether every order came to its end.
    #[must_use]
    pub fn is_all_over(&self) -> bool {
        self.orders.values().all(is_over)
    }

    pub(crate) fn order(&self, number: &str) -> Option<&Order> {
        self.orders.get(self.numbers.get(number)?)
    }

    /// The payment with this number.
    pub(crate) fn payment(&self, out_trade_no: &str) -> Option<&Payment> {
        let order = self.order(order_of(out_trade_no))?;
        order.payments.iter().find(|payment| payment.out_trade_no().as_str() == out_trade_no)
    }

    /// The refund with this number.
    pub(crate) fn refund(&self, out_refund_no: &str) -> Option<&domain::refund::Refund> {
        let order = self.order(order_of(out_refund_no))?;
        order.refunds.iter().find(|refund| refund.out_refund_no.as_str() == out_refund_no)
    }

    fn take_in(&mut self, world: &World, changeset: &Changeset) {
        let mut undo = losses::Undo::default();
        if let Some(replay) = &changeset.replay
            && self.keys.insert(replay.scope.clone())
        {
            undo.keys.push(replay.scope.clone());
        }
        if let Some(entry) = &changeset.inbox
            && self.inbox.insert(entry.event_id.clone())
        {
            undo.inbox = Some(entry.event_id.clone());
        }
        for change in &changeset.stock {
            if change.kind == StockMoveKind::Hold {
                self.is_held(world, &change.sku_id);
            }
            if let Some(level) = self.stock.get_mut(&change.sku_id) {
                // In reverse, so that what is taken back last is what was there first.
                undo.stock.insert(0, (change.sku_id.clone(), *level));
                *level = moves::stock(*level, change);
            }
        }
        for buyer in spenders(changeset) {
            *self.spent.entry(buyer).or_default() += SPENT;
            undo.spent.push(buyer);
        }
        self.take_order_in(world, changeset, &mut undo);
        self.losses.remember(undo);
    }

    fn take_order_in(&mut self, world: &World, changeset: &Changeset, undo: &mut losses::Undo) {
        let Some(write) = &changeset.order else { return };
        let order = &write.order;
        for payment in &order.payments {
            if let Some(receipt) = payment.receipt() {
                let number = payment.out_trade_no().clone();
                let transaction = receipt.transaction_id.as_str().to_owned();
                if self.transactions.insert(transaction.clone(), number).is_none() {
                    undo.transactions.push(transaction);
                }
            }
        }
        let clears = |c: &ListChange| matches!(c, ListChange::Clear { .. });
        if changeset.list.iter().any(clears) && self.cleared.insert(order.id) {
            undo.cleared = Some(order.id);
        }
        for change in &changeset.coupons {
            let key = (change.buyer, change.grant.clone());
            let was = self.coupons.get(&key).copied();
            undo.coupons.insert(0, (key.clone(), was));
            // What was violated was said; here is only noted where it is.
            match safety::coupon_moved(was, change, order.id) {
                Ok(Some(keeping)) => drop(self.coupons.insert(key, keeping)),
                Ok(None) | Err(_) => drop(self.coupons.remove(&key)),
            }
        }
        let was_over = self.orders.get(&order.id).is_some_and(is_over);
        if is_over(order) && !was_over {
            self.lifetimes = self.lifetimes.saturating_add(1);
        }
        world.kernel.fold(mix(order.version ^ (u64::from(moves::rank(order.status)) << 32)));
        self.numbers.insert(order.number.as_str().to_owned(), order.id);
        undo.order = Some((order.id, self.orders.insert(order.id, order.clone())));
    }
}

/// Whose points a commit spends; each of them as many as are ever asked for.
pub(crate) fn spenders(changeset: &Changeset) -> impl Iterator<Item = UserId> {
    let spends = changeset.transfers.iter().filter(|t| t.kind() == TransferKind::Spend);
    spends.flat_map(Transfer::entries).filter_map(|entry| entry.account.buyer())
}

/// Paid or cancelled: its lifetime, as far as money goes, is over.
pub(crate) fn is_over(order: &Order) -> bool {
    order.settlement.is_some() || order.status == OrderStatus::Cancelled
}
