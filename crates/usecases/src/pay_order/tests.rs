//! Repeats and twins of a request to pay.

use super::PayRequest;
use crate::mocks::{MockGateway, desk, ready};
use crate::samples::{keyed, living, now, order};
use crate::{Checkedout, CheckoutError, OfferError, Target};
use domain::order::{CancelCause, Command, Decision, Event, Order};
use domain::payment::{Credential, PaymentStatus, TradeType};
use domain::ports::{GatewayError, OrderKey, PayParams, WechatRefusal};

fn request(order: &Order) -> PayRequest {
    let buyer = order.buyer.unwrap();
    let target = Target::of_buyer(buyer, OrderKey::Id(order.id));
    PayRequest { buyer, target, trade_type: TradeType::Native }
}

fn unpaid() -> Order {
    let mut order = order();
    order.payments.clear();
    order
}

fn gateway() -> MockGateway {
    let mut gateway = MockGateway::new();
    gateway.expect_compose_prepay().returning(|_| "{}".to_owned());
    gateway.expect_pay_params().returning(|payment| {
        payment.credential().map(|_| PayParams::Native { code_url: "weixin://x".to_owned() })
    });
    gateway
}

fn credential() -> Credential {
    Credential::CodeUrl("weixin://x".to_owned())
}

#[tokio::test]
async fn a_key_goes_on_with_its_payment_until_the_answer_is_known() {
    let (orders, life) = living(unpaid());
    let mut gateway = gateway();
    let (mut answers, lost) = (0, GatewayError::OutcomeUnknown("lost".to_owned()));
    gateway.expect_prepay().times(2).returning(move |_| {
        answers += 1;
        ready(if answers == 1 { Err(lost.clone()) } else { Ok(credential()) })
    });
    let desk = desk(orders, gateway, now());
    let request = request(&unpaid());
    let first = desk.pay_order(&request, &keyed("one")).await.unwrap();
    assert!(matches!(&first, Checkedout::Placed(offer) if offer.is_unknown()), "{first:?}");
    let again = desk.pay_order(&request, &keyed("one")).await.unwrap();
    let Checkedout::Replayed { offer, reused: false } = again else { panic!("{again:?}") };
    assert!(offer.pay_params.is_some());
    assert_eq!(life.lock().unwrap().order.payments.len(), 1, "the same number both times");
}

#[tokio::test]
async fn a_key_whose_payment_was_refused_goes_on_under_another_number() {
    let (orders, life) = living(unpaid());
    let mut gateway = gateway();
    let mut answers = 0;
    gateway.expect_prepay().times(2).returning(move |_| {
        answers += 1;
        let refusal = WechatRefusal { code: "NO_AUTH".to_owned(), ..WechatRefusal::default() };
        ready(if answers == 1 { Err(GatewayError::Refused(refusal)) } else { Ok(credential()) })
    });
    let desk = desk(orders, gateway, now());
    let request = request(&unpaid());
    let first = desk.pay_order(&request, &keyed("one")).await;
    assert!(matches!(first, Err(CheckoutError::Offer(OfferError::WechatRefused(_)))));
    let again = desk.pay_order(&request, &keyed("one")).await.unwrap();
    assert!(matches!(again, Checkedout::Replayed { offer, .. } if offer.pay_params.is_some()));
    let life = life.lock().unwrap();
    let statuses: Vec<_> = life.order.payments.iter().map(|p| p.state.status()).collect();
    assert_eq!(statuses, [PaymentStatus::Rejected, PaymentStatus::Payable]);
}

#[tokio::test]
async fn a_second_click_never_calls_while_the_first_may_be_calling() {
    let (orders, _) = living(order());
    let desk = desk(orders, gateway(), now());
    let second = desk.pay_order(&request(&order()), &keyed("two")).await.unwrap();
    assert!(matches!(second, Checkedout::Reused(offer) if offer.is_unknown()));
}

#[tokio::test]
async fn a_key_that_was_told_reused_is_told_so_again() {
    let credential = Some(credential());
    let order = order().after(&[Event::PaymentPayable { no: 1, credential }]);
    let (orders, life) = living(order.clone());
    let desk = desk(orders, gateway(), now());
    let first = desk.pay_order(&request(&order), &keyed("one")).await.unwrap();
    assert!(matches!(first, Checkedout::Reused(_)));
    let again = desk.pay_order(&request(&order), &keyed("one")).await.unwrap();
    assert!(matches!(again, Checkedout::Replayed { reused: true, .. }));
    let life = life.lock().unwrap();
    assert_eq!((life.keys[0].payment, life.keys[0].reused), (Some(1), true));
}

#[tokio::test]
async fn who_died_while_calling_is_not_waited_for_for_ever() {
    let mut order = order();
    order.payments[0].created_at = now().plus_seconds(-15);
    let (orders, _) = living(order.clone());
    let mut gateway = gateway();
    gateway.expect_prepay().times(1).return_once(|_| ready(Ok(credential())));
    let desk = desk(orders, gateway, now());
    let second = desk.pay_order(&request(&order), &keyed("two")).await.unwrap();
    assert!(matches!(second, Checkedout::Reused(offer) if offer.pay_params.is_some()));
}

#[tokio::test]
async fn a_replay_shows_what_became_of_its_payment_and_starts_nothing() {
    let (orders, life) = living(unpaid());
    let mut gateway = gateway();
    gateway.expect_prepay().times(1).return_once(|_| ready(Ok(credential())));
    let desk = desk(orders, gateway, now());
    let request = request(&unpaid());
    desk.pay_order(&request, &keyed("one")).await.unwrap();
    let cancelling = life.lock().unwrap().order.clone();
    let cancel = Command::Cancel(CancelCause::Buyer);
    let Decision::Record(events) = cancelling.decide(&cancel, now()).unwrap() else { panic!() };
    life.lock().unwrap().order = cancelling.after(&events);
    let again = desk.pay_order(&request, &keyed("one")).await.unwrap();
    let Checkedout::Replayed { offer, .. } = again else { panic!("{again:?}") };
    assert!(offer.pay_params.is_none() && !offer.is_unknown());
    let refused = desk.pay_order(&request, &keyed("two")).await;
    assert!(matches!(refused, Err(CheckoutError::Offer(OfferError::NotPayable))));
    let started = |e: &&Event| matches!(e, Event::PaymentStarted(_));
    let life = life.lock().unwrap();
    assert_eq!(life.written.iter().flat_map(|c| &c.events).filter(started).count(), 1);
}
