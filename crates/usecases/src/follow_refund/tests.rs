//! Said before it is sent, asked before it is sent again, one number for ever.

use crate::Paydesk;
use crate::mocks::{MockGateway, desk, ready};
use crate::samples::{Life, living, now, ready_order, refund_fact};
use domain::case::CaseKind;
use domain::changeset::Fence;
use domain::fact::{RefundFact, RefundProgress};
use domain::job::JobId;
use domain::order::{Command, Decision, Order, OrderStatus, RefundAsk, RefundOf};
use domain::ports::{Finish, GatewayError, LeasedJob, WechatRefusal};
use domain::refund::{Asker, RefundState, RefundStatus};
use domain::{Fen, OutRefundNo};
use mockall::Sequence;
use std::sync::{Arc, Mutex};

pub(crate) fn done() -> RefundProgress {
    RefundProgress::Succeeded { at: now() }
}

pub(crate) fn after(order: Order, command: &Command) -> Order {
    match order.decide(command, now()).unwrap() {
        Decision::Record(events) => order.after(&events),
        Decision::AlreadyApplied => order,
    }
}

/// A paid order of which `amount` goes back, and the refund's number.
pub(crate) fn refunding(amount: i64) -> (Order, OutRefundNo) {
    let ask = RefundAsk {
        what: RefundOf::Amount(Fen::new(amount)),
        reason: "坏了".to_owned(),
        by: Asker::Buyer,
        out_refund_no: None,
    };
    let order = after(ready_order(), &Command::Refund(ask));
    let no = order.refunds[0].out_refund_no.clone();
    (order, no)
}

/// What WeChat Pay says of it when it is more than was ever paid: nothing of ours can be that.
pub(super) fn too_much(order: &Order, no: &OutRefundNo, progress: RefundProgress) -> RefundFact {
    let mut other = order.clone();
    other.refunds[0].amount = Fen::new(1_000_000);
    refund_fact(&other, no, Some(progress))
}

pub(crate) fn job(no: &OutRefundNo, token: i64) -> LeasedJob {
    LeasedJob { fence: Fence { job: JobId::refund(no), token }, attempts: 1, wanted: false }
}

pub(crate) fn setting(order: Order, gateway: MockGateway) -> (Paydesk, Arc<Mutex<Life>>) {
    let (orders, life) = living(order);
    (desk(orders, gateway, now()), life)
}

fn refused(code: &str) -> GatewayError {
    let refusal = WechatRefusal { http_status: 403, code: code.to_owned(), ..Default::default() };
    GatewayError::Refused(refusal)
}

pub(crate) fn lost() -> GatewayError {
    GatewayError::OutcomeUnknown("timeout".to_owned())
}

#[tokio::test]
async fn sending_is_durable_before_wechat_pay_is_called() {
    let (order, no) = refunding(40);
    let (orders, life) = living(order.clone());
    let mut gateway = MockGateway::new();
    let (seen, fact) =
        (Arc::clone(&life), refund_fact(&order, &no, Some(RefundProgress::Processing)));
    gateway.expect_refund().times(1).returning(move |request| {
        let life = seen.lock().unwrap();
        assert_eq!(life.order.refunds[0].state, RefundState::Sending);
        assert_eq!((request.amount, request.total), (Fen::new(40), Fen::new(100)));
        ready(Ok(fact.clone()))
    });
    let desk = desk(orders, gateway, now());
    let finish = desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
    assert!(matches!(finish, Finish::Again(at) if at > now()));
    let life = life.lock().unwrap();
    assert_eq!(life.events(), ["refund_sending", "refund_processing"]);
    assert!(life.written.iter().all(|c| c.fence.is_some()), "every write is fenced");
}

#[tokio::test]
async fn an_answer_that_says_success_at_once_ends_it() {
    let (order, no) = refunding(100);
    let mut gateway = MockGateway::new();
    let fact = refund_fact(&order, &no, Some(done()));
    gateway.expect_refund().times(1).return_once(move |_| ready(Ok(fact)));
    let (desk, life) = setting(order, gateway);
    assert_eq!(desk.follow_refund(&no, &job(&no, 1)).await.unwrap(), Finish::Done);
    let life = life.lock().unwrap();
    assert_eq!(life.order.status, OrderStatus::Cancelled, "all of it went back before shipping");
}

#[tokio::test]
async fn a_lost_answer_is_asked_about_and_sent_again_under_the_same_number() {
    let (order, no) = refunding(40);
    let (mut gateway, mut in_order) = (MockGateway::new(), Sequence::new());
    let expected = no.clone();
    gateway.expect_refund().times(1).in_sequence(&mut in_order).return_once(|_| ready(Err(lost())));
    let nothing = refund_fact(&order, &no, None);
    gateway
        .expect_query_refund()
        .times(1)
        .in_sequence(&mut in_order)
        .return_once(move |_| ready(Ok(nothing)));
    let fact = refund_fact(&order, &no, Some(RefundProgress::Processing));
    gateway.expect_refund().times(1).in_sequence(&mut in_order).return_once(move |request| {
        assert_eq!(request.out_refund_no, expected);
        ready(Ok(fact))
    });
    let (desk, life) = setting(order, gateway);
    let first = desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
    assert!(matches!(first, Finish::Again(_)));
    assert_eq!(life.lock().unwrap().order.refunds[0].state, RefundState::Unknown { refused: None });
    desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
    let life = life.lock().unwrap();
    assert!(matches!(life.order.refunds[0].state, RefundState::Processing { .. }));
    assert_eq!(life.order.refunds.len(), 1);
}

#[tokio::test]
async fn a_crash_after_the_call_is_asked_about_and_not_sent_twice() {
    let (order, no) = refunding(40);
    let sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let mut gateway = MockGateway::new();
    let fact = refund_fact(&sending, &no, Some(done()));
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
    let (desk, life) = setting(sending, gateway);
    assert_eq!(desk.follow_refund(&no, &job(&no, 2)).await.unwrap(), Finish::Done);
    assert_eq!(life.lock().unwrap().order.refunded(), Fen::new(40));
}

#[tokio::test]
async fn a_refusal_counts_only_when_a_query_says_that_it_does_not_exist() {
    let (order, no) = refunding(100);
    let mut gateway = MockGateway::new();
    gateway.expect_refund().times(1).return_once(|_| ready(Err(refused("USER_ACCOUNT_ABNORMAL"))));
    let nothing = refund_fact(&order, &no, None);
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(nothing)));
    let (desk, life) = setting(order, gateway);
    desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
    let life = life.lock().unwrap();
    let code = "USER_ACCOUNT_ABNORMAL".to_owned();
    assert_eq!(life.order.refunds[0].state, RefundState::Rejected { code });
    assert_eq!(life.order.status, OrderStatus::Ready, "the cancellation is given up");
    assert_eq!(life.order.refundable(), Fen::new(100), "its amount is free again");
    let cases: Vec<CaseKind> =
        life.written.iter().flat_map(|c| c.cases.iter().map(|case| case.kind)).collect();
    assert_eq!(cases, [CaseKind::RefundAbnormal]);
}

#[tokio::test]
async fn a_refusal_that_a_query_contradicts_is_no_refusal() {
    let (order, no) = refunding(40);
    let mut gateway = MockGateway::new();
    gateway.expect_refund().times(1).return_once(|_| ready(Err(refused("INVALID_REQUEST"))));
    let fact = refund_fact(&order, &no, Some(RefundProgress::Processing));
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
    let (desk, life) = setting(order, gateway);
    desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
    let life = life.lock().unwrap();
    assert!(matches!(life.order.refunds[0].state, RefundState::Processing { .. }));
}

#[tokio::test]
async fn a_refusal_whose_query_is_lost_stays_unknown_and_reserved() {
    let (order, no) = refunding(40);
    let mut gateway = MockGateway::new();
    gateway.expect_refund().times(1).return_once(|_| ready(Err(refused("PARAM_ERROR"))));
    gateway.expect_query_refund().times(1).return_once(|_| ready(Err(lost())));
    let (desk, life) = setting(order, gateway);
    let finish = desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
    assert!(matches!(finish, Finish::Again(at) if at > now()));
    let life = life.lock().unwrap();
    assert!(matches!(life.order.refunds[0].state, RefundState::Unknown { refused: Some(_) }));
    assert_eq!(life.order.refundable(), Fen::new(60));
}

#[tokio::test]
async fn without_money_on_the_account_the_same_number_is_sent_later() {
    let (order, no) = refunding(40);
    let mut gateway = MockGateway::new();
    let refusal = WechatRefusal { code: "NOT_ENOUGH".to_owned(), ..Default::default() };
    let later = GatewayError::Retryable(refusal);
    gateway.expect_refund().times(1).return_once(move |_| ready(Err(later)));
    let (desk, life) = setting(order, gateway);
    let finish = desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
    assert!(matches!(finish, Finish::Again(at) if at >= now().plus_seconds(60)));
    let life = life.lock().unwrap();
    assert_eq!(life.order.refunds[0].state, RefundState::Unknown { refused: None });
}

#[tokio::test]
async fn another_refund_of_the_payment_waits_a_minute_and_is_not_sent() {
    let (order, first) = refunding(40);
    let order = after(order, &Command::SendRefund { out_refund_no: first.clone() });
    let processing = Command::RecordRefund(refund_fact(&order, &first, Some(done())));
    let order = after(order, &processing);
    let ask = RefundAsk {
        what: RefundOf::Amount(Fen::new(10)),
        reason: String::new(),
        by: Asker::Service,
        out_refund_no: OutRefundNo::parse("mine-1"),
    };
    let order = after(order, &Command::Refund(ask));
    let second = order.refunds[1].out_refund_no.clone();
    let (desk, life) = setting(order, MockGateway::new());
    let finish = desk.follow_refund(&second, &job(&second, 1)).await.unwrap();
    assert!(matches!(finish, Finish::Again(at) if at >= now().plus_seconds(60)));
    assert!(life.lock().unwrap().written.is_empty());
}

#[tokio::test]
async fn another_amount_that_wechat_pay_has_under_our_number_is_recorded() {
    let (order, no) = refunding(40);
    let (other, _) = refunding(30);
    let sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let mut gateway = MockGateway::new();
    let fact = refund_fact(&other, &other.refunds[0].out_refund_no, Some(done()));
    assert_eq!(*fact.out_refund_no(), no, "the same number with another amount");
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
    let (desk, life) = setting(sending, gateway);
    assert_eq!(desk.follow_refund(&no, &job(&no, 2)).await.unwrap(), Finish::Done);
    let life = life.lock().unwrap();
    assert_eq!(life.order.refunds[0].amount, Fen::new(30));
    assert!(life.order.refunds[0].is_paid_back());
}

#[tokio::test]
async fn more_than_can_have_gone_back_becomes_a_case() {
    let (order, no) = refunding(40);
    let sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let mut gateway = MockGateway::new();
    let fact = too_much(&sending, &no, done());
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
    let (desk, life) = setting(sending, gateway);
    let finish = desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
    assert!(matches!(finish, Finish::Again(_)));
    let life = life.lock().unwrap();
    assert_eq!(life.written[0].cases[0].kind, CaseKind::RefundMismatch);
    assert_eq!(life.order.refunds[0].state, RefundState::Sending);
}

#[tokio::test]
async fn what_waits_for_a_person_is_not_sent() {
    let order = after(
        ready_order(),
        &Command::Refund(RefundAsk {
            what: RefundOf::Rest,
            reason: String::new(),
            by: Asker::Operator,
            out_refund_no: None,
        }),
    );
    let mut waiting = order;
    waiting.refunds[0].state = RefundState::AwaitingApproval;
    let no = waiting.refunds[0].out_refund_no.clone();
    // It has a job only once commits were lost: somebody's yes may be among them.
    for (progress, state, finish) in
        [(None, "AwaitingApproval", Finish::Done), (Some(done()), "Succeeded", Finish::Done)]
    {
        let said = refund_fact(&waiting, &no, progress);
        let mut gateway = MockGateway::new();
        gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(said)));
        let (desk, life) = setting(waiting.clone(), gateway);
        assert_eq!(desk.follow_refund(&no, &job(&no, 1)).await.unwrap(), finish);
        let status = life.lock().unwrap().order.refunds[0].state.status();
        assert_eq!(format!("{status:?}"), state);
    }
}

/// Its request may have been under way when it gave way, or it was sent in a life that is lost.
#[tokio::test]
async fn what_gave_way_or_was_given_a_no_is_asked_about_once() {
    let (mut order, no) = refunding(40);
    for ended in [RefundState::Withdrawn, RefundState::Declined] {
        for sent_at in [None, Some(now().plus_seconds(-domain::order::HORIZON_S))] {
            order.refunds[0].state = ended.clone();
            order.refunds[0].sent_at = sent_at;
            for (progress, after) in
                [(None, ended.status()), (Some(done()), RefundStatus::Succeeded)]
            {
                let (mut gateway, said) = (MockGateway::new(), refund_fact(&order, &no, progress));
                gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(said)));
                let (desk, life) = setting(order.clone(), gateway);
                assert_eq!(desk.follow_refund(&no, &job(&no, 1)).await.unwrap(), Finish::Done);
                assert_eq!(life.lock().unwrap().order.refunds[0].state.status(), after);
            }
            // Until it is heard.
            let mut gateway = MockGateway::new();
            gateway.expect_query_refund().times(1).return_once(|_| ready(Err(lost())));
            let (desk, _) = setting(order.clone(), gateway);
            let finish = desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
            assert!(matches!(finish, Finish::Again(at) if at > now()), "{finish:?}");
        }
    }
}

#[tokio::test]
async fn the_audit_tells_what_wechat_pay_answered() {
    let (order, no) = refunding(40);
    let mut gateway = MockGateway::new();
    gateway.expect_refund().times(1).return_once(|_| ready(Err(refused("PARAM_ERROR"))));
    let nothing = refund_fact(&order, &no, None);
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(nothing)));
    let (desk, life) = setting(order, gateway);
    desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
    let life = life.lock().unwrap();
    let causes: Vec<&str> = life.written.iter().map(|c| c.audit.cause.as_str()).collect();
    assert_eq!(
        causes,
        ["refund", "refund refused PARAM_ERROR", "refund answered RESOURCE_NOT_EXISTS"]
    );
}
