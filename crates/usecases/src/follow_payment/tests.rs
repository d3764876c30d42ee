//! Query, close, query: in that order, and what becomes of the job.

use crate::mocks::{MockGateway, desk, ready};
use crate::samples::{fact, now, order, receipt, store};
use crate::{QueryBudget, Urgency};
use domain::changeset::{Fence, Refusal};
use domain::fact::Trade;
use domain::job::JobId;
use domain::order::{CancelCause, Command, Decision, Order, OrderStatus};
use domain::ports::{CommitAnswer, Finish, GatewayError, LeasedJob, WechatRefusal};
use mockall::Sequence;

fn fence(order: &Order) -> Fence {
    Fence { job: JobId::follow(order.payments[0].out_trade_no()), token: 9 }
}

fn cancelling() -> Order {
    let order = order();
    let cancel = Command::Cancel(CancelCause::Buyer);
    match order.decide(&cancel, now()).unwrap() {
        Decision::Record(events) => order.after(&events),
        Decision::AlreadyApplied => panic!("not cancelled"),
    }
}

async fn follow(
    loads: Vec<Order>,
    answers: Vec<CommitAnswer>,
    gateway: MockGateway,
) -> (Finish, Vec<Order>) {
    let (out_trade_no, fence) = (loads[0].payments[0].out_trade_no().clone(), fence(&loads[0]));
    let (orders, written) = store(loads, answers);
    let desk = desk(orders, gateway, now());
    let job = LeasedJob { fence: fence.clone(), attempts: 1, wanted: false };
    let finish = desk.follow_payment(&out_trade_no, &job).await.unwrap();
    let written = written.lock().unwrap();
    assert!(written.iter().all(|c| c.fence.as_ref() == Some(&fence)), "every write is fenced");
    let orders = written.iter().map(|c| c.order.as_ref().unwrap().order.clone()).collect();
    (finish, orders)
}

#[tokio::test]
async fn a_success_found_by_query_settles() {
    let order = order();
    let mut gateway = MockGateway::new();
    let success = fact(&order, Trade::Success(receipt()));
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(success)));
    let (finish, written) = follow(vec![order], vec![CommitAnswer::Committed], gateway).await;
    assert_eq!(finish, Finish::Done);
    assert_eq!(written[0].status, OrderStatus::Ready);
}

#[tokio::test]
async fn closing_is_query_then_close_then_query() {
    let order = cancelling();
    let (mut gateway, mut in_order) = (MockGateway::new(), Sequence::new());
    let (open, closed) = (fact(&order, Trade::NotPaid), fact(&order, Trade::Closed));
    gateway
        .expect_query()
        .times(1)
        .in_sequence(&mut in_order)
        .return_once(move |_| ready(Ok(open)));
    gateway.expect_close().times(1).in_sequence(&mut in_order).return_once(|_| ready(Ok(())));
    gateway
        .expect_query()
        .times(1)
        .in_sequence(&mut in_order)
        .return_once(move |_| ready(Ok(closed)));
    let (finish, written) = follow(vec![order], vec![CommitAnswer::Committed], gateway).await;
    assert_eq!(finish, Finish::Done);
    assert_eq!(written[0].status, OrderStatus::Cancelled);
}

#[tokio::test]
async fn a_payment_found_paid_is_never_closed() {
    let order = cancelling();
    let mut gateway = MockGateway::new();
    let success = fact(&order, Trade::Success(receipt()));
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(success)));
    let (_, written) = follow(vec![order], vec![CommitAnswer::Committed], gateway).await;
    assert_eq!(written[0].status, OrderStatus::Ready);
}

#[tokio::test]
async fn a_204_from_close_proves_nothing() {
    let order = cancelling();
    let mut gateway = MockGateway::new();
    let open = fact(&order, Trade::NotPaid);
    gateway.expect_query().times(2).returning(move |_| ready(Ok(open.clone())));
    gateway.expect_close().times(1).return_once(|_| ready(Ok(())));
    let (finish, written) = follow(vec![order], Vec::new(), gateway).await;
    assert!(matches!(finish, Finish::Again(at) if at > now()));
    assert!(written.is_empty());
}

#[tokio::test]
async fn a_query_without_an_answer_changes_nothing_and_is_asked_again() {
    let mut gateway = MockGateway::new();
    let error = GatewayError::OutcomeUnknown("timeout".to_owned());
    gateway.expect_query().times(1).return_once(move |_| ready(Err(error)));
    let (finish, written) = follow(vec![order()], Vec::new(), gateway).await;
    assert!(matches!(finish, Finish::Again(at) if at > now()));
    assert!(written.is_empty());
}

#[tokio::test]
async fn a_worker_whose_lease_is_lost_stops_and_says_that_nothing_is_done() {
    let order = order();
    let mut gateway = MockGateway::new();
    let success = fact(&order, Trade::Success(receipt()));
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(success)));
    let fenced = vec![CommitAnswer::GuardRefused(Refusal::Fenced)];
    let (finish, _) = follow(vec![order], fenced, gateway).await;
    assert_eq!(finish, Finish::Again(now()), "its lease may be there again");
}

#[tokio::test]
async fn a_payment_whose_money_came_is_asked_about_no_more() {
    let order = order();
    let success = Command::RecordFact(fact(&order, Trade::Success(receipt())));
    let Decision::Record(events) = order.decide(&success, now()).unwrap() else {
        panic!("not paid")
    };
    let (finish, _) = follow(vec![order.after(&events)], Vec::new(), MockGateway::new()).await;
    assert_eq!(finish, Finish::Done);
}

/// Somebody wanted to know: a verified notification could not be applied when it came.
#[tokio::test]
async fn a_closed_payment_is_asked_about_once_when_a_job_says_so() {
    let order = order();
    let closed = Command::RecordFact(fact(&order, Trade::Closed));
    let Decision::Record(events) = order.decide(&closed, now()).unwrap() else {
        panic!("not closed")
    };
    let mut gateway = MockGateway::new();
    let success = fact(&order, Trade::Success(receipt()));
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(success)));
    let answers = vec![CommitAnswer::Committed];
    let (finish, written) = follow(vec![order.after(&events)], answers, gateway).await;
    assert_eq!(finish, Finish::Done);
    assert_eq!(written[0].status, OrderStatus::Ready);
}

fn job_of(order: &Order, wanted: bool) -> LeasedJob {
    LeasedJob { fence: fence(order), attempts: 1, wanted }
}

#[tokio::test]
async fn a_question_beyond_the_budget_is_put_off_unless_a_client_waits() {
    let mut order = order();
    order.payments[0].created_at = now().plus_seconds(-100);
    let number = order.payments[0].out_trade_no().clone();
    let mut gateway = MockGateway::new();
    let open = fact(&order, Trade::NotPaid);
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(open)));
    let (orders, _) = store(vec![order.clone()], vec![CommitAnswer::Committed]);
    let mut desk = desk(orders, gateway, now());
    desk.query_budget = QueryBudget::new(2);
    for _ in 0..10 {
        let _drained = desk.query_budget.take(Urgency::Patient, now());
    }
    let patient = desk.follow_payment(&number, &job_of(&order, false)).await.unwrap();
    assert!(matches!(patient, Finish::PutOff(at) if at > now()), "nothing was asked");
    let waiting = desk.follow_payment(&number, &job_of(&order, true)).await.unwrap();
    assert!(matches!(waiting, Finish::Again(_)));
}

#[tokio::test]
async fn too_many_questions_halve_the_budget() {
    let order = order();
    let number = order.payments[0].out_trade_no().clone();
    let mut gateway = MockGateway::new();
    let refusal = WechatRefusal { http_status: 429, ..WechatRefusal::default() };
    let too_many = GatewayError::Retryable(refusal);
    gateway.expect_query().times(1).return_once(move |_| ready(Err(too_many)));
    let (orders, _) = store(vec![order.clone()], Vec::new());
    let desk = desk(orders, gateway, now());
    desk.follow_payment(&number, &job_of(&order, true)).await.unwrap();
    assert!(desk.query_budget.take(Urgency::ClientWaiting, now()).is_err(), "a pause at once");
}

/// A verified success of a closed payment could not be applied; its job's one question is
/// not answered. The job may not be forgotten, and an outage of any length does not set it aside.
#[tokio::test]
async fn a_closed_payment_with_a_kept_notification_is_asked_until_somebody_answers() {
    let order = order();
    let closed = Command::RecordFact(fact(&order, Trade::Closed));
    let Decision::Record(events) = order.decide(&closed, now()).unwrap() else { panic!() };
    let refused = GatewayError::Refused(WechatRefusal::default());
    for (error, counted) in
        [(GatewayError::OutcomeUnknown("timeout".to_owned()), false), (refused, true)]
    {
        let mut gateway = MockGateway::new();
        gateway.expect_query().times(1).return_once(move |_| ready(Err(error)));
        let closed = order.clone().after(&events);
        let (finish, _) = follow(vec![closed], Vec::new(), gateway).await;
        match finish {
            Finish::Again(at) => assert!(at > now() && !counted, "a refusal is an answer"),
            Finish::Retry(at) => assert!(at > now() && counted, "silence is no answer"),
            Finish::Done | Finish::PutOff(_) | Finish::Park(_) => {
                panic!("nobody follows the success that we promised to look at: {finish:?}")
            }
        }
    }
}

#[tokio::test]
async fn only_too_many_questions_halve_the_budget() {
    let order = order();
    let number = order.payments[0].out_trade_no().clone();
    let mut gateway = MockGateway::new();
    let refusal = WechatRefusal { http_status: 500, ..WechatRefusal::default() };
    let failing = GatewayError::Retryable(refusal);
    gateway.expect_query().times(1).return_once(move |_| ready(Err(failing)));
    let (orders, _) = store(vec![order.clone()], Vec::new());
    let desk = desk(orders, gateway, now());
    desk.follow_payment(&number, &job_of(&order, true)).await.unwrap();
    assert!(desk.query_budget.take(Urgency::ClientWaiting, now()).is_ok(), "the rate stays");
}
