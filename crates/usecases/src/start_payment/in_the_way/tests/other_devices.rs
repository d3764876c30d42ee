//! Two devices of one buyer, and what is left behind by a request that did not come to its end.

use super::{another_way, code_url, gateway, spent, with_openid};
use crate::mocks::{MockDoor, desk, ready};
use crate::samples::{Life, fact, keyed, living, now, order};
use crate::start_payment::Asked;
use crate::{Checkedout, CheckoutError, OfferError};
use domain::fact::Trade;
use domain::names::{Appid, Mchid, Openid};
use domain::order::{Command, Decision, Event, NewPayment};
use domain::payment::TradeType;
use domain::ports::{GatewayError, WechatRefusal};
use mockall::Sequence;
use std::sync::{Arc, Mutex};

/// Another device asks to pay: what `life` holds is as after its commit.
fn another_device_asks(life: &Mutex<Life>, trade_type: TradeType) {
    let new = Command::StartPayment(NewPayment {
        trade_type,
        mchid: Mchid::new("1900000109"),
        appid: Appid::new("wx-mini"),
        payer: (trade_type == TradeType::Jsapi).then(|| Openid::new("o-alice")),
        client_ip: None,
        deployment_id: "test".to_owned(),
    });
    let mut life = life.lock().unwrap();
    let Ok(Decision::Record(events)) = life.order.decide(&new, now()) else { panic!("refused") };
    life.order = life.order.clone().after(&events);
}

#[tokio::test]
async fn who_was_replaced_during_its_close_is_not_given_the_other_devices_payment() {
    let (order, request) = another_way();
    let (orders, life) = living(order.clone());
    let mut gateway = gateway();
    let it = Arc::clone(&life);
    gateway.expect_close().times(1).return_once(move |_| {
        another_device_asks(&it, TradeType::Native);
        ready(Ok(()))
    });
    gateway.expect_prepay().never();
    let mut desk = desk(orders, gateway, now());
    with_openid(&mut desk);
    let paying = desk.pay_order(&request, &keyed("one")).await;
    assert!(matches!(paying, Err(CheckoutError::Offer(OfferError::Replaced))), "{paying:?}");
    assert_eq!(life.lock().unwrap().keys[0].payment, Some(2), "the key leads to its own");
}

#[tokio::test]
async fn a_choice_made_while_a_spent_number_is_closed_stands() {
    let (orders, life) = living(order());
    let mut gateway = gateway();
    gateway.expect_prepay().times(1).return_once(|_| ready(Err(spent())));
    let unpaid = fact(&order(), Trade::NotPaid);
    gateway.expect_query().returning(move |_| ready(Ok(unpaid.clone())));
    let it = Arc::clone(&life);
    gateway.expect_close().times(1).return_once(move |_| {
        another_device_asks(&it, TradeType::Jsapi);
        ready(Ok(()))
    });
    let desk = desk(orders, gateway, now());
    let offered = desk.offer(order(), Asked::starter(1), "r").await;
    assert!(matches!(offered, Err(OfferError::Replaced)), "{offered:?}");
    let order = life.lock().unwrap().order.clone();
    assert_eq!(
        order.open_payment().map(|open| open.terms.trade_type().unwrap()),
        Some(TradeType::Jsapi)
    );
}

#[tokio::test]
async fn a_key_whose_number_was_closed_at_wechat_pay_goes_on_with_the_next() {
    let (mut order, mut request) = another_way();
    order.payments.clear();
    request.trade_type = TradeType::Native;
    let (orders, _life) = living(order);
    let mut gateway = gateway();
    let mut calls = 0;
    gateway.expect_prepay().returning(move |_| {
        calls += 1;
        ready(if calls == 1 { Err(spent()) } else { Ok(code_url()) })
    });
    gateway.expect_query().returning(move |asked| {
        let mut held = crate::samples::order();
        held.payments[0].terms.out_trade_no = asked.clone();
        ready(Ok(fact(&held, Trade::Closed)))
    });
    let desk = desk(orders, gateway, now());
    let first = desk.pay_order(&request, &keyed("one")).await.unwrap();
    let Checkedout::Placed(first) = first else { panic!("{first:?}") };
    let again = desk.pay_order(&request, &keyed("one")).await.unwrap();
    let Checkedout::Replayed { offer, .. } = again else { panic!("{again:?}") };
    assert!(offer.pay_params.is_some());
    assert_eq!(offer.out_trade_no, first.out_trade_no);
}

#[tokio::test]
async fn a_close_that_was_lost_is_sent_again_before_anything_else_is_ordered() {
    let (order, request) = another_way();
    let (orders, _life) = living(order);
    let (mut gateway, mut in_order) = (gateway(), Sequence::new());
    for answer in [Err(GatewayError::Refused(WechatRefusal::default())), Ok(code_url())] {
        let lost = GatewayError::OutcomeUnknown("lost".to_owned());
        gateway
            .expect_close()
            .times(1)
            .in_sequence(&mut in_order)
            .return_once(move |_| ready(Err(lost)));
        gateway
            .expect_prepay()
            .times(1)
            .in_sequence(&mut in_order)
            .return_once(move |_| ready(answer));
    }
    let mut desk = desk(orders, gateway, now());
    with_openid(&mut desk);
    assert!(desk.pay_order(&request, &keyed("one")).await.is_err(), "refused");
    assert!(desk.pay_order(&request, &keyed("two")).await.is_ok());
}

/// WeChat Pay refused; the client tries again under its key, and while it is looked who pays,
/// another device asks to pay another way.
#[tokio::test]
async fn a_choice_made_while_a_refused_key_is_tried_anew_stands() {
    let (order, request) = another_way();
    let (orders, life) = living(order);
    another_device_asks(&life, TradeType::Jsapi);
    let refused = Event::PaymentRejected { no: 2, code: "NO_AUTH".to_owned() };
    {
        let mut life = life.lock().unwrap();
        life.order = life.order.clone().after(&[refused]);
        let mut record = keyed("one").record(now());
        (record.order, record.payment) = (Some(life.order.id), Some(2));
        life.keys.push(record);
    }
    let mut gateway = gateway();
    gateway.expect_prepay().never();
    let mut desk = desk(orders, gateway, now());
    let (mut door, it) = (MockDoor::new(), Arc::clone(&life));
    door.expect_openid().returning(move |_, _| {
        another_device_asks(&it, TradeType::Native);
        ready(Ok(Some(Openid::new("o-alice"))))
    });
    desk.access = Arc::new(door);
    let again = desk.pay_order(&request, &keyed("one")).await.unwrap();
    let Checkedout::Replayed { offer, .. } = again else { panic!("{again:?}") };
    assert_eq!(offer.out_trade_no.as_ref(), Some(offer.order.payments[1].out_trade_no()));
    assert_eq!(offer.pay_params, None);
    let order = life.lock().unwrap().order.clone();
    assert_eq!(
        order.open_payment().map(|open| open.terms.trade_type().unwrap()),
        Some(TradeType::Native)
    );
    assert_eq!(order.payments.len(), 3);
}
