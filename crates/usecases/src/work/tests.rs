//! What becomes of a job that succeeds, fails, panics, or was begun again and again; and of work
//! that nobody promised.

use crate::Paydesk;
use crate::mocks::{MockGateway, MockJobs, MockOrders, all_the_jitter, desk, ready};
use crate::overheard::Overheard;
use crate::samples::{epoch, fact, now, order, receipt, refund_fact, store};
use domain::OutRefundNo;
use domain::changeset::{Fence, Refusal};
use domain::fact::Trade;
use domain::job::JobId;
use domain::ports::{CommitAnswer, Finish, LeasedJob, StoreError};
use std::sync::{Arc, Mutex};
use tracing::Level;

const SWEEP_FOUND: &str = "sweep.found";

fn job(attempts: u32) -> LeasedJob {
    let fence = Fence { job: JobId::expire(&order().number), token: 4 };
    LeasedJob { fence, attempts, wanted: false }
}

type Finished = Arc<Mutex<Vec<(Fence, Finish)>>>;

fn finishing(orders: MockOrders) -> (Paydesk, Finished) {
    let finished = Finished::default();
    let (mut jobs, kept) = (MockJobs::new(), Arc::clone(&finished));
    jobs.expect_finish().returning(move |lease, finish| {
        kept.lock().unwrap().push((lease.clone(), finish));
        ready(Ok(true))
    });
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.jobs = Arc::new(jobs);
    (desk, finished)
}

/// A store whose order is gone: there is nothing left to cancel.
fn without_order() -> MockOrders {
    let mut orders = MockOrders::new();
    orders.expect_load().times(1).returning(|_| ready(Ok(None)));
    orders
}

fn down() -> MockOrders {
    let mut orders = MockOrders::new();
    orders
        .expect_load()
        .returning(|_| ready(Err(StoreError::Unavailable("the store is down".to_owned()))));
    orders
}

/// What becomes of the job after so many attempts.
async fn performed(orders: MockOrders, attempts: u32) -> Finish {
    let (desk, finished) = finishing(orders);
    desk.perform(&job(attempts)).await;
    let finished = finished.lock().unwrap();
    assert_eq!(finished.len(), 1, "said once");
    assert_eq!(finished[0].0, job(attempts).fence, "under its own lease");
    finished[0].1.clone()
}

#[tokio::test]
async fn a_job_is_performed_and_what_becomes_of_it_is_said() {
    assert_eq!(performed(without_order(), 1).await, Finish::Done);
}

/// Leases end by the store's clock, which may be set back.
#[tokio::test]
async fn a_job_whose_write_was_refused_for_its_lease_is_never_said_to_be_done() {
    let order = order();
    let kinds = [JobId::follow(order.payments[0].out_trade_no()), JobId::expire(&order.number)];
    for id in kinds {
        let fenced = vec![CommitAnswer::GuardRefused(Refusal::Fenced)];
        let (orders, _) = store(vec![order.clone()], fenced);
        let finished = Finished::default();
        let (mut jobs, kept) = (MockJobs::new(), Arc::clone(&finished));
        jobs.expect_finish().returning(move |lease, finish| {
            kept.lock().unwrap().push((lease.clone(), finish));
            ready(Ok(true))
        });
        let mut gateway = MockGateway::new();
        let success = fact(&order, Trade::Success(receipt()));
        gateway.expect_query().returning(move |_| ready(Ok(success.clone())));
        let late = now().plus_seconds(86_400);
        let mut desk = desk(orders, gateway, late);
        desk.jobs = Arc::new(jobs);
        let fence = Fence { job: id, token: 4 };
        desk.perform(&LeasedJob { fence, attempts: 1, wanted: false }).await;
        let finishes: Vec<Finish> =
            finished.lock().unwrap().iter().map(|(_, finish)| finish.clone()).collect();
        assert_eq!(finishes, [Finish::Again(late)]);
    }
}

#[tokio::test]
async fn a_job_that_was_begun_thirty_times_and_never_ended_comes_every_other_time_alone() {
    let later = Finish::Retry(now().plus_seconds(60));
    for attempts in [31, 33, 59] {
        assert_eq!(performed(MockOrders::new(), attempts).await, later, "{attempts} is not begun");
    }
    for attempts in [30, 32, 58, 60] {
        assert_eq!(performed(without_order(), attempts).await, Finish::Done, "{attempts}");
    }
    assert_eq!(performed(down(), 32).await, later, "it may fail once");
}

#[tokio::test]
async fn a_job_that_was_begun_sixty_times_is_set_aside_without_being_begun_again() {
    let finish = performed(down(), 60).await;
    assert!(matches!(finish, Finish::Park(_)), "{finish:?}");
    for attempts in [61, 62] {
        let finish = performed(MockOrders::new(), attempts).await;
        assert!(matches!(finish, Finish::Park(_)), "{attempts}: {finish:?}");
    }
}

#[tokio::test]
async fn a_job_that_fails_is_tried_again_later_and_later_but_every_minute() {
    for (attempts, pause_s) in [(1, 2), (2, 4), (29, 58)] {
        let expected = Finish::Retry(now().plus_seconds(pause_s));
        assert_eq!(performed(down(), attempts).await, expected);
    }
}

#[tokio::test]
async fn a_job_that_fails_thirty_times_is_set_aside_with_what_went_wrong() {
    let finish = performed(down(), 30).await;
    let Finish::Park(why) = finish else { panic!("{finish:?}") };
    assert!(why.contains("the store is down"), "{why}");
}

/// It was heard of every time. What a person reads is what is so.
#[tokio::test]
async fn what_nobody_knows_thirty_times_is_set_aside_as_that() {
    for (attempts, is_over) in [(29, false), (30, true), (32, false), (60, true)] {
        let no = OutRefundNo::parse("console-1").unwrap();
        let unknown = refund_fact(&order(), &no, None);
        let mut orders = MockOrders::new();
        orders.expect_load().returning(|_| ready(Ok(None)));
        let mut gateway = MockGateway::new();
        gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(unknown)));
        let (mut desk, finished) = finishing(orders);
        desk.gateway = Arc::new(gateway);
        let fence = Fence { job: JobId::refund(&no), token: 4 };
        desk.perform(&LeasedJob { fence, attempts, wanted: false }).await;
        match &finished.lock().unwrap()[..] {
            [(_, Finish::Retry(_))] => assert!(!is_over, "{attempts}"),
            [(_, Finish::Park(why))] => {
                assert!(is_over && why.contains("WeChat Pay"), "{attempts}: {why}");
            }
            other => panic!("{attempts}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_job_that_panics_is_a_job_that_fails() {
    for (attempts, is_over) in [(1, false), (30, true)] {
        let (desk, finished) = finishing(MockOrders::new());
        desk.after_panic(&job(attempts)).await;
        let finished = finished.lock().unwrap();
        match &finished[..] {
            [(_, Finish::Retry(at))] => assert!(!is_over && *at == now().plus_seconds(2)),
            [(_, Finish::Park(_))] => assert!(is_over),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn jobs_that_failed_together_are_tried_again_up_to_a_fifth_apart() {
    let (mut desk, finished) = finishing(down());
    desk.ids = all_the_jitter();
    desk.perform(&job(4)).await;
    let at = now().plus_millis(8_000 + 1_600);
    assert_eq!(finished.lock().unwrap()[0].1, Finish::Retry(at));
}

/// What a sweep that finds `found` answers, and how often it is loud.
async fn sweep(found: Vec<JobId>) -> (usize, usize) {
    let mut orders = MockOrders::new();
    orders.expect_epoch().returning(|| ready(Ok(epoch())));
    orders.expect_committed().returning(|_| ready(Ok(true)));
    let mut jobs = MockJobs::new();
    jobs.expect_sweep()
        .withf(|at, limit| *at == now() && *limit > 0)
        .return_once(move |_, _| ready(Ok(found)));
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.jobs = Arc::new(jobs);
    let overheard = Overheard::listen();
    let count = desk.sweep().await.unwrap();
    (count, overheard.count(Level::ERROR, SWEEP_FOUND))
}

#[tokio::test]
async fn work_that_nobody_promised_is_counted_and_loud() {
    let lost = JobId::follow(order().payments[0].out_trade_no());
    let other = JobId::orphan(order().payments[0].out_trade_no());
    assert_eq!(sweep(vec![lost, other]).await, (2, 1));
}

#[tokio::test]
async fn a_sweep_that_finds_nothing_is_silent() {
    assert_eq!(sweep(Vec::new()).await, (0, 0));
}
