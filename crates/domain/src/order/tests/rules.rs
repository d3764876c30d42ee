//! The rules by name, one test each: reading this list is reading the business.

use super::moment::{Moment, intent, written};
use super::refund_samples::payable;
use super::samples::{
    TOTAL, after, deadline, epoch, fact, placed, placement, start, success, with_second_payment,
};
use crate::Fen;
use crate::changeset::{Changeset, Guard, ListChange};
use crate::fact::Trade;
use crate::job::{JobChange, JobId};
use crate::order::{
    CancelCause, Circumstances, Command, Decision, Event, Order, OrderStatus, PaymentMethod,
    StockOutcome,
};
use crate::outgoing::OutgoingKind;
use crate::payment::{Credential, PaymentState, PaymentStatus, SurplusCause};
use crate::refund::RefundState;
use crate::stock::{HoldStatus, StockMoveKind};

fn cancel() -> Command {
    Command::Cancel(CancelCause::Buyer)
}

fn refused_stock(epoch: &crate::Epoch) -> Circumstances<'_> {
    Circumstances { stock: StockOutcome::Refused, ..Circumstances::ordinary(start(), epoch) }
}

fn changeset(order: &Order, command: &Command) -> Changeset {
    Moment::at(start()).written(order, command)
}

#[test]
fn a_success_while_cancelling_settles_the_order() {
    let order = after(payable(), &cancel(), start());
    assert_eq!(order.status, OrderStatus::Cancelling);
    let paid = after(order.clone(), &success(&order, 1, "T-1", TOTAL), start());
    assert_eq!(paid.status, OrderStatus::Ready);
    assert!(paid.holds.iter().all(|h| h.status == HoldStatus::Committed));
}

#[test]
fn a_success_on_a_closed_payment_settles_while_the_order_is_payable() {
    let order = payable();
    let closed = after(order.clone(), &fact(&order, 1, Trade::Closed), start());
    assert_eq!(closed.payments[0].state.status(), PaymentStatus::Closed);
    let paid = after(closed, &success(&order, 1, "T-1", TOTAL), start());
    assert_eq!(paid.status, OrderStatus::Ready);
}

#[test]
fn a_success_after_cancelled_is_refunded_in_full_once() {
    let order = after(payable(), &cancel(), start());
    let order = after(order.clone(), &fact(&order, 1, Trade::Closed), start());
    assert_eq!(order.status, OrderStatus::Cancelled);
    let late = success(&order, 1, "T-1", TOTAL);
    let order = after(order, &late, start());
    let order = after(order, &late, start());
    assert_eq!(order.status, OrderStatus::Cancelled);
    assert_eq!(order.refunds.len(), 1);
    assert_eq!(order.refunds[0].amount, Fen::new(TOTAL));
    assert_eq!(order.refunds[0].state, RefundState::Requested);
}

#[test]
fn two_payments_of_one_order_settle_it_once_and_the_second_is_surplus() {
    let credential = Some(Credential::CodeUrl("weixin://x".to_owned()));
    let order = with_second_payment(payable(), PaymentState::Payable { credential });
    let order = after(order.clone(), &success(&order, 2, "T-2", TOTAL), start());
    assert_eq!(order.payments[1].state.status(), PaymentStatus::Paid);
    assert_eq!(order.payments[0].state.status(), PaymentStatus::Closing, "the other is closed");
    let order = after(order.clone(), &success(&order, 1, "T-1", TOTAL), start());
    let PaymentState::Surplus { why, .. } = &order.payments[0].state else { panic!("not surplus") };
    assert_eq!(*why, SurplusCause::Second);
    assert_eq!(order.paid(), Fen::new(TOTAL));
    assert_eq!(order.refunds.len(), 1);
}

#[test]
fn another_amount_is_never_paid_and_the_order_stays_payable() {
    let order = payable();
    let order = after(order.clone(), &success(&order, 1, "T-1", TOTAL - 1), start());
    assert_eq!(order.status, OrderStatus::PendingPayment);
    assert!(order.settlement.is_none());
    assert_eq!(order.refunds[0].amount, Fen::new(TOTAL - 1), "what was received goes back");
}

#[test]
fn holds_are_released_only_when_every_payment_has_ended() {
    let order = with_second_payment(payable(), PaymentState::Unknown);
    let order = after(order, &cancel(), start());
    let order = after(order.clone(), &fact(&order, 1, Trade::Closed), start());
    assert_eq!(order.status, OrderStatus::Cancelling);
    assert!(order.holds.iter().all(|h| h.status == HoldStatus::Held));
    let order = after(order.clone(), &fact(&order, 2, Trade::Closed), start());
    assert_eq!(order.status, OrderStatus::Cancelled);
    assert!(order.holds.iter().all(|h| h.status == HoldStatus::Released));
}

#[test]
fn an_order_without_a_payment_is_cancelled_at_once() {
    let mut order = placed();
    order.payments.clear();
    let order = after(order, &cancel(), start());
    assert_eq!(order.status, OrderStatus::Cancelled);
}

#[test]
fn a_surplus_mismatch_while_cancelling_ends_the_cancellation() {
    let order = after(payable(), &cancel(), start());
    let order = after(order.clone(), &success(&order, 1, "T-1", 1), start());
    assert_eq!(order.status, OrderStatus::Cancelled);
    assert_eq!(order.refunds.len(), 1);
}

#[test]
fn a_deadline_counts_only_once_it_has_passed() {
    let order = payable();
    let expire = Command::Cancel(CancelCause::Deadline);
    assert!(order.decide(&expire, deadline().plus_seconds(-1)).is_err());
    assert!(order.decide(&expire, deadline()).is_ok());
}

#[test]
fn a_total_of_zero_is_paid_without_wechat_pay() {
    let events = placement(0).decide(start(), &epoch(), &|_| unreachable!("no prepay")).unwrap();
    let written = written(None, events, start());
    let order = written.order.unwrap().order;
    assert_eq!((order.status, order.payment_method), (OrderStatus::Ready, PaymentMethod::Free));
    assert_eq!(order.version, 1);
    let kinds: Vec<_> = written.stock.iter().map(|m| m.kind).collect();
    assert_eq!(kinds, [StockMoveKind::Hold, StockMoveKind::Commit]);
    assert!(matches!(written.list[..], [ListChange::Capture { .. }, ListChange::Clear { .. }]));
}

#[test]
fn placing_guards_what_pricing_read_and_promises_the_work() {
    let placement = placement(500);
    let events = placement.decide(start(), &epoch(), &|_| "{}".to_owned()).unwrap();
    let written = Changeset::of(None, events, placement.guards(), intent(), start()).unwrap();
    assert!(
        matches!(&written.guards[0], Guard::PriceVersion { price_version: 3, .. }),
        "{:?}",
        written.guards
    );
    let order = &written.order.as_ref().unwrap().order;
    let follow = JobId::follow(order.payments[0].out_trade_no());
    let expected = [
        JobChange::Ensure { id: follow, due_at: start().plus_seconds(5) },
        JobChange::Ensure { id: JobId::expire(&order.number), due_at: deadline() },
    ];
    assert_eq!(written.jobs, expected);
    assert_eq!(written.outgoing[0].kind, OutgoingKind::OrderCreated);
}

#[test]
fn settling_commits_stock_clears_lines_and_leaves_no_work() {
    let order = payable();
    let written = changeset(&order, &success(&order, 1, "T-1", TOTAL));
    assert!(written.jobs.iter().all(|job| matches!(job, JobChange::Remove { .. })));
    assert!(matches!(written.list[..], [ListChange::Clear { .. }]));
    assert_eq!(written.stock[0].kind, StockMoveKind::Commit);
    assert_eq!(written.outgoing[0].kind, OutgoingKind::OrderPaid);
    assert!(written.cases.is_empty());
}

#[test]
fn a_settlement_whose_stock_is_refused_goes_on_with_a_case() {
    let order = payable();
    let command = success(&order, 1, "T-1", TOTAL);
    let decision = order.decide_with(&command, &refused_stock(&epoch())).unwrap();
    let Decision::Record(events) = decision else { panic!("nothing to record") };
    let written = written(Some(&order), events, start());
    assert!(written.stock.is_empty());
    assert_eq!(written.cases.len(), 1);
    let after = written.order.unwrap().order;
    assert_eq!(after.status, OrderStatus::Ready);
    assert!(after.holds.iter().all(|h| h.status == HoldStatus::Held));
}

#[test]
fn a_surplus_is_shown_as_a_case_and_told_outside() {
    let order = after(payable(), &cancel(), start());
    let order = after(order.clone(), &fact(&order, 1, Trade::Closed), start());
    let written = changeset(&order, &success(&order, 1, "T-9", TOTAL));
    assert_eq!(written.cases.len(), 1);
    let kinds: Vec<_> = written.outgoing.iter().map(|o| o.kind).collect();
    let expected =
        [OutgoingKind::PaymentSurplus, OutgoingKind::CaseOpened, OutgoingKind::RefundRequested];
    assert_eq!(kinds, expected);
}

#[test]
fn what_is_to_be_closed_is_looked_at_now() {
    let order = payable();
    let written = changeset(&order, &cancel());
    let follow = JobId::follow(order.payments[0].out_trade_no());
    assert!(written.jobs.contains(&JobChange::Ensure { id: follow, due_at: start() }));
    let expire = JobChange::Remove { id: JobId::expire(&order.number) };
    assert!(written.jobs.contains(&expire));
}

#[test]
fn folding_ignores_events_about_payments_it_does_not_have() {
    let order = payable();
    assert_eq!(order.clone().apply(&Event::PaymentUnknown { no: 9 }), order);
}
