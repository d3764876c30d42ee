//! Money that nobody can move any more: each of these orders needs a way out.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, ask_as, call_refused, call_unknown, console, last, no, not_exist, paid, play,
    refund_fact, refund_seen_first, rejected, retry, said, send, settle_offline, shipped,
    statement, succeeded, surplus,
};
use super::super::samples::{TOTAL, start};
use crate::fact::{RefundAtWechat, RefundProgress, RefundStatement};
use crate::job::next_refund_look;
use crate::names::{RefundId, TransactionId};
use crate::order::{CancelCause, Command, Decision, HORIZON_S, Order, OrderStatus, Rejection};
use crate::refund::{Asker, NUMBER_TAKEN, RefundKind, RefundState};
use crate::{Fen, OutRefundNo, OutTradeNo, Pace};

fn records(order: &Order, command: &Command) -> bool {
    let later = Moment::at(start().plus_seconds(7_200)).named("later").by("operator:2");
    matches!(later.decide(order, command), Ok(Decision::Record(_)))
}

/// A number that a backend gave, and that another system of the same merchant number had used: WeChat
/// Pay refuses it, and a query finds the other one's refund.
fn taken_by_another_system() -> Order {
    let order = play(paid(), &[|_| ask_as("theirs-1", TOTAL), send, call_refused]);
    let theirs = RefundStatement {
        transaction_id: TransactionId::new("T-9"),
        out_trade_no: OutTradeNo::parse("another-system-1").unwrap(),
        ..statement(&order, PART, succeeded())
    };
    let fact = refund_fact(&no(&order), RefundAtWechat::Known(theirs));
    let after = Moment::at(start()).play(&order, &fact);
    // Whoever asks again hears the same.
    assert_eq!(Moment::at(start()).decide(&after, &fact), Ok(Decision::AlreadyApplied));
    after
}

#[test]
fn a_number_that_is_another_refund_at_wechat_pay_does_not_hold_the_money_for_ever() {
    let order = taken_by_another_system();
    assert_eq!(last(&order).state, RefundState::Rejected { code: NUMBER_TAKEN.to_owned() });
    assert_eq!((order.status, order.refundable()), (OrderStatus::Ready, Fen::new(TOTAL)));
    let taken = no(&order);
    // The same number would be refused for ever.
    let again = play(order, &[retry]);
    assert_ne!(no(&again), taken);
    assert_eq!(last(&again).replaces, Some(taken));
    assert_eq!(
        (last(&again).state.clone(), last(&again).amount),
        (RefundState::Requested, Fen::new(TOTAL))
    );
}

/// The money of one refund goes back once: by WeChat Pay under another number, or offline.
#[test]
fn what_goes_on_under_another_number_is_not_settled_offline_as_well() {
    let order = play(shipped(), &[|_| ask_as("theirs-1", PART), send, call_refused]);
    let theirs = RefundStatement {
        out_trade_no: OutTradeNo::parse("another-system-1").unwrap(),
        ..statement(&order, PART, succeeded())
    };
    let taken = no(&order);
    let order =
        Moment::at(start()).play(&order, &refund_fact(&taken, RefundAtWechat::Known(theirs)));
    let order = play(order, &[retry]);
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let order = later.play(&order, &said(&order, succeeded()));
    let offline =
        Command::SettleRefundOffline { out_refund_no: taken, note: "bank transfer".to_owned() };
    assert_eq!(later.decide(&order, &offline), Err(Rejection::WrongState));
    assert_eq!(order.refunded(), Fen::new(PART));
}

#[test]
fn a_refund_that_stays_unknown_does_not_block_the_others_for_ever() {
    let stuck = play(paid(), &[|_| ask_as("theirs-1", PART), send, call_unknown]);
    let order = Moment::at(start()).named("second").play(&stuck, &ask(PART, Asker::Operator));
    assert_eq!(order.refunds.len(), 2);
    let a_week_later = Moment::at(start().plus_seconds(7 * 86_400));
    let sent = a_week_later.decide(&order, &send(&order));
    assert!(!matches!(sent, Err(Rejection::RefundTooSoon { .. })), "{sent:?}");
}

#[test]
fn a_console_refund_of_what_only_waits_for_a_person_is_a_fact() {
    let order = play(shipped(), &[|_| ask(TOTAL, Asker::Buyer)]);
    assert_eq!(last(&order).state, RefundState::AwaitingApproval);
    let fact = console(&order, TOTAL, succeeded());
    let said = Moment::at(start()).decide(&order, &fact);
    assert!(matches!(said, Ok(Decision::Record(_))), "a fact is never refused: {said:?}");
}

#[test]
fn a_console_refund_beside_one_of_ours_that_was_not_sent_is_a_fact() {
    let order = play(paid(), &[|_| ask(PART, Asker::Operator)]);
    let fact = console(&order, TOTAL, succeeded());
    let said = Moment::at(start()).decide(&order, &fact);
    assert!(matches!(said, Ok(Decision::Record(_))), "all of the money is back: {said:?}");
}

#[test]
fn what_is_left_of_a_surplus_payment_can_go_back() {
    for (what, order) in [
        ("refund seen first", play(refund_seen_first(), &[not_exist])),
        ("surplus", rejected(surplus())),
    ] {
        let part = console(&order, PART, succeeded());
        let order = Moment::at(start()).play(&order, &part);
        let automatic = order.refunds[0].out_refund_no.clone();
        let command = Command::RetryRefund { out_refund_no: automatic, amount: None };
        assert!(records(&order, &command), "{what}: 1000 fen stay with us");
    }
}

/// Some of it went back at WeChat Pay, under a number that nobody here knows: a person who looked
/// there says how much is still owed.
#[test]
fn a_person_says_how_much_of_a_surplus_payment_is_still_owed() {
    let order = play(refund_seen_first(), &[not_exist]);
    let automatic = no(&order);
    let of = |out_refund_no: &OutRefundNo, amount| Command::RetryRefund {
        out_refund_no: out_refund_no.clone(),
        amount: Some(Fen::new(amount)),
    };
    let moment = Moment::at(start());
    for amount in [0, TOTAL + 1] {
        let answer = moment.decide(&order, &of(&automatic, amount));
        assert_eq!(answer, Err(Rejection::RefundExceedsPaid), "{amount}");
    }
    let rest = moment.play(&order, &of(&automatic, TOTAL - PART));
    assert_eq!(last(&rest).replaces, Some(automatic.clone()), "other bytes, another number");
    assert_eq!(last(&rest).amount, Fen::new(TOTAL - PART));
    assert_eq!(moment.decide(&rest, &of(&automatic, PART)), Err(Rejection::WrongState), "once");
    let twice = moment.decide(&rest, &of(&automatic, TOTAL - PART));
    assert_eq!(twice, Ok(Decision::AlreadyApplied), "a double click");
    let sent = moment.play(&rest, &send(&rest));
    let back = moment.play(&sent, &said(&sent, succeeded()));
    assert_eq!(back.refunds.len(), 2, "and no more by itself");
    let whole = moment.play(&order, &of(&automatic, TOTAL));
    assert_eq!(last(&whole).out_refund_no, automatic, "the same bytes again");
    let twice = moment.decide(&whole, &of(&automatic, TOTAL));
    assert_eq!(twice, Ok(Decision::AlreadyApplied), "a double click");
    let asked = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let answer = moment.decide(&asked, &of(&no(&asked), 1));
    assert_eq!(answer, Err(Rejection::WrongState), "what was asked for is asked for again");
}

#[test]
fn what_is_left_of_a_surplus_payment_goes_back_by_itself_when_ours_was_not_sent() {
    let order = surplus();
    let automatic = no(&order);
    let part = console(&order, PART, RefundProgress::Processing);
    let order = Moment::at(start()).play(&order, &part);
    assert_eq!(order.refund(&automatic).unwrap().state, RefundState::Withdrawn);
    let rest = last(&order);
    assert_eq!((rest.amount, rest.replaces.as_ref()), (Fen::new(TOTAL - PART), Some(&automatic)));
    assert_eq!((rest.state.clone(), rest.kind), (RefundState::Requested, RefundKind::Surplus));
    // The replacement gives way as well, to what is made after it.
    let second = OutRefundNo::stated("console-2").unwrap();
    let said = statement(&order, PART, succeeded());
    let fact = refund_fact(&second, RefundAtWechat::Known(said));
    let replaced = no(&order);
    let order = Moment::at(start()).play(&order, &fact);
    assert_eq!(order.refund(&replaced).unwrap().state, RefundState::Withdrawn);
    assert_eq!(last(&order).replaces, Some(replaced), "one chain");
    assert_eq!(last(&order).amount, Fen::new(TOTAL - 2 * PART));
    assert_eq!(order.reserved(1), Fen::new(TOTAL));
}

#[test]
fn the_last_fen_of_a_surplus_payment_goes_back_by_itself_too() {
    let order = surplus();
    let all_but_one = console(&order, TOTAL - 1, RefundProgress::Processing);
    let order = Moment::at(start()).play(&order, &all_but_one);
    assert_eq!((last(&order).amount, last(&order).kind), (Fen::new(1), RefundKind::Surplus));
    assert_eq!(order.reserved(1), Fen::new(TOTAL));
}

#[test]
fn a_surplus_that_gave_way_to_a_refund_that_came_to_nothing_goes_back_by_itself() {
    let order = surplus();
    let automatic = no(&order);
    let elsewhere = console(&order, TOTAL, RefundProgress::Processing);
    let order = Moment::at(start()).play(&order, &elsewhere);
    assert_eq!(order.refunds.len(), 2, "all of it goes back already");
    let order = play(order, &[|order| said(order, RefundProgress::Closed)]);
    assert_eq!(
        (last(&order).amount, last(&order).state.clone()),
        (Fen::new(TOTAL), RefundState::Requested)
    );
    assert_eq!(last(&order).replaces, Some(automatic));
}

#[test]
fn what_stays_unknown_is_asked_about_less_and_less() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send, call_unknown]);
    let an_hour_later = start().plus_seconds(3_600);
    let look = next_refund_look(last(&order), an_hour_later, Pace::DESIGNED).unwrap();
    assert!(look.seconds_since(an_hour_later) >= 60, "{}", look.seconds_since(an_hour_later));
}

#[test]
fn sending_again_after_a_crash_is_written_down_as_sending() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    let later = start().plus_seconds(900);
    let Ok(Decision::Record(events)) = Moment::at(later).decide(&order, &send(&order)) else {
        panic!("sent again without a commit: no fence is checked and `sent_at` stays old");
    };
    assert_eq!(last(&order.after(&events)).sent_at, Some(later));
}

#[test]
fn after_a_refund_that_came_to_nothing_the_buyer_cancels_again() {
    let order = play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    let first = no(&order);
    let order = play(rejected(order), &[|_| Command::Cancel(CancelCause::Buyer)]);
    assert_ne!(no(&order), first);
    assert_eq!((order.status, order.refundable()), (OrderStatus::Cancelling, Fen::ZERO));
}

#[test]
fn what_was_paid_back_otherwise_soon_after_a_refusal_is_still_looked_at_once_more() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let settled = Moment::at(start().plus_seconds(60)).play(&order, &settle_offline(&order));
    // A request that was under way may still arrive until the horizon: then it went back twice.
    let look = next_refund_look(last(&settled), start().plus_seconds(60), Pace::DESIGNED);
    assert_eq!(look, Some(start().plus_seconds(HORIZON_S)));
}

#[test]
fn another_refund_id_under_a_known_number_is_not_the_refund_that_we_know() {
    let order = play(
        shipped(),
        &[|_| ask(PART, Asker::Operator), send, |order| said(order, RefundProgress::Processing)],
    );
    let other =
        RefundStatement { refund_id: RefundId::new("R-2"), ..statement(&order, PART, succeeded()) };
    let fact = refund_fact(&no(&order), RefundAtWechat::Known(other));
    let answer = Moment::at(start()).decide(&order, &fact);
    assert!(matches!(answer, Err(Rejection::RefundDiffers { .. })), "{answer:?}");
}

/// What staff can send back alone is bounded by the payment, not by the limit.
#[test]
fn a_large_refund_in_two_parts_waits_for_another_person_as_well() {
    let moment = Moment::at(start()).approving_above(TOTAL / 2);
    let first = moment.clone().named("1").play(&shipped(), &ask(TOTAL / 2, Asker::Operator));
    let second = moment.named("2").play(&first, &ask(TOTAL / 2, Asker::Operator));
    assert_eq!(last(&second).state, RefundState::AwaitingApproval);
}

/// The buyer may cancel alone while nothing is shipped.
#[test]
fn a_buyer_cancels_although_an_operators_cancellation_waits_for_another_person() {
    let moment = Moment::at(start()).approving_above(1);
    let order = moment.play(&paid(), &Command::Cancel(CancelCause::Operator));
    assert_eq!(last(&order).state, RefundState::AwaitingApproval);
    let cancelled = moment.by("buyer:7").decide(&order, &Command::Cancel(CancelCause::Buyer));
    assert!(matches!(cancelled, Ok(Decision::Record(_))), "nothing happens: {cancelled:?}");
}

#[test]
fn what_a_closed_refund_of_elsewhere_leaves_of_a_surplus_goes_back_too() {
    let order = surplus();
    let elsewhere = console(&order, PART, RefundProgress::Processing);
    let order = Moment::at(start()).play(&order, &elsewhere);
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let order = later.play(&order, &said(&order, succeeded()));
    let order = later.play(&order, &console(&order, PART, RefundProgress::Closed));
    assert_eq!(order.reserved(1), Fen::new(TOTAL), "{PART} fen stay with us: {:?}", order.refunds);
}

/// A backend that shares its numbers with another system gets there, and after a failover that lost the first
/// who repeats a request with another amount; who repeats requests for pieces of one line in another order, which
/// are cut otherwise by a fen; and who names another amount of a surplus. How much went back WeChat Pay has said.
#[test]
fn a_number_that_is_another_amount_at_wechat_pay_is_that_amount() {
    let order = play(shipped(), &[|_| ask_as("theirs-1", TOTAL), send, call_refused]);
    let theirs = RefundAtWechat::Known(statement(&order, PART, succeeded()));
    let later = Moment::at(start().plus_seconds(7_200));
    let order = later.play(&order, &refund_fact(&no(&order), theirs));
    assert_eq!((order.reserved(1), order.refunded()), (Fen::new(PART), Fen::new(PART)));
}
