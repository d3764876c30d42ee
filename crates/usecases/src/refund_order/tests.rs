//! One key, one refund; what is refused reserves nothing.

use crate::mocks::{MockGateway, MockJobs, desk, ready};
use crate::samples::{keyed, living, now, ready_order};
use crate::{ActError, Action, Target, TransactError};
use domain::changeset::Audit;
use domain::job::JobId;
use domain::order::{OrderStatus, RefundAsk, RefundOf, Rejection};
use domain::ports::OrderKey;
use domain::refund::{Asker, RefundState};
use domain::{Fen, OutRefundNo};
use std::sync::Arc;

fn action(key: &str) -> Action {
    Action {
        target: Target::anybodys(OrderKey::Id(ready_order().id)),
        audit: Audit { actor: "operator:1".into(), cause: "refund".into(), request_id: None },
        keyed: keyed(key),
    }
}

fn ask(amount: i64) -> RefundAsk {
    RefundAsk {
        what: RefundOf::Amount(Fen::new(amount)),
        reason: "坏了".to_owned(),
        by: Asker::Operator,
        out_refund_no: None,
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_refund() {
    let (orders, life) = living(ready_order());
    let desk = desk(orders, MockGateway::new(), now());
    let first = desk.refund_order(&action("one"), ask(40)).await.unwrap();
    let again = desk.refund_order(&action("one"), ask(40)).await.unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(first.out_refund_no, again.out_refund_no);
    assert!(
        first.order.refund(&first.out_refund_no).is_some(),
        "the number that it answers is its"
    );
    assert_eq!(life.lock().unwrap().order.refunds.len(), 1);
}

#[tokio::test]
async fn another_key_is_another_refund_until_nothing_is_left() {
    let (orders, _) = living(ready_order());
    let desk = desk(orders, MockGateway::new(), now());
    let first = desk.refund_order(&action("one"), ask(60)).await.unwrap();
    let too_much = desk.refund_order(&action("two"), ask(60)).await.unwrap_err();
    let why = ActError::from(TransactError::Rejected(Rejection::RefundExceedsPaid));
    assert_eq!(too_much.to_string(), why.to_string());
    let rest = desk.refund_order(&action("three"), ask(40)).await.unwrap();
    assert_ne!(first.out_refund_no, rest.out_refund_no);
    assert_eq!(rest.order.status, OrderStatus::Cancelling, "the whole rest is a cancel");
}

#[tokio::test]
async fn a_large_one_of_an_operator_waits_for_another_person() {
    let (orders, _) = living(ready_order());
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.settings.refund_approval_above = Fen::new(50);
    let refunded = desk.refund_order(&action("one"), ask(51)).await.unwrap();
    let refund = refunded.order.refund(&refunded.out_refund_no).unwrap();
    assert_eq!(refund.state, RefundState::AwaitingApproval);
    assert_eq!(refund.actor, "operator:1");
}

#[tokio::test]
async fn a_retry_makes_its_job_due_now() {
    let (orders, _) = living(ready_order());
    let mut desk = desk(orders, MockGateway::new(), now());
    let no: OutRefundNo = desk.refund_order(&action("one"), ask(40)).await.unwrap().out_refund_no;
    let mut jobs = MockJobs::new();
    let expected = JobId::refund(&no);
    jobs.expect_hasten()
        .times(1)
        .withf(move |id, at| *id == expected && *at == now())
        .returning(|_, _| ready(Ok(())));
    desk.jobs = Arc::new(jobs);
    desk.retry_refund(&action("two"), &no, None).await.unwrap();
}
