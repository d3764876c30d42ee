//! The order that every run begins with, placed the way it is placed for real, and the fixed names
//! and instants around it.

use crate::{Owed, Phase, Placed, Which, promise};
use domain::catalogue::SkuId;
use domain::changeset::{Audit, Intent};
use domain::names::{Appid, Mchid, Openid};
use domain::order::{
    Amounts, Checkout, Event, HORIZON_S, NewPayment, Order, PlacedMethod, Placement,
};
use domain::payment::TradeType;
use domain::pricing::{Breakdown, PricedLine};
use domain::{
    CommandId, Epoch, Fen, OrderId, OrderNumber, OutRefundNo, OutTradeNo, Timestamp, UserId,
};
use uuid::Uuid;

pub(crate) const TOTAL: Fen = Fen::new(1_500);
/// How long the order can be paid, in seconds.
const DEADLINE_S: i64 = 1_800;
const MINUTE_S: i64 = 60;

pub(crate) fn start() -> Timestamp {
    Timestamp::from_seconds(1_795_226_400)
}

fn deadline() -> Timestamp {
    start().plus_seconds(DEADLINE_S)
}

/// The instant at which things are decided in a phase.
pub(crate) fn now(phase: Phase) -> Timestamp {
    match phase {
        Phase::Open => start().plus_seconds(MINUTE_S),
        Phase::Overdue => deadline().plus_seconds(MINUTE_S),
        Phase::PastHorizon => deadline().plus_seconds(HORIZON_S + MINUTE_S),
    }
}

pub(crate) fn mchid() -> Mchid {
    Mchid::new("1900000109")
}

pub(crate) fn appid() -> Appid {
    Appid::new("wxd678efh567hg6787")
}

pub(crate) fn number(order: &Order, which: Which) -> OutTradeNo {
    OutTradeNo::of_payment(&order.number, which.no())
}

/// The number of a payment's refund.
pub(crate) fn refund_number(order: &Order, which: Which, owed: Owed) -> OutRefundNo {
    let surplus = OutRefundNo::of_surplus(&number(order, which));
    match owed {
        Owed::Surplus => surplus,
        Owed::Cancelled => {
            let refund = promise::refund(order, which);
            refund.map_or(surplus, |refund| refund.out_refund_no.clone())
        }
    }
}

/// The life of the database after this many failovers.
pub(crate) fn epoch(failovers: u8) -> Epoch {
    Epoch::new(failovers.to_string())
}

/// How the buyer pays: first inside WeChat, then by QR code.
pub(crate) fn payment(which: Which) -> NewPayment {
    NewPayment {
        trade_type: match which {
            Which::First => TradeType::Jsapi,
            Which::Second => TradeType::Native,
        },
        mchid: mchid(),
        appid: appid(),
        payer: Some(Openid::new("o-payer")),
        client_ip: None,
        deployment_id: "model".to_owned(),
    }
}

/// An intention of nobody in particular: names of commands are the store's business.
pub(crate) fn intent() -> Intent {
    let name = "model".to_owned();
    Intent {
        command_id: CommandId::stored(name.clone()),
        audit: Audit { actor: name.clone(), cause: name, request_id: None },
        inbox: None,
        fence: None,
        replay: None,
    }
}

/// The order, just placed: one line of goods, its stock held; at checkout with its first
/// payment recorded.
#[expect(clippy::expect_used, reason = "the names are constants, and the placement is a good one")]
pub(crate) fn order(placed: Placed) -> Order {
    let buyer = UserId::new(Uuid::from_u128(2));
    let line = PricedLine {
        sku_id: SkuId::parse("tea").expect("three letters"),
        title: "龙井".to_owned(),
        quantity: 1,
        unit_price: TOTAL,
        amount: TOTAL,
        discount: Fen::ZERO,
        price_version: 1,
    };
    let amounts = Amounts { items: TOTAL, total: TOTAL, ..Amounts::default() };
    let placement = Placement {
        id: OrderId::new(Uuid::from_u128(1)),
        number: OrderNumber::compose(start(), Some(buyer), 42),
        buyer,
        breakdown: Breakdown { lines: vec![line], amounts },
        checkout: Checkout::default(),
        method: PlacedMethod::Online,
        coupon: None,
        pay_deadline: deadline(),
        payment: (placed == Placed::AtCheckout).then(|| payment(Which::First)),
        wallet: None,
    };
    let events =
        placement.decide(start(), &epoch(0), &|_| String::new()).expect("nothing is missing");
    let placed = events.iter().find_map(|event| {
        if let Event::Placed(order) = event { Some((**order).clone()) } else { None }
    });
    placed.expect("placing begins with the order").after(&events)
}
