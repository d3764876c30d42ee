//! What histories begin with.

use crate::coupon::{CouponId, GrantId};
use crate::fact::Trade;
use crate::names::{Appid, Mchid};
use crate::order::tests::moment::written;
use crate::order::tests::refund_samples::{
    paid, paid_with_another_closing, payable, play, refused, shipped, surplus,
};
use crate::order::tests::refunds::{of_lines, tea_and_cup};
use crate::order::tests::samples::{
    TOTAL, after, cash_on_delivery, epoch, fact, placed, placed_directly, placement, ship, start,
    start_payment, success, with_second_payment,
};
use crate::order::{CancelCause, Command, Order, Placement, PricedCoupon, WalletPayment};
use crate::payment::{PaymentState, TradeType};

/// As many of them are ordinary, the first ones.
pub(super) const ORDINARY: usize = 10;
/// From here on, money has come that an order cannot take.
pub(super) const SURPLUS: usize = 17;

pub(super) fn bases() -> [fn() -> Order; 20] {
    [
        refused,
        || with_second_payment(placed(), PaymentState::Created),
        placed_directly,
        paid,
        paid_with_another_closing,
        shipped,
        surplus,
        cash_on_delivery,
        at_the_door,
        at_the_door_converting,
        tea_and_cup,
        tea_and_cup,
        || of_lines(&[(3, 500, 100), (1, 1_000, 0)], (0, 0)),
        || of_lines(&[(2, 500, 0)], (80, 7)),
        || after(tea_and_cup(), &ship("SF-9", true), start()),
        with_coupon,
        from_wallet,
        surplus,
        surplus_twice,
        paid_twice,
    ]
}

/// What came, to be paid at the door.
fn at_the_door() -> Order {
    play(cash_on_delivery(), &[|_| ship("SF-0", true), |_| Command::Deliver])
}

fn at_the_door_converting() -> Order {
    play(at_the_door(), &[|_| start_payment(TradeType::Native)])
}

fn with_coupon() -> Order {
    let grant = GrantId { coupon_id: CouponId::parse("ten-off").unwrap(), no: 2 };
    let coupon = Some(PricedCoupon { grant, version: 4 });
    let placement = Placement { coupon, ..placement(TOTAL / 3) };
    let events = placement.decide(start(), &epoch(), &|_| String::new()).unwrap();
    let order = written(None, events, start()).order.unwrap().order;
    after(order.clone(), &success(&order, 1, "T-1", TOTAL), start())
}

fn from_wallet() -> Order {
    let names = WalletPayment { mchid: Mchid::new("1900000109"), appid: Appid::new("wx1") };
    after(payable(), &Command::PayFromWallet(names), start())
}

fn second_closing() -> Order {
    after(payable(), &start_payment(TradeType::Native), start())
}

/// Cancelled, and then both of its payments were paid.
fn surplus_twice() -> Order {
    let cancel = Command::Cancel(CancelCause::Buyer);
    let mut order = after(second_closing(), &cancel, start());
    for no in [1, 2] {
        order = after(order.clone(), &fact(&order, no, Trade::Closed), start());
    }
    for (no, transaction) in [(1, "T-1"), (2, "T-2")] {
        order = after(order.clone(), &success(&order, no, transaction, TOTAL), start());
    }
    order
}

fn paid_twice() -> Order {
    let order = after(second_closing(), &success(&second_closing(), 1, "T-1", TOTAL), start());
    after(order.clone(), &success(&order, 2, "T-2", TOTAL), start())
}
