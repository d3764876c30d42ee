//! Another life of the database is noticed once, and everything is asked for again.

use crate::mocks::{MockGateway, MockJobs, MockOrders, desk, ready};
use crate::overheard::Overheard;
use crate::samples::now;
use domain::Epoch;
use domain::ports::{CommitAnswer, StoreError};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tracing::Level;

fn unavailable() -> StoreError {
    StoreError::Unavailable("gone".to_owned())
}

/// A database whose lives are these, look by look, and what was noted in it.
fn living(lives: &[&'static str], noted: &Arc<Mutex<BTreeSet<String>>>) -> MockOrders {
    let mut orders = MockOrders::new();
    let mut lives = Vec::from(lives).into_iter();
    orders.expect_epoch().returning(move || ready(Ok(Epoch::new(lives.next().unwrap()))));
    let known = Arc::clone(noted);
    orders.expect_committed().returning(move |name| {
        let known = known.lock().unwrap().contains(name.as_str());
        ready(Ok(known))
    });
    let kept = Arc::clone(noted);
    orders.expect_commit().returning(move |changeset| {
        assert!(changeset.order.is_none() && changeset.decided_in.is_some());
        kept.lock().unwrap().insert(changeset.command_id.as_str().to_owned());
        ready(CommitAnswer::Committed)
    });
    orders
}

#[tokio::test]
async fn everything_is_due_once_when_the_database_begins_another_life() {
    let noted = Arc::default();
    let lives = living(&["1", "1", "2", "2", "2"], &noted);
    let mut desk = desk(lives, MockGateway::new(), now());
    let mut jobs = MockJobs::new();
    // Of the second life once without success: it is tried again.
    let mut answers = [Ok(0), Err(unavailable()), Ok(7)].into_iter();
    jobs.expect_rouse().times(3).returning(move |_| ready(answers.next().unwrap()));
    desk.jobs = Arc::new(jobs);
    desk.watch_epoch().await.unwrap();
    desk.watch_epoch().await.unwrap();
    assert!(desk.watch_epoch().await.is_err());
    desk.watch_epoch().await.unwrap();
    desk.watch_epoch().await.unwrap();
    assert_eq!(noted.lock().unwrap().len(), 2);
}

/// Every process began anew while the database failed over: none remembers the life before.
#[tokio::test]
async fn a_process_that_begins_knows_which_life_was_looked_after_already() {
    let noted = Arc::default();
    for (life, rouses) in [("1", 1), ("1", 0), ("2", 1), ("2", 0)] {
        let mut desk = desk(living(&[life], &noted), MockGateway::new(), now());
        let mut jobs = MockJobs::new();
        jobs.expect_rouse().times(rouses).returning(move |_| ready(Ok(3)));
        desk.jobs = Arc::new(jobs);
        desk.watch_epoch().await.unwrap();
    }
}

#[tokio::test]
async fn a_life_that_ends_while_it_is_looked_after_is_not_taken_for_seen() {
    let mut orders = MockOrders::new();
    orders.expect_epoch().returning(|| ready(Ok(Epoch::new("1"))));
    orders.expect_committed().returning(|_| ready(Ok(false)));
    let mut answers = [CommitAnswer::Conflict, CommitAnswer::Committed].into_iter();
    orders.expect_commit().times(2).returning(move |_| ready(answers.next().unwrap()));
    let mut desk = desk(orders, MockGateway::new(), now());
    let mut jobs = MockJobs::new();
    jobs.expect_rouse().times(2).returning(|_| ready(Ok(1)));
    desk.jobs = Arc::new(jobs);
    assert!(desk.watch_epoch().await.is_err());
    desk.watch_epoch().await.unwrap();
    desk.watch_epoch().await.unwrap();
}

/// How often it is said that everything is asked for again, in a process that looks at these lives
/// and finds so much to ask for in each.
async fn alarms(lives: &[&'static str], roused: u64) -> usize {
    let mut desk = desk(living(lives, &Arc::default()), MockGateway::new(), now());
    let mut jobs = MockJobs::new();
    jobs.expect_rouse().returning(move |_| ready(Ok(roused)));
    desk.jobs = Arc::new(jobs);
    let overheard = Overheard::listen();
    for _ in lives {
        desk.watch_epoch().await.unwrap();
    }
    overheard.count(Level::ERROR, "epoch.moved")
}

#[tokio::test]
async fn a_failover_is_loud_and_the_first_start_of_an_empty_shop_is_not() {
    assert_eq!(alarms(&["1"], 0).await, 0);
    assert_eq!(alarms(&["1"], 3).await, 1, "there was a life before");
    assert_eq!(alarms(&["1", "1", "2", "2"], 0).await, 1, "also when nothing was to be asked");
}
