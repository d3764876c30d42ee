//! A number that WeChat Pay holds already, and a payment that makes way for another.

mod after_a_crash;
mod other_devices;

use crate::mocks::{MockGateway, desk, ready};
use crate::samples::{fact, keyed, living, now, order, receipt};
use crate::start_payment::Asked;
use crate::{Checkedout, OfferError, PayRequest, Target};
use domain::fact::Trade;
use domain::order::{Event, Order, OrderStatus};
use domain::payment::{Credential, PaymentStatus, TradeType};
use domain::ports::{GatewayError, OrderKey, PayParams, WechatRefusal};
use mockall::Sequence;

fn spent() -> GatewayError {
    GatewayError::NumberSpent(WechatRefusal {
        code: "OUT_TRADE_NO_USED".to_owned(),
        ..WechatRefusal::default()
    })
}

fn paid_there() -> GatewayError {
    GatewayError::AlreadyPaid(WechatRefusal {
        code: "ORDER_PAID".to_owned(),
        ..WechatRefusal::default()
    })
}

fn code_url() -> Credential {
    Credential::CodeUrl("weixin://wxpay/x".to_owned())
}

fn gateway() -> MockGateway {
    let mut gateway = MockGateway::new();
    gateway.expect_compose_prepay().returning(|terms| format!("body of {}", terms.out_trade_no));
    gateway.expect_pay_params().returning(|payment| {
        payment.credential().map(|_| PayParams::Native { code_url: "weixin://x".to_owned() })
    });
    gateway
}

fn statuses(order: &Order) -> Vec<PaymentStatus> {
    order.payments.iter().map(|payment| payment.state.status()).collect()
}

#[tokio::test]
async fn a_spent_number_that_was_paid_settles_the_order() {
    let (orders, life) = living(order());
    let mut gateway = gateway();
    gateway.expect_prepay().times(1).return_once(|_| ready(Err(spent())));
    let success = fact(&order(), Trade::Success(receipt()));
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(success)));
    let desk = desk(orders, gateway, now());
    let offer = desk.offer(order(), Asked::starter(1), "r").await.unwrap();
    assert_eq!((offer.order.status, offer.pay_params), (OrderStatus::Ready, None));
    assert_eq!(statuses(&life.lock().unwrap().order), [PaymentStatus::Paid]);
}

#[tokio::test]
async fn a_spent_number_that_was_not_paid_is_closed_and_another_is_drawn() {
    let (orders, life) = living(order());
    let (mut gateway, mut in_order) = (gateway(), Sequence::new());
    let first = order().payments[0].out_trade_no().clone();
    gateway
        .expect_prepay()
        .times(1)
        .in_sequence(&mut in_order)
        .withf(move |payment| payment.out_trade_no() == &first)
        .return_once(|_| ready(Err(spent())));
    let open = fact(&order(), Trade::NotPaid);
    gateway
        .expect_query()
        .times(1)
        .in_sequence(&mut in_order)
        .return_once(move |_| ready(Ok(open)));
    gateway.expect_close().times(1).in_sequence(&mut in_order).return_once(|_| ready(Ok(())));
    gateway
        .expect_prepay()
        .times(1)
        .in_sequence(&mut in_order)
        .withf(|payment| payment.prepay_body == format!("body of {}", payment.out_trade_no()))
        .return_once(|_| ready(Ok(code_url())));
    let desk = desk(orders, gateway, now());
    let offer = desk.offer(order(), Asked::starter(1), "r").await.unwrap();
    assert!(offer.out_trade_no.unwrap().as_str().ends_with("-2"));
    assert!(offer.pay_params.is_some());
    let expected = [PaymentStatus::Closing, PaymentStatus::Payable];
    assert_eq!(statuses(&life.lock().unwrap().order), expected);
}

#[tokio::test]
async fn a_spent_number_that_nobody_tells_about_is_unknown_and_keeps_its_number() {
    let (orders, life) = living(order());
    let mut gateway = gateway();
    gateway.expect_prepay().times(1).return_once(|_| ready(Err(spent())));
    let lost = GatewayError::OutcomeUnknown("lost".to_owned());
    gateway.expect_query().times(1).return_once(move |_| ready(Err(lost)));
    let desk = desk(orders, gateway, now());
    let offered = desk.offer(order(), Asked::starter(1), "r").await.unwrap();
    assert!(offered.is_unknown());
    assert_eq!(statuses(&life.lock().unwrap().order), [PaymentStatus::Unknown]);
}

#[tokio::test]
async fn what_is_refused_under_every_number_is_refused_in_words() {
    let (orders, _) = living(order());
    let mut gateway = gateway();
    gateway.expect_prepay().times(2).returning(|_| ready(Err(spent())));
    let number = order().number;
    gateway.expect_query().times(2).returning(move |asked| {
        assert!(asked.as_str().starts_with(number.as_str()));
        let mut held = order();
        held.payments[0].terms.out_trade_no = asked.clone();
        ready(Ok(fact(&held, Trade::Closed)))
    });
    let desk = desk(orders, gateway, now());
    let offered = desk.offer(order(), Asked::starter(1), "r").await;
    let Err(OfferError::WechatRefused(refusal)) = offered else { panic!("{offered:?}") };
    assert_eq!(refusal.code, "OUT_TRADE_NO_USED");
}

/// The order, its Native payment on offer; its buyer now wants to pay in the mini program.
fn another_way() -> (Order, PayRequest) {
    let order = order().after(&[Event::PaymentPayable { no: 1, credential: Some(code_url()) }]);
    let buyer = order.buyer.unwrap();
    let target = Target::of_buyer(buyer, OrderKey::Id(order.id));
    (order, PayRequest { buyer, target, trade_type: TradeType::Jsapi, client_ip: None })
}

fn with_openid(desk: &mut crate::Paydesk) {
    let mut door = crate::mocks::MockDoor::new();
    let openid = domain::names::Openid::new("o-alice");
    door.expect_openid().returning(move |_, _| ready(Ok(Some(openid.clone()))));
    desk.access = std::sync::Arc::new(door);
}

#[tokio::test]
async fn the_close_of_what_is_replaced_is_sent_before_the_new_payment_is_ordered() {
    let (order, request) = another_way();
    let (orders, life) = living(order.clone());
    let (mut gateway, mut in_order) = (gateway(), Sequence::new());
    let old = order.payments[0].out_trade_no().clone();
    gateway
        .expect_close()
        .times(1)
        .in_sequence(&mut in_order)
        .withf(move |number| number == &old)
        .return_once(|_| ready(Ok(())));
    gateway
        .expect_prepay()
        .times(1)
        .in_sequence(&mut in_order)
        .return_once(|_| ready(Ok(Credential::PrepayId("wx1".to_owned()))));
    let mut desk = desk(orders, gateway, now());
    with_openid(&mut desk);
    let paying = desk.pay_order(&request, &keyed("one")).await.unwrap();
    let Checkedout::Placed(offer) = paying else { panic!("{paying:?}") };
    assert!(offer.pay_params.is_some());
    let life = life.lock().unwrap();
    assert_eq!(statuses(&life.order), [PaymentStatus::Closing, PaymentStatus::Payable]);
    assert_eq!(life.keys[0].payment, Some(2), "the key leads to the new payment");
}

#[tokio::test]
async fn a_payment_that_cannot_be_closed_because_it_was_paid_settles_the_order() {
    let (order, request) = another_way();
    let (orders, life) = living(order.clone());
    let mut gateway = gateway();
    gateway.expect_close().times(1).return_once(|_| ready(Err(paid_there())));
    let success = fact(&order, Trade::Success(receipt()));
    gateway.expect_query().times(1).return_once(move |_| ready(Ok(success)));
    let mut desk = desk(orders, gateway, now());
    with_openid(&mut desk);
    let paying = desk.pay_order(&request, &keyed("one")).await.unwrap();
    let Checkedout::Placed(offer) = paying else { panic!("{paying:?}") };
    assert_eq!((offer.order.status, offer.pay_params), (OrderStatus::Ready, None));
    let expected = [PaymentStatus::Paid, PaymentStatus::Closing];
    assert_eq!(statuses(&life.lock().unwrap().order), expected);
}

#[tokio::test]
async fn an_equal_payment_is_offered_again_without_a_call() {
    let (order, mut request) = another_way();
    request.trade_type = TradeType::Native;
    let (orders, life) = living(order);
    let desk = desk(orders, gateway(), now());
    let paying = desk.pay_order(&request, &keyed("one")).await.unwrap();
    assert!(matches!(paying, Checkedout::Reused(offer) if offer.pay_params.is_some()));
    assert!(life.lock().unwrap().events().is_empty());
}

/// WeChat Pay says at close that it was paid; the query is not answered. No second payment
/// may be handed out.
#[tokio::test]
async fn no_new_payment_while_close_says_paid_and_nobody_tells() {
    let (order, request) = another_way();
    let (orders, life) = living(order.clone());
    let mut gateway = gateway();
    gateway.expect_close().times(1).return_once(|_| ready(Err(paid_there())));
    let lost = GatewayError::OutcomeUnknown("lost".to_owned());
    gateway.expect_query().times(1).return_once(move |_| ready(Err(lost)));
    gateway.expect_prepay().returning(|_| ready(Ok(Credential::PrepayId("wx1".to_owned()))));
    let mut desk = desk(orders, gateway, now());
    with_openid(&mut desk);
    let paying = desk.pay_order(&request, &keyed("one")).await;
    let handed_out = matches!(&paying, Ok(Checkedout::Placed(offer)) if offer.pay_params.is_some());
    assert!(
        !handed_out,
        "a second payment is offered for what WeChat Pay calls paid: {:?}",
        statuses(&life.lock().unwrap().order)
    );
}

/// The same with a stale query.
#[tokio::test]
async fn no_new_payment_while_close_says_paid_and_the_query_lags() {
    let (order, request) = another_way();
    let (orders, _life) = living(order.clone());
    let mut gateway = gateway();
    gateway.expect_close().times(1).return_once(|_| ready(Err(paid_there())));
    let stale = fact(&order, Trade::NotPaid);
    gateway.expect_query().returning(move |_| ready(Ok(stale.clone())));
    gateway.expect_prepay().returning(|_| ready(Ok(Credential::PrepayId("wx1".to_owned()))));
    let mut desk = desk(orders, gateway, now());
    with_openid(&mut desk);
    let paying = desk.pay_order(&request, &keyed("one")).await;
    let handed_out = matches!(&paying, Ok(Checkedout::Placed(offer)) if offer.pay_params.is_some());
    assert!(!handed_out, "a second payment is offered for what WeChat Pay calls paid");
}

/// While our prepay was out, the buyer chose another way and holds its parameters.
#[tokio::test]
async fn a_late_spent_answer_leaves_the_buyers_later_choice_alone() {
    use domain::order::{Command, Decision, NewPayment};
    let (orders, life) = living(order());
    let mut gateway = gateway();
    let it = std::sync::Arc::clone(&life);
    let mut n = 0;
    gateway.expect_prepay().returning(move |_| {
        n += 1;
        if n > 1 {
            return ready(Ok(code_url()));
        }
        // A twin on another device: JSAPI supersedes Native, its close burns the number.
        let mut life = it.lock().unwrap();
        let new = NewPayment {
            trade_type: TradeType::Jsapi,
            mchid: domain::names::Mchid::new("1900000109"),
            appid: domain::names::Appid::new("wx-mini"),
            payer: Some(domain::names::Openid::new("o-alice")),
            client_ip: None,
            deployment_id: "test".to_owned(),
        };
        let Ok(Decision::Record(events)) = life.order.decide(&Command::StartPayment(new), now())
        else {
            panic!()
        };
        let order = life.order.clone().after(&events);
        life.order = order.after(&[Event::PaymentPayable {
            no: 2,
            credential: Some(Credential::PrepayId("wx2".to_owned())),
        }]);
        drop(life);
        ready(Err(spent()))
    });
    let none = fact(&order(), Trade::NotExist);
    gateway.expect_query().returning(move |_| ready(Ok(none.clone())));
    gateway.expect_close().returning(|_| ready(Ok(())));
    let desk = desk(orders, gateway, now());
    drop(desk.offer(order(), Asked::starter(1), "r").await);
    let states = statuses(&life.lock().unwrap().order);
    assert_eq!(
        states,
        [PaymentStatus::Closing, PaymentStatus::Payable],
        "the later choice was closed"
    );
}

/// What the last try draws is never called.
#[tokio::test]
async fn the_last_spent_number_leaves_no_payment_that_was_never_called() {
    let (orders, life) = living(order());
    let mut gateway = gateway();
    gateway.expect_prepay().returning(|_| ready(Err(spent())));
    gateway.expect_query().returning(move |asked| {
        let mut held = order();
        held.payments[0].terms.out_trade_no = asked.clone();
        ready(Ok(fact(&held, Trade::Closed)))
    });
    let desk = desk(orders, gateway, now());
    drop(desk.offer(order(), Asked::starter(1), "r").await);
    let states = statuses(&life.lock().unwrap().order);
    assert!(!states.contains(&PaymentStatus::Created), "{states:?}");
}
