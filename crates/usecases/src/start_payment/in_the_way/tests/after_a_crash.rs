//! The process died between the commit that replaced a payment and the close of the old one. The
//! client comes back with its key half a minute later, before the follower did anything.

use super::{another_way, code_url, gateway, paid_there, statuses, with_openid};
use crate::mocks::{Dozing, MockGateway, desk, ready};
use crate::samples::{Life, fact, keyed, living, now, paid, receipt};
use crate::{Checkedout, CheckoutError, Offer, OfferError};
use domain::fact::Trade;
use domain::names::{Appid, Mchid, Openid};
use domain::order::{Command, Decision, Event, NewPayment, OrderStatus};
use domain::payment::{Credential, PaymentStatus, TradeType};
use domain::ports::{Clock, GatewayError, PortFuture};
use mockall::Sequence;
use std::sync::{Arc, Mutex};

const CREATED_BEFORE_S: i64 = 31;

fn jsapi() -> Credential {
    Credential::PrepayId("wx1".to_owned())
}

/// Does `command` behind the back of the request that is under way.
fn meanwhile(life: &Mutex<Life>, command: &Command) {
    let mut life = life.lock().unwrap();
    let Ok(Decision::Record(events)) = life.order.decide(command, now()) else { panic!("refused") };
    life.order = life.order.clone().after(&events);
}

fn start(trade_type: TradeType) -> Command {
    Command::StartPayment(NewPayment {
        trade_type,
        mchid: Mchid::new("1900000109"),
        appid: Appid::new("wx-mini"),
        payer: (trade_type == TradeType::Jsapi).then(|| Openid::new("o-alice")),
        client_ip: None,
        deployment_id: "test".to_owned(),
    })
}

/// Comes back; `wechat_pay` says what is answered, and may change what is there or what time it is.
async fn come_back(
    wechat_pay: impl FnOnce(&mut MockGateway, &Arc<Mutex<Life>>, &Arc<Dozing>),
) -> (Result<Offer, CheckoutError>, Arc<Mutex<Life>>) {
    let (order, request) = another_way();
    let (orders, life) = living(order.clone());
    let before = now().plus_seconds(-CREATED_BEFORE_S);
    {
        let mut life = life.lock().unwrap();
        let started = order.decide(&start(TradeType::Jsapi), before);
        let Ok(Decision::Record(events)) = started else { panic!("refused") };
        life.order = order.clone().after(&events);
        let mut record = keyed("one").record(before);
        (record.order, record.payment) = (Some(order.id), Some(2));
        life.keys.push(record);
    }
    let (mut gateway, clock) = (gateway(), Dozing::since(now()));
    wechat_pay(&mut gateway, &life, &clock);
    let mut desk = desk(orders, gateway, now());
    desk.clock = clock;
    with_openid(&mut desk);
    let offer = desk.pay_order(&request, &keyed("one")).await.map(|again| match again {
        Checkedout::Replayed { offer, .. } => offer,
        other @ (Checkedout::Placed(_) | Checkedout::Reused(_)) => panic!("{other:?}"),
    });
    (offer, life)
}

type Closed = PortFuture<'static, Result<(), GatewayError>>;

fn closed() -> Closed {
    ready(Ok(()))
}

#[tokio::test]
async fn what_was_replaced_is_closed_before_the_new_payment_is_handed_out() {
    let (offer, _) = come_back(|gateway, _, _| {
        let mut in_order = Sequence::new();
        gateway.expect_close().times(1).in_sequence(&mut in_order).return_once(|_| closed());
        gateway
            .expect_prepay()
            .times(1)
            .in_sequence(&mut in_order)
            .return_once(|_| ready(Ok(jsapi())));
    })
    .await;
    assert!(offer.unwrap().pay_params.is_some());
}

#[tokio::test]
async fn nothing_is_ordered_while_wechat_pay_calls_the_replaced_one_paid() {
    let (offer, life) = come_back(|gateway, _, _| {
        gateway.expect_close().times(1).return_once(|_| ready(Err(paid_there())));
        let lost = GatewayError::OutcomeUnknown("lost".to_owned());
        gateway.expect_query().times(1).return_once(move |_| ready(Err(lost)));
        gateway.expect_prepay().never();
    })
    .await;
    let offer = offer.unwrap();
    assert!(offer.is_unknown(), "it is being found out");
    let expected = [PaymentStatus::Closing, PaymentStatus::Created];
    assert_eq!(statuses(&life.lock().unwrap().order), expected);
}

#[tokio::test]
async fn money_that_came_for_the_replaced_one_settles_and_nothing_is_ordered() {
    let (offer, _) = come_back(|gateway, life, _| {
        let open = life.lock().unwrap().order.clone();
        gateway.expect_close().times(1).return_once(|_| ready(Err(paid_there())));
        let success = fact(&open, Trade::Success(receipt()));
        gateway.expect_query().times(1).return_once(move |_| ready(Ok(success)));
        gateway.expect_prepay().never();
    })
    .await;
    let offer = offer.unwrap();
    assert_eq!((offer.order.status, offer.pay_params), (OrderStatus::Ready, None));
}

#[tokio::test]
async fn money_that_was_notified_meanwhile_is_shown() {
    let (offer, _) = come_back(|gateway, life, _| {
        let life = Arc::clone(life);
        gateway.expect_close().times(1).return_once(move |_| {
            let success = paid(&life.lock().unwrap().order);
            meanwhile(&life, &success);
            closed()
        });
        gateway.expect_prepay().never();
    })
    .await;
    assert_eq!(offer.unwrap().order.status, OrderStatus::Ready);
}

#[tokio::test]
async fn what_another_device_chose_meanwhile_stands() {
    let (offer, _) = come_back(|gateway, life, _| {
        let life = Arc::clone(life);
        gateway.expect_close().times(1).return_once(move |_| {
            meanwhile(&life, &start(TradeType::Native));
            closed()
        });
        gateway.expect_prepay().never();
    })
    .await;
    assert!(matches!(offer, Err(CheckoutError::Offer(OfferError::Replaced))), "{offer:?}");
}

/// The process was not dead, only slow: its answer came while we closed.
#[tokio::test]
async fn what_was_ordered_meanwhile_is_handed_out_and_not_ordered_again() {
    let (offer, _) = come_back(|gateway, life, _| {
        let life = Arc::clone(life);
        gateway.expect_close().times(1).return_once(move |_| {
            let answered = Event::PaymentPayable { no: 2, credential: Some(code_url()) };
            let mut life = life.lock().unwrap();
            life.order = life.order.clone().after(&[answered]);
            closed()
        });
        gateway.expect_prepay().never();
    })
    .await;
    assert!(offer.unwrap().pay_params.is_some());
}

#[tokio::test]
async fn a_close_that_takes_until_the_last_minute_leaves_no_time_to_order() {
    let (offer, life) = come_back(|gateway, _, clock| {
        let clock = Arc::clone(clock);
        gateway.expect_close().times(1).return_once(move |_| {
            drop(clock.sleep_millis(1_740_000));
            closed()
        });
        gateway.expect_prepay().never();
    })
    .await;
    assert!(matches!(offer, Err(CheckoutError::Offer(OfferError::NotPayable))), "{offer:?}");
    let expected = [PaymentStatus::Closing, PaymentStatus::Closing];
    assert_eq!(statuses(&life.lock().unwrap().order), expected);
}
