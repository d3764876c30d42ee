//! Somebody who looks at an unpaid order makes WeChat Pay be asked, but not at once again and again.

use crate::mocks::{MockGateway, MockJobs, MockOrders, desk, ready};
use crate::samples::{now, order, ready_order};
use domain::Timestamp;
use domain::job::JobId;
use domain::order::Order;
use std::sync::{Arc, Mutex};

/// What is hastened for somebody who looks at `order`.
async fn looked_at(order: &Order) -> Vec<(JobId, Timestamp)> {
    let hastened = Arc::new(Mutex::new(Vec::new()));
    let (mut jobs, kept) = (MockJobs::new(), Arc::clone(&hastened));
    jobs.expect_hasten().returning(move |id, at| {
        kept.lock().unwrap().push((id.clone(), at));
        ready(Ok(()))
    });
    let mut desk = desk(MockOrders::new(), MockGateway::new(), now());
    desk.jobs = Arc::new(jobs);
    desk.ask_soon(order).await.unwrap();
    drop(desk);
    Arc::into_inner(hastened).unwrap().into_inner().unwrap()
}

#[tokio::test]
async fn who_looks_at_an_unpaid_order_has_its_payment_asked_about_within_two_seconds() {
    let follower = JobId::follow(order().payments[0].out_trade_no());
    assert_eq!(looked_at(&order()).await, [(follower, now().plus_seconds(2))]);
}

#[tokio::test]
async fn nobody_is_asked_about_an_order_that_cannot_be_paid_any_more() {
    assert_eq!(looked_at(&ready_order()).await, []);
}
