//! Refunds that we did not make, or whose record was lost: facts, never refused for being facts.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, ask_for, console, last, no, paid, payable, play, refund_fact, said, send, shipped,
    statement, succeeded, surplus,
};
use super::super::samples::{TOTAL, number, placed_directly, ship, start};
use crate::case::{CaseEnd, CaseKind};
use crate::fact::{RefundAtWechat, RefundProgress, RefundStatement};
use crate::names::{RefundId, TransactionId};
use crate::order::{
    CancelCause, Command, Decision, LineQuantity, Order, OrderStatus, RefundAsk, RefundOf,
    Rejection,
};
use crate::outgoing::OutgoingKind;
use crate::refund::{Asker, Refund, RefundKind, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};

fn imported(order: &Order, amount: i64, progress: RefundProgress) -> Result<Decision, Rejection> {
    Moment::at(start()).decide(order, &console(order, amount, progress))
}

fn differs(why: &'static str) -> Result<Decision, Rejection> {
    let out_refund_no = OutRefundNo::stated("console-1").unwrap();
    Err(Rejection::RefundDiffers { out_refund_no, why })
}

#[test]
fn a_refund_made_in_the_merchant_console_is_a_fact() {
    let fact = console(&shipped(), PART, succeeded());
    let order = Moment::at(start()).play(&shipped(), &fact);
    let expected = Refund {
        out_refund_no: OutRefundNo::stated("console-1").unwrap(),
        payment_no: 1,
        amount: Fen::new(PART),
        lines: Vec::new(),
        reason: String::new(),
        kind: RefundKind::External,
        asked_by: Asker::Paydesk,
        actor: "wechat_pay".to_owned(),
        replaces: None,
        state: RefundState::Succeeded { refund_id: RefundId::new("R-1"), at: start() },
        sent_at: None,
        created_at: start(),
    };
    assert_eq!(order.refunds, [expected]);
    assert_eq!((order.refunded(), order.refundable()), (Fen::new(PART), Fen::new(TOTAL - PART)));
}

#[test]
fn it_gets_on_as_wechat_pay_says_and_nobody_replaces_it() {
    let order = Moment::at(start())
        .play(&shipped(), &console(&shipped(), PART, RefundProgress::Processing));
    let arrived = play(order.clone(), &[|order| said(order, succeeded())]);
    assert_eq!(arrived.refunded(), Fen::new(PART));
    let closed = play(order, &[|order| said(order, RefundProgress::Closed)]);
    assert_eq!(closed.refunds.len(), 1);
    assert_eq!(closed.refundable(), Fen::new(TOTAL));
}

#[test]
fn the_whole_of_a_ready_order_refunded_elsewhere_cancels_it() {
    let fact = console(&paid(), TOTAL, RefundProgress::Processing);
    let names = Moment::at(start()).names(&paid(), &fact);
    assert_eq!(names, ["refund_imported", "cancel_requested", "cancelled"]);
    let order = Moment::at(start()).play(&paid(), &fact);
    assert_eq!(order.cancel_cause, Some(CancelCause::Operator));
    assert_eq!(order.status, OrderStatus::Cancelled);
}

#[test]
fn it_takes_no_more_than_what_is_left() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    for progress in [RefundProgress::Processing, RefundProgress::Abnormal, succeeded()] {
        let more = imported(&order, TOTAL - PART + 1, progress);
        assert_eq!(more, differs("more than what is left of the payment"));
        assert!(matches!(imported(&order, TOTAL - PART, progress), Ok(Decision::Record(_))));
    }
    let closed = imported(&order, TOTAL, RefundProgress::Closed);
    assert!(matches!(closed, Ok(Decision::Record(_))), "a closed one takes nothing");
}

/// The newest gives way first, and no more of them than has to.
#[test]
fn what_of_ours_was_not_sent_gives_way_to_it() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator)]);
    let order = Moment::at(start()).named("second").play(&order, &ask(PART, Asker::Buyer));
    let states = |amount| {
        let fact = console(&order, amount, succeeded());
        let order = Moment::at(start()).play(&order, &fact);
        order.refunds.iter().map(|refund| refund.state.status()).collect::<Vec<_>>()
    };
    let (waits, requested) = (RefundStatus::AwaitingApproval, RefundStatus::Requested);
    let (withdrawn, made) = (RefundStatus::Withdrawn, RefundStatus::Succeeded);
    let rest = TOTAL - 2 * PART;
    assert_eq!(states(rest), [requested, waits, made]);
    assert_eq!(states(rest + 1), [requested, withdrawn, made]);
    assert_eq!(states(rest + PART), [requested, withdrawn, made]);
    assert_eq!(states(rest + PART + 1), [withdrawn, withdrawn, made]);
    assert_eq!(
        imported(&order, TOTAL + 1, succeeded()),
        differs("more than what is left of the payment")
    );
}

/// All of the money is back by another way: the order is cancelled all the same.
#[test]
fn a_cancellation_whose_refund_gave_way_ends_with_the_other_one() {
    let order = play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    let after = Moment::at(start()).play(&order, &console(&order, TOTAL, succeeded()));
    assert_eq!((after.status, after.refunded()), (OrderStatus::Cancelled, Fen::new(TOTAL)));
    // A part of it is not enough: it is given up, and what is left may be asked back again.
    let after = Moment::at(start()).play(&order, &console(&order, PART, succeeded()));
    assert_eq!((after.status, after.refundable()), (OrderStatus::Ready, Fen::new(TOTAL - PART)));
}

#[test]
fn it_is_of_a_payment_that_we_know_to_be_paid() {
    let unpaid = imported(&payable(), PART, succeeded());
    assert_eq!(unpaid, differs("its payment is not known to be paid"));
    let order = shipped();
    let other =
        RefundStatement { out_trade_no: number(&order, 2), ..statement(&order, PART, succeeded()) };
    let number_2 = other.out_trade_no.clone();
    let fact =
        refund_fact(&OutRefundNo::stated("console-1").unwrap(), RefundAtWechat::Known(other));
    let answer = Moment::at(start()).decide(&order, &fact);
    assert_eq!(answer, Err(Rejection::PaymentUnknown(number_2)));
    let other = RefundStatement {
        transaction_id: TransactionId::new("T-9"),
        ..statement(&order, PART, succeeded())
    };
    let fact =
        refund_fact(&OutRefundNo::stated("console-1").unwrap(), RefundAtWechat::Known(other));
    let answer = Moment::at(start()).decide(&order, &fact);
    assert_eq!(answer, differs("it returns another transaction"));
}

#[test]
fn an_order_without_payments_has_no_refunds() {
    let order = placed_directly();
    assert_eq!(imported(&order, PART, succeeded()), Err(Rejection::OtherMerchant));
}

#[test]
fn that_an_unknown_number_does_not_exist_is_no_news() {
    let number = OutRefundNo::stated("console-1").unwrap();
    let fact = refund_fact(&number, RefundAtWechat::NotExist);
    let answer = Moment::at(start()).decide(&shipped(), &fact);
    assert_eq!(answer, Err(Rejection::RefundUnknown(number)));
}

#[test]
fn our_own_that_was_lost_with_the_database_comes_back_by_its_number() {
    let lost = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    let fact = said(&lost, RefundProgress::Processing);
    let order = Moment::at(start()).play(&shipped(), &fact);
    assert_eq!(no(&order), no(&lost));
    assert_eq!((last(&order).kind, last(&order).amount), (RefundKind::External, Fen::new(PART)));
    assert_eq!(order.reserved(1), Fen::new(PART));
}

#[test]
fn the_one_automatic_refund_is_known_by_its_number() {
    let mut order = surplus();
    let fact = said(&order, RefundProgress::Processing);
    let console = console(&order, TOTAL, RefundProgress::Processing);
    order.refunds.clear();
    let surplus = Moment::at(start()).play(&order, &fact);
    assert_eq!(last(&surplus).kind, RefundKind::Surplus);
    let other = Moment::at(start()).play(&order, &console);
    assert_eq!(last(&other).kind, RefundKind::External);
    // The same number on what settled its order is no surplus.
    let number = OutRefundNo::of_surplus(shipped().payments[0].out_trade_no());
    let said = statement(&shipped(), PART, RefundProgress::Processing);
    let fact = refund_fact(&number, RefundAtWechat::Known(said));
    let settled = Moment::at(start()).play(&shipped(), &fact);
    assert_eq!(last(&settled).kind, RefundKind::External);
}

#[test]
fn a_cancellation_takes_no_number_that_is_known_already() {
    let cancel = Command::Cancel(CancelCause::Buyer);
    let lost =
        Moment::at(start()).play(&paid(), &Command::Refund(ask_for(Some(PART), Asker::Buyer)));
    // In the life that is lost it was the second refund, and it was closed.
    let lost = Moment::at(start()).play(&lost, &cancel);
    let fact = said(&lost, RefundProgress::Closed);
    let order = Moment::at(start()).play(&paid(), &fact);
    assert_eq!((order.status, order.refunds.len()), (OrderStatus::Ready, 1));
    let order = Moment::at(start()).play(&order, &cancel);
    assert_ne!(order.refunds[0].out_refund_no, order.refunds[1].out_refund_no);
    assert_eq!(order.refund(&no(&order)), Some(last(&order)));
}

/// Two pieces of one line for 1,000 fen, paid and shipped.
fn two_pieces() -> Order {
    let paid = paid();
    assert_eq!(paid.holds.len(), 1);
    Moment::at(start()).play(&paid, &ship("SF-1", true))
}

fn of_lines(order: &Order) -> Command {
    let lines = vec![LineQuantity { line_no: 1, quantity: order.lines[0].quantity }];
    let ask = ask_for(None, Asker::Service);
    Command::Refund(RefundAsk { what: RefundOf::Lines(lines), ..ask })
}

/// The record of a refund by lines was lost; WeChat Pay knows its amount alone.
#[test]
fn which_goods_a_refund_was_for_is_not_guessed_and_a_person_is_told() {
    let order = two_pieces();
    let lost = play(order.clone(), &[of_lines, send]);
    assert!(!last(&lost).lines.is_empty());
    let at = Moment::at(start());
    let told = at.written(&order, &said(&lost, RefundProgress::Processing));
    let number = no(&lost);
    let [case] = told.cases.as_slice() else { panic!("{:?}", told.cases) };
    assert_eq!((case.kind, case.subject.as_str()), (CaseKind::Stock, number.as_str()));
    assert!(case.detail.contains("which goods"), "{}", case.detail);
    assert_eq!(told.outgoing.iter().filter(|o| o.kind == OutgoingKind::CaseOpened).count(), 1);
    let known = told.order.unwrap().order;
    assert_eq!((last(&known).lines.len(), last(&known).amount), (0, last(&lost).amount));
    // Its money arrives: nothing comes back to the shelf, and the case stays.
    let arrived = at.written(&known, &said(&known, succeeded()));
    assert!(arrived.stock.is_empty(), "{:?}", arrived.stock);
    let stock_case = CaseEnd { kind: CaseKind::Stock, subject: number.as_str().to_owned() };
    assert!(!arrived.ended_cases.contains(&stock_case));
    assert_eq!(arrived.order.unwrap().order.holds[0].returned_quantity, 0);
    // WeChat Pay gives it up: nothing went back, nobody has to look for goods.
    let closed = at.written(&known, &said(&known, RefundProgress::Closed));
    assert!(closed.ended_cases.contains(&stock_case));
}

#[test]
fn goods_that_the_end_of_the_order_brings_back_or_that_were_never_out_need_no_person() {
    let at = Moment::at(start());
    let whole = at.written(&paid(), &console(&paid(), TOTAL, succeeded()));
    assert_eq!(whole.order.unwrap().order.holds[0].returned_quantity, paid().lines[0].quantity);
    assert_eq!(whole.cases, [], "all of it is back");
    let of_surplus = surplus();
    let made = at.written(&of_surplus, &console(&of_surplus, PART, RefundProgress::Processing));
    assert!(!made.cases.iter().any(|case| case.kind == CaseKind::Stock));
    let closed = at.written(&shipped(), &console(&shipped(), PART, RefundProgress::Closed));
    assert!(!closed.cases.iter().any(|case| case.kind == CaseKind::Stock));
    // In the end it is cancelled, and everything comes back.
    let part = at.play(&paid(), &console(&paid(), PART, succeeded()));
    let number = no(&part);
    let over = at.play(&part, &Command::Cancel(CancelCause::Buyer));
    let over = Moment::at(start().plus_seconds(700)).play(&over, &send(&over));
    let over = at.written(&over, &said(&over, RefundProgress::Processing));
    let ended = CaseEnd { kind: CaseKind::Stock, subject: number.as_str().to_owned() };
    assert!(over.ended_cases.contains(&ended), "{:?}", over.ended_cases);
}
