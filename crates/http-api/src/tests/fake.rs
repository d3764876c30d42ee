//! Everything the application needs, in one lock, and switches for what goes wrong.
//!
//! Keeps what the API can see: orders, keys, sessions, list, stock. Knows no guards but one that
//! a test names.

use domain::buyer::{Address, BookedAddress, ItemId};
use domain::catalogue::{Sku, SkuId};
use domain::changeset::{Changeset, Fence, ListChange, Refusal, ReplayRecord, ReplayScope};
use domain::fact::PaymentFact;
use domain::job::JobId;
use domain::names::{Appid, Openid};
use domain::order::Order;
use domain::payment::{Credential, Payment, Terms};
use domain::ports::*;
use domain::{CommandId, OrderId, OrderNumber, OutTradeNo, Timestamp, UserId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;
use uuid::Uuid;

/// What everybody shares.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) replays: BTreeMap<ReplayScope, ReplayRecord>,
    pub(super) committed: Vec<CommandId>,
    pub(super) sessions: BTreeMap<[u8; 32], SessionRecord>,
    pub(super) keys: BTreeMap<[u8; 32], ApiKeyRecord>,
    pub(super) skus: BTreeMap<SkuId, Sku>,
    pub(super) addresses: BTreeMap<(UserId, i64), BookedAddress>,
    pub(super) items: BTreeMap<(UserId, ItemId), (SkuId, u32, Option<OrderNumber>)>,
    pub(super) hastened: usize,
    pub(super) loads: usize,
    pub(super) now_s: i64,
    pub(super) drawn: u64,
    /// The guard that refuses the next commits of new orders.
    pub(super) guard: Option<Refusal>,
    /// The store does not answer.
    pub(super) down: bool,
    /// What WeChat Pay says to a prepay, when not yes.
    pub(super) prepay: Option<GatewayError>,
    /// What WeChat says to a login, when not yes.
    pub(super) login: Option<LoginError>,
    /// What opening a notification gives.
    pub(super) notice: Option<NoticeError>,
    /// The buyers' openid is not known.
    pub(super) no_openid: bool,
    /// Where logins and notifications wait.
    pub(super) gate: Option<Arc<Gate>>,
}

/// A gate that tells when somebody stands before it.
#[derive(Default)]
pub(super) struct Gate {
    pub(super) reached: Notify,
    pub(super) opened: Notify,
}

impl Gate {
    async fn pass(gate: Option<Arc<Gate>>) {
        if let Some(gate) = gate {
            gate.reached.notify_one();
            gate.opened.notified().await;
        }
    }
}

#[derive(Default)]
pub(super) struct Fake {
    inner: Mutex<Inner>,
}

pub(super) fn ready<'a, T: Send + 'a>(value: T) -> PortFuture<'a, T> {
    Box::pin(core::future::ready(value))
}

impl Fake {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// The lock, if the store answers.
    pub(super) fn up(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
        let inner = self.lock();
        if inner.down {
            return Err(StoreError::Unavailable("SELECT * FROM /var/lib/secret".to_owned()));
        }
        Ok(inner)
    }

    pub(super) fn address(&self, buyer: UserId, id: i64) -> Option<Address> {
        self.lock().addresses.get(&(buyer, id)).map(|booked| booked.address.clone())
    }
}

impl Inner {
    fn draw(&mut self) -> u64 {
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
            });
            let store_now = Timestamp::from_seconds(inner.now_s);
            found.map(|order| Loaded { value: order.clone(), store_now })
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
        if let Some(write) = changeset.order {
            for change in &changeset.list {
                if let ListChange::Capture { buyer, items, .. } = change {
                    let items: Vec<_> = items.iter().map(|(id, _)| *id).collect();
                    inner.captured(*buyer, &items, Some(&write.order.number));
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

    fn list<'a>(
        &'a self,
        query: &'a OrderList,
    ) -> PortFuture<'a, Result<OrderListing, StoreError>> {
        ready(self.up().map(|inner| {
            let mut orders: Vec<Order> = inner
                .orders
                .values()
                .filter(|order| {
                    order.buyer == query.buyer
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

impl JobQueue for Fake {
    fn claim(
        &self,
        _now: Timestamp,
        _limit: u32,
        _lease_ms: u64,
    ) -> PortFuture<'_, Result<Vec<LeasedJob>, StoreError>> {
        ready(Ok(Vec::new()))
    }

    fn finish<'a>(
        &'a self,
        _lease: &'a Fence,
        _finish: Finish,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        ready(Ok(true))
    }

    fn hasten<'a>(
        &'a self,
        _job: &'a JobId,
        _at: Timestamp,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        ready(self.up().map(|mut inner| inner.hastened += 1))
    }

    fn next_due(&self) -> PortFuture<'_, Result<Option<Timestamp>, StoreError>> {
        ready(Ok(None))
    }

    fn sweep(
        &self,
        _now: Timestamp,
        _limit: u32,
    ) -> PortFuture<'_, Result<Vec<JobId>, StoreError>> {
        ready(Ok(Vec::new()))
    }
}

impl Access for Fake {
    fn buyer<'a>(
        &'a self,
        _appid: &'a Appid,
        openid: &'a Openid,
        _fresh: UserId,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<UserId, StoreError>> {
        // An openid is always the same buyer.
        let number = openid.as_str().bytes().fold(7u128, |n, b| n * 31 + u128::from(b));
        ready(self.up().map(|_| UserId::new(Uuid::from_u128(number))))
    }

    fn openid<'a>(
        &'a self,
        _buyer: UserId,
        _appid: &'a Appid,
    ) -> PortFuture<'a, Result<Option<Openid>, StoreError>> {
        ready(self.up().map(|inner| (!inner.no_openid).then(|| Openid::new("o-secret-openid"))))
    }

    fn open_session<'a>(
        &'a self,
        token_hash: [u8; 32],
        session: SessionRecord,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        ready(self.up().map(|mut inner| {
            inner.sessions.insert(token_hash, session);
        }))
    }

    fn session(
        &self,
        token_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<SessionRecord>, StoreError>> {
        ready(self.up().map(|inner| inner.sessions.get(&token_hash).cloned()))
    }

    fn add_api_key(
        &self,
        key_hash: [u8; 32],
        record: ApiKeyRecord,
    ) -> PortFuture<'_, Result<(), StoreError>> {
        ready(self.up().map(|mut inner| {
            inner.keys.insert(key_hash, record);
        }))
    }

    fn api_key(
        &self,
        key_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        ready(self.up().map(|inner| inner.keys.get(&key_hash).cloned()))
    }
}

impl PaymentGateway for Fake {
    fn compose_prepay(&self, terms: &Terms) -> String {
        terms.out_trade_no.to_string()
    }

    fn prepay<'a>(
        &'a self,
        _payment: &'a Payment,
    ) -> PortFuture<'a, Result<Credential, GatewayError>> {
        let refusal = self.lock().prepay.clone();
        ready(refusal.map_or_else(|| Ok(Credential::PrepayId("p1".to_owned())), Err))
    }

    fn query<'a>(
        &'a self,
        _out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<PaymentFact, GatewayError>> {
        ready(Err(GatewayError::OutcomeUnknown("not asked here".to_owned())))
    }

    fn close<'a>(
        &'a self,
        _out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<(), GatewayError>> {
        ready(Ok(()))
    }

    fn pay_params(&self, payment: &Payment) -> Option<PayParams> {
        let id = match payment.credential()? {
            Credential::PrepayId(id) | Credential::CodeUrl(id) => id.clone(),
        };
        Some(PayParams::Native { code_url: id })
    }
}

impl NoticeOpener for Fake {
    fn open<'a>(
        &'a self,
        raw: &'a RawNotice,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<Notice, NoticeError>> {
        let gate = self.lock().gate.clone();
        let refused = self.lock().notice.clone();
        Box::pin(async move {
            Gate::pass(gate).await;
            if let Some(refused) = refused {
                return Err(refused);
            }
            assert_eq!(raw.body, b"{ \"raw\" :1}\n", "byte for byte");
            Ok(Notice {
                event_id: "EV-1".to_owned(),
                event_type: "OTHER".to_owned(),
                fact_hash: "h".to_owned(),
                body: NoticeBody::Other,
            })
        })
    }
}

impl LoginGateway for Fake {
    fn openid<'a>(&'a self, code: &'a str) -> PortFuture<'a, Result<(Appid, Openid), LoginError>> {
        let gate = self.lock().gate.clone();
        let refused = self.lock().login.clone();
        Box::pin(async move {
            Gate::pass(gate).await;
            refused.map_or_else(|| Ok((Appid::new("wx1"), Openid::new(code))), Err)
        })
    }
}

impl Clock for Fake {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.lock().now_s)
    }

    fn real(&self) -> Timestamp {
        self.now()
    }

    fn sleep_millis(&self, _millis: u64) -> PortFuture<'_, ()> {
        ready(())
    }
}

impl IdSource for Fake {
    fn order_id(&self, _now: Timestamp) -> OrderId {
        OrderId::new(Uuid::from_u128(u128::from(self.lock().draw())))
    }

    fn user_id(&self, _now: Timestamp) -> UserId {
        UserId::new(Uuid::from_u128(u128::from(self.lock().draw())))
    }

    fn order_entropy(&self) -> u64 {
        self.lock().draw()
    }

    fn call(&self) -> u64 {
        self.lock().draw()
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&self.lock().draw().to_be_bytes());
        secret
    }

    fn jitter(&self, _bound: u64) -> u64 {
        0
    }
}

impl crate::Ready for Fake {
    fn check(&self) -> PortFuture<'_, Vec<crate::Readiness>> {
        ready(vec![crate::Readiness { name: "database", ok: !self.lock().down }])
    }
}
