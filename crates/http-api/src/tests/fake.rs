//! Everything the application needs, in one lock, and switches for what goes wrong.
//!
//! Keeps what the API can see: orders, keys, sessions, list, stock. Knows no guards but one that
//! a test names.

use domain::buyer::{Address, BookedAddress, ItemId};
use domain::case::Case;
use domain::catalogue::{Sku, SkuId};
use domain::changeset::{Changeset, ListChange, Refusal, ReplayRecord, ReplayScope};
use domain::coupon::CouponId;
use domain::fact::{RefundProgress, Trade};
use domain::ledger::{Balances, BuyerAccount};
use domain::order::Order;
use domain::payment::Payment;
use domain::ports::*;
use domain::recharge::{PackageId, RechargePackage};
use domain::stock::StockEntry;
use domain::{CommandId, Epoch, OrderId, OrderNumber, Timestamp, UserId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// What everybody shares.
#[derive(Default)]
pub(in crate::tests) struct Inner {
    pub(in crate::tests) orders: BTreeMap<OrderId, Order>,
    pub(in crate::tests) replays: BTreeMap<ReplayScope, ReplayRecord>,
    pub(in crate::tests) committed: Vec<CommandId>,
    pub(in crate::tests) sessions: BTreeMap<[u8; 32], SessionRecord>,
    pub(in crate::tests) keys: BTreeMap<[u8; 32], ApiKeyRecord>,
    pub(in crate::tests) mobile_appid: Option<domain::names::Appid>,
    pub(in crate::tests) skus: BTreeMap<SkuId, Sku>,
    pub(in crate::tests) rules: RulesInForce,
    pub(in crate::tests) packages: BTreeMap<PackageId, RechargePackage>,
    /// What everybody has.
    pub(in crate::tests) balances: Balances,
    pub(in crate::tests) coupons: BTreeMap<CouponId, CouponInForce>,
    /// How many of each coupon each buyer has, all of them in the hand.
    pub(in crate::tests) grants: BTreeMap<(UserId, CouponId), u32>,
    pub(in crate::tests) addresses: BTreeMap<(UserId, i64), BookedAddress>,
    pub(in crate::tests) items: BTreeMap<(UserId, ItemId), (SkuId, u32, Option<OrderNumber>)>,
    pub(in crate::tests) cases: Vec<Case>,
    /// Of whatever SKU is asked for.
    pub(in crate::tests) stock_entries: Vec<StockEntry>,
    /// The causes of the commits of orders, in the words of the audit.
    pub(in crate::tests) causes: Vec<String>,
    pub(in crate::tests) hastened: usize,
    pub(in crate::tests) loads: usize,
    pub(in crate::tests) now_s: i64,
    pub(in crate::tests) drawn: u64,
    /// The guard that refuses the next commits of new orders.
    pub(in crate::tests) guard: Option<Refusal>,
    /// Lines of the list are free again when their order is cancelled.
    pub(in crate::tests) frees_lists: bool,
    /// The store holds something impossible.
    pub(in crate::tests) corrupt: bool,
    /// The store does not answer.
    pub(in crate::tests) down: bool,
    /// What WeChat Pay says to a prepay, when not yes.
    pub(in crate::tests) prepay: Option<GatewayError>,
    /// What WeChat Pay says to an application for an abnormal refund; nothing that can be used when there is
    /// nothing here.
    pub(in crate::tests) applied: Option<GatewayError>,
    /// What WeChat Pay says of every refund that it is asked about; nothing that can be used likewise.
    pub(in crate::tests) refund_queried: Option<RefundProgress>,
    /// What WeChat Pay was asked to send to a card: the last figures of its number, where it has one.
    pub(in crate::tests) cards: Vec<Option<String>>,
    /// What WeChat Pay says to a query; nothing that can be used when there is nothing here.
    pub(in crate::tests) queried: Option<Trade>,
    /// What checking the invariants gives.
    pub(in crate::tests) invariants: Vec<InvariantReport>,
    /// What WeChat says to a login, when not yes.
    pub(in crate::tests) login: Option<LoginError>,
    /// What opening a notification gives.
    pub(in crate::tests) notice: Option<NoticeError>,
    /// The buyers' openid is not known.
    pub(in crate::tests) no_openid: bool,
    /// Where logins and notifications wait.
    pub(in crate::tests) gate: Option<Arc<Gate>>,
}

/// A gate that tells when somebody stands before it.
#[derive(Default)]
pub(in crate::tests) struct Gate {
    pub(in crate::tests) reached: Notify,
    pub(in crate::tests) opened: Notify,
}

impl Gate {
    pub(in crate::tests) async fn pass(gate: Option<Arc<Gate>>) {
        if let Some(gate) = gate {
            gate.reached.notify_one();
            gate.opened.notified().await;
        }
    }
}

#[derive(Default)]
pub(in crate::tests) struct Fake {
    inner: Mutex<Inner>,
}

pub(in crate::tests) fn ready<'a, T: Send + 'a>(value: T) -> PortFuture<'a, T> {
    Box::pin(core::future::ready(value))
}

impl Fake {
    pub(in crate::tests) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// The lock, if the store answers.
    pub(in crate::tests) fn up(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
        let inner = self.lock();
        if inner.corrupt {
            return Err(StoreError::Corrupt("row 7 of /var/lib/secret".to_owned()));
        }
        if inner.down {
            return Err(StoreError::Unavailable("SELECT * FROM /var/lib/secret".to_owned()));
        }
        Ok(inner)
    }

    pub(in crate::tests) fn address(&self, buyer: UserId, id: i64) -> Option<Address> {
        self.lock().addresses.get(&(buyer, id)).map(|booked| booked.address.clone())
    }
}

impl Inner {
    pub(in crate::tests) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    fn captured(&mut self, buyer: UserId, ids: &[ItemId], number: Option<&OrderNumber>) {
        for ((owner, id), (_, _, captured)) in &mut self.items {
            if *owner == buyer && ids.contains(id) {
                *captured = number.cloned();
            }
        }
    }
}

/// The one life of this store.
pub(in crate::tests) fn epoch() -> Epoch {
    Epoch::new("00000001.0")
}

fn is_named(order: &Order, number: &str) -> bool {
    let payments = || order.payments.iter();
    order.number.as_str() == number
        || order.merchant_ref.as_deref() == Some(number)
        || payments().any(|payment| payment.out_trade_no().as_str() == number)
        || order.refunds.iter().any(|refund| {
            refund.out_refund_no.as_str() == number
                || refund.refund_id().is_some_and(|id| id.as_str() == number)
        })
        || payments()
            .filter_map(Payment::receipt)
            .any(|receipt| receipt.transaction_id.as_str() == number)
}

impl OrderStore for Fake {
    fn load<'a>(
        &'a self,
        key: &'a OrderKey,
    ) -> PortFuture<'a, Result<Option<Loaded<Order>>, StoreError>> {
        ready(self.up().map(|mut inner| {
            inner.loads += 1;
            let found = inner.orders.values().find(|order| match key {
                OrderKey::Id(id) => order.id == *id,
                OrderKey::Number(number) => order.number == *number,
                OrderKey::OutTradeNo(number) => order.payment(number).is_some(),
                OrderKey::OutRefundNo(number) => order.refund(number).is_some(),
            });
            let store_now = Timestamp::from_seconds(inner.now_s);
            let loaded = |order: &Order| Loaded { value: order.clone(), store_now, epoch: epoch() };
            found.map(loaded)
        }))
    }

    fn commit(&self, changeset: Changeset) -> PortFuture<'_, CommitAnswer> {
        let Ok(mut inner) = self.up() else {
            return ready(CommitAnswer::RolledBack("down".to_owned()));
        };
        if inner.committed.contains(&changeset.command_id) {
            return ready(CommitAnswer::AlreadyCommitted);
        }
        let is_new = changeset.order.as_ref().is_some_and(|w| w.expected_version.is_none());
        if let Some(guard) = inner.guard.clone().filter(|_| is_new) {
            return ready(CommitAnswer::GuardRefused(guard));
        }
        // Of points there are as many as everybody has; a wallet of the fake pays everything.
        let points = changeset.transfers.iter().flat_map(|transfer| transfer.entries());
        let points = points.filter(|e| e.account.name() == BuyerAccount::Points.name());
        let points: i64 = points.map(|entry| entry.amount).sum();
        if inner.balances.points + points < 0 {
            return ready(CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Points)));
        }
        inner.balances.points += points;
        if let Some(write) = changeset.order {
            let stored = inner.orders.get(&write.order.id).map(|order| order.version);
            if stored != write.expected_version {
                return ready(CommitAnswer::Conflict);
            }
            inner.causes.push(changeset.audit.cause.clone());
            for change in &changeset.list {
                if let ListChange::Capture { buyer, items, .. } = change {
                    let items: Vec<_> = items.iter().map(|(id, _)| *id).collect();
                    inner.captured(*buyer, &items, Some(&write.order.number));
                }
            }
            for change in &changeset.list {
                if let (ListChange::Free { order, .. }, true) = (change, inner.frees_lists) {
                    let number = inner.orders.get(order).map(|order| order.number.clone());
                    let held = inner.items.values_mut().filter(|item| item.2 == number);
                    held.for_each(|item| item.2 = None);
                }
            }
            inner.orders.insert(write.order.id, write.order);
        }
        if let Some(replay) = changeset.replay {
            inner.replays.insert(replay.scope.clone(), replay);
        }
        inner.committed.push(changeset.command_id);
        ready(CommitAnswer::Committed)
    }

    fn committed<'a>(
        &'a self,
        command_id: &'a CommandId,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        ready(self.up().map(|inner| inner.committed.contains(command_id)))
    }

    fn replay<'a>(
        &'a self,
        scope: &'a ReplayScope,
    ) -> PortFuture<'a, Result<Option<ReplayRecord>, StoreError>> {
        ready(self.up().map(|inner| inner.replays.get(scope).cloned()))
    }

    fn epoch(&self) -> PortFuture<'_, Result<Epoch, StoreError>> {
        ready(self.up().map(|_| epoch()))
    }

    fn list<'a>(
        &'a self,
        query: &'a OrderList,
    ) -> PortFuture<'a, Result<OrderListing, StoreError>> {
        ready(self.up().map(|inner| {
            let mut orders: Vec<Order> = inner
                .orders
                .values()
                .filter(|order| {
                    (query.buyer.is_none() || order.buyer == query.buyer)
                        && query.number.as_ref().is_none_or(|number| is_named(order, number))
                        && query.status.is_none_or(|status| status == order.status)
                        && query.created_from.is_none_or(|from| order.created_at >= from)
                        && query.created_to.is_none_or(|to| order.created_at < to)
                        && query.after.is_none_or(|after| (order.created_at, order.id) < after)
                })
                .cloned()
                .collect();
            orders.sort_by_key(|order| core::cmp::Reverse((order.created_at, order.id)));
            let limit = usize::try_from(query.limit).unwrap();
            let more = orders.len() > limit;
            orders.truncate(limit);
            OrderListing { orders, more }
        }))
    }
}

impl crate::Ready for Fake {
    fn check(&self) -> PortFuture<'_, Vec<crate::Readiness>> {
        ready(vec![crate::Readiness { name: "database", ok: !self.lock().down }])
    }
}
