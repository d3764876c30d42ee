//! Lives of the database: after it has lost commits, what was said before proves nothing any more
//! (reliability design, rule 14).

use super::moment::Moment;
use super::refund_samples::{last, payable};
use super::samples::{
    TOTAL, epoch, number, placed, placed_directly, receipt, start, start_payment,
};
use crate::Epoch;
use crate::fact::{Evidence, PaymentFact, Trade};
use crate::names::Mchid;
use crate::order::{Command, Decision, Order, OrderStatus, Rejection};
use crate::payment::{PaymentState, PaymentStatus, SurplusCause, TradeType};

/// The life after the one in which the samples are made.
fn after_promotion() -> Epoch {
    Epoch::new("00000002.0")
}

fn now() -> Moment {
    Moment::at(start()).in_epoch(&after_promotion())
}

fn said(order: &Order, no: u8, trade: Trade, asked_on: Option<Epoch>) -> Command {
    let evidence = Evidence::Query { request_id: None };
    let mchid = Mchid::new("1900000109");
    let fact = PaymentFact::attested(evidence, mchid, number(order, no), trade, None);
    Command::RecordFact(match asked_on {
        Some(epoch) => fact.asked_on(&epoch),
        None => fact,
    })
}

fn success(order: &Order, asked_on: Option<Epoch>) -> Command {
    said(order, 1, Trade::Success(receipt("T-1", TOTAL)), asked_on)
}

#[test]
fn a_success_that_was_not_asked_for_since_is_not_believed() {
    let order = payable();
    for asked_on in [None, Some(epoch()), Some(Epoch::new("00000003.0"))] {
        let answer = now().decide(&order, &success(&order, asked_on));
        assert_eq!(answer, Err(Rejection::Unconfirmed));
    }
}

#[test]
fn one_that_was_asked_for_since_settles() {
    let order = payable();
    let order = now().play(&order, &success(&order, Some(after_promotion())));
    assert_eq!(order.status, OrderStatus::Ready);
}

#[test]
fn within_one_life_nothing_has_to_be_asked_for() {
    let order = payable();
    for asked_on in [None, Some(epoch()), Some(Epoch::new("00000000.9"))] {
        let answer = Moment::at(start()).decide(&order, &success(&order, asked_on));
        assert!(matches!(answer, Ok(Decision::Record(_))));
    }
}

/// Its first payment may have been recorded, paid and paid back in the life that is lost.
#[test]
fn the_first_payment_of_an_order_from_before_is_not_believed_at_once() {
    let order = now().play(&placed_directly(), &start_payment(TradeType::Native));
    let told = now().decide(&order, &success(&order, None));
    assert_eq!(told, Err(Rejection::Unconfirmed));
    let asked = success(&order, Some(after_promotion()));
    assert_eq!(now().play(&order, &asked).status, OrderStatus::Ready);
}

/// In the life that is lost a second payment was recorded, paid, found surplus, and refunded. Its
/// number is used again, and the old notification comes once more.
#[test]
fn a_payment_whose_number_may_have_been_used_in_a_lost_life_is_not_believed_at_once() {
    let order = now().play(&payable(), &start_payment(TradeType::Native));
    let trade = Trade::Success(receipt("T-2", TOTAL));
    let old = said(&order, 2, trade.clone(), None);
    assert_eq!(now().decide(&order, &old), Err(Rejection::Unconfirmed));
    let asked = said(&order, 2, trade, Some(after_promotion()));
    assert_eq!(now().play(&order, &asked).status, OrderStatus::Ready);
}

#[test]
fn what_is_recorded_is_not_doubted() {
    let order = payable();
    let order = Moment::at(start()).play(&order, &success(&order, None));
    assert_eq!(now().decide(&order, &success(&order, None)), Ok(Decision::AlreadyApplied));
}

/// Race R15: A settled, B was surplus and refunded, both commits were lost, B's notification comes
/// first. B must not settle, A must.
#[test]
fn what_answers_refund_never_settles_and_the_other_payment_does() {
    let order = Moment::at(start()).play(&payable(), &start_payment(TradeType::Native));
    let b = said(&order, 2, Trade::Success(receipt("T-B", TOTAL)), None);
    assert_eq!(now().decide(&order, &b), Err(Rejection::Unconfirmed));
    let b = said(&order, 2, Trade::Refunded(receipt("T-B", TOTAL)), Some(after_promotion()));
    let order = now().play(&order, &b);
    let why = SurplusCause::RefundSeenFirst;
    let surplus = PaymentState::Surplus { receipt: Some(receipt("T-B", TOTAL)), why };
    assert_eq!(order.payments[1].state, surplus);
    assert_eq!(order.status, OrderStatus::PendingPayment);
    assert_eq!(last(&order).payment_no, 2);
    let a = said(&order, 1, Trade::Success(receipt("T-A", TOTAL)), Some(after_promotion()));
    let order = now().play(&order, &a);
    assert_eq!(order.payments[0].state.status(), PaymentStatus::Paid);
    assert_eq!((order.status, order.refunds.len()), (OrderStatus::Ready, 1));
}

#[test]
fn what_takes_nothing_is_believed_in_any_life() {
    let order = placed();
    let closed = now().play(&order, &said(&order, 1, Trade::Closed, None));
    assert_eq!(closed.payments[0].state.status(), PaymentStatus::Closed);
    let refunded = said(&order, 1, Trade::Refunded(receipt("T-1", TOTAL)), None);
    let refunded = now().play(&order, &refunded);
    assert_eq!(refunded.payments[0].state.status(), PaymentStatus::Surplus);
}

/// The order of a notification that says another amount: it needs a query in every life.
#[test]
fn a_notification_of_another_amount_is_not_believed_without_a_query() {
    let order = payable();
    let notified = |amount, asked_on: Option<Epoch>| {
        let evidence = Evidence::Notification { event_id: "EV-1".to_owned() };
        let trade = Trade::Success(receipt("T-1", amount));
        let mchid = Mchid::new("1900000109");
        let fact = PaymentFact::attested(evidence, mchid, number(&order, 1), trade, None);
        Command::RecordFact(match asked_on {
            Some(epoch) => fact.asked_on(&epoch),
            None => fact,
        })
    };
    let here = Moment::at(start());
    assert_eq!(here.decide(&order, &notified(1, None)), Err(Rejection::Unconfirmed));
    let asked = notified(1, Some(epoch()));
    assert_eq!(here.decide(&order, &asked), Err(Rejection::Unconfirmed));
    assert!(matches!(here.decide(&order, &notified(TOTAL, None)), Ok(Decision::Record(_))));
    assert_eq!(now().decide(&order, &notified(TOTAL, None)), Err(Rejection::Unconfirmed));
}

#[test]
fn without_being_told_an_order_is_decided_in_the_life_in_which_it_was_placed() {
    let order = now().play(&placed_directly(), &start_payment(TradeType::Native));
    assert!(matches!(order.decide(&success(&order, None), start()), Ok(Decision::Record(_))));
}

#[test]
fn what_is_committed_names_the_life_in_which_it_was_decided() {
    let written = now().written(&placed_directly(), &start_payment(TradeType::Native));
    assert_eq!(written.decided_in, None, "unless nobody says so");
    let written = written.decided_in(&after_promotion());
    assert_eq!(written.decided_in, Some(after_promotion()));
    assert_eq!(written.events.len(), 1, "and nothing else changes");
}
