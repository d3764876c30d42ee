//! Placing an order, and starting its payments: what is frozen, guarded and promised.

use super::moment::{Moment, written};
use super::samples::{
    TOTAL, asked, deadline, epoch, number, placed, placed_directly, placement, start, start_payment,
};
use crate::buyer::ItemId;
use crate::catalogue::SkuId;
use crate::changeset::{Guard, ListChange};
use crate::names::{Appid, ClientIp, Mchid, Openid};
use crate::order::{
    Command, Decision, Event, LINES_MAX, NewPayment, OPEN_ORDERS_MAX, Order, OrderStatus,
    PaymentMethod, PlacedMethod, Placement, PlacementRefusal, Purpose, WalletPayment,
};
use crate::payment::{Channel, ClosingCause, Payment, PaymentState, Terms, TradeType};
use crate::stock::{Hold, HoldStatus, StockMove, StockMoveKind};
use crate::{Epoch, Fen};

fn decided(placement: &Placement) -> Result<Vec<Event>, PlacementRefusal> {
    placement.decide(start(), &epoch(), &|terms| format!("body of {}", terms.out_trade_no))
}

#[test]
fn what_was_asked_for_is_frozen() {
    let order = placed();
    assert_eq!((order.purpose, order.status), (Purpose::Goods, OrderStatus::PendingPayment));
    assert_eq!(order.payment_method, PaymentMethod::Wechat);
    assert_eq!((order.created_at, order.pay_deadline), (start(), Some(deadline())));
    assert_eq!(order.amounts.total, Fen::new(TOTAL));
    let line = &order.lines[0];
    assert_eq!((line.line_no, line.quantity, line.amount), (1, 3, Fen::new(TOTAL)));
    let hold = Hold {
        line_no: 1,
        sku_id: SkuId::parse("tea").unwrap(),
        quantity: 3,
        returned_quantity: 0,
        status: HoldStatus::Held,
    };
    assert_eq!(order.holds, [hold]);
}

#[test]
fn the_terms_of_a_payment_are_frozen_with_the_bytes_that_will_be_sent() {
    let Event::Placed(order) = &decided(&placement(500)).unwrap()[0] else { unreachable!() };
    let expected = Payment {
        no: 1,
        terms: Terms {
            out_trade_no: number(order, 1),
            channel: Channel::Wechat(TradeType::Jsapi),
            mchid: Mchid::new("1900000109"),
            appid: Appid::new("wxd678efh567hg6787"),
            payer: Some(Openid::new("o-alice")),
            client_ip: None,
            amount: Fen::new(1_500),
            description: "龙井".to_owned(),
            attach: format!("pd1.test.{}", order.number),
            time_expire: deadline(),
        },
        prepay_body: format!("body of {}", order.number),
        state: PaymentState::Created,
        created_at: start(),
    };
    assert_eq!(order.payments, [expected]);
    assert_eq!(order.epoch, epoch());
}

#[test]
fn a_payer_is_needed_where_somebody_is_sent_to_and_kept_nowhere_else() {
    let mut jsapi = placement(500);
    jsapi.payment = Some(NewPayment { payer: None, ..asked(TradeType::Jsapi) });
    assert_eq!(decided(&jsapi), Err(PlacementRefusal::PayerUnknown));
    let mut native = placement(500);
    native.payment = Some(asked(TradeType::Native));
    let Event::Placed(order) = &decided(&native).unwrap()[0] else { unreachable!() };
    assert_eq!(order.payments[0].terms.payer, None);
    native.payment = Some(NewPayment { payer: None, ..asked(TradeType::Native) });
    assert!(decided(&native).is_ok());
}

#[test]
fn where_a_payer_is_has_to_be_known_for_h5_and_is_kept_for_nothing_else() {
    for trade_type in [TradeType::Jsapi, TradeType::Native, TradeType::H5, TradeType::App] {
        let is_h5 = trade_type == TradeType::H5;
        let mut placement = placement(500);
        placement.payment = Some(asked(trade_type));
        let Event::Placed(order) = &decided(&placement).unwrap()[0] else { unreachable!() };
        assert_eq!(order.payments[0].terms.client_ip.is_some(), is_h5, "{trade_type:?}");
        placement.payment = Some(NewPayment { client_ip: None, ..asked(trade_type) });
        let refused = decided(&placement).err();
        assert_eq!(refused, is_h5.then_some(PlacementRefusal::ClientIpUnknown), "{trade_type:?}");
    }
}

#[test]
fn an_order_has_two_hundred_lines_at_most() {
    let mut many = placement(500);
    let line = many.breakdown.lines[0].clone();
    many.breakdown.lines = vec![line.clone(); usize::from(LINES_MAX)];
    let Event::Placed(order) = &decided(&many).unwrap()[0] else { unreachable!() };
    let numbers: Vec<u16> = order.lines.iter().map(|line| line.line_no).collect();
    assert_eq!((numbers.first(), numbers.last(), numbers.len()), (Some(&1), Some(&200), 200));
    many.breakdown.lines.push(line);
    assert_eq!(decided(&many), Err(PlacementRefusal::TooManyLines));
}

#[test]
fn what_pricing_read_and_how_many_orders_wait_is_guarded() {
    let placement = placement(500);
    let price = Guard::PriceVersion { sku_id: SkuId::parse("tea").unwrap(), price_version: 3 };
    let open = Guard::OpenOrdersBelow { buyer: placement.buyer, max: OPEN_ORDERS_MAX };
    assert_eq!(placement.guards(), [price.clone(), open.clone()]);
    // What never waits for money is none of the orders that do.
    let mut free = placement.clone();
    free.breakdown.amounts.total = Fen::ZERO;
    assert_eq!(free.guards(), std::slice::from_ref(&price));
    let names = WalletPayment { mchid: Mchid::new("m"), appid: Appid::new("a") };
    let wallet = Placement { wallet: Some(names), ..placement.clone() };
    assert_eq!(wallet.guards(), std::slice::from_ref(&price));
    let method = PlacedMethod::CashOnDelivery;
    for at_the_door in [placement, free, wallet] {
        assert_eq!(Placement { method, ..at_the_door }.guards(), [price.clone(), open.clone()]);
    }
}

/// Neither from the wallet at the door, nor where there is nothing to pay.
#[test]
fn the_wallet_pays_what_is_online_and_costs_something() {
    let names = WalletPayment { mchid: Mchid::new("m"), appid: Appid::new("a") };
    let online = Placement { wallet: Some(names), payment: None, ..placement(500) };
    let mut free = online.clone();
    free.breakdown.amounts.total = Fen::ZERO;
    let method = PlacedMethod::CashOnDelivery;
    let at_the_door = Placement { method, ..online.clone() };
    for (placement, payments) in [(online, 1), (free, 0), (at_the_door, 0)] {
        let Event::Placed(order) = &decided(&placement).unwrap()[0] else { unreachable!() };
        assert_eq!(order.payments.len(), payments);
    }
}

#[test]
fn placing_holds_stock_in_one_order_and_captures_lines() {
    let mut placement = placement(500);
    let first = placement.breakdown.lines[0].clone();
    let earlier = SkuId::parse("cup").unwrap();
    placement.breakdown.lines.push(crate::pricing::PricedLine {
        sku_id: earlier.clone(),
        quantity: 2,
        ..first
    });
    placement.checkout.captured_items = vec![4, 9];
    let changeset = written(None, decided(&placement).unwrap(), start());
    let hold = |line_no, sku_id, quantity| StockMove {
        line_no,
        sku_id,
        quantity,
        out_refund_no: None,
        kind: StockMoveKind::Hold,
    };
    // Shared rows are locked in one order everywhere.
    let tea = SkuId::parse("tea").unwrap();
    assert_eq!(changeset.stock, [hold(2, earlier, 2), hold(1, tea, 3)]);
    let write = changeset.order.unwrap();
    assert_eq!(write.payments.into_iter().collect::<Vec<_>>(), [1]);
    let items: Vec<(ItemId, u32)> = vec![(4, 3), (9, 2)];
    let (buyer, order) = (placement.buyer, placement.id);
    assert_eq!(changeset.list, [ListChange::Capture { buyer, order, items }]);
}

#[test]
fn lines_are_freed_when_the_order_is_cancelled_and_left_alone_when_none_were_captured() {
    let cancel = Command::Cancel(crate::order::CancelCause::Buyer);
    let mut order = placed_directly();
    let freed = Moment::at(start()).written(&order, &cancel).list;
    let (buyer, id) = (order.buyer.unwrap(), order.id);
    assert_eq!(freed, [ListChange::Free { buyer, order: id }]);
    order.checkout.captured_items.clear();
    assert_eq!(Moment::at(start()).written(&order, &cancel).list, []);
}

#[test]
fn nothing_is_written_of_an_order_that_is_not_placed() {
    let events = vec![Event::CancelWithdrawn];
    let intent = super::moment::intent();
    assert_eq!(crate::changeset::Changeset::of(None, events, Vec::new(), intent, start()), None);
}

fn started(order: &Order, new: NewPayment) -> bool {
    let answer = Moment::at(start()).decide(order, &Command::StartPayment(new)).unwrap();
    matches!(answer, Decision::Record(_))
}

#[test]
fn whatever_differs_in_a_payment_makes_it_another_one() {
    let order = placed();
    assert!(!started(&order, asked(TradeType::Jsapi)));
    assert!(started(&order, asked(TradeType::Native)));
    let jsapi = || asked(TradeType::Jsapi);
    assert!(started(&order, NewPayment { mchid: Mchid::new("19"), ..jsapi() }));
    assert!(started(&order, NewPayment { appid: Appid::new("wx-other"), ..jsapi() }));
    assert!(started(&order, NewPayment { payer: Some(Openid::new("o-bob")), ..jsapi() }));
    assert!(!started(&order, NewPayment { deployment_id: "other".to_owned(), ..jsapi() }));
    let native = Moment::at(start()).play(&order, &start_payment(TradeType::Native));
    let nobody = NewPayment { payer: None, ..asked(TradeType::Native) };
    assert!(!started(&native, nobody), "a code is for whoever reads it");
    let elsewhere = |trade_type| {
        let client_ip = ClientIp::parse("2001:db8::7");
        NewPayment { client_ip, ..asked(trade_type) }
    };
    assert!(!started(&native, elsewhere(TradeType::Native)), "nor for where they are");
    let h5 = Moment::at(start()).play(&order, &start_payment(TradeType::H5));
    assert!(!started(&h5, asked(TradeType::H5)));
    assert!(started(&h5, elsewhere(TradeType::H5)), "WeChat Pay asks where who pays is");
}

#[test]
fn an_order_stays_of_the_life_of_the_database_in_which_it_was_placed() {
    let other = Epoch::new("00000002.0");
    let moment = Moment::at(start().plus_seconds(9)).in_epoch(&other);
    let order = moment.play(&placed(), &start_payment(TradeType::Native));
    assert_eq!((order.payments[1].no, &order.epoch), (2, &epoch()));
    assert_eq!(order.payments[1].created_at, start().plus_seconds(9));
    let why = ClosingCause::Superseded;
    assert_eq!(order.payments[0].state, PaymentState::Closing { why });
}

#[test]
fn what_is_paid_for_decides_where_an_order_stands_then() {
    let stands: Vec<OrderStatus> = [Purpose::Goods, Purpose::Recharge, Purpose::External]
        .map(Purpose::status_when_paid)
        .to_vec();
    assert_eq!(stands, [OrderStatus::Ready, OrderStatus::Completed, OrderStatus::Completed]);
    let mut external = super::refund_samples::payable();
    external.purpose = Purpose::External;
    let order = Moment::at(start().plus_seconds(5))
        .play(&external, &super::samples::success(&external, 1, "T-1", TOTAL));
    assert_eq!(
        (order.status, order.completed_at),
        (OrderStatus::Completed, Some(start().plus_seconds(5)))
    );
    assert_eq!(super::refund_samples::paid().completed_at, None);
}

#[test]
fn an_order_that_is_settled_by_nothing_was_paid_when_it_was_placed() {
    let order = written(None, decided(&placement(0)).unwrap(), start()).order.unwrap().order;
    assert_eq!((order.paid(), order.paid_at), (Fen::ZERO, Some(start())));
    assert_eq!(order.settlement.as_ref().unwrap().by.name(), "free");
    assert_eq!(order.settled_payment(), None);
    let paid = super::refund_samples::paid();
    assert_eq!(paid.settlement.as_ref().unwrap().by.name(), "wechat");
}
