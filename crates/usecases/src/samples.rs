//! An order to try things on, and a store that answers as told.

use crate::Keyed;
use crate::mocks::{MockOrders, ready};
use domain::catalogue::{Sku, SkuId, SkuStatus, StockLevel};
use domain::changeset::{Changeset, ReplayRecord, ReplayScope};
use domain::fact::{
    Evidence, PaymentFact, Receipt, RefundAtWechat, RefundFact, RefundProgress, RefundStatement,
    Trade,
};
use domain::names::{Appid, Mchid, RefundId, TransactionId};
use domain::order::{
    Checkout, Command, Decision, Event, NewPayment, Order, PlacedMethod, Placement,
};
use domain::payment::TradeType;
use domain::ports::{CommitAnswer, Loaded};
use domain::pricing::{PricingInput, price};
use domain::{Epoch, Fen, OrderId, OrderNumber, OutRefundNo, Timestamp, UserId};
use std::sync::{Arc, Mutex};

/// The instant at which everything happens.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_226_400)
}

/// The life of the database in which everything happens.
pub(crate) fn epoch() -> Epoch {
    Epoch::new("00000001.0")
}

/// Tea at this price.
pub(crate) fn sku(price_fen: i64) -> Sku {
    Sku {
        id: SkuId::parse("tea").unwrap(),
        title: "茶".to_owned(),
        price: Fen::new(price_fen),
        cost_price: Fen::ZERO,
        status: SkuStatus::OnSale,
        price_version: 1,
        stock: StockLevel { stocked: 1_000, available: 1_000, held: 0, sold: 0 },
        created_at: now(),
    }
}

/// An order of 100 fen with one Native payment, just recorded.
pub(crate) fn order() -> Order {
    let buyer = UserId::parse("00000000-0000-0000-0000-000000000007").unwrap();
    let sku = sku(100);
    let input = PricingInput::of_goods(vec![(&sku, 1)]);
    let placement = Placement {
        id: OrderId::parse("00000000-0000-0000-0000-000000000001").unwrap(),
        number: OrderNumber::compose(now(), Some(buyer), 1),
        buyer,
        breakdown: price(&input).unwrap(),
        checkout: Checkout::default(),
        method: PlacedMethod::Online,
        coupon: None,
        pay_deadline: now().plus_seconds(1_800),
        payment: Some(NewPayment {
            trade_type: TradeType::Native,
            mchid: Mchid::new("1900000109"),
            appid: Appid::new("wx-mini"),
            payer: None,
            client_ip: None,
            deployment_id: "test".to_owned(),
        }),
        wallet: None,
    };
    let events = placement.decide(now(), &epoch(), &|_| "{}".to_owned()).unwrap();
    let Event::Placed(placed) = &events[0] else { panic!("not placed") };
    (**placed).clone().after(&events)
}

/// WeChat Pay says that its payment succeeded.
pub(crate) fn paid(order: &Order) -> Command {
    Command::RecordFact(fact(order, Trade::Success(receipt())))
}

/// What WeChat Pay took.
pub(crate) fn receipt() -> Receipt {
    Receipt {
        transaction_id: TransactionId::new("T-1"),
        appid: Appid::new("wx-mini"),
        amount: Fen::new(100),
        currency: "CNY".to_owned(),
        payer_total: None,
        payer: None,
        success_at: now(),
    }
}

/// What a query says about its payment.
pub(crate) fn fact(order: &Order, trade: Trade) -> PaymentFact {
    PaymentFact::attested(
        Evidence::Query { request_id: None },
        Mchid::new("1900000109"),
        order.payments[0].out_trade_no().clone(),
        trade,
        None,
    )
}

/// What a notification says about its payment.
pub(crate) fn notified(order: &Order, trade: Trade) -> PaymentFact {
    PaymentFact::attested(
        Evidence::Notification { event_id: "EV-1".to_owned() },
        Mchid::new("1900000109"),
        order.payments[0].out_trade_no().clone(),
        trade,
        None,
    )
}

/// The sample order, paid and not shipped.
pub(crate) fn ready_order() -> Order {
    let order = order();
    let Ok(Decision::Record(events)) = order.decide(&paid(&order), now()) else {
        panic!("not paid")
    };
    order.after(&events)
}

/// What WeChat Pay says of a refund of the sample order's payment.
pub(crate) fn refund_fact(
    order: &Order,
    out_refund_no: &OutRefundNo,
    progress: Option<RefundProgress>,
) -> RefundFact {
    let amount = order.refund(out_refund_no).map_or(Fen::new(100), |refund| refund.amount);
    let refund = progress.map_or(RefundAtWechat::NotExist, |progress| {
        RefundAtWechat::Known(RefundStatement {
            refund_id: RefundId::new("R-1"),
            transaction_id: TransactionId::new("T-1"),
            out_trade_no: order.payments[0].out_trade_no().clone(),
            amount,
            progress,
        })
    });
    let evidence = Evidence::Query { request_id: None };
    RefundFact::attested(evidence, Mchid::new("1900000109"), out_refund_no.clone(), refund)
}

/// A store that holds `loads` one after the other (the last for ever) and answers commits with
/// `answers`; what was committed is kept.
pub(crate) fn store(
    loads: Vec<Order>,
    answers: Vec<CommitAnswer>,
) -> (MockOrders, Arc<Mutex<Vec<Changeset>>>) {
    let written = Arc::new(Mutex::new(Vec::new()));
    let mut orders = MockOrders::new();
    orders.expect_epoch().returning(|| ready(Ok(epoch())));
    let mut loads = loads.into_iter().peekable();
    let mut last = None;
    orders.expect_load().returning(move |_| {
        last = loads.next().or_else(|| last.clone());
        ready(Ok(last.clone().map(|value| Loaded { value, store_now: now(), epoch: epoch() })))
    });
    let (mut answers, kept) = (answers.into_iter(), Arc::clone(&written));
    orders.expect_commit().returning(move |changeset| {
        kept.lock().unwrap().push(changeset);
        ready(answers.next().expect("one commit more than was told"))
    });
    (orders, written)
}

/// What a living store holds.
pub(crate) struct Life {
    /// The order now.
    pub(crate) order: Order,
    /// Every changeset, in order.
    pub(crate) written: Vec<Changeset>,
    /// Every key.
    pub(crate) keys: Vec<ReplayRecord>,
}

impl Life {
    /// The names of everything that happened.
    pub(crate) fn events(&self) -> Vec<&'static str> {
        self.written.iter().flat_map(|c| c.events.iter().map(Event::name)).collect()
    }
}

/// A store of one order that does what commits say.
pub(crate) fn living(order: Order) -> (MockOrders, Arc<Mutex<Life>>) {
    let life = Arc::new(Mutex::new(Life { order, written: Vec::new(), keys: Vec::new() }));
    let mut orders = MockOrders::new();
    orders.expect_epoch().returning(|| ready(Ok(epoch())));
    let it = Arc::clone(&life);
    orders.expect_load().returning(move |_| {
        let value = it.lock().unwrap().order.clone();
        ready(Ok(Some(Loaded { value, store_now: now(), epoch: epoch() })))
    });
    let it = Arc::clone(&life);
    orders.expect_replay().returning(move |scope| {
        let life = it.lock().unwrap();
        ready(Ok(life.keys.iter().find(|key| key.scope == *scope).cloned()))
    });
    let it = Arc::clone(&life);
    orders.expect_commit().returning(move |changeset| {
        let mut life = it.lock().unwrap();
        if life.written.iter().any(|known| known.command_id == changeset.command_id) {
            return ready(CommitAnswer::AlreadyCommitted);
        }
        if let Some(write) = &changeset.order {
            if write.expected_version != Some(life.order.version) {
                return ready(CommitAnswer::Conflict);
            }
            life.order = write.order.clone();
        }
        life.keys.extend(changeset.replay.clone());
        life.written.push(changeset);
        ready(CommitAnswer::Committed)
    });
    (orders, life)
}

/// A request under `key` by the sample order's buyer.
pub(crate) fn keyed(key: &str) -> Keyed {
    Keyed {
        scope: ReplayScope {
            principal: "buyer:7".to_owned(),
            route: "POST /".to_owned(),
            key: key.to_owned(),
        },
        fingerprint: "f".to_owned(),
        request_id: "r-1".to_owned(),
    }
}
