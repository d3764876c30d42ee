//! What WeChat Pay is answered, and what must be durable before.

mod confirming;
mod refunds;

use super::NoticeAnswer;
use crate::Paydesk;
use crate::mocks::{MockGateway, MockNotices, MockOrders, desk, ready};
use crate::overheard::Overheard;
use crate::samples::{fact, notified, now, order, receipt, store};
use domain::case::CaseKind;
use domain::changeset::{Changeset, InboxStatus, Refusal};
use domain::fact::{Evidence, PaymentFact, Trade};
use domain::job::{JobChange, JobId};
use domain::names::Mchid;
use domain::order::Order;
use domain::ports::{CommitAnswer, Notice, NoticeBody, NoticeError, RawNotice, StoreError};
use std::sync::{Arc, Mutex};
use tracing::Level;

fn notice(order: &Order, transaction_id: &str) -> Notice {
    let mut receipt = receipt();
    receipt.transaction_id = domain::names::TransactionId::new(transaction_id);
    Notice {
        event_id: "EV-1".to_owned(),
        event_type: "TRANSACTION.SUCCESS".to_owned(),
        fact_hash: "hash".to_owned(),
        body: NoticeBody::Payment(Box::new(notified(order, Trade::Success(receipt)))),
    }
}

fn opening(orders: MockOrders, opened: Result<Notice, NoticeError>) -> Paydesk {
    let mut notices = MockNotices::new();
    notices.expect_open().times(1).return_once(move |_, _| ready(opened));
    Paydesk { notices: Arc::new(notices), ..desk(orders, MockGateway::new(), now()) }
}

type Written = Arc<Mutex<Vec<Changeset>>>;

async fn ingest(desk: &Paydesk) -> NoticeAnswer {
    desk.ingest_notice(&RawNotice::default(), "r-1").await
}

fn only(written: &Written) -> Changeset {
    let mut written = written.lock().unwrap();
    assert_eq!(written.len(), 1);
    written.remove(0)
}

#[tokio::test]
async fn a_success_is_acknowledged_after_its_commit() {
    let order = order();
    let (orders, written) = store(vec![order.clone()], vec![CommitAnswer::Committed]);
    let answer = ingest(&opening(orders, Ok(notice(&order, "T-1")))).await;
    assert_eq!(answer, NoticeAnswer::Acknowledged);
    assert_eq!(only(&written).inbox.unwrap().status, InboxStatus::Applied);
}

#[tokio::test]
async fn what_is_not_believed_is_not_even_looked_up() {
    for error in [
        NoticeError::Untrusted("signature"),
        NoticeError::Probe,
        NoticeError::Malformed("json"),
        NoticeError::KeysUnavailable,
    ] {
        let answer = ingest(&opening(MockOrders::new(), Err(error.clone()))).await;
        assert_eq!(answer, NoticeAnswer::Refused(error));
    }
}

#[tokio::test]
async fn an_unknown_number_is_stored_with_a_case_and_not_acknowledged() {
    let order = order();
    let (mut orders, written) = (MockOrders::new(), Written::default());
    orders.expect_load().returning(|_| ready(Ok(None)));
    let kept = Arc::clone(&written);
    orders.expect_commit().times(1).returning(move |changeset| {
        kept.lock().unwrap().push(changeset);
        ready(CommitAnswer::Committed)
    });
    let answer = ingest(&opening(orders, Ok(notice(&order, "T-1")))).await;
    assert_eq!(answer, NoticeAnswer::Orphan);
    let stored = only(&written);
    assert_eq!(stored.inbox.as_ref().unwrap().status, InboxStatus::Orphan);
    assert_eq!(stored.cases[0].kind, CaseKind::UnknownOrder);
    assert!(
        stored.command_id.as_str().starts_with("unapplied:"),
        "it must still be applicable when it is sent again"
    );
}

#[tokio::test]
async fn another_transaction_under_a_paid_number_is_kept_and_not_acknowledged() {
    let open = order();
    let (orders, _) = store(vec![open.clone()], vec![CommitAnswer::Committed]);
    let desk = opening(orders, Ok(notice(&open, "T-1")));
    assert_eq!(ingest(&desk).await, NoticeAnswer::Acknowledged);
    let settled = {
        let fact = fact(&open, Trade::Success(receipt()));
        let command = domain::order::Command::RecordFact(fact);
        match open.decide(&command, now()).unwrap() {
            domain::order::Decision::Record(events) => open.clone().after(&events),
            domain::order::Decision::AlreadyApplied => panic!("not settled"),
        }
    };
    let (orders, written) = store(vec![settled], vec![CommitAnswer::Committed]);
    let answer = ingest(&opening(orders, Ok(notice(&open, "T-2")))).await;
    assert_eq!(answer, NoticeAnswer::TryAgain);
    let stored = only(&written);
    assert!(stored.order.is_none());
    assert_eq!(stored.inbox.unwrap().status, InboxStatus::Mismatch);
}

#[tokio::test]
async fn without_a_durable_commit_nothing_is_acknowledged() {
    let order = order();
    let mut orders = MockOrders::new();
    let down = || StoreError::Unavailable("down".to_owned());
    orders.expect_load().returning(move |_| ready(Err(down())));
    orders
        .expect_commit()
        .times(1)
        .returning(|_| ready(CommitAnswer::RolledBack("down".to_owned())));
    let desk = opening(orders, Ok(notice(&order, "T-1")));
    assert_eq!(ingest(&desk).await, NoticeAnswer::TryAgain);
}

#[tokio::test]
async fn what_is_believed_but_cannot_be_applied_now_is_stored_with_its_job() {
    let order = order();
    let (mut orders, written) = (MockOrders::new(), Written::default());
    let down = || StoreError::Unavailable("down".to_owned());
    orders.expect_load().returning(move |_| ready(Err(down())));
    let kept = Arc::clone(&written);
    orders.expect_commit().times(1).returning(move |changeset| {
        kept.lock().unwrap().push(changeset);
        ready(CommitAnswer::Committed)
    });
    let answer = ingest(&opening(orders, Ok(notice(&order, "T-1")))).await;
    assert_eq!(answer, NoticeAnswer::TryAgain);
    let stored = only(&written);
    assert_eq!(stored.inbox.unwrap().status, InboxStatus::Verified);
    let id = JobId::follow(order.payments[0].out_trade_no());
    assert_eq!(stored.jobs, [JobChange::Ensure { id, due_at: now() }]);
}

#[tokio::test]
async fn a_transaction_of_another_payment_is_shown_as_a_case() {
    let open = order();
    let taken = CommitAnswer::GuardRefused(Refusal::TransactionTaken);
    let (orders, written) = store(vec![open.clone()], vec![taken, CommitAnswer::Committed]);
    let answer = ingest(&opening(orders, Ok(notice(&open, "T-1")))).await;
    assert_eq!(answer, NoticeAnswer::TryAgain);
    let stored = written.lock().unwrap().remove(1);
    assert_eq!(stored.inbox.unwrap().status, InboxStatus::Mismatch);
    assert_eq!(stored.cases.len(), 1);
}

#[tokio::test]
async fn an_event_of_an_unknown_type_is_stored_and_acknowledged() {
    let other = Notice {
        event_type: "SOMETHING.NEW".to_owned(),
        body: NoticeBody::Other,
        ..notice(&order(), "T-1")
    };
    let (orders, written) = store(Vec::new(), vec![CommitAnswer::Committed]);
    let answer = ingest(&opening(orders, Ok(other))).await;
    assert_eq!(answer, NoticeAnswer::Acknowledged);
    assert_eq!(only(&written).inbox.unwrap().status, InboxStatus::Verified);
}

/// WeChat Pay probes us with wrong signatures all the time; a stranger's are worth a look.
#[tokio::test]
async fn a_probe_is_quiet_and_any_other_refusal_is_a_warning() {
    for (error, warnings) in [
        (NoticeError::Probe, 0),
        (NoticeError::Untrusted("signature"), 1),
        (NoticeError::Malformed("json"), 1),
        (NoticeError::KeysUnavailable, 1),
    ] {
        let desk = opening(MockOrders::new(), Err(error.clone()));
        let overheard = Overheard::listen();
        ingest(&desk).await;
        assert_eq!(overheard.count(Level::WARN, "notify.refused"), warnings, "{error:?}");
    }
}

#[tokio::test]
async fn the_case_of_an_unknown_number_says_whether_it_looks_like_ours() {
    for (attach, expected) in [
        (Some("pd1.test.P2026"), "its attach is of our shape"),
        (Some("shop-7"), "its attach is not of our shape"),
        (None, "it has no attach"),
    ] {
        let told = PaymentFact::attested(
            Evidence::Notification { event_id: "EV-1".to_owned() },
            Mchid::new("1900000109"),
            order().payments[0].out_trade_no().clone(),
            Trade::Success(receipt()),
            attach.map(str::to_owned),
        );
        let body = NoticeBody::Payment(Box::new(told));
        let (mut orders, written) = (MockOrders::new(), Written::default());
        orders.expect_load().returning(|_| ready(Ok(None)));
        let kept = Arc::clone(&written);
        orders.expect_commit().times(1).returning(move |changeset| {
            kept.lock().unwrap().push(changeset);
            ready(CommitAnswer::Committed)
        });
        let notice = Notice { body, ..notice(&order(), "T-1") };
        assert_eq!(ingest(&opening(orders, Ok(notice))).await, NoticeAnswer::Orphan);
        let detail = &only(&written).cases[0].detail;
        assert!(detail.ends_with(expected), "{detail}");
    }
}
