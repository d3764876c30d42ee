//! The loop over the memory store: what is due is performed, what nobody promised is found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

use domain::changeset::Changeset;
use domain::fact::{PaymentFact, Trade};
use domain::job::{JobChange, JobId};
use domain::names::{Appid, Openid};
use domain::order::{Order, OrderStatus};
use domain::payment::{Credential, Payment, Terms};
use domain::ports::{
    CommitAnswer, EventSink, GatewayError, LoginError, LoginGateway, Notice, NoticeError,
    NoticeOpener, OrderKey, OrderStore as _, PayParams, PaymentGateway, PortFuture, RawNotice,
};
use domain::{OutTradeNo, Timestamp};
use scheduler::{Alarm, Settings};
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use store_memory::MemoryStore;
use testkit::conformance::placing;
use testkit::{TestClock, TestIds, sample};
use usecases::Paydesk;

/// A WeChat Pay where the one order is paid, or that does not answer.
struct Fake {
    order: Order,
    answers: bool,
    asked: AtomicUsize,
}

impl PaymentGateway for Fake {
    fn compose_prepay(&self, _terms: &Terms) -> String {
        String::new()
    }

    fn prepay<'a>(
        &'a self,
        _payment: &'a Payment,
    ) -> PortFuture<'a, Result<Credential, GatewayError>> {
        panic!("the scheduler orders nothing")
    }

    fn query<'a>(
        &'a self,
        _number: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<PaymentFact, GatewayError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let receipt = sample::receipt("T-1", self.order.amounts.total);
        let fact = sample::fact(&self.order, Trade::Success(receipt));
        let down = GatewayError::OutcomeUnknown("down".to_owned());
        Box::pin(ready(if self.answers { Ok(fact) } else { Err(down) }))
    }

    fn close<'a>(&'a self, _number: &'a OutTradeNo) -> PortFuture<'a, Result<(), GatewayError>> {
        panic!("nothing is closed")
    }

    fn pay_params(&self, _payment: &Payment) -> Option<PayParams> {
        None
    }
}

impl NoticeOpener for Fake {
    fn open<'a>(
        &'a self,
        _raw: &'a RawNotice,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<Notice, NoticeError>> {
        panic!("no notification comes")
    }
}

impl LoginGateway for Fake {
    fn openid<'a>(&'a self, _code: &'a str) -> PortFuture<'a, Result<(Appid, Openid), LoginError>> {
        panic!("nobody logs in")
    }
}

struct World {
    store: Arc<MemoryStore>,
    clock: Arc<TestClock>,
    desk: Arc<Paydesk>,
    alarm: Arc<Alarm>,
    fake: Arc<Fake>,
    order: Order,
}

/// One open order, just placed; its follower is due in five seconds.
async fn world(answers: bool) -> World {
    let clock = Arc::new(TestClock::default());
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let sku = sample::sku("tea", 500, 1);
    let stores: &dyn domain::ports::Catalogue = &*store;
    let audit = sample::audit("put");
    stores.put_sku(&sample::draft("tea", 500), None, &audit, sample::start()).await.unwrap();
    let stock = domain::ports::StockChange {
        sku_id: sku.id.clone(),
        delta: 9,
        reason: "test".to_owned(),
        audit,
        replay: sample::replay("stock", None),
    };
    stores.move_stock(&stock).await.unwrap();
    let placement = sample::placement(1, sample::user(1), &[(&sku, 1)]);
    let answer = store.commit(placing(&placement, sample::intent("place"))).await;
    assert_eq!(answer, CommitAnswer::Committed);
    let order = store.load(&OrderKey::Id(placement.id)).await.unwrap().unwrap().value;
    let fake = Arc::new(Fake { order: order.clone(), answers, asked: AtomicUsize::new(0) });
    let alarm = Arc::new(Alarm::default());
    let events: Arc<dyn EventSink> = alarm.clone();
    let desk = Paydesk {
        orders: store.clone(),
        jobs: store.clone(),
        catalogue: store.clone(),
        book: store.clone(),
        access: store.clone(),
        gateway: fake.clone(),
        notices: fake.clone(),
        login: fake.clone(),
        clock: clock.clone(),
        ids: Arc::new(TestIds::default()),
        events,
        settings: usecases::Settings {
            deployment_id: "test".to_owned(),
            mchid: sample::mchid(),
            appid: sample::appid(),
            checkout_deadline_s: 1_800,
            session_s: 3_600,
        },
    };
    World { store, clock, desk: Arc::new(desk), alarm, fake, order }
}

impl World {
    async fn until(&self, what: impl Fn(&World, &Order) -> bool) {
        let look = async {
            loop {
                let key = OrderKey::Id(self.order.id);
                let order = self.store.load(&key).await.unwrap().unwrap().value;
                if what(self, &order) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), look).await.expect("in time");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_is_performed_and_nothing_before() {
    let world = world(true).await;
    let running = scheduler::start(world.desk.clone(), world.alarm.clone(), Settings::default());
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.fake.asked.load(Ordering::SeqCst), 0, "it is not due yet");
    world.clock.advance_s(5);
    world.until(|_, order| order.status == OrderStatus::Ready).await;
    running.stop().await;
    assert_eq!(world.fake.asked.load(Ordering::SeqCst), 1);
    assert!(world.store.look().unwrap().jobs.is_empty(), "nothing is left to do");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_past_its_deadline_is_cancelled_by_negotiation_only() {
    let world = world(false).await;
    world.clock.advance_s(1_801);
    let running = scheduler::start(world.desk.clone(), world.alarm.clone(), Settings::default());
    world.until(|_, order| order.status == OrderStatus::Cancelling).await;
    running.stop().await;
    let order = world.store.load(&OrderKey::Id(world.order.id)).await.unwrap().unwrap().value;
    assert_eq!(order.status, OrderStatus::Cancelling, "WeChat Pay has not said that it is closed");
    let jobs = world.store.look().unwrap().jobs;
    assert_eq!(jobs.len(), 1, "its payment is followed on: {jobs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sweep_finds_a_payment_that_lost_its_follower() {
    let world = world(true).await;
    let mut lost = Changeset::without_order(sample::intent("lose"), sample::start());
    let follower = JobId::follow(&sample::out_trade_no(&world.order));
    lost.jobs = vec![JobChange::Remove { id: follower }];
    assert_eq!(world.store.commit(lost).await, CommitAnswer::Committed);
    assert_eq!(world.desk.sweep().await.unwrap(), 1, "it says that it found work");
    assert_eq!(world.desk.sweep().await.unwrap(), 0);
    let running = scheduler::start(world.desk.clone(), world.alarm.clone(), Settings::default());
    world.until(|_, order| order.status == OrderStatus::Ready).await;
    running.stop().await;
}
