//! A notification of another amount than was asked is not believed alone: what a query says counts.

use super::super::NoticeAnswer;
use super::{ingest, notice, opening};
use crate::mocks::{MockGateway, ready};
use crate::samples::{Life, fact, living, notified, order, receipt, store};
use domain::Fen;
use domain::case::CaseKind;
use domain::changeset::InboxStatus;
use domain::fact::{Receipt, Trade};
use domain::job::JobChange;
use domain::names::TransactionId;
use domain::ports::{CommitAnswer, GatewayError, Notice, NoticeBody};
use std::sync::Arc;

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
async fn another_amount_of_what_a_query_calls_closed_is_no_money_and_not_acknowledged() {
    let (answer, life) = one_fen_more(Some(Trade::Closed)).await;
    assert_eq!(answer, NoticeAnswer::TryAgain);
    let kept = life.written.last().unwrap();
    assert_eq!(kept.inbox.as_ref().unwrap().status, InboxStatus::Mismatch);
    assert_eq!(kept.cases[0].kind, CaseKind::AmountMismatch);
}
