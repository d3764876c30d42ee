//! Whose a payment is that no order has: ours is taken on and paid back, others' is left alone.

use crate::Paydesk;
use crate::mocks::{MockGateway, MockOrders, desk, ready};
use crate::samples::{epoch, fact, living, now, order, receipt};
use domain::case::CaseKind;
use domain::changeset::{Changeset, Fence};
use domain::fact::{Evidence, PaymentFact, Trade};
use domain::job::{JobChange, JobId};
use domain::names::Mchid;
use domain::order::OrderStatus;
use domain::payment::PaymentState;
use domain::ports::{CommitAnswer, Finish, GatewayError, LeasedJob, WechatRefusal};
use domain::refund::RefundState;
use domain::{OrderId, OutTradeNo};
use std::sync::{Arc, Mutex};

fn refusal(http_status: u16) -> WechatRefusal {
    WechatRefusal { http_status, ..WechatRefusal::default() }
}

type Written = Arc<Mutex<Vec<Changeset>>>;

fn number() -> OutTradeNo {
    order().payments[0].out_trade_no().clone()
}

fn job() -> LeasedJob {
    LeasedJob {
        fence: Fence { job: JobId::orphan(&number()), token: 3 },
        attempts: 1,
        wanted: false,
    }
}

/// What a query says of the number, with what was sent along.
fn said(trade: Trade, attach: &str) -> PaymentFact {
    let evidence = Evidence::Query { request_id: None };
    let mchid = Mchid::new("1900000109");
    PaymentFact::attested(evidence, mchid, number(), trade, Some(attach.to_owned()))
}

fn empty() -> (MockOrders, Written) {
    let (mut orders, written) = (MockOrders::new(), Written::default());
    orders.expect_epoch().returning(|| ready(Ok(epoch())));
    orders.expect_load().returning(|_| ready(Ok(None)));
    let kept = Arc::clone(&written);
    orders.expect_commit().returning(move |changeset| {
        kept.lock().unwrap().push(changeset);
        ready(CommitAnswer::Committed)
    });
    (orders, written)
}

fn asking(orders: MockOrders, answer: Result<PaymentFact, GatewayError>) -> Paydesk {
    let mut gateway = MockGateway::new();
    gateway.expect_query().times(1).return_once(move |_| ready(answer));
    let mut desk = desk(orders, gateway, now());
    let mut ids = crate::mocks::MockIds::new();
    ids.expect_order_id()
        .returning(|_| OrderId::parse("00000000-0000-0000-0000-00000000000f").unwrap());
    ids.expect_jitter().return_const(0u64);
    desk.ids = Arc::new(ids);
    desk
}

#[tokio::test]
async fn a_payment_of_ours_gets_an_order_that_carries_it_and_pays_it_back() {
    let (orders, written) = empty();
    let attach = format!("pd1.test.{}", order().number);
    let desk = asking(orders, Ok(said(Trade::Success(receipt()), &attach)));
    assert_eq!(desk.resolve_orphan(&number(), &job()).await.unwrap(), Finish::Done);
    let written = written.lock().unwrap();
    let made = &written[0].order.as_ref().unwrap().order;
    assert_eq!((made.status, &made.number), (OrderStatus::Cancelled, &order().number));
    assert!(matches!(made.payments[0].state, PaymentState::Surplus { .. }));
    assert_eq!(made.refunds[0].state, RefundState::Requested);
    assert_eq!(made.refunds[0].amount, receipt().amount);
    let follows = |job: &JobChange| matches!(job, JobChange::Ensure { id, .. } if *id == JobId::refund(&made.refunds[0].out_refund_no));
    assert!(written[0].jobs.iter().any(follows), "the refund is sent by its job");
    assert_eq!(written[0].ended_cases[0].kind, CaseKind::UnknownOrder);
}

#[tokio::test]
async fn a_payment_that_others_made_is_a_case_and_never_refunded() {
    for attach in ["", "pd1.other.P2026112110000040000000000001", "pd1.test.nonsense", "pd1.test."]
    {
        let (orders, written) = empty();
        let desk = asking(orders, Ok(said(Trade::Success(receipt()), attach)));
        assert_eq!(desk.resolve_orphan(&number(), &job()).await.unwrap(), Finish::Done);
        let written = written.lock().unwrap();
        assert!(written[0].order.is_none());
        assert_eq!(written[0].cases[0].kind, CaseKind::Foreign);
    }
}

/// News that came while the database was away are kept before anybody can know that they are an
/// orphan's; the next re-send may never come.
#[tokio::test]
async fn news_of_an_unknown_number_that_were_kept_for_later_find_whose_it_is() {
    let (orders, written) = empty();
    let desk = desk(orders, MockGateway::new(), now());
    let kept = LeasedJob { fence: Fence { job: JobId::follow(&number()), token: 3 }, ..job() };
    assert_eq!(desk.follow_payment(&number(), &kept).await.unwrap(), Finish::Done);
    let written = written.lock().unwrap();
    assert_eq!(written[0].fence.as_ref(), Some(&kept.fence), "a step of the job that it is");
    assert_eq!(written[0].cases[0].kind, CaseKind::UnknownOrder);
    let orphan = JobChange::Ensure { id: JobId::orphan(&number()), due_at: now() };
    assert_eq!(written[0].jobs, [orphan]);
}

#[tokio::test]
async fn a_deployment_whose_name_begins_like_ours_is_another() {
    let (orders, written) = empty();
    let attach = format!("pd1.test2.{}", order().number);
    let desk = asking(orders, Ok(said(Trade::Success(receipt()), &attach)));
    desk.resolve_orphan(&number(), &job()).await.unwrap();
    assert_eq!(written.lock().unwrap()[0].cases[0].kind, CaseKind::Foreign);
}

#[tokio::test]
async fn one_that_was_refunded_already_is_asked_about_and_not_refunded_again() {
    let (orders, written) = empty();
    let attach = format!("pd1.test.{}", order().number);
    let desk = asking(orders, Ok(said(Trade::Refunded(receipt()), &attach)));
    desk.resolve_orphan(&number(), &job()).await.unwrap();
    let written = written.lock().unwrap();
    let made = &written[0].order.as_ref().unwrap().order;
    assert!(matches!(made.refunds[0].state, RefundState::Unknown { refused: Some(_) }));
}

#[tokio::test]
async fn an_order_that_came_after_all_takes_its_money() {
    let (orders, life) = living(order());
    let mut gateway = MockGateway::new();
    let success = fact(&order(), Trade::Success(receipt()));
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(success)));
    let desk = desk(orders, gateway, now());
    assert_eq!(desk.resolve_orphan(&number(), &job()).await.unwrap(), Finish::Done);
    assert_eq!(life.lock().unwrap().order.status, OrderStatus::Ready);
}

#[tokio::test]
async fn an_old_answer_or_a_refusal_is_asked_again_and_counted() {
    let attach = format!("pd1.test.{}", order().number);
    let refused = Err(GatewayError::Refused(refusal(400)));
    for answer in [refused, Ok(said(Trade::NotPaid, &attach)), Ok(said(Trade::NotExist, &attach))] {
        let (orders, written) = empty();
        let desk = asking(orders, answer);
        let finish = desk.resolve_orphan(&number(), &job()).await.unwrap();
        assert!(matches!(finish, Finish::Retry(at) if at > now()));
        assert!(written.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn silence_of_any_length_sets_no_orphan_aside() {
    let silences = [
        GatewayError::OutcomeUnknown("timeout".to_owned()),
        GatewayError::Retryable(refusal(429)),
        GatewayError::Misconfigured(refusal(401)),
        GatewayError::Untrusted("a forged answer".to_owned()),
    ];
    for silence in silences {
        let (orders, written) = empty();
        let desk = asking(orders, Err(silence));
        let finish = desk.resolve_orphan(&number(), &job()).await.unwrap();
        assert!(matches!(finish, Finish::Again(at) if at > now()), "{finish:?}");
        assert!(written.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_order_that_came_after_all_ends_the_case_of_its_number() {
    let (orders, life) = living(order());
    let mut gateway = MockGateway::new();
    let success = fact(&order(), Trade::Success(receipt()));
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(success)));
    let desk = desk(orders, gateway, now());
    desk.resolve_orphan(&number(), &job()).await.unwrap();
    let life = life.lock().unwrap();
    let mut ended = life.written.iter().flat_map(|changeset| &changeset.ended_cases);
    assert!(
        ended.any(|end| end.kind == CaseKind::UnknownOrder && end.subject == number().as_str())
    );
}

#[tokio::test]
async fn one_that_was_refunded_already_is_a_case_about_its_refund() {
    let (orders, written) = empty();
    let attach = format!("pd1.test.{}", order().number);
    let desk = asking(orders, Ok(said(Trade::Refunded(receipt()), &attach)));
    desk.resolve_orphan(&number(), &job()).await.unwrap();
    let written = written.lock().unwrap();
    assert_eq!(
        written[0].cases[0].kind,
        CaseKind::RefundMismatch,
        "{}",
        written[0].cases[0].detail
    );
}
