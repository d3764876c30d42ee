//! What WeChat Pay is answered, and what must be durable before.

mod refunds;

use super::NoticeAnswer;
use crate::Paydesk;
use crate::mocks::{MockGateway, MockNotices, MockOrders, desk, ready};
use crate::overheard::Overheard;
use crate::samples::{Life, fact, living, notified, now, order, receipt, store};
use domain::Fen;
use domain::case::CaseKind;
use domain::changeset::{Changeset, InboxStatus, Refusal};
use domain::fact::{Evidence, PaymentFact, Receipt, Trade};
use domain::job::{JobChange, JobId};
use domain::names::{Mchid, TransactionId};
use domain::order::Order;
use domain::ports::{
    CommitAnswer, GatewayError, Notice, NoticeBody, NoticeError, RawNotice, StoreError,
};
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

/// What WeChat Pay took: so much, under this number.
fn took(amount: i64, transaction_id: &str) -> Receipt {
    let (amount, transaction_id) = (Fen::new(amount), TransactionId::new(transaction_id));
    Receipt { amount, transaction_id, ..receipt() }
}

/// A notification about one fen more than was asked; WeChat Pay's own answer says `heard`.
async fn one_fen_more(heard: Option<Trade>) -> (NoticeAnswer, Life) {
    let told = notified(&order(), Trade::Success(took(101, "T-1")));
    let notice = Notice { body: NoticeBody::Payment(Box::new(told)), ..notice(&order(), "T-1") };
    let mut gateway = MockGateway::new();
    let lost = || GatewayError::OutcomeUnknown("lost".to_owned());
    let answer = heard.map(|trade| fact(&order(), trade)).ok_or_else(lost);
    gateway.expect_query().times(1).return_once(move |_| ready(answer));
    let (orders, life) = living(order());
    let mut desk = opening(orders, Ok(notice));
    desk.gateway = Arc::new(gateway);
    let answer = ingest(&desk).await;
    drop(desk);
    let life = Arc::into_inner(life).unwrap().into_inner().unwrap();
    (answer, life)
}

#[tokio::test]
async fn another_amount_that_a_query_confirms_goes_back_and_is_acknowledged() {
    let (answer, life) = one_fen_more(Some(Trade::Success(took(101, "T-1")))).await;
    assert_eq!(answer, NoticeAnswer::Acknowledged);
    assert_eq!(life.events(), ["payment_surplus", "refund_requested"]);
    assert_eq!(life.order.refunds[0].amount, domain::Fen::new(101));
    assert_eq!(life.order.status, domain::order::OrderStatus::PendingPayment, "still payable");
}

/// What is not money may be said in one place only.
#[tokio::test]
async fn a_query_that_says_less_about_the_payer_confirms_all_the_same() {
    let mut notice = notice(&order(), "T-1");
    let mut receipt = receipt();
    receipt.amount = domain::Fen::new(101);
    let heard = fact(&order(), Trade::Success(receipt.clone()));
    receipt.payer_total = Some(domain::Fen::new(90));
    receipt.payer = Some(domain::names::Openid::new("o-1"));
    notice.body = NoticeBody::Payment(Box::new(notified(&order(), Trade::Success(receipt))));
    let mut gateway = MockGateway::new();
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(heard)));
    let (orders, life) = living(order());
    let mut desk = opening(orders, Ok(notice));
    desk.gateway = Arc::new(gateway);
    assert_eq!(ingest(&desk).await, NoticeAnswer::Acknowledged);
    let life = life.lock().unwrap();
    assert_eq!(life.events(), ["payment_surplus", "refund_requested"]);
}

#[tokio::test]
async fn another_amount_that_a_query_denies_settles_by_the_query_and_has_a_case() {
    let (answer, life) = one_fen_more(Some(Trade::Success(took(100, "T-1")))).await;
    assert_eq!(answer, NoticeAnswer::TryAgain);
    assert_eq!(life.events(), ["payment_paid", "settled"]);
    let last = life.written.last().unwrap();
    assert_eq!(last.inbox.as_ref().unwrap().status, InboxStatus::Mismatch);
    assert_eq!(last.cases[0].kind, CaseKind::AmountMismatch);
}

/// Queries lag behind payments by seconds: that is no contradiction that a person should look into.
#[tokio::test]
async fn another_amount_of_which_the_query_lags_behind_is_kept_for_later_and_no_case() {
    for behind in [Trade::NotPaid, Trade::NotExist] {
        let mut notice = notice(&order(), "T-1");
        let mut receipt = receipt();
        receipt.amount = domain::Fen::new(101);
        notice.body = NoticeBody::Payment(Box::new(notified(&order(), Trade::Success(receipt))));
        let mut gateway = MockGateway::new();
        let heard = fact(&order(), behind);
        gateway.expect_query().times(1).return_once(move |_| ready(Ok(heard)));
        let (orders, life) = living(order());
        let mut desk = opening(orders, Ok(notice));
        desk.gateway = Arc::new(gateway);
        assert_eq!(ingest(&desk).await, NoticeAnswer::TryAgain);
        let life = life.lock().unwrap();
        let kept = life.written.last().unwrap();
        assert_eq!(kept.inbox.as_ref().unwrap().status, InboxStatus::Verified);
        assert!(matches!(kept.jobs[..], [JobChange::Ensure { .. }]));
        assert!(life.written.iter().all(|changeset| changeset.cases.is_empty()));
    }
}

#[tokio::test]
async fn another_amount_that_nobody_confirms_changes_nothing_and_is_asked_about_by_the_job() {
    let (answer, life) = one_fen_more(None).await;
    assert_eq!(answer, NoticeAnswer::TryAgain);
    assert!(life.events().is_empty());
    let kept = life.written.last().unwrap();
    assert_eq!(kept.inbox.as_ref().unwrap().status, InboxStatus::Verified);
    assert!(matches!(kept.jobs[..], [JobChange::Ensure { .. }]));
}

/// Ruling 8: verified but not applied is stored with a job, also after a query confirmed it.
#[tokio::test]
async fn a_confirmed_mismatch_that_cannot_be_committed_is_kept_with_its_job() {
    let mut notice = notice(&order(), "T-1");
    let mut receipt = receipt();
    receipt.amount = domain::Fen::new(101);
    notice.body =
        NoticeBody::Payment(Box::new(notified(&order(), Trade::Success(receipt.clone()))));
    let mut gateway = MockGateway::new();
    gateway
        .expect_query()
        .times(1)
        .return_once(move |_| ready(Ok(fact(&order(), Trade::Success(receipt)))));
    let mut answers = vec![CommitAnswer::Conflict; 12];
    answers.push(CommitAnswer::Committed);
    let (orders, written) = store(vec![order()], answers);
    let mut desk = opening(orders, Ok(notice));
    desk.gateway = Arc::new(gateway);
    assert_eq!(ingest(&desk).await, NoticeAnswer::TryAgain);
    let kept = written.lock().unwrap().pop().unwrap();
    assert_eq!(kept.inbox.map(|i| i.status), Some(InboxStatus::Verified), "nothing was stored");
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

/// A person gave it back in the merchant console before we asked.
#[tokio::test]
async fn what_was_refunded_since_confirms_that_just_that_was_paid() {
    for (heard, is_the_same) in
        [(took(101, "T-1"), true), (took(100, "T-1"), false), (took(101, "T-2"), false)]
    {
        let (answer, life) = one_fen_more(Some(Trade::Refunded(heard.clone()))).await;
        assert_eq!(answer == NoticeAnswer::Acknowledged, is_the_same, "{heard:?}");
        let status = life.written.last().unwrap().inbox.as_ref().unwrap().status;
        let expected = if is_the_same { InboxStatus::Applied } else { InboxStatus::Mismatch };
        assert_eq!(status, expected, "{heard:?}");
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
