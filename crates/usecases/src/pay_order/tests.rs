//! Repeats and twins of a request to pay.

use super::PayRequest;
use crate::mocks::{Dozing, MockGateway, desk, ready};
use crate::samples::{keyed, living, now, order};
use crate::{Checkedout, CheckoutError, OfferError, Target, TransactError};
use domain::order::{CancelCause, Command, Decision, Event, Order, Rejection};
use domain::payment::{ClosingCause, Credential, PaymentState, PaymentStatus, TradeType};
use domain::ports::{Clock, GatewayError, OrderKey, PayParams, WechatRefusal};

fn request(order: &Order) -> PayRequest {
    let buyer = order.buyer.unwrap();
    let target = Target::of_buyer(buyer, OrderKey::Id(order.id));
    PayRequest { buyer, target, trade_type: TradeType::Native, client_ip: None }
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
    order.payments[0].created_at = now().plus_seconds(-20);
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

/// Key one asked for Native and was refused; key two asked for JSAPI. Key one is not
/// answered with key two's payment.
#[tokio::test]
async fn a_refused_key_does_not_lead_to_a_siblings_payment() {
    let (orders, life) = living(unpaid());
    let mut gateway = MockGateway::new();
    gateway.expect_compose_prepay().returning(|_| "{}".to_owned());
    gateway.expect_pay_params().returning(|payment| {
        payment.credential().map(|_| PayParams::Native { code_url: "weixin://x".to_owned() })
    });
    gateway.expect_close().returning(|_| ready(Ok(())));
    let mut answers = 0;
    gateway.expect_prepay().returning(move |_| {
        answers += 1;
        let refusal = WechatRefusal { code: "NO_AUTH".to_owned(), ..WechatRefusal::default() };
        ready(if answers == 1 {
            Err(GatewayError::Refused(refusal))
        } else {
            Ok(Credential::PrepayId("wx".to_owned()))
        })
    });
    let mut desk = desk(orders, gateway, now());
    let mut door = crate::mocks::MockDoor::new();
    door.expect_openid().returning(|_, _| ready(Ok(Some(domain::names::Openid::new("o-alice")))));
    desk.access = std::sync::Arc::new(door);
    let native = request(&unpaid());
    let mut jsapi = native.clone();
    jsapi.trade_type = TradeType::Jsapi;
    let _refused = desk.pay_order(&native, &keyed("one")).await;
    let _other = desk.pay_order(&jsapi, &keyed("two")).await.unwrap();
    let again = desk.pay_order(&native, &keyed("one")).await.unwrap();
    let Checkedout::Replayed { offer, .. } = again else { panic!("{again:?}") };
    let number = offer.out_trade_no.clone().unwrap();
    let trade_type = offer.order.payment(&number).unwrap().terms.trade_type().unwrap();
    assert_eq!(
        trade_type,
        TradeType::Native,
        "asked for Native: {:?}",
        life.lock()
            .unwrap()
            .order
            .payments
            .iter()
            .map(|p| (p.no, p.terms.trade_type().unwrap()))
            .collect::<Vec<_>>()
    );
}

/// Two replays of a refused key at once: the second finds the payment that the first started,
/// and may not call while the first may be calling.
#[tokio::test]
async fn the_second_replay_of_a_refused_key_does_not_call_too() {
    use domain::order::NewPayment;
    let new = |t| {
        Command::StartPayment(NewPayment {
            trade_type: t,
            mchid: domain::names::Mchid::new("1900000109"),
            appid: domain::names::Appid::new("wx-mini"),
            payer: None,
            client_ip: None,
            deployment_id: "test".to_owned(),
        })
    };
    let refused = order().after(&[Event::PaymentRejected { no: 1, code: "NO_AUTH".into() }]);
    let Decision::Record(events) = refused.decide(&new(TradeType::Native), now()).unwrap() else {
        panic!()
    };
    let twin = refused.clone().after(&events);
    // First load: as it was; then the twin has started payment 2 and is calling.
    let mut loads = 0;
    let mut orders = crate::mocks::MockOrders::new();
    orders.expect_load().returning(move |_| {
        loads += 1;
        let value = if loads == 1 { refused.clone() } else { twin.clone() };
        ready(Ok(Some(domain::ports::Loaded {
            value,
            store_now: now(),
            epoch: crate::samples::epoch(),
        })))
    });
    orders.expect_replay().returning(|_| {
        let mut record = keyed("one").record(now().plus_seconds(-60));
        record.order = Some(order().id);
        record.payment = Some(1);
        ready(Ok(Some(record)))
    });
    orders.expect_commit().returning(|_| ready(domain::ports::CommitAnswer::Committed));
    let mut gateway = gateway();
    gateway.expect_prepay().never();
    let desk = desk(orders, gateway, now());
    let offer = desk.pay_order(&request(&order()), &keyed("one")).await.unwrap();
    assert!(matches!(offer, Checkedout::Replayed { offer, .. } if offer.is_unknown()));
}

/// Ruling 11: the payment goes to closing, the client hears not payable.
#[tokio::test]
async fn asking_in_the_last_minute_closes_the_open_payment() {
    let order = order().after(&[Event::PaymentPayable { no: 1, credential: Some(credential()) }]);
    let (orders, life) = living(order.clone());
    let desk = desk(orders, gateway(), now().plus_seconds(1_745));
    let refused = desk.pay_order(&request(&order), &keyed("one")).await;
    assert!(matches!(refused, Err(CheckoutError::Offer(OfferError::NotPayable))));
    assert_eq!(life.lock().unwrap().order.payments[0].state.status(), PaymentStatus::Closing);
}

/// Another device replaced it, and that payment has ended as well: only what WeChat Pay refused is
/// tried anew.
#[tokio::test]
async fn a_key_whose_payment_was_replaced_is_shown_it_and_starts_no_other() {
    let mut order = order();
    let why = ClosingCause::Superseded;
    order.payments[0].state = PaymentState::Closed { why, at: now() };
    let (orders, life) = living(order.clone());
    let mut record = keyed("one").record(now().plus_seconds(-60));
    (record.order, record.payment) = (Some(order.id), Some(1));
    life.lock().unwrap().keys.push(record);
    let desk = desk(orders, gateway(), now());
    let again = desk.pay_order(&request(&order), &keyed("one")).await.unwrap();
    let Checkedout::Replayed { offer, .. } = again else { panic!("{again:?}") };
    assert_eq!(offer.out_trade_no.as_ref(), Some(order.payments[0].out_trade_no()));
    assert_eq!(offer.pay_params, None);
    assert!(life.lock().unwrap().written.is_empty());
}

#[tokio::test]
async fn who_cannot_pay_another_way_keeps_the_payment_that_was_on_offer() {
    let order = order().after(&[Event::PaymentPayable { no: 1, credential: Some(credential()) }]);
    let (orders, life) = living(order.clone());
    let mut desk = desk(orders, gateway(), now());
    let mut door = crate::mocks::MockDoor::new();
    door.expect_openid().returning(|_, _| ready(Ok(None)));
    desk.access = std::sync::Arc::new(door);
    let jsapi = PayRequest { trade_type: TradeType::Jsapi, ..request(&order) };
    let refused = desk.pay_order(&jsapi, &keyed("one")).await;
    assert!(matches!(refused, Err(CheckoutError::OpenidRequired)), "{refused:?}");
    assert_eq!(life.lock().unwrap().order.payments[0].state.status(), PaymentStatus::Payable);
}

#[tokio::test]
async fn an_app_payment_is_under_the_mobile_apps_appid_and_refused_without_one() {
    let app = |order: &Order| PayRequest { trade_type: TradeType::App, ..request(order) };
    let (orders, life) = living(unpaid());
    let mut known = gateway();
    known.expect_prepay().times(1).return_once(|_| ready(Ok(credential())));
    let mut desk = desk(orders, known, now());
    desk.settings.mobile_appid = Some(domain::names::Appid::new("wx-app"));
    desk.pay_order(&app(&unpaid()), &keyed("one")).await.unwrap();
    assert_eq!(life.lock().unwrap().order.payments[0].terms.appid.as_str(), "wx-app");

    let order = order().after(&[Event::PaymentPayable { no: 1, credential: Some(credential()) }]);
    let (orders, life) = living(order.clone());
    let mut desk = crate::mocks::desk(orders, gateway(), now());
    desk.settings.mobile_appid = None;
    let refused = desk.pay_order(&app(&order), &keyed("one")).await;
    let Err(CheckoutError::Offer(OfferError::Transact(why))) = refused else {
        panic!("{refused:?}")
    };
    assert!(matches!(why, TransactError::Rejected(Rejection::WayNotOffered)), "{why:?}");
    assert!(life.lock().unwrap().written.is_empty(), "what was on offer stays");
}

#[tokio::test]
async fn a_second_click_is_handed_what_the_first_was_answered() {
    let answered =
        order().after(&[Event::PaymentPayable { no: 1, credential: Some(credential()) }]);
    let loads = vec![order(), order(), answered];
    let (mut orders, _) =
        crate::samples::store(loads, vec![domain::ports::CommitAnswer::Committed]);
    orders.expect_replay().returning(|_| ready(Ok(None)));
    let clock = Dozing::since(now());
    let mut desk = desk(orders, gateway(), now());
    desk.clock = std::sync::Arc::<Dozing>::clone(&clock);
    let second = desk.pay_order(&request(&order()), &keyed("two")).await.unwrap();
    assert!(matches!(second, Checkedout::Reused(offer) if offer.pay_params.is_some()));
    assert!(clock.now().millis_since(now()) <= 100, "as soon as it is there");
}

#[tokio::test]
async fn a_second_click_waits_three_seconds_for_the_first_and_no_longer() {
    let (orders, _) = living(order());
    let clock = Dozing::since(now());
    let mut desk = desk(orders, gateway(), now());
    desk.clock = std::sync::Arc::<Dozing>::clone(&clock);
    let second = desk.pay_order(&request(&order()), &keyed("two")).await.unwrap();
    assert!(matches!(second, Checkedout::Reused(offer) if offer.is_unknown()));
    assert_eq!(clock.now().millis_since(now()), 3_000);
}

/// Two calls and what is between them take at most twenty seconds; then whoever recorded the
/// payment is dead.
#[tokio::test]
async fn who_may_still_be_calling_is_left_to_it_for_twenty_seconds() {
    for (age_s, calls) in [(19, 0), (20, 1)] {
        let mut order = order();
        order.payments[0].created_at = now().plus_seconds(-age_s);
        let (orders, _) = living(order.clone());
        let mut gateway = gateway();
        gateway.expect_prepay().times(calls).returning(|_| ready(Ok(credential())));
        let desk = desk(orders, gateway, now());
        let second = desk.pay_order(&request(&order), &keyed("two")).await.unwrap();
        assert!(
            matches!(second, Checkedout::Reused(offer) if offer.pay_params.is_some() == (calls > 0))
        );
    }
}
