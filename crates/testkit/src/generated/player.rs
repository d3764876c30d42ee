//! Plays a sequence on one store and writes down what it sees. What it asks follows from the sequence and from
//! what it saw, so that equal stores are asked the same.

mod cases;
mod commits;
mod ledger;
mod rules;
mod shop;
mod work;

use super::ops::{Op, Placing, Transferring};
use super::seen::Seen;
use crate::conformance::Stores;
use crate::sample;
use domain::changeset::Changeset;
use domain::job::JobId;
use domain::order::Order;
use domain::ports::{CommitAnswer, LeasedJob, OrderKey, OrderList};
use domain::{CommandId, OrderId, Timestamp, UserId};
use std::fmt::Debug;

const BUYERS: u8 = 3;
/// One more is asked for than there are.
const COUPONS: u8 = 2;
const SKUS: [&str; 4] = ["a", "b", "c", "gift"];
const WEEK_S: i64 = 7 * 24 * 3_600;

pub(super) struct Player<'a> {
    stores: &'a Stores,
    seen: Vec<Seen>,
    buyers: Vec<UserId>,
    orders: Vec<OrderId>,
    /// Every version of an order that was loaded.
    versions: Vec<Order>,
    leases: Vec<LeasedJob>,
    jobs: Vec<JobId>,
    names: Vec<CommandId>,
    steps: u64,
}

pub(super) fn at(seconds: u16) -> Timestamp {
    sample::start().plus_seconds(i64::from(seconds))
}

/// One of several, by a number that may be too large.
pub(super) fn pick<T>(among: &[T], which: u8) -> Option<&T> {
    let count = among.len().max(1);
    among.get(usize::from(which) % count)
}

impl<'a> Player<'a> {
    pub(super) async fn new(stores: &'a Stores) -> Player<'a> {
        let mut buyers = Vec::new();
        for n in 0..BUYERS {
            buyers.push(stores.buyer(u64::from(n)).await);
        }
        for (sku, price) in SKUS.into_iter().zip([300, 200, 100, 0]) {
            stores.sku(sku, price, 18).await;
        }
        let mut player = Player {
            stores,
            seen: Vec::new(),
            buyers,
            orders: Vec::new(),
            versions: Vec::new(),
            leases: Vec::new(),
            jobs: Vec::new(),
            names: Vec::new(),
            steps: 0,
        };
        for coupon in 0..COUPONS {
            player.put_coupon(coupon, coupon, false).await;
            for buyer in 0..BUYERS {
                player.issue(buyer, coupon, 2, 100 + coupon * BUYERS + buyer).await;
            }
        }
        // Something to pay with, less than everything costs.
        for (from, points) in [(0, false), (1, false), (0, true)] {
            player.steps += 1;
            let name = 50 + from + u8::from(points) * 10;
            let amount = -1_500;
            player.transfer(&Transferring { name, points, from, to: None, amount }).await;
        }
        // Something to ask about from the first step on.
        for (buyer, on_delivery) in [(0, false), (1, false), (0, true)] {
            player.steps += 1;
            player.place(&Placing { on_delivery, ..Placing::plain(buyer) }).await;
        }
        player
    }

    pub(super) async fn play(&mut self, op: &Op) {
        self.steps += 1;
        match op {
            Op::PutSku { sku, price, stale } => self.put_sku(*sku, *price, *stale).await,
            Op::MoveStock { sku, delta, key } => self.move_stock(*sku, *delta, *key).await,
            Op::AddItem { buyer, sku, quantity } => self.add_item(*buyer, *sku, *quantity).await,
            Op::ChangeItem { buyer, item, quantity } => {
                self.change_item(*buyer, *item, *quantity).await;
            }
            Op::RemoveItem { buyer, item } => self.remove_item(*buyer, *item).await,
            Op::AddAddress { buyer, max } => self.add_address(*buyer, *max).await,
            Op::Basis { buyer, only, coupon } => self.basis(*buyer, *only, *coupon).await,
            Op::PutCoupon { coupon, off, stale } => self.put_coupon(*coupon, *off, *stale).await,
            Op::Issue { buyer, coupon, quantity, key } => {
                self.issue(*buyer, *coupon, *quantity, *key).await;
            }
            Op::Grants { buyer, at } => self.grants(*buyer, *at).await,
            Op::Recharge { buyer, points, principal, bonus, key } => {
                self.recharge((*buyer, *points), (*principal, *bonus), *key).await;
            }
            Op::Transfer(transferring) => self.transfer(transferring).await,
            Op::Entries { buyer, account, before, limit } => {
                self.entries((*buyer, *account), *before, *limit).await;
            }
            Op::Entry { buyer, account, name } => self.entry(*buyer, *account, *name).await,
            Op::Trial => self.trial().await,
            Op::Place(placing) => self.place(placing).await,
            Op::Give(giving) => self.give(giving).await,
            Op::Adopt { order, no, amount, lost, at } => {
                self.adopt((*order, *no), *amount, *lost, *at).await;
            }
            Op::Note(noting) => self.note(noting).await,
            Op::Claim { at, long } => self.claim(*at, *long).await,
            Op::Finish { lease, how, at } => self.finish_job(*lease, *how, *at).await,
            Op::Renew { lease, long } => self.renew(*lease, *long).await,
            Op::Hasten { job, at } => self.hasten(*job, *at).await,
            Op::Rouse { at } => self.rouse(*at).await,
            Op::Sweep { at } => self.sweep(*at).await,
            Op::List { buyer, status, number, limit } => {
                self.list(*buyer, *status, *number, *limit).await;
            }
            Op::Cases { kind, status, subject } => self.cases(*kind, *status, *subject).await,
            Op::Act { case, how, stale, key } => self.act(*case, *how, *stale, *key).await,
            Op::PutPackage { package, price, stale } => {
                self.put_package(*package, *price, *stale).await;
            }
            Op::PutRules { base, stale } => self.put_rules(*base, *stale).await,
            Op::Replay { key } => {
                let found = self.stores.orders.replay(&sample::scope(&format!("k-{key}"))).await;
                self.answer("replay", &found);
            }
            Op::Committed { command } => {
                let known = pick(&self.names, *command).cloned();
                let unknown = CommandId::stored("nobody's".to_owned());
                let name = known.filter(|_| *command < 8).unwrap_or(unknown);
                let found = self.stores.orders.committed(&name).await;
                self.answer("committed", &found);
            }
        }
    }

    /// At the end every order is loaded and every row looked at.
    pub(super) async fn finish(mut self, mut rows: Vec<String>) -> Vec<Seen> {
        for id in self.orders.clone() {
            self.load(id).await;
        }
        rows.sort();
        self.seen.extend(rows.into_iter().map(Seen::Row));
        self.seen
    }

    fn answer(&mut self, of: &'static str, answer: &impl Debug) {
        self.seen.push(Seen::Answer(of, format!("{answer:?}")));
    }

    fn nothing(&mut self) {
        self.seen.push(Seen::Nothing);
    }

    /// The order as it is stored; every field of it is compared.
    async fn load(&mut self, id: OrderId) -> Option<Order> {
        let found = self.stores.orders.load(&OrderKey::Id(id)).await.expect("a load");
        let order = found.map(|found| found.value);
        self.seen.push(Seen::Order(order.clone().map(Box::new)));
        if let Some(order) = &order
            && !self.versions.iter().any(|known| known.id == id && known.version == order.version)
        {
            self.versions.push(order.clone());
        }
        order
    }

    async fn commit(&mut self, changeset: Changeset) -> CommitAnswer {
        let (name, order) = (changeset.command_id.clone(), changeset.order.as_ref());
        let order = order.map(|write| write.order.id);
        let promised = changeset.jobs.clone();
        let answer = self.stores.orders.commit(changeset).await;
        let said = match &answer {
            // Each store has its own words for what cannot be.
            CommitAnswer::RolledBack(_) => "RolledBack".to_owned(),
            answer => format!("{answer:?}"),
        };
        self.seen.push(Seen::Commit(said));
        if answer == CommitAnswer::Committed {
            self.names.push(name);
            self.orders.extend(order.filter(|id| !self.orders.contains(id)));
            self.know_jobs(&promised);
        }
        answer
    }

    async fn list(&mut self, buyer: Option<u8>, status: Option<u8>, number: Option<u8>, limit: u8) {
        use domain::order::OrderStatus as S;
        const ALL: [S; 7] = [
            S::PendingPayment,
            S::Ready,
            S::Cancelling,
            S::Cancelled,
            S::Shipped,
            S::Delivered,
            S::Completed,
        ];
        let query = OrderList {
            buyer: buyer.and_then(|n| pick(&self.buyers, n).copied()),
            status: status.and_then(|n| pick(&ALL, n).copied()),
            number: number.and_then(|n| pick(&self.numbers(), n).cloned()),
            created_from: None,
            created_to: None,
            after: None,
            limit: u32::from(limit),
        };
        let page = self.stores.orders.list(&query).await.expect("a page");
        let numbers: Vec<&str> = page.orders.iter().map(|order| order.number.as_str()).collect();
        self.seen.push(Seen::Answer("list", format!("{numbers:?} {}", page.more)));
        for order in page.orders {
            self.seen.push(Seen::Order(Some(Box::new(order))));
        }
    }

    /// Every number of any kind that is known to the player.
    fn numbers(&self) -> Vec<String> {
        let mut numbers = vec!["nobody's".to_owned()];
        for order in &self.versions {
            numbers.push(order.number.as_str().to_owned());
            for payment in &order.payments {
                numbers.push(payment.out_trade_no().as_str().to_owned());
                let receipt = payment.receipt().map(|r| r.transaction_id.as_str().to_owned());
                numbers.extend(receipt);
            }
            for refund in &order.refunds {
                numbers.push(refund.out_refund_no.as_str().to_owned());
                numbers.extend(refund.refund_id().map(|id| id.as_str().to_owned()));
            }
        }
        numbers.sort();
        numbers.dedup();
        numbers
    }
}

/// Long after everything, or within the first half hour.
pub(super) fn moment(seconds: u16, late: bool) -> Timestamp {
    at(seconds).plus_seconds(if late { 2 * WEEK_S } else { 0 })
}
