//! After the money: what the payer's client said, shipping, delivery, the end.

use super::Stores;
use crate::sample;
use domain::Timestamp;
use domain::changeset::Changeset;
use domain::job::{JobChange, JobId, JobKind};
use domain::order::{
    COMPLETE_AFTER_S, Command, CompletedBy, Order, OrderStatus, PayerReport, PayerResult,
};
use domain::ports::{CommitAnswer, Finish};

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

async fn delivered_order(stores: &Stores, n: u64) -> Order {
    let order = stores.open_order(n).await;
    let paid = sample::success(&order, &format!("T-{n}"));
    let order = stores.step(&order, &paid, at(10)).await;
    let order = stores.step(&order, &Command::Ship(sample::shipment("SF-1", true)), at(20)).await;
    stores.step(&order, &Command::Deliver, at(30)).await
}

async fn last_days_due_at(stores: &Stores, now: Timestamp) -> Vec<String> {
    let due = stores.jobs.claim(now, 100, 0).await.unwrap();
    let last_days = due.into_iter().filter(|job| job.fence.job.kind == JobKind::CompleteOrder);
    last_days.map(|job| job.fence.job.subject).collect()
}

/// Every step compares what is loaded with what was decided; this says what must be among it.
pub async fn what_happens_after_the_money_is_kept(stores: &Stores) {
    let order = stores.open_order(1).await;
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(10)).await;
    assert!(order.shipments.is_empty());
    let some = Command::Ship(sample::shipment("SF-1", false));
    let order = stores.step(&order, &some, at(20)).await;
    assert_eq!((order.status, order.shipments.len()), (OrderStatus::Shipped, 1));
    let rest = Command::Ship(sample::shipment("SF-2", true));
    let order = stores.step(&order, &rest, at(30)).await;
    let sent: Vec<_> = order.shipments.iter().map(|shipment| shipment.at).collect();
    assert_eq!(sent, [at(20), at(30)]);
    assert_eq!(order.shipments[1].draft, sample::shipment("SF-2", true), "every word of it");
    let order = stores.step(&order, &Command::Deliver, at(40)).await;
    assert_eq!((order.status, order.delivered_at), (OrderStatus::Delivered, Some(at(40))));
    let done = Command::Complete(CompletedBy::Operator);
    let order = stores.step(&order, &done, at(50)).await;
    assert_eq!((order.status, order.completed_at), (OrderStatus::Completed, Some(at(50))));
    assert_eq!((order.delivered_at, order.shipments.len()), (Some(at(40)), 2), "still there");
}

pub async fn a_payers_report_is_kept_and_settles_nothing(stores: &Stores) {
    let order = stores.open_order(1).await;
    assert_eq!(order.payer_report, None);
    for (seconds, result) in
        [(5, PayerResult::Cancel), (9, PayerResult::Fail), (12, PayerResult::Ok)]
    {
        let order = stores.again(&order).await;
        let order = stores.step(&order, &Command::NoteReport(result), at(seconds)).await;
        assert_eq!(order.payer_report, Some(PayerReport { result, at: at(seconds) }));
        assert_eq!((order.status, order.settlement), (OrderStatus::PendingPayment, None));
    }
    let order = stores.again(&order).await;
    let paid = stores.step(&order, &sample::success(&order, "T-1"), at(20)).await;
    assert_eq!(paid.payer_report, order.payer_report, "still there");
}

pub async fn a_delivered_order_has_its_last_day_promised(stores: &Stores) {
    let order = delivered_order(stores, 1).await;
    let last_day = at(30).plus_seconds(COMPLETE_AFTER_S);
    assert!(last_days_due_at(stores, last_day.plus_seconds(-1)).await.is_empty());
    assert_eq!(last_days_due_at(stores, last_day).await, [order.number.as_str()]);
    let done = Command::Complete(CompletedBy::Elapsed);
    stores.step(&order, &done, last_day).await;
    assert!(last_days_due_at(stores, last_day).await.is_empty(), "nothing is left to do");
}

pub async fn the_sweep_gives_delivered_orders_their_last_day_once(stores: &Stores) {
    let (one, other) = (delivered_order(stores, 1).await, delivered_order(stores, 2).await);
    let done = Command::Complete(CompletedBy::Buyer);
    stores.step(&other, &done, at(40)).await;
    assert!(stores.jobs.sweep(at(50), 100).await.unwrap().is_empty(), "all work is promised");
    let complete = JobId::complete(&one.number);
    let mut lost = Changeset::without_order(sample::intent("lose"), at(50));
    lost.jobs = vec![JobChange::Remove { id: complete.clone() }];
    assert_eq!(stores.orders.commit(lost).await, CommitAnswer::Committed);
    assert_eq!(stores.jobs.sweep(at(60), 100).await.unwrap(), [complete]);
    assert_eq!(last_days_due_at(stores, at(60)).await, [one.number.as_str()], "due at once");
    assert!(stores.jobs.sweep(at(70), 100).await.unwrap().is_empty());
}

/// What was paid inside WeChat is told to WeChat: the job comes with the shipment, and a later one makes it due anew.
pub async fn each_shipment_has_its_report_promised(stores: &Stores) {
    let order = stores.open_order(1).await;
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(10)).await;
    let report = JobId::report(&order.number);
    let due = async |now: Timestamp| {
        let jobs = stores.jobs.claim(now, 100, 60_000).await.unwrap();
        jobs.into_iter().find(|job| job.fence.job == report)
    };
    assert_eq!(due(at(15)).await, None, "nothing was shipped");
    let some = Command::Ship(sample::shipment("SF-1", false));
    let order = stores.step(&order, &some, at(20)).await;
    let first = due(at(20)).await.expect("a report");
    let rest = Command::Ship(sample::shipment("SF-2", true));
    stores.step(&order, &rest, at(30)).await;
    assert!(stores.jobs.finish(&first.fence, Finish::Done).await.unwrap());
    let again = due(at(30)).await.expect("the rest is told, too, though it came meanwhile");
    assert!(stores.jobs.finish(&again.fence, Finish::Done).await.unwrap());
    assert_eq!(due(at(40)).await, None);
}
