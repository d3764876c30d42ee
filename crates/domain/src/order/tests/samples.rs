//! Orders, and what may be said to them and of them. Orders in every state are in `states.rs`.

use crate::buyer::Address;
use crate::cash::{CashReceipt, Courier};
use crate::catalogue::{Sku, SkuId, SkuStatus, StockLevel};
use crate::fact::{Evidence, PaymentFact, Receipt, Trade};
use crate::names::{Appid, ClientIp, Mchid, Openid, TransactionId};
use crate::order::{
    Checkout, Command, Decision, NewPayment, Order, PlacedMethod, Placement, PrepayAnswer,
};
use crate::payment::{Channel, ClosingCause, Credential, Payment, PaymentState, TradeType};
use crate::pricing::{PricingInput, price};
use crate::shipment::{LogisticsType, Package, ShipmentDraft};
use crate::{Epoch, Fen, OrderId, OrderNumber, OutTradeNo, Timestamp, UserId};
use uuid::Uuid;

pub(super) const TOTAL: i64 = 1_500;

/// Ten in the morning in Beijing.
pub(super) fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T02:00:00Z").unwrap()
}

pub(super) fn deadline() -> Timestamp {
    start().plus_seconds(1_800)
}

/// The life of the database in which the samples are made.
pub(super) fn epoch() -> Epoch {
    Epoch::new("00000001.0")
}

pub(super) fn placement(price_fen: i64) -> Placement {
    let buyer = UserId::new(Uuid::from_u128(7));
    let sku = Sku {
        id: SkuId::parse("tea").unwrap(),
        title: "龙井".to_owned(),
        price: Fen::new(price_fen),
        cost_price: Fen::ZERO,
        status: SkuStatus::OnSale,
        price_version: 3,
        stock: StockLevel::default(),
        created_at: start(),
    };
    let breakdown = price(&PricingInput::of_goods(vec![(&sku, 3)])).unwrap();
    Placement {
        id: OrderId::new(Uuid::from_u128(1)),
        number: OrderNumber::compose(start(), Some(buyer), 42),
        buyer,
        breakdown,
        checkout: Checkout {
            captured_items: vec![4],
            address_id: Some(1),
            address: Some(Address {
                name: "张三".to_owned(),
                phone: "13800000000".to_owned(),
                region: "上海".to_owned(),
                detail: "某路 1 号".to_owned(),
            }),
            ..Checkout::default()
        },
        method: PlacedMethod::Online,
        coupon: None,
        pay_deadline: deadline(),
        payment: Some(asked(TradeType::Jsapi)),
        wallet: None,
    }
}

pub(super) fn asked(trade_type: TradeType) -> NewPayment {
    NewPayment {
        trade_type,
        mchid: Mchid::new("1900000109"),
        appid: Appid::new("wxd678efh567hg6787"),
        payer: Some(Openid::new("o-alice")),
        client_ip: ClientIp::parse("14.23.150.211"),
        deployment_id: "test".to_owned(),
    }
}

/// An order placed directly: its payment is asked for later.
pub(super) fn placed_directly() -> Order {
    let placement = Placement { payment: None, ..placement(TOTAL / 3) };
    let events = placement.decide(start(), &epoch(), &|_| unreachable!("no prepay")).unwrap();
    let crate::order::Event::Placed(order) = &events[0] else { unreachable!() };
    (**order).clone().after(&events)
}

/// To be paid at the door.
pub(super) fn cash_on_delivery() -> Order {
    let method = PlacedMethod::CashOnDelivery;
    let placement = Placement { method, payment: None, ..placement(TOTAL / 3) };
    let events = placement.decide(start(), &epoch(), &|_| unreachable!("no prepay")).unwrap();
    let crate::order::Event::Placed(order) = &events[0] else { unreachable!() };
    (**order).clone().after(&events)
}

pub(super) fn collect(amount: i64, courier: &str) -> Command {
    let courier = Courier::parse(courier).unwrap();
    Command::CollectCash(CashReceipt { amount: Fen::new(amount), courier })
}

pub(super) fn start_payment(trade_type: TradeType) -> Command {
    Command::StartPayment(asked(trade_type))
}

pub(super) fn close(order: &Order, no: u8) -> Command {
    Command::ClosePayment { out_trade_no: number(order, no), why: ClosingCause::Expired }
}

pub(super) fn ship(tracking_no: &str, is_all_delivered: bool) -> Command {
    Command::Ship(ShipmentDraft {
        logistics_type: LogisticsType::Express,
        packages: vec![Package {
            express_company: Some("SF".to_owned()),
            tracking_no: Some(tracking_no.to_owned()),
            item_desc: "龙井".to_owned(),
            contact: None,
        }],
        is_all_delivered,
    })
}

pub(super) fn placed() -> Order {
    let events = placement(TOTAL / 3).decide(start(), &epoch(), &|_| "{}".to_owned()).unwrap();
    let crate::order::Event::Placed(order) = &events[0] else { unreachable!() };
    (**order).clone().after(&events)
}

pub(super) fn number(order: &Order, no: u8) -> OutTradeNo {
    OutTradeNo::of_payment(&order.number, no)
}

/// What `command` leads to; the order itself when it is refused or applied already.
pub(super) fn after(order: Order, command: &Command, now: Timestamp) -> Order {
    match order.decide(command, now) {
        Ok(Decision::Record(events)) => order.after(&events),
        Ok(Decision::AlreadyApplied) | Err(_) => order,
    }
}

pub(super) fn prepay(order: &Order, no: u8, answer: PrepayAnswer) -> Command {
    Command::RecordPrepay { out_trade_no: number(order, no), answer }
}

pub(super) fn accepted(order: &Order, no: u8) -> Command {
    prepay(order, no, PrepayAnswer::Accepted(Credential::PrepayId("wx-prepay".to_owned())))
}

pub(super) fn fact(order: &Order, no: u8, trade: Trade) -> Command {
    let evidence = Evidence::Query { request_id: None };
    let mchid = Mchid::new("1900000109");
    Command::RecordFact(PaymentFact::attested(evidence, mchid, number(order, no), trade, None))
}

/// What a query that was asked at `asked` says of a number that WeChat Pay does not know.
pub(super) fn not_exist(order: &Order, no: u8, asked: Timestamp) -> Command {
    let evidence = Evidence::Query { request_id: None };
    let mchid = Mchid::new("1900000109");
    let number = number(order, no);
    let fact = PaymentFact::attested(evidence, mchid, number, Trade::NotExist, None);
    Command::RecordFact(fact.asked_at(asked))
}

pub(super) fn receipt(transaction_id: &str, amount: i64) -> Receipt {
    Receipt {
        transaction_id: TransactionId::new(transaction_id),
        appid: Appid::new("wxd678efh567hg6787"),
        amount: Fen::new(amount),
        currency: "CNY".to_owned(),
        payer_total: Some(Fen::new(amount)),
        payer: Some(Openid::new("o-alice")),
        success_at: start(),
    }
}

pub(super) fn success(order: &Order, no: u8, transaction_id: &str, amount: i64) -> Command {
    fact(order, no, Trade::Success(receipt(transaction_id, amount)))
}

/// Another payment of the order, as if it had been asked for later.
pub(super) fn with_second_payment(mut order: Order, state: PaymentState) -> Order {
    let first = order.payments[0].clone();
    let mut terms = first.terms;
    terms.out_trade_no = number(&order, 2);
    terms.channel = Channel::Wechat(TradeType::Native);
    order.payments.push(Payment { no: 2, terms, state, ..order.payments[0].clone() });
    order
}
