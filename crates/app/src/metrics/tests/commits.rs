//! Commits: what each brought about is counted when it is known to be durable, and once.

use super::{meters, value};
use crate::metrics::{MeteredOrders, Meters};
use crate::telemetry::capture::said;
use domain::changeset::{Changeset, ReplayRecord, ReplayScope};
use domain::order::Order;
use domain::ports::{
    CommitAnswer, Loaded, OrderKey, OrderList, OrderListing, OrderStore, PortFuture, StoreError,
};
use domain::{CommandId, Epoch};
use serde_json::Value;
use std::collections::VecDeque;
use std::future::ready;
use std::sync::{Arc, Mutex};
use testkit::conformance::{deciding, placing};
use testkit::sample;

/// Answers every commit with the next of these; of every commit it says that it was committed.
struct Script(Mutex<VecDeque<CommitAnswer>>);

impl OrderStore for Script {
    fn load<'a>(
        &'a self,
        _key: &'a OrderKey,
    ) -> PortFuture<'a, Result<Option<Loaded<Order>>, StoreError>> {
        panic!("nothing is loaded")
    }

    fn commit(&self, _changeset: Changeset) -> PortFuture<'_, CommitAnswer> {
        Box::pin(ready(self.0.lock().unwrap().pop_front().unwrap()))
    }

    fn committed<'a>(
        &'a self,
        _command_id: &'a CommandId,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(ready(Ok(true)))
    }

    fn replay<'a>(
        &'a self,
        _scope: &'a ReplayScope,
    ) -> PortFuture<'a, Result<Option<ReplayRecord>, StoreError>> {
        panic!("nothing is asked")
    }

    fn epoch(&self) -> PortFuture<'_, Result<Epoch, StoreError>> {
        panic!("nothing is asked")
    }

    fn list<'a>(
        &'a self,
        _query: &'a OrderList,
    ) -> PortFuture<'a, Result<OrderListing, StoreError>> {
        panic!("nothing is listed")
    }
}

/// A settling commit.
fn settling() -> Changeset {
    let sku = sample::sku("tea", 100, 1);
    let placement = sample::placement(1, sample::user(1), &[(&sku, 1)]);
    let order = placing(&placement, sample::intent("place")).order.unwrap().order;
    deciding(&order, &sample::success(&order, "T-1"), sample::intent("settle"))
}

fn metered(meters: &Arc<Meters>, answers: &[CommitAnswer]) -> MeteredOrders {
    let script = answers.iter().cloned().collect();
    MeteredOrders::new(Arc::new(Script(Mutex::new(script))), meters)
}

fn settled(meters: &Meters) -> f64 {
    value(meters, "paydesk_order_events_total{event=\"settled\"}").unwrap()
}

fn unknown() -> CommitAnswer {
    CommitAnswer::OutcomeUnknown("the link was cut".to_owned())
}

/// Runs to its end on this thread, where what is logged is heard.
fn heard(work: impl Future<Output = ()>) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lines = said(|| runtime.block_on(work));
    lines.into_iter().filter(|line| line["event"] == "order.paid").collect()
}

#[test]
fn a_durable_settlement_is_counted_and_said_with_its_numbers() {
    let meters = meters();
    let store = metered(&meters, &[CommitAnswer::Committed]);
    assert_eq!(settled(&meters), 0.0, "there from the start, so that the first one is a rise");
    let changeset = settling();
    let order = changeset.order.clone().unwrap().order;
    let lines = heard(async {
        assert_eq!(store.commit(changeset).await, CommitAnswer::Committed);
    });
    assert_eq!(settled(&meters), 1.0);
    assert_eq!(value(&meters, "paydesk_commits_total{answer=\"committed\"}"), Some(1.0));
    assert_eq!(value(&meters, "paydesk_commit_duration_seconds_count"), Some(1.0));
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!(line["order.number"], order.number.to_string());
    assert_eq!(line["payment.out_trade_no"], sample::out_trade_no(&order).to_string());
    assert_eq!(line["payment.transaction_id"], "T-1");
    assert_eq!(line["order.amount_fen"], 100);
    assert_eq!(line["level"], "INFO");
}

#[test]
fn what_is_not_durable_is_no_news() {
    for answer in [CommitAnswer::Conflict, CommitAnswer::RolledBack("deadlock".to_owned())] {
        let meters = meters();
        let store = metered(&meters, std::slice::from_ref(&answer));
        let lines = heard(async {
            assert_eq!(store.commit(settling()).await, answer);
        });
        assert_eq!((settled(&meters), lines.len()), (0.0, 0), "{answer:?}");
    }
}

#[test]
fn an_unknown_commit_is_news_once_it_is_found_committed() {
    let meters = meters();
    let store = metered(&meters, &[unknown()]);
    let changeset = settling();
    let command = changeset.command_id.clone();
    let before = heard(async {
        store.commit(changeset).await;
    });
    assert_eq!((settled(&meters), before.len()), (0.0, 0), "nobody knows yet");
    let after = heard(async {
        assert_eq!(store.committed(&command).await, Ok(true));
        assert_eq!(store.committed(&command).await, Ok(true));
    });
    assert_eq!((settled(&meters), after.len()), (1.0, 1));
}

#[test]
fn an_unknown_commit_that_meets_itself_is_news_once() {
    let meters = meters();
    let already = CommitAnswer::AlreadyCommitted;
    let store = metered(&meters, &[unknown(), already.clone(), already]);
    let lines = heard(async {
        for _ in 0..3 {
            store.commit(settling()).await;
        }
    });
    assert_eq!((settled(&meters), lines.len()), (1.0, 1));
}

#[test]
fn what_another_process_has_committed_is_its_news() {
    let meters = meters();
    let store = metered(&meters, &[CommitAnswer::AlreadyCommitted]);
    let lines = heard(async {
        store.commit(settling()).await;
    });
    assert_eq!((settled(&meters), lines.len()), (0.0, 0));
    assert_eq!(value(&meters, "paydesk_commits_total{answer=\"already_committed\"}"), Some(1.0));
}
