//! Refunds that we did not make, or whose record was lost: facts, never refused for being facts.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, ask_for, console, last, no, paid, payable, play, refund_fact, rejected, retry, said,
    said_of, send, shipped, statement, succeeded, surplus,
};
use super::super::samples::{TOTAL, number, placed_directly, ship, start};
use super::fees::{by, tea_and_cup};
use crate::case::{CaseEnd, CaseKind, CaseOpening};
use crate::fact::{RefundAtWechat, RefundProgress, RefundStatement};
use crate::names::{RefundId, TransactionId};
use crate::order::{
    CancelCause, Command, Decision, LineQuantity, Order, OrderStatus, RefundAsk, RefundOf,
    Rejection,
};
use crate::outgoing::OutgoingKind;
use crate::refund::{Asker, REFUNDS_MAX, Refund, RefundKind, RefundState, RefundStatus};
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
        asked: None,
        owed: None,
        applied: None,
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
    assert_eq!(states(rest + 1), [requested, withdrawn, made, waits]);
    assert_eq!(states(rest + PART), [requested, withdrawn, made]);
    assert_eq!(states(rest + PART + 1), [withdrawn, withdrawn, made, requested]);
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
}

/// The buyer was told that the order is being cancelled: it stays so, and the rest goes back too.
#[test]
fn a_cancellation_goes_on_when_a_part_went_back_elsewhere() {
    let order = play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    let ours = no(&order);
    for progress in [RefundProgress::Processing, succeeded()] {
        let fact = console(&order, 1, progress);
        let names = Moment::at(start()).names(&order, &fact);
        assert_eq!(names, ["refund_withdrawn", "refund_imported", "refund_requested"]);
        let after = Moment::at(start()).play(&order, &fact);
        assert_eq!(
            (after.status, after.cancel_cause),
            (OrderStatus::Cancelling, Some(CancelCause::Buyer))
        );
        let rest = last(&after);
        assert_eq!(
            (rest.amount, rest.state.clone()),
            (Fen::new(TOTAL - 1), RefundState::Requested)
        );
        assert_eq!((rest.asked_by, rest.replaces.as_ref()), (Asker::Buyer, Some(&ours)));
        let later = Moment::at(start().plus_seconds(100));
        assert!(later.decide(&after, &ship("SF-1", true)).is_err(), "nothing is shipped");
        let sent = later.play(&after, &send(&after));
        let back = later.play(&sent, &said(&sent, RefundProgress::Processing));
        assert_eq!((back.status, back.refundable()), (OrderStatus::Cancelled, Fen::ZERO));
    }
}

/// Its number tells how much it is: after lost commits the same rest has the same number, and another
/// rest another one.
#[test]
fn the_number_of_the_rest_is_of_what_gave_way_and_of_its_amount() {
    let order = play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    let rest = |amount| {
        let fact = console(&order, amount, succeeded());
        no(&Moment::at(start()).play(&order, &fact))
    };
    assert_eq!(rest(1), rest(1));
    assert_ne!(rest(1), rest(2));
    // The record of the rest is lost, and it is heard of before what it made room for.
    let half = console(&order, TOTAL / 2, succeeded());
    let known = Moment::at(start()).play(&order, &half);
    let lost = said(&known, RefundProgress::Processing);
    let after = Moment::at(start()).play(&order, &lost);
    assert_ne!(no(&after), no(&known), "its number is taken");
    assert_eq!(last(&after).amount, Fen::new(TOTAL / 2));
    let after = Moment::at(start()).play(&after, &half);
    assert_eq!((after.status, after.reserved(1)), (OrderStatus::Cancelled, Fen::new(TOTAL)));
}

/// Of the one that gave way last some is left, and it waits for whom it waited for.
#[test]
fn what_is_left_of_what_gave_way_is_asked_for_again_as_it_was() {
    let big = Moment::at(start()).approving_above(PART - 1);
    let order = big.play(&shipped(), &ask(PART, Asker::Operator));
    let order = Moment::at(start()).named("second").play(&order, &ask(PART, Asker::Service));
    let second = order.refunds[1].clone();
    let rest_after = |amount: i64| {
        let after = Moment::at(start()).play(&order, &console(&order, amount, succeeded()));
        assert_eq!(after.reserved(1), Fen::new(TOTAL), "all of it is asked back or back");
        (after.refunds.len() > 3).then(|| last(&after).clone())
    };
    let free = TOTAL - 2 * PART;
    assert_eq!(rest_after(free), None, "nothing has to give way");
    let rest = rest_after(free + 1).unwrap();
    assert_eq!((rest.amount, rest.state.status()), (Fen::new(PART - 1), RefundStatus::Requested));
    assert_eq!((rest.actor, rest.reason, rest.kind), (second.actor, second.reason, second.kind));
    assert_eq!(rest_after(free + PART), None, "all of what gave way went back elsewhere");
    let rest = rest_after(free + PART + 1).unwrap();
    assert_eq!((rest.amount, rest.asked_by), (Fen::new(PART - 1), Asker::Operator));
    assert_eq!(rest.state, RefundState::AwaitingApproval, "nobody has agreed to it yet");
    assert_eq!(rest_after(TOTAL), None);
}

/// It is another refund, of another moment: that the one before it was sent once says nothing of it.
#[test]
fn what_is_left_was_never_sent_and_is_asked_for_now() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let order = play(order, &[retry]);
    assert!(last(&order).is_unsent() && last(&order).sent_at.is_some());
    let later = start().plus_seconds(7);
    let after = Moment::at(later).play(&order, &console(&order, TOTAL - 1, succeeded()));
    let rest = last(&after);
    assert_eq!((rest.amount, rest.sent_at, rest.created_at), (Fen::new(1), None, later));
}

/// Goods are not cut: what is left of their money is an amount.
#[test]
fn what_is_left_of_a_refund_by_lines_is_for_no_goods_in_particular() {
    let lines = vec![LineQuantity { line_no: 1, quantity: 1 }];
    let ask = RefundAsk { what: RefundOf::Lines(lines), ..ask_for(None, Asker::Service) };
    let order = Moment::at(start()).play(&shipped(), &Command::Refund(ask));
    let amount = last(&order).amount;
    assert!(!last(&order).lines.is_empty());
    let all_but_one = console(&order, TOTAL - 1, succeeded());
    let after = Moment::at(start()).play(&order, &all_but_one);
    assert!(amount > Fen::new(1));
    assert_eq!((last(&after).amount, last(&after).lines.len()), (Fen::new(1), 0));
}

/// What of a surplus payment goes back in parts gives way like everything else.
#[test]
fn the_part_of_a_surplus_that_was_left_by_another_is_not_lost_when_it_gives_way() {
    let order = surplus();
    let order =
        Moment::at(start()).play(&order, &console(&order, PART, RefundProgress::Processing));
    let order = Moment::at(start().plus_seconds(100)).play(&order, &send(&order));
    let order = play(order, &[|order| said(order, succeeded())]);
    let elsewhere = order.refunds[1].clone();
    let order =
        Moment::at(start()).play(&order, &said_of(&order, &elsewhere, RefundProgress::Closed));
    assert_eq!(last(&order).amount, Fen::new(PART));
    let said = RefundAtWechat::Known(statement(&order, 1, succeeded()));
    let second = refund_fact(&OutRefundNo::stated("console-2").unwrap(), said);
    let order = Moment::at(start()).play(&order, &second);
    assert_eq!((last(&order).amount, order.reserved(1)), (Fen::new(PART - 1), Fen::new(TOTAL)));
}

/// The money of an order that is cancelled, or is being cancelled, is owed.
#[test]
fn what_was_made_elsewhere_and_comes_to_nothing_does_not_undo_a_cancellation() {
    let cancelling = play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    for amount in [1, TOTAL] {
        let order = Moment::at(start())
            .play(&cancelling, &console(&cancelling, amount, RefundProgress::Processing));
        let elsewhere = order.refunds[1].clone();
        let status = order.status;
        let closed = said_of(&order, &elsewhere, RefundProgress::Closed);
        let order = Moment::at(start()).play(&order, &closed);
        assert_eq!((order.status, order.reserved(1)), (status, Fen::new(TOTAL)));
        assert_eq!(last(&order).amount, Fen::new(amount));
        assert_eq!(
            (last(&order).asked_by, last(&order).kind),
            (Asker::Paydesk, RefundKind::Requested)
        );
        assert_eq!(last(&order).reason, "订单取消");
    }
}

/// WeChat Pay takes fifty refunds of a payment: then a person has to help.
#[test]
fn no_rest_is_asked_for_that_wechat_pay_would_not_take() {
    let mut order = play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    let closed = Moment::at(start()).play(&paid(), &console(&paid(), 1, RefundProgress::Closed));
    let closed = last(&closed).clone();
    let made = (2..=REFUNDS_MAX).map(|n| Refund {
        out_refund_no: OutRefundNo::stated(&format!("console-1{n}")).unwrap(),
        ..closed.clone()
    });
    order.refunds.extend(made);
    let after = Moment::at(start()).play(&order, &console(&order, 1, succeeded()));
    assert_eq!(last(&after).out_refund_no.as_str(), "console-1");
    assert_eq!(after.status, OrderStatus::Ready);
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
    let [_mismatch, case] = told.cases.as_slice() else { panic!("{:?}", told.cases) };
    assert_eq!((case.kind, case.subject.as_str()), (CaseKind::Stock, number.as_str()));
    assert!(case.detail.contains("which goods"), "{}", case.detail);
    assert_eq!(told.outgoing.iter().filter(|o| o.kind == OutgoingKind::CaseOpened).count(), 2);
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
    let stock = |cases: &[CaseOpening]| cases.iter().any(|case| case.kind == CaseKind::Stock);
    assert!(!stock(&whole.cases), "all of it is back");
    let of_surplus = surplus();
    let made = at.written(&of_surplus, &console(&of_surplus, PART, RefundProgress::Processing));
    assert!(!stock(&made.cases));
    let closed = at.written(&shipped(), &console(&shipped(), PART, RefundProgress::Closed));
    assert!(!stock(&closed.cases));
    // Of goods that are back already none can be missing.
    let goods = by(&[(1, 1), (2, 1)], Asker::Service);
    let back = at.play(&at.play(&tea_and_cup(), &ship("SF-1", true)), &goods);
    let back = play(back, &[send, |order| said(order, succeeded())]);
    let fees = at.written(&back, &console(&back, 50, succeeded()));
    assert_eq!((back.status, stock(&fees.cases)), (OrderStatus::Shipped, false));
    // In the end it is cancelled, and everything comes back.
    let part = at.play(&paid(), &console(&paid(), PART, succeeded()));
    let number = no(&part);
    let over = at.play(&part, &Command::Cancel(CancelCause::Buyer));
    let over = Moment::at(start().plus_seconds(700)).play(&over, &send(&over));
    let over = at.written(&over, &said(&over, RefundProgress::Processing));
    let ended = CaseEnd { kind: CaseKind::Stock, subject: number.as_str().to_owned() };
    assert!(over.ended_cases.contains(&ended), "{:?}", over.ended_cases);
}
