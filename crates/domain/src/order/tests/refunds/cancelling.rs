//! Cancelling what was paid: a refund of all of it, and what becomes of the order meanwhile.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, approve, ask, call_refused, closed, decline, last, no, not_exist, paid,
    paid_with_another_closing, payable, play, rejected, retry, said, said_of, send, settle_offline,
    succeeded,
};
use super::super::samples::{
    TOTAL, epoch, fact, placed_directly, placement, ship, start, start_payment, success,
};
use crate::fact::{RefundProgress, Trade};
use crate::order::{CancelCause, Command, Decision, Order, OrderStatus, PaymentStatus, Rejection};
use crate::payment::{PaymentState, TradeType};
use crate::refund::{Asker, REFUNDS_MAX, RefundKind, RefundState, RefundStatus};
use crate::stock::{HoldStatus, StockMoveKind};
use crate::{Fen, OutRefundNo};

fn cancel() -> Command {
    Command::Cancel(CancelCause::Buyer)
}

fn cancelled_by(cause: CancelCause) -> Order {
    Moment::at(start()).play(&paid(), &Command::Cancel(cause))
}

#[test]
fn all_that_is_left_goes_back() {
    let order = play(paid(), &[|_| ask(PART, Asker::Operator)]);
    let order = Moment::at(start()).by("buyer:7").play(&order, &cancel());
    let refund = last(&order);
    assert_eq!(refund.amount, Fen::new(TOTAL - PART));
    assert_eq!((refund.kind, refund.asked_by), (RefundKind::Requested, Asker::Buyer));
    assert_eq!((refund.actor.as_str(), refund.created_at), ("buyer:7", start()));
    assert_eq!((refund.state.clone(), refund.sent_at), (RefundState::Requested, None));
    assert_eq!(order.status, OrderStatus::Cancelling);
    assert_eq!(order.cancel_cause, Some(CancelCause::Buyer));
    assert_eq!(cancelled_by(CancelCause::Operator).refunds[0].asked_by, Asker::Operator);
}

#[test]
fn the_order_is_cancelled_once_wechat_pay_took_its_refund_on() {
    for progress in [RefundProgress::Processing, RefundProgress::Abnormal, succeeded()] {
        let order = play(cancelled_by(CancelCause::Buyer), &[send]);
        assert_eq!(order.status, OrderStatus::Cancelling);
        let order = Moment::at(start()).play(&order, &said(&order, progress));
        assert_eq!(order.status, OrderStatus::Cancelled, "{progress:?}");
        assert_eq!(order.cancelled_at, Some(start()));
    }
}

#[test]
fn what_was_sold_comes_back_when_the_order_is_cancelled() {
    let order = play(cancelled_by(CancelCause::Buyer), &[send]);
    assert!(order.holds.iter().all(|hold| hold.returned_quantity == 0), "not before");
    let fact = said(&order, RefundProgress::Processing);
    let written = Moment::at(start()).written(&order, &fact);
    let moves: Vec<_> = written.stock.iter().map(|m| (m.line_no, m.quantity, m.kind)).collect();
    assert_eq!(moves, [(1, 3, StockMoveKind::Return)]);
    let order = written.order.unwrap().order;
    let hold = &order.holds[0];
    assert_eq!((hold.status, hold.returned_quantity), (HoldStatus::Committed, hold.quantity));
}

#[test]
fn what_is_only_held_is_given_back_as_held() {
    let refused = Moment { stock: crate::order::StockOutcome::Refused, ..Moment::at(start()) };
    let order = payable();
    let order = refused.play(&order, &success(&order, 1, "T-1", TOTAL));
    let order = play(order, &[|_| cancel(), send]);
    let fact = said(&order, RefundProgress::Processing);
    let written = Moment::at(start()).written(&order, &fact);
    let moves: Vec<_> = written.stock.iter().map(|m| (m.quantity, m.kind)).collect();
    assert_eq!(moves, [(3, StockMoveKind::Release)]);
    assert_eq!(written.order.unwrap().order.holds[0].returned_quantity, 0);
}

#[test]
fn a_refund_that_is_rejected_or_declined_gives_the_cancellation_up() {
    let rejected = rejected(cancelled_by(CancelCause::Buyer));
    let above = Moment::at(start()).approving_above(TOTAL - 1);
    let waiting = above.play(&paid(), &Command::Cancel(CancelCause::Operator));
    assert_eq!(last(&waiting).state, RefundState::AwaitingApproval);
    let declined = play(waiting, &[decline]);
    for order in [rejected, declined] {
        assert_eq!(order.status, OrderStatus::Ready);
        assert_eq!(order.cancel_cause, None);
        assert_eq!(order.payment_status(), PaymentStatus::Paid);
        assert!(order.holds.iter().all(|hold| hold.status == HoldStatus::Committed));
        let again = Moment::at(start()).play(&order, &cancel());
        assert_eq!(again.status, OrderStatus::Cancelling, "it can be cancelled anew");
        assert_ne!(no(&again), no(&order), "another intention has another number");
    }
}

#[test]
fn an_operators_cancellation_of_much_money_waits_for_another_person() {
    let at = |above| Moment::at(start()).approving_above(above);
    let operator = Command::Cancel(CancelCause::Operator);
    assert_eq!(last(&at(TOTAL).play(&paid(), &operator)).state, RefundState::Requested);
    let waiting = at(TOTAL - 1).play(&paid(), &operator);
    assert_eq!(waiting.status, OrderStatus::Cancelling);
    assert_eq!(last(&waiting).state, RefundState::AwaitingApproval);
    let same = Moment::at(start()).decide(&waiting, &approve(&waiting));
    assert_eq!(same, Err(Rejection::NeedsAnother));
    let other = Moment::at(start()).by("operator:2").play(&waiting, &approve(&waiting));
    assert_eq!(last(&other).state, RefundState::Requested);
    let buyers = at(0).play(&paid(), &cancel());
    assert_eq!(last(&buyers).state, RefundState::Requested, "a buyer waits for nobody");
}

#[test]
fn a_closed_refund_does_not_give_the_cancellation_up() {
    let order = closed(cancelled_by(CancelCause::Buyer));
    assert_eq!(order.status, OrderStatus::Cancelling);
    assert_eq!(order.refunds.len(), 2);
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let order = later.play(&order, &said(&order, RefundProgress::Processing));
    assert_eq!(order.status, OrderStatus::Cancelled);
}

#[test]
fn a_cancelled_order_stays_cancelled_whatever_becomes_of_its_refund() {
    let order = play(cancelled_by(CancelCause::Buyer), &[send]);
    let order = play(order, &[|order| said(order, RefundProgress::Processing)]);
    let order = play(order, &[|order| said(order, RefundProgress::Closed)]);
    let later = Moment::at(start().plus_seconds(60));
    let order = [send, call_refused, not_exist]
        .iter()
        .fold(order, |order, make| later.play(&order, &make(&order)));
    assert_eq!(last(&order).state.status(), RefundStatus::Rejected);
    assert_eq!(order.status, OrderStatus::Cancelled);
    let order = later.play(&order, &settle_offline(&order));
    assert_eq!(order.payment_status(), PaymentStatus::Refunded);
}

#[test]
fn a_cancellation_that_was_given_up_goes_on_with_a_retry() {
    let order = rejected(cancelled_by(CancelCause::Buyer));
    let order = play(order, &[retry]);
    assert_eq!(order.status, OrderStatus::Cancelling);
    assert_eq!(order.cancel_cause, Some(CancelCause::Buyer));
}

#[test]
fn who_waited_for_a_part_gets_all_of_it() {
    let waits = Moment::at(start()).approving_above(0);
    let order = waits.play(&paid(), &ask(PART, Asker::Operator));
    let part = no(&order);
    let names = Moment::at(start()).names(&order, &cancel());
    assert_eq!(names, ["cancel_requested", "refund_withdrawn", "refund_requested"]);
    let order = Moment::at(start()).play(&order, &cancel());
    assert_eq!(order.refund(&part).unwrap().state, RefundState::Withdrawn);
    assert_eq!(last(&order).amount, Fen::new(TOTAL));
}

#[test]
fn a_part_that_is_on_its_way_already_stays() {
    let order = play(paid(), &[|_| ask(PART, Asker::Operator), send]);
    let order = play(order, &[|order| said(order, succeeded()), |_| cancel()]);
    assert_eq!(order.refunds.len(), 2);
    assert_eq!(last(&order).amount, Fen::new(TOTAL - PART));
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let order = later.play(&order, &said(&order, succeeded()));
    assert_eq!(order.status, OrderStatus::Cancelled);
    assert_eq!(order.payment_status(), PaymentStatus::Refunded);
}

#[test]
fn a_part_on_its_way_is_not_enough() {
    let order = play(paid(), &[|_| ask(PART, Asker::Operator), |_| cancel()]);
    let first = order.refunds[0].clone();
    let second = order.refunds[1].clone();
    let at = |seconds| Moment::at(start().plus_seconds(seconds));
    let mut order = order;
    for (seconds, refund, status) in
        [(0, &first, OrderStatus::Cancelling), (60, &second, OrderStatus::Cancelled)]
    {
        let out_refund_no = refund.out_refund_no.clone();
        order = at(seconds).play(&order, &Command::SendRefund { out_refund_no });
        let said = said_of(&order, refund, RefundProgress::Processing);
        order = at(seconds).play(&order, &said);
        assert_eq!(order.status, status);
    }
}

#[test]
fn the_cancellation_waits_for_every_payment_of_the_order() {
    let order = play(paid_with_another_closing(), &[|_| cancel(), send]);
    let order = play(order, &[|order| said(order, succeeded())]);
    assert_eq!(order.status, OrderStatus::Cancelling);
    let order = Moment::at(start()).play(&order, &fact(&order, 2, Trade::Closed));
    assert_eq!(order.status, OrderStatus::Cancelled);
}

#[test]
fn a_second_success_meanwhile_goes_back_too() {
    let order = play(paid_with_another_closing(), &[|_| cancel(), send]);
    let order = Moment::at(start()).play(&order, &success(&order, 2, "T-2", TOTAL));
    assert!(matches!(order.payments[1].state, PaymentState::Surplus { .. }));
    assert_eq!(
        last(&order).out_refund_no,
        OutRefundNo::of_surplus(order.payments[1].out_trade_no())
    );
    assert_eq!(order.status, OrderStatus::Cancelling, "its own refund is not accepted yet");
    let refund = order.refunds[0].clone();
    let said = said_of(&order, &refund, succeeded());
    assert_eq!(Moment::at(start()).play(&order, &said).status, OrderStatus::Cancelled);
}

#[test]
fn a_free_order_is_cancelled_at_once() {
    let events = placement(0).decide(start(), &epoch(), &|_| unreachable!("no prepay")).unwrap();
    let crate::order::Event::Placed(order) = &events[0] else { unreachable!() };
    let order = (**order).clone().after(&events);
    assert_eq!(order.status, OrderStatus::Ready);
    let order = Moment::at(start()).play(&order, &cancel());
    assert_eq!((order.status, order.refunds.len()), (OrderStatus::Cancelled, 0));
    assert_eq!(order.holds[0].returned_quantity, 3);
}

#[test]
fn after_a_year_what_was_paid_is_not_cancelled() {
    let end = start().plus_seconds(365 * 86_400);
    assert!(Moment::at(end.plus_millis(-1)).decide(&paid(), &cancel()).is_ok());
    let late = Moment::at(end).decide(&paid(), &cancel());
    assert_eq!(late, Err(Rejection::NotCancellable));
}

#[test]
fn with_fifty_refunds_what_is_left_is_not_cancelled() {
    let mut order = paid();
    for turn in 1..REFUNDS_MAX {
        let moment = Moment::at(start()).named(&format!("turn:{turn}"));
        order = moment.play(&order, &ask(1, Asker::Operator));
    }
    assert!(Moment::at(start()).decide(&order, &cancel()).is_ok(), "room for one");
    let waiting = Moment::at(start()).approving_above(0).play(&order, &ask(1, Asker::Operator));
    assert!(Moment::at(start()).decide(&waiting, &cancel()).is_ok(), "what waits makes room");
    let full = Moment::at(start()).play(&order, &ask(1, Asker::Operator));
    assert_eq!(Moment::at(start()).decide(&full, &cancel()), Err(Rejection::NotCancellable));
}

#[test]
fn a_cancelling_order_says_already_applied_to_another_cancel() {
    for cause in [CancelCause::Buyer, CancelCause::Operator, CancelCause::Deadline] {
        let again =
            Moment::at(start()).decide(&cancelled_by(CancelCause::Buyer), &Command::Cancel(cause));
        assert_eq!(again, Ok(Decision::AlreadyApplied));
    }
}

#[test]
fn nothing_is_started_or_shipped_while_the_money_goes_back() {
    let order = cancelled_by(CancelCause::Buyer);
    let ship = ship("SF-1", true);
    assert_eq!(Moment::at(start()).decide(&order, &ship), Err(Rejection::WrongState));
    let pay = start_payment(TradeType::Native);
    assert_eq!(Moment::at(start()).decide(&order, &pay), Err(Rejection::NotPayable));
    let unpaid = Moment::at(start()).play(&placed_directly(), &cancel());
    assert_eq!(unpaid.status, OrderStatus::Cancelled);
}

/// In a life of the database that is lost it may have been sent already, of another amount.
#[test]
fn of_another_amount_it_has_another_number() {
    let part = play(paid(), &[|_| ask(PART, Asker::Operator), |_| cancel()]);
    let above = Moment::at(start()).approving_above(0);
    let declined = play(above.play(&paid(), &ask(PART, Asker::Operator)), &[decline, |_| cancel()]);
    assert_eq!((part.refunds.len(), declined.refunds.len()), (2, 2));
    assert_ne!(last(&part).amount, last(&declined).amount);
    assert_ne!(no(&part), no(&declined));
}

/// No command leads here; whoever reads such an order from somewhere refunds nothing with it.
#[test]
fn where_nothing_is_left_no_refund_of_nothing_is_made() {
    let order = Order { status: OrderStatus::Ready, ..cancelled_by(CancelCause::Buyer) };
    assert_eq!(Moment::at(start()).names(&order, &cancel()), ["cancel_requested"]);
}

/// What came back line by line comes back once.
#[test]
fn what_came_back_before_does_not_come_back_again() {
    for (back, expected) in [(0, Some(3)), (1, Some(2)), (3, None)] {
        let mut order = play(cancelled_by(CancelCause::Buyer), &[send]);
        order.holds[0].returned_quantity = back;
        let fact = said(&order, RefundProgress::Processing);
        let written = Moment::at(start()).written(&order, &fact);
        let moved: Vec<u32> = written.stock.iter().map(|moved| moved.quantity).collect();
        assert_eq!(moved, expected.into_iter().collect::<Vec<_>>(), "{back} came back before");
        assert_eq!(written.order.unwrap().order.holds[0].returned_quantity, 3);
    }
}

/// Whoever asked for a large cancellation does not lift the wait for another person by asking again.
#[test]
fn only_the_buyer_ends_the_wait_of_an_operators_cancellation() {
    let by = |cause| Command::Cancel(cause);
    let above = Moment::at(start()).approving_above(PART);
    let waiting = above.play(&paid(), &by(CancelCause::Operator));
    assert_eq!(last(&waiting).state, RefundState::AwaitingApproval);
    for cause in [CancelCause::Operator, CancelCause::Deadline] {
        assert_eq!(above.decide(&waiting, &by(cause)), Ok(Decision::AlreadyApplied), "{cause:?}");
    }
    let ended = above.play(&waiting, &by(CancelCause::Buyer));
    assert_eq!(last(&ended).state, RefundState::Requested);
}
