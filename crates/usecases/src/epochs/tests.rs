//! Another life of the database is noticed once, and everything is asked for again.

use crate::mocks::{MockGateway, MockJobs, MockOrders, desk, ready};
use crate::samples::now;
use domain::Epoch;
use domain::ports::StoreError;
use std::sync::Arc;

fn unavailable() -> StoreError {
    StoreError::Unavailable("gone".to_owned())
}

#[tokio::test]
async fn everything_is_due_once_when_the_database_begins_another_life() {
    let mut orders = MockOrders::new();
    let mut names = ["1", "1", "2", "2", "2"].into_iter();
    orders.expect_epoch().returning(move || ready(Ok(Epoch::new(names.next().unwrap()))));
    let mut desk = desk(orders, MockGateway::new(), now());
    let mut jobs = MockJobs::new();
    // Once without success: it is tried again.
    let mut answers = [Err(unavailable()), Ok(7)].into_iter();
    jobs.expect_rouse().times(2).returning(move |_| ready(answers.next().unwrap()));
    desk.jobs = Arc::new(jobs);
    desk.watch_epoch().await.unwrap();
    desk.watch_epoch().await.unwrap();
    assert!(desk.watch_epoch().await.is_err());
    desk.watch_epoch().await.unwrap();
    desk.watch_epoch().await.unwrap();
}
