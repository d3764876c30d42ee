//! The loop over the memory store: what is due is performed, what nobody promised is found.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may"
)]

use domain::case::CaseKind;
use domain::changeset::{Changeset, Fence};
use domain::fact::{PaymentFact, RefundFact, Trade};
use domain::job::{JobChange, JobId};
use domain::names::{Appid, Openid};
use domain::order::{Order, OrderStatus};
use domain::payment::{Credential, Payment, Terms};
use domain::ports::{
    AbnormalRequest, CaseList, Clock as _, CommitAnswer, EventSink, Finish, GatewayError,
    InvariantReport, Invariants, JobQueue, LeasedJob, LoginError, LoginGateway, Notice,
    NoticeError, NoticeOpener, OrderKey, OrderStore as _, Part, PayParams, PaymentGateway,
    PortFuture, RawNotice, RefundRequest, StoreError,
};
use domain::{Fen, OutRefundNo, OutTradeNo, Pace, Timestamp};
use scheduler::{Alarm, RunningScheduler, Settings};
use std::future::ready;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store_memory::{JobView, MemoryStore};
use testkit::conformance::placing;
use testkit::{TestClock, TestIds, sample};
use usecases::{Epochs, Paydesk, QueryBudget, ReportRoom};

/// A WeChat Pay where the one order is paid, or that does not answer.
struct Fake {
    order: Order,
    answer: Answer,
    asked: AtomicUsize,
    /// The parts of the books that were looked at.
    checked: Mutex<Vec<Part>>,
}

/// How it answers.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Paid,
    Down,
    /// A bug of ours on the way.
    Panic,
    /// Never, as far as the test can wait.
    Hang,
}

impl Invariants for Fake {
    fn check(&self, _pace: Pace) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        panic!("nobody asks")
    }

    fn check_part(
        &self,
        part: Part,
        _pace: Pace,
    ) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        self.checked.lock().unwrap().push(part);
        let unreadable = StoreError::Unavailable("that part is down".to_owned());
        Box::pin(ready(if part == Part::Payments { Err(unreadable) } else { Ok(Vec::new()) }))
    }
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
        match self.answer {
            Answer::Paid => Box::pin(ready(Ok(fact))),
            Answer::Down => Box::pin(ready(Err(GatewayError::OutcomeUnknown("down".to_owned())))),
            Answer::Panic => panic!("on purpose"),
            Answer::Hang => Box::pin(std::future::pending()),
        }
    }

    fn close<'a>(&'a self, _number: &'a OutTradeNo) -> PortFuture<'a, Result<(), GatewayError>> {
        panic!("nothing is closed")
    }

    fn refund<'a>(
        &'a self,
        _request: &'a RefundRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        panic!("nothing goes back")
    }

    fn query_refund<'a>(
        &'a self,
        _number: &'a OutRefundNo,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        panic!("nothing goes back")
    }

    fn apply_abnormal<'a>(
        &'a self,
        _request: &'a AbnormalRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        panic!("nothing goes back")
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

/// Where the loops meet a bug of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bug {
    Claim,
    NextDue,
    Sweep,
    Books,
}

/// The queue and the books, with a bug that shows itself once.
struct Buggy {
    bug: Bug,
    met: AtomicBool,
    store: Arc<MemoryStore>,
    books: Arc<Fake>,
}

impl Buggy {
    fn at(&self, here: Bug) {
        if self.bug == here && !self.met.swap(true, Ordering::SeqCst) {
            panic!("on purpose");
        }
    }
}

impl JobQueue for Buggy {
    fn claim(
        &self,
        now: Timestamp,
        limit: u32,
        lease_ms: u64,
    ) -> PortFuture<'_, Result<Vec<LeasedJob>, StoreError>> {
        self.at(Bug::Claim);
        self.store.claim(now, limit, lease_ms)
    }

    fn renew<'a>(
        &'a self,
        lease: &'a Fence,
        lease_ms: u64,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        self.store.renew(lease, lease_ms)
    }

    fn finish<'a>(
        &'a self,
        lease: &'a Fence,
        finish: Finish,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        self.store.finish(lease, finish)
    }

    fn hasten<'a>(
        &'a self,
        job: &'a JobId,
        at: Timestamp,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        self.store.hasten(job, at)
    }

    fn rouse(&self, now: Timestamp) -> PortFuture<'_, Result<u64, StoreError>> {
        self.store.rouse(now)
    }

    fn next_due(&self) -> PortFuture<'_, Result<Option<Timestamp>, StoreError>> {
        self.at(Bug::NextDue);
        self.store.next_due()
    }

    fn sweep(&self, now: Timestamp, limit: u32) -> PortFuture<'_, Result<Vec<JobId>, StoreError>> {
        self.at(Bug::Sweep);
        self.store.sweep(now, limit)
    }
}

impl Invariants for Buggy {
    fn check(&self, pace: Pace) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        self.books.check(pace)
    }

    fn check_part(
        &self,
        part: Part,
        pace: Pace,
    ) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        self.at(Bug::Books);
        self.books.check_part(part, pace)
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
async fn world(answer: Answer) -> World {
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
    let placed = store.commit(placing(&placement, sample::intent("place"))).await;
    assert_eq!(placed, CommitAnswer::Committed);
    let order = store.load(&OrderKey::Id(placement.id)).await.unwrap().unwrap().value;
    let fake = Arc::new(Fake {
        order: order.clone(),
        answer,
        asked: AtomicUsize::new(0),
        checked: Mutex::default(),
    });
    let alarm = Arc::new(Alarm::default());
    let events: Arc<dyn EventSink> = alarm.clone();
    let desk = Paydesk {
        orders: store.clone(),
        jobs: store.clone(),
        catalogue: store.clone(),
        rules: store.clone(),
        coupons: store.clone(),
        packages: store.clone(),
        ledger: store.clone(),
        book: store.clone(),
        access: store.clone(),
        cases: store.clone(),
        invariants: fake.clone(),
        gateway: fake.clone(),
        notices: fake.clone(),
        login: fake.clone(),
        shipping: None,
        clock: clock.clone(),
        ids: Arc::new(TestIds::default()),
        events,
        query_budget: QueryBudget::new(1_000),
        report_room: ReportRoom::default(),
        epochs: Epochs::default(),
        settings: usecases::Settings {
            deployment_id: "test".to_owned(),
            mchid: sample::mchid(),
            appid: sample::appid(),
            mobile_appid: None,
            checkout_deadline_s: 1_800,
            direct_deadline_s: 900,
            session_s: 3_600,
            longest_call_s: 5,
            pace: domain::Pace::DESIGNED,
            refund_approval_above: Fen::LIMIT,
        },
    };
    World { store, clock, desk: Arc::new(desk), alarm, fake, order }
}

impl World {
    /// Starts a scheduler and waits until it has met the bug.
    async fn start_and_meet(&mut self, bug: Bug) -> RunningScheduler {
        let (store, books) = (self.store.clone(), self.fake.clone());
        let buggy = Arc::new(Buggy { bug, met: AtomicBool::new(false), store, books });
        let desk = Arc::get_mut(&mut self.desk).expect("nobody works yet");
        (desk.jobs, desk.invariants) = (buggy.clone(), buggy.clone());
        let running = scheduler::start(self.desk.clone(), self.alarm.clone(), Settings::default());
        self.until(|_, _| buggy.met.load(Ordering::SeqCst)).await;
        running
    }

    /// Takes the payment's follower away: only a sweep finds it now.
    async fn lose_the_follower(&self) {
        let mut lost = Changeset::without_order(sample::intent("lose"), sample::start());
        let follower = JobId::follow(&sample::out_trade_no(&self.order));
        lost.jobs = vec![JobChange::Remove { id: follower }];
        assert_eq!(self.store.commit(lost).await, CommitAnswer::Committed);
    }

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
    let world = world(Answer::Paid).await;
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
    let world = world(Answer::Down).await;
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
    let world = world(Answer::Paid).await;
    world.lose_the_follower().await;
    assert_eq!(world.desk.sweep().await.unwrap(), 1, "it says that it found work");
    assert_eq!(world.desk.sweep().await.unwrap(), 0);
    let running = scheduler::start(world.desk.clone(), world.alarm.clone(), Settings::default());
    world.until(|_, order| order.status == OrderStatus::Ready).await;
    running.stop().await;
}

/// One of two processes looks, and a part that cannot be read keeps it from no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_are_compared_part_by_part_once_in_each_stretch_of_time() {
    let world = world(Answer::Paid).await;
    let start = || scheduler::start(world.desk.clone(), world.alarm.clone(), Settings::default());
    let (one, other) = (start(), start());
    let checked = || world.fake.checked.lock().unwrap().clone();
    for round in 1..=3 {
        world.until(|_, _| checked().len() >= round * Part::ALL.len()).await;
        world.clock.advance_s(600);
    }
    world.until(|_, _| checked().len() >= 4 * Part::ALL.len()).await;
    one.stop().await;
    other.stop().await;
    assert_eq!(checked(), [Part::ALL; 4].concat());
}

/// A poisoned job is tried again, later each time, and set aside in the end with a case; nothing
/// else waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_panics_is_parked_with_a_case_and_takes_nothing_with_it() {
    let world = world(Answer::Panic).await;
    let running = scheduler::start(world.desk.clone(), world.alarm.clone(), Settings::default());
    let parked = async {
        loop {
            world.clock.advance_s(61);
            tokio::time::sleep(Duration::from_millis(1)).await;
            let stuck = CaseList { kind: Some(CaseKind::Stuck), limit: 10, ..CaseList::default() };
            let found = world.desk.cases.cases(&stuck).await.unwrap();
            if let Some(case) = found.cases.first() {
                return case.clone();
            }
        }
    };
    let case = tokio::time::timeout(Duration::from_secs(60), parked).await.expect("parked");
    assert!(case.subject.starts_with("follow_payment:"), "{case:?}");
    // The order's deadline has passed or passes now: that job is done beside it.
    world.clock.advance_s(61);
    world.until(|_, order| order.status == OrderStatus::Cancelling).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_panics_is_followed_by_another() {
    for bug in [Bug::Claim, Bug::NextDue] {
        let mut world = world(Answer::Paid).await;
        let running = world.start_and_meet(bug).await;
        world.clock.advance_s(5);
        world.until(|_, order| order.status == OrderStatus::Ready).await;
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_that_panics_is_followed_by_the_next() {
    let mut world = world(Answer::Paid).await;
    world.lose_the_follower().await;
    let running = world.start_and_meet(Bug::Sweep).await;
    world.until(|_, order| order.status == OrderStatus::Ready).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_whose_comparison_panics_are_compared_again() {
    let mut world = world(Answer::Paid).await;
    let running = world.start_and_meet(Bug::Books).await;
    world.clock.advance_s(600);
    world.until(|world, _| world.fake.checked.lock().unwrap().len() >= Part::ALL.len()).await;
    running.stop().await;
    assert_eq!(*world.fake.checked.lock().unwrap(), Part::ALL);
}

/// A job that takes longer than its lease keeps it, so that nobody else begins it too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_job_keeps_its_lease() {
    let world = world(Answer::Hang).await;
    world.clock.advance_s(5);
    let settings = Settings { lease_ms: 3_000, ..Settings::default() };
    let running = scheduler::start(world.desk.clone(), world.alarm.clone(), settings);
    world.until(|world, _| world.fake.asked.load(Ordering::SeqCst) == 1).await;
    for _ in 0..20 {
        // A lease's length passes many times over, in steps after each of which it is renewed.
        world.clock.advance_s(1);
        let kept = Some(world.clock.now().plus_millis(3_000));
        let is_kept = |job: JobView<'_>| job.leased_until == kept;
        world.until(|world, _| world.store.view(|all| all.jobs().any(is_kept)).unwrap()).await;
    }
    assert_eq!(world.fake.asked.load(Ordering::SeqCst), 1, "nobody else began it");
    drop(running);
}
