//! Refunds by lines: what goods are worth, and goods that come back with their money.

use crate::case::CaseKind;
use crate::fact::RefundProgress;
use crate::order::tests::moment::{Moment, written};
use crate::order::tests::refund_samples::{
    call_refused, decline, not_exist, said, said_of, send, succeeded,
};
use crate::order::tests::samples::{epoch, placement, ship, start, success};
use crate::order::{
    CancelCause, Circumstances, Command, Decision, Event, LineQuantity, Order, OrderStatus,
    RefundAsk, RefundOf, Rejection, StockOutcome,
};
use crate::pricing::PricedLine;
use crate::refund::Asker;
use crate::stock::StockMoveKind;
use crate::{Fen, OutRefundNo, Timestamp};
use proptest::prelude::*;

/// A paid order of lines (quantity, price of one, discount), with fees.
pub(in crate::order::tests) fn paid(lines: &[(u32, i64, i64)], fees: (i64, i64)) -> Order {
    let mut placement = placement(500);
    let sample = placement.breakdown.lines[0].clone();
    placement.breakdown.lines = lines
        .iter()
        .map(|(quantity, price, discount)| PricedLine {
            quantity: *quantity,
            unit_price: Fen::new(*price),
            amount: Fen::new(price * i64::from(*quantity)),
            discount: Fen::new(*discount),
            ..sample.clone()
        })
        .collect();
    let sum = |of: fn(&PricedLine) -> i64| placement.breakdown.lines.iter().map(of).sum::<i64>();
    let (items, discount) = (sum(|line| line.amount.get()), sum(|line| line.discount.get()));
    let amounts = &mut placement.breakdown.amounts;
    amounts.items = Fen::new(items);
    amounts.discount = Fen::new(discount);
    (amounts.delivery, amounts.rush) = (Fen::new(fees.0), Fen::new(fees.1));
    let total = items - discount + fees.0 + fees.1;
    amounts.total = Fen::new(total);
    let events = placement.decide(start(), &epoch(), &|_| String::new()).unwrap();
    let order = written(None, events, start()).order.unwrap().order;
    at().play(&order, &success(&order, 1, "T-1", total))
}

pub(super) fn at() -> Moment {
    Moment::at(start())
}

/// When another refund of the same payment may be sent.
pub(super) fn later() -> Moment {
    Moment::at(start().plus_seconds(100))
}

pub(super) fn of(lines: &[(u16, u32)]) -> Command {
    let lines = lines
        .iter()
        .map(|(line_no, quantity)| LineQuantity { line_no: *line_no, quantity: *quantity });
    Command::Refund(RefundAsk {
        what: RefundOf::Lines(lines.collect()),
        reason: "不想要了".to_owned(),
        by: Asker::Service,
        out_refund_no: None,
    })
}

/// Asked for under a name of its own.
fn asked(order: &Order, lines: &[(u16, u32)]) -> Order {
    let name = format!("ask-{}", order.refunds.len());
    at().named(&name).play(order, &of(lines))
}

pub(super) fn back(order: &Order) -> Order {
    let order = at().play(order, &send(order));
    at().play(&order, &said(&order, succeeded()))
}

pub(super) fn amounts(order: &Order) -> Vec<i64> {
    order.refunds.iter().map(|refund| refund.amount.get()).collect()
}

#[test]
fn a_line_gives_back_what_was_paid_for_it_and_not_what_it_cost() {
    let order = paid(&[(3, 500, 100), (1, 1_000, 0)], (0, 0));
    // 1,400 for three: 466, then 933 in all, then 1,400.
    let order = asked(&order, &[(1, 1)]);
    let order = asked(&order, &[(1, 1)]);
    let order = asked(&order, &[(1, 1), (2, 1)]);
    assert_eq!(amounts(&order), [466, 467, 467 + 1_000]);
    assert_eq!(order.status, OrderStatus::Cancelling, "all of it goes back before shipping");
}

#[test]
fn fees_go_back_with_the_last_goods_and_only_before_shipping() {
    let order = paid(&[(2, 500, 0)], (80, 7));
    let first = asked(&order, &[(1, 1)]);
    let last = asked(&back(&first), &[(1, 1)]);
    assert_eq!(amounts(&last), [500, 587]);
    let shipped = at().play(&first, &ship("SF-1", true));
    let last = asked(&shipped, &[(1, 1)]);
    assert_eq!(amounts(&last), [500, 500]);
    assert_eq!(last.status, OrderStatus::Shipped);
}

#[test]
fn only_goods_of_the_order_that_are_left_are_refunded() {
    let order = paid(&[(2, 500, 0)], (0, 0));
    let refused = |order: &Order, lines: &[(u16, u32)]| at().named("x").decide(order, &of(lines));
    assert_eq!(refused(&order, &[(9, 1)]), Err(Rejection::LineUnknown(9)));
    assert_eq!(refused(&order, &[(1, 1), (1, 1)]), Err(Rejection::LineUnknown(1)));
    assert_eq!(refused(&order, &[(1, 0)]), Err(Rejection::LineUnknown(1)));
    assert_eq!(refused(&order, &[]), Err(Rejection::RefundExceedsPaid));
    assert_eq!(refused(&order, &[(1, 3)]), Err(Rejection::RefundExceedsPaid));
    let one = asked(&order, &[(1, 1)]);
    assert_eq!(refused(&one, &[(1, 2)]), Err(Rejection::RefundExceedsPaid));
    // Another asked for an amount: what is left of the payment is less than the goods.
    let ask = RefundAsk {
        what: RefundOf::Amount(Fen::new(600)),
        reason: "r".to_owned(),
        by: Asker::Service,
        out_refund_no: None,
    };
    let part = at().named("part").play(&order, &Command::Refund(ask));
    assert_eq!(refused(&part, &[(1, 1)]), Err(Rejection::RefundExceedsPaid));
}

#[test]
fn the_same_request_again_is_the_same_refund() {
    let order = asked(&paid(&[(2, 500, 0)], (0, 0)), &[(1, 1)]);
    let again = at().named("ask-0").decide(&order, &of(&[(1, 1)]));
    assert_eq!(again, Ok(Decision::AlreadyApplied));
    let other = at().named("ask-0").decide(&order, &of(&[(1, 2)]));
    assert!(matches!(other, Err(Rejection::RefundNumberTaken(_))), "{other:?}");
}

#[test]
fn goods_come_back_with_the_money_once() {
    let order = asked(&paid(&[(3, 500, 0), (1, 90, 0)], (0, 0)), &[(1, 2)]);
    let order = at().play(&order, &send(&order));
    let accepted = at().written(&order, &said(&order, RefundProgress::Processing));
    assert!(accepted.stock.is_empty(), "not before the payer has the money");
    let order = accepted.order.unwrap().order;
    let done = at().written(&order, &said(&order, succeeded()));
    let [back] = done.stock.as_slice() else { panic!("{:?}", done.stock) };
    let number = order.refunds[0].out_refund_no.clone();
    assert_eq!((back.kind, back.line_no, back.quantity), (StockMoveKind::Return, 1, 2));
    assert_eq!(back.out_refund_no.as_ref(), Some(&number));
    assert!(done.effects.contains(&format!("returned:{number}")));
    let order = done.order.unwrap().order;
    assert_eq!([order.holds[0].returned_quantity, order.holds[1].returned_quantity], [2, 0]);
    assert_eq!(order.status, OrderStatus::Ready);
    // The rest is called off: what is back already does not come back again.
    let order = at().play(&order, &Command::Cancel(CancelCause::Buyer));
    let order = later().play(&order, &send(&order));
    let over = at().written(&order, &said(&order, RefundProgress::Processing));
    let moves: Vec<(u16, u32)> = over.stock.iter().map(|m| (m.line_no, m.quantity)).collect();
    assert_eq!(moves, [(1, 1), (2, 1)]);
}

#[test]
fn what_the_end_of_its_order_brought_back_does_not_come_back_with_a_late_refund() {
    let order = asked(&paid(&[(2, 500, 0)], (0, 0)), &[(1, 1)]);
    let order = at().play(&order, &send(&order));
    let order = at().play(&order, &said(&order, RefundProgress::Processing));
    let order = at().play(&order, &Command::Cancel(CancelCause::Buyer));
    let sent = later().play(&order, &send(&order));
    let first = sent.refunds[0].clone();
    let order = at().play(&sent, &said(&sent, RefundProgress::Processing));
    assert_eq!((order.status, order.holds[0].returned_quantity), (OrderStatus::Cancelled, 2));
    let late = at().written(&order, &said_of(&order, &first, succeeded()));
    assert!(late.stock.is_empty(), "{:?}", late.stock);
}

#[test]
fn that_the_payer_has_the_money_is_recorded_even_if_the_shelf_refuses() {
    let order = asked(&paid(&[(2, 500, 0)], (0, 0)), &[(1, 1)]);
    let order = at().play(&order, &send(&order));
    let epoch = epoch();
    let refused =
        Circumstances { stock: StockOutcome::Refused, ..Circumstances::ordinary(start(), &epoch) };
    let done = order.decide_with(&said(&order, succeeded()), &refused);
    let Ok(Decision::Record(events)) = done else { panic!("{done:?}") };
    let changeset = written(Some(&order), events, start());
    assert!(changeset.stock.is_empty());
    assert_eq!(changeset.cases[0].kind, CaseKind::Stock);
    let order = changeset.order.unwrap().order;
    assert!(order.refunds[0].is_paid_back());
    assert_eq!(order.holds[0].returned_quantity, 0);
}

fn event_of(number: &OutRefundNo, order: &Order) -> bool {
    order.refund(number).is_some_and(|refund| !refund.lines.is_empty())
}

proptest! {
    /// In whatever portions a line is asked for, and whichever of them are declined and asked for again, or
    /// rejected and tried again after the next.
    #[test]
    fn all_parts_of_a_line_are_exactly_what_was_paid_for_it(
        (quantity, price, off) in (1u32..40, 1i64..10_000, 0i64..100),
        portions in prop::collection::vec((1u32..10, 0u8..4), 1..40),
    ) {
        let amount = price * i64::from(quantity);
        let discount = amount * off / 100;
        let payable = amount - discount;
        let order = paid(&[(quantity, price, discount), (1, 1_000, 0)], (0, 0));
        let mut order = at().play(&order, &ship("SF-1", true));
        let mut left = quantity;
        let mut waits: Option<(OutRefundNo, u32)> = None;
        for (n, (portion, fate)) in portions.into_iter().enumerate() {
            let portion = portion.min(left);
            if portion == 0 || order.refunds.len() > 45 {
                break;
            }
            let ask = Command::Refund(RefundAsk {
                what: RefundOf::Lines(vec![LineQuantity { line_no: 1, quantity: portion }]),
                reason: "r".to_owned(),
                by: if fate == 2 { Asker::Service } else { Asker::Buyer },
                out_refund_no: None,
            });
            match at().named(&format!("n-{n}")).decide(&order, &ask) {
                Ok(Decision::Record(events)) => order = order.after(&events),
                // A part that rounds to nothing is no refund.
                Err(Rejection::RefundExceedsPaid) => continue,
                other => panic!("{other:?}"),
            }
            let refund = order.refunds.last().unwrap().clone();
            prop_assert!(event_of(&refund.out_refund_no, &order));
            prop_assert_eq!(refund.amount, refund.lines[0].amount);
            let before = waits.take();
            match fate {
                1 => order = at().play(&order, &decline(&order)),
                2 => {
                    let later = start().plus_seconds(100 * i64::try_from(n + 1).unwrap());
                    order = rejected_at(&order, later);
                    waits = Some((refund.out_refund_no, portion));
                }
                _ => left -= portion,
            }
            if let Some((number, portion)) = before {
                match again(&order, &number) {
                    Ok(Decision::Record(events)) => {
                        order = order.after(&events);
                        left -= portion;
                    }
                    // Its goods are gone meanwhile, or its part rounds to nothing now.
                    Err(Rejection::RefundExceedsPaid) => {}
                    other => panic!("{other:?}"),
                }
            }
            let gone: i64 = order.refunds.iter().filter(|r| r.reserves()).map(|r| r.amount.get()).sum();
            prop_assert!(gone <= payable);
            prop_assert!(left > 0 || gone == payable, "{gone} of {payable}");
            let exact = payable * i64::from(quantity - left) / i64::from(quantity);
            prop_assert!((gone - exact).abs() <= i64::from(quantity), "{gone}, about {exact}");
        }
    }

    #[test]
    fn goods_and_fees_together_are_all_that_was_paid(
        lines in prop::collection::vec((1u32..9, 1i64..5_000, 0i64..=100), 1..6),
        fees in (0i64..1_000, 0i64..1_000),
        first in 1u32..9,
        accepted_first in any::<bool>(),
    ) {
        let lines: Vec<(u32, i64, i64)> = lines
            .into_iter()
            .map(|(quantity, price, off)| (quantity, price, price * i64::from(quantity) * off / 200))
            .collect();
        let order = paid(&lines, fees);
        let total = order.amounts.total;
        let first = first.min(lines[0].0);
        let order = match at().named("first").decide(&order, &of(&[(1, first)])) {
            Ok(Decision::Record(events)) if accepted_first => back(&order.after(&events)),
            Ok(Decision::Record(events)) => order.after(&events),
            _ => order,
        };
        let gone = order.refunds.iter().flat_map(|r| &r.lines).map(|l| l.quantity).sum::<u32>();
        let rest: Vec<(u16, u32)> = (1..).zip(&lines).map(|(no, (quantity, ..))| {
            (no, if no == 1 { quantity - gone } else { *quantity })
        }).filter(|(_, quantity)| *quantity > 0).collect();
        let order = if rest.is_empty() { order } else { at().named("rest").play(&order, &of(&rest)) };
        // What is asked for while the first may still come to nothing is followed by the fees.
        let mut order = order;
        for turn in 1_i64..4 {
            let open = order.refunds.iter().find(|refund| !refund.is_paid_back()).cloned();
            let Some(refund) = open else { break };
            let moment = Moment::at(start().plus_seconds(1_000 * turn));
            let out_refund_no = refund.out_refund_no.clone();
            order = moment.play(&order, &Command::SendRefund { out_refund_no });
            order = moment.play(&order, &said_of(&order, &refund, succeeded()));
        }
        prop_assert_eq!(order.reserved(1), total);
        prop_assert_eq!(order.status, OrderStatus::Cancelled);
    }
}

/// WeChat Pay refuses the last refund for good.
fn rejected(order: &Order) -> Order {
    rejected_at(order, start())
}

fn rejected_at(order: &Order, now: Timestamp) -> Order {
    let at = Moment::at(now);
    let order = at.play(order, &send(order));
    let order = at.play(&order, &call_refused(&order));
    at.play(&order, &not_exist(&order))
}

fn again(order: &Order, number: &OutRefundNo) -> Result<Decision, Rejection> {
    let out_refund_no = number.clone();
    at().decide(order, &Command::RetryRefund { out_refund_no, amount: None })
}

fn tried_again(order: &Order, number: &OutRefundNo) -> Order {
    let Ok(Decision::Record(events)) = again(order, number) else { panic!("nothing to do") };
    order.clone().after(&events)
}

/// Two for 1,001 fen: the first of them is 500, and so is another first one. What is left is 501.
#[test]
fn a_rejected_part_that_is_tried_again_is_cut_for_where_it_stands_now() {
    let order = at().play(&paid(&[(2, 501, 1)], (0, 0)), &ship("SF-1", true));
    let first = rejected(&asked(&order, &[(1, 1)]));
    let number = first.refunds[0].out_refund_no.clone();
    // Nothing else was asked for meanwhile: the same under its number.
    let same = tried_again(&first, &number);
    assert_eq!((same.refunds.len(), same.reserved(1)), (1, Fen::new(500)));
    assert_eq!(again(&same, &number), Ok(Decision::AlreadyApplied));

    let between = asked(&first, &[(1, 1)]);
    let both = tried_again(&between, &number);
    assert_eq!(amounts(&both), [500, 500, 501], "another amount has another number");
    assert_eq!(both.refunds[2].replaces, Some(number.clone()));
    assert_eq!((both.reserved(1), both.refundable()), (Fen::new(1_001), Fen::ZERO));
    assert_eq!(again(&both, &number), Ok(Decision::AlreadyApplied), "that one goes on");
}

#[test]
fn a_rejected_part_whose_goods_were_refunded_meanwhile_is_not_begun_again() {
    let order = at().play(&paid(&[(2, 500, 0), (1, 900, 0)], (0, 0)), &ship("SF-1", true));
    let first = rejected(&asked(&order, &[(1, 2)]));
    let number = first.refunds[0].out_refund_no.clone();
    let between = asked(&first, &[(1, 1)]);
    assert_eq!(again(&between, &number), Err(Rejection::RefundExceedsPaid));
}

/// Keeps the helpers honest: a refund by lines that succeeded says which goods are back.
#[test]
fn the_event_names_the_goods() {
    let order = asked(&paid(&[(2, 500, 0)], (0, 0)), &[(1, 1)]);
    let sent = at().play(&order, &send(&order));
    let events = at().events(&sent, &said(&sent, succeeded()));
    let expected = Event::GoodsReturned {
        out_refund_no: order.refunds[0].out_refund_no.clone(),
        lines: vec![(1, 1)],
        stock: StockOutcome::Committed,
    };
    assert!(events.contains(&expected), "{events:?}");
    assert_eq!(back(&order).holds[0].returned_quantity, 1);
}
