//! Each answer of WeChat Pay to a prepay, and what the payer is offered.

use super::{Asked, Offer, OfferError};
use crate::mocks::{MockGateway, desk, ready};
use crate::overheard::Overheard;
use crate::samples::{now, order, store};
use domain::order::{Event, Order, OrderStatus};
use domain::payment::{ClosingCause, Credential, PaymentState};
use domain::ports::{CommitAnswer, GatewayError, PayParams, WechatRefusal};
use domain::{OutTradeNo, Timestamp};
use tracing::Level;

fn refusal(code: &str) -> WechatRefusal {
    WechatRefusal { code: code.to_owned(), ..WechatRefusal::default() }
}

fn code_url() -> String {
    "weixin://wxpay/x".to_owned()
}

/// Offers a new order when WeChat Pay answers `answer`; also what was committed.
async fn offer(
    order: Order,
    at: Timestamp,
    answer: Option<Result<Credential, GatewayError>>,
) -> (Result<Offer, OfferError>, Vec<Event>) {
    let (orders, written) = store(vec![order.clone()], vec![CommitAnswer::Committed]);
    let mut gateway = MockGateway::new();
    if let Some(answer) = answer {
        gateway.expect_prepay().times(1).return_once(move |_| ready(answer));
    }
    gateway.expect_pay_params().returning(|payment| {
        payment.credential().map(|_| PayParams::Native { code_url: code_url() })
    });
    let offered = desk(orders, gateway, at).offer(order, Asked::starter(1), "r-1").await;
    let events = written.lock().unwrap().iter().flat_map(|c| c.events.clone()).collect();
    (offered, events)
}

#[tokio::test]
async fn an_accepted_prepay_is_recorded_and_offered() {
    let credential = Credential::CodeUrl(code_url());
    let (offered, events) = offer(order(), now(), Some(Ok(credential.clone()))).await;
    assert_eq!(offered.unwrap().pay_params, Some(PayParams::Native { code_url: code_url() }));
    assert_eq!(events, [Event::PaymentPayable { no: 1, credential: Some(credential) }]);
}

#[tokio::test]
async fn a_definite_refusal_is_recorded_and_said() {
    let answer = Some(Err(GatewayError::Refused(refusal("NO_AUTH"))));
    let (offered, events) = offer(order(), now(), answer).await;
    assert!(matches!(offered, Err(OfferError::WechatRefused(r)) if r.code == "NO_AUTH"));
    assert_eq!(events, [Event::PaymentRejected { no: 1, code: "NO_AUTH".to_owned() }]);
}

#[tokio::test]
async fn whatever_else_goes_wrong_is_unknown_never_failed() {
    for error in [
        GatewayError::Retryable(refusal("FREQUENCY_LIMITED")),
        GatewayError::OutcomeUnknown("timeout".to_owned()),
        GatewayError::Misconfigured(refusal("SIGN_ERROR")),
        GatewayError::Untrusted("signature".to_owned()),
    ] {
        let (offered, events) = offer(order(), now(), Some(Err(error))).await;
        assert!(offered.unwrap().is_unknown());
        assert_eq!(events, [Event::PaymentUnknown { no: 1 }]);
    }
}

#[tokio::test]
async fn within_a_minute_of_the_deadline_nothing_is_sent_and_the_payment_is_closed() {
    let late = now().plus_seconds(1_800 - 60);
    let (offered, events) = offer(order(), late, None).await;
    assert!(matches!(offered, Err(OfferError::NotPayable)));
    assert_eq!(events, [Event::PaymentClosing { no: 1, why: ClosingCause::Expired }]);
}

#[tokio::test]
async fn a_payment_that_has_its_credential_is_offered_without_another_call() {
    let credential = Some(Credential::CodeUrl(code_url()));
    let payable = order().after(&[Event::PaymentPayable { no: 1, credential }]);
    let (offered, events) = offer(payable, now(), None).await;
    assert!(offered.unwrap().pay_params.is_some());
    assert!(events.is_empty());
}

fn given_before(credential: Credential) -> Order {
    order().after(&[Event::PaymentPayable { no: 1, credential: Some(credential) }])
}

fn h5_url(text: &str) -> Credential {
    Credential::H5Url(text.to_owned())
}

/// An h5_url is good for five minutes, and the payer has to get there.
#[tokio::test]
async fn a_credential_that_ends_soon_is_asked_for_again_under_the_same_number() {
    for (after_s, is_asked) in [(0, false), (239, false), (240, true), (299, true), (900, true)] {
        let answer = is_asked.then(|| Ok(h5_url("https://fresh")));
        let at = now().plus_seconds(after_s);
        let (offered, events) = offer(given_before(h5_url("https://old")), at, answer).await;
        assert!(offered.unwrap().pay_params.is_some(), "{after_s}");
        let fresh = Event::PaymentPayable { no: 1, credential: Some(h5_url("https://fresh")) };
        let recorded = if is_asked { vec![fresh] } else { Vec::new() };
        assert_eq!(events, recorded, "{after_s}");
    }
}

#[tokio::test]
async fn what_wechat_pay_gives_again_is_offered_however_old_its_payment_is() {
    let at = now().plus_seconds(280);
    let answer = Some(Ok(h5_url("https://old")));
    let (offered, events) = offer(given_before(h5_url("https://old")), at, answer).await;
    assert!(offered.unwrap().pay_params.is_some());
    assert!(events.is_empty());
}

/// The buyer is told to come back, or why not; an old link may be dead.
#[tokio::test]
async fn nobody_is_sent_to_an_old_credential_when_there_is_no_fresh_one() {
    let at = now().plus_seconds(240);
    let old = || given_before(h5_url("https://old"));
    for error in [
        GatewayError::OutcomeUnknown("timeout".to_owned()),
        GatewayError::Retryable(refusal("FREQUENCY_LIMITED")),
    ] {
        let (offered, events) = offer(old(), at, Some(Err(error))).await;
        let offered = offered.unwrap();
        assert!(offered.pay_params.is_none() && offered.is_unknown());
        assert!(events.is_empty(), "{events:?}");
    }
    let refused = Some(Err(GatewayError::Refused(refusal("NO_AUTH"))));
    let (offered, events) = offer(old(), at, refused).await;
    assert!(matches!(offered, Err(OfferError::WechatRefused(r)) if r.code == "NO_AUTH"));
    assert!(events.is_empty(), "a payment that can be paid is not refused: {events:?}");
}

/// The order after its first payment came to `state`, and its second is open when `open`.
fn moved_on(state: PaymentState, open: bool) -> Order {
    let mut order = order();
    let mut second = order.payments[0].clone();
    order.payments[0].state = state;
    second.no = 2;
    second.terms.out_trade_no = OutTradeNo::of_payment(&order.number, 2);
    order.payments.extend(open.then_some(second));
    order
}

/// What is said to who comes back for the first payment.
async fn of_the_first(order: Order) -> OfferError {
    let (orders, written) = store(vec![order.clone()], Vec::new());
    let offered = desk(orders, MockGateway::new(), now()).offer(order, Asked::other(1), "r").await;
    assert!(written.lock().unwrap().is_empty());
    offered.unwrap_err()
}

#[tokio::test]
async fn who_comes_back_for_a_refused_payment_is_told_why_whatever_was_started_since() {
    for open in [false, true] {
        let rejected = PaymentState::Rejected { code: "NO_AUTH".to_owned(), proven: true };
        let said = of_the_first(moved_on(rejected, open)).await;
        assert!(matches!(&said, OfferError::WechatRefused(r) if r.code == "NO_AUTH"), "{said:?}");
    }
}

#[tokio::test]
async fn who_comes_back_for_a_replaced_payment_hears_of_the_other_while_the_order_is_payable() {
    let why = ClosingCause::Superseded;
    for state in [PaymentState::Closing { why }, PaymentState::Closed { why, at: now() }] {
        let payable = moved_on(state, true);
        let mut cancelled = payable.clone();
        cancelled.status = OrderStatus::Cancelled;
        let said = of_the_first(payable).await;
        assert!(matches!(said, OfferError::Replaced), "{said:?}");
        let said = of_the_first(cancelled).await;
        assert!(matches!(said, OfferError::NotPayable), "{said:?}");
    }
}

#[tokio::test]
async fn a_prepay_that_only_the_merchant_can_repair_is_an_error_and_any_other_a_warning() {
    for (error, level) in [
        (GatewayError::Misconfigured(refusal("SIGN_ERROR")), Level::ERROR),
        (GatewayError::Untrusted("signature".to_owned()), Level::ERROR),
        (GatewayError::Refused(refusal("NO_AUTH")), Level::WARN),
        (GatewayError::OutcomeUnknown("timeout".to_owned()), Level::WARN),
    ] {
        let overheard = Overheard::listen();
        let _offered = offer(order(), now(), Some(Err(error))).await;
        assert_eq!(overheard.count(level, "prepay failed"), 1);
    }
}
