//! Refunds that were given up and are there after all: how they end, and what was done meanwhile in the belief
//! that they came to nothing.

use super::super::moment::{Moment, at};
use super::super::refund_samples::{
    PART, ask, call_refused, console, decline, last, no, not_exist, paid, play, refused_at,
    rejected, retry, said_of, send, settle_offline, shipped, succeeded, surplus, withdraw,
};
use super::super::samples::{TOTAL, ship, start};
use super::fees::{by, number, tea_and_cup};
use crate::case::CaseKind;
use crate::fact::RefundProgress;
use crate::job::{JobChange, JobId};
use crate::order::{CancelCause, Command, Decision, Order, OrderStatus, Rejection};
use crate::refund::{Asker, NUMBER_TAKEN, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};

fn told(moment: &Moment, order: &Order, no: &OutRefundNo, progress: RefundProgress) -> Order {
    moment.play(order, &said_of(order, order.refund(no).unwrap(), progress))
}

fn states(order: &Order) -> Vec<(i64, RefundStatus)> {
    let of = |refund: &crate::refund::Refund| (refund.amount.get(), refund.state.status());
    order.refunds.iter().map(of).collect()
}

/// Tea of 2,000 and a cup of 500 with fees of 87. When the tea was tried again it was the last of the goods, so
/// that the fees went with it; by the time its first request is closed they go back alone.
#[test]
fn what_goes_in_the_place_of_a_closed_one_has_room() {
    let order = at(0).named("cup").play(&tea_and_cup(), &by(&[(2, 1)], Asker::Buyer));
    let cup = number(&order, 0);
    let order = at(0).named("tea").play(&order, &by(&[(1, 1)], Asker::Buyer));
    let tea = number(&order, 1);
    let order = play(order, &[send, call_refused, not_exist]);
    let order = at(100).play(&order, &Command::SendRefund { out_refund_no: cup.clone() });
    let order = told(&at(100), &order, &cup, succeeded());
    let again = Command::RetryRefund { out_refund_no: tea.clone(), amount: None };
    let order = at(110).play(&order, &again);
    assert_eq!(last(&order).amount, Fen::new(2_087));
    let order = told(&at(120), &order, &tea, RefundProgress::Processing);
    let order = told(&at(130), &order, &tea, RefundProgress::Closed);
    let instead = last(&order);
    assert_eq!(
        (instead.amount, instead.state.status()),
        (Fen::new(2_000), RefundStatus::Requested)
    );
    assert_eq!(instead.lines.len(), 1, "the tea");
    assert_eq!(order.reserved(1), Fen::new(2_587), "{:?}", states(&order));
}

/// All of it gave way to one of the console, which came to nothing, and then to its own first request.
#[test]
fn all_of_a_surplus_goes_back_whatever_gave_way_to_what() {
    let order = rejected(surplus());
    let automatic = no(&order);
    let order = at(10).play(&order, &retry(&order));
    let order = at(11).play(&order, &console(&order, PART, RefundProgress::Processing));
    let elsewhere = OutRefundNo::stated("console-1").unwrap();
    let order = told(&at(12), &order, &elsewhere, RefundProgress::Closed);
    let order = told(&at(13), &order, &automatic, RefundProgress::Processing);
    let order = told(&at(14), &order, &automatic, RefundProgress::Closed);
    assert_eq!(order.reserved(1), Fen::new(TOTAL), "{:?}", states(&order));
    assert!(last(&order).replaces.is_some(), "as one");
}

/// What a person said is owed stays so, also where the one in whose place it goes is closed late.
#[test]
fn of_a_surplus_that_is_closed_late_no_more_goes_back_than_a_person_said_was_owed() {
    let order = rejected(surplus());
    let automatic = no(&order);
    let again =
        Command::RetryRefund { out_refund_no: automatic.clone(), amount: Some(Fen::new(PART)) };
    let order = at(10).play(&order, &again);
    let order = told(&at(11), &order, &automatic, RefundProgress::Processing);
    let order = told(&at(12), &order, &automatic, RefundProgress::Closed);
    assert_eq!(order.reserved(1), Fen::new(PART), "{:?}", states(&order));
}

/// First paid back by WeChat Pay; then nobody pays it back by bank under the number of what replaced it.
#[test]
fn what_is_back_is_not_paid_by_bank_under_the_number_of_another() {
    let mut order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let first = no(&order);
    order.refunds[0].state = RefundState::Rejected { code: NUMBER_TAKEN.to_owned() };
    let order = at(60).play(&order, &retry(&order));
    let second = no(&order);
    let order = at(60).play(&order, &send(&order));
    let abnormal = told(&at(61), &order, &second, RefundProgress::Abnormal);
    assert!(at(70).decide(&abnormal, &settle_offline(&abnormal)).is_ok(), "it is owed");
    let back = told(&at(62), &abnormal, &first, succeeded());
    assert_eq!(at(70).decide(&back, &settle_offline(&back)), Err(Rejection::WrongState));
}

/// The case is about the order and stays, whatever becomes of the refund.
fn assert_shown(order: &Order, refund: &OutRefundNo) {
    for progress in [succeeded(), RefundProgress::Processing] {
        let written =
            at(60).written(order, &said_of(order, order.refund(refund).unwrap(), progress));
        let about = |kind: CaseKind, subject: &str| {
            kind == CaseKind::RefundMismatch && subject == order.number.as_str()
        };
        assert!(written.cases.iter().any(|case| about(case.kind, &case.subject)), "{progress:?}");
        assert!(!written.ended_cases.iter().any(|end| about(end.kind, &end.subject)));
    }
}

#[test]
fn that_goods_were_sent_for_money_that_is_back_is_shown_to_a_person() {
    let whole = rejected(play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]));
    assert_eq!(whole.status, OrderStatus::Ready);
    let sent = at(30).play(&whole, &ship("SF-1", true));
    assert_shown(&sent, &no(&whole));
    let a_line = at(0).named("tea").play(&tea_and_cup(), &by(&[(1, 1)], Asker::Buyer));
    let a_line = rejected(a_line);
    let sent = at(30).play(&a_line, &ship("SF-1", true));
    assert_shown(&sent, &no(&a_line));
    // Nothing was sent for it.
    let written = at(60).written(&whole, &said_of(&whole, last(&whole), succeeded()));
    assert_eq!(written.cases, []);
}

#[test]
fn that_money_is_back_to_which_a_person_said_no_is_shown_to_a_person() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Buyer), decline]);
    assert_shown(&order, &no(&order));
}

/// It had no room while another had its amount. Nothing is to be sent before it is asked about.
#[test]
fn what_had_no_room_is_asked_about_as_soon_as_the_other_comes_to_nothing() {
    let order = rejected(play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]));
    let first = no(&order);
    let order = at(20).play(&order, &Command::Cancel(CancelCause::Buyer));
    let order = at(60).play(&order, &send(&order));
    let fact = said_of(&order, order.refund(&first).unwrap(), succeeded());
    assert!(at(61).decide(&order, &fact).is_err(), "its amount is the other's");
    let order = at(62).play(&order, &call_refused(&order));
    let written = at(63).written(&order, &not_exist(&order));
    let now = start().plus_seconds(63);
    let asked = JobChange::Ensure { id: JobId::refund(&first), due_at: now };
    assert!(written.jobs.contains(&asked), "{:?}", written.jobs);
    let order = at(63).play(&order, &not_exist(&order));
    assert_eq!(order.status, OrderStatus::Ready);
    assert_eq!(at(64).play(&order, &fact).status, OrderStatus::Cancelled);
}

/// So much of a surplus is still owed, as somebody has looked up.
fn owing(order: &Order, fen: i64) -> Command {
    Command::RetryRefund { out_refund_no: no(order), amount: Some(Fen::new(fen)) }
}

/// The rest was paid back by bank: what WeChat Pay closes goes on as what it was.
#[test]
fn what_a_person_said_is_owed_of_a_surplus_stays_so_when_it_is_closed() {
    let order = rejected(surplus());
    let mut order = at(10).play(&order, &owing(&order, PART));
    for seconds in [100, 200] {
        order = at(seconds).play(&order, &send(&order));
        let named = no(&order);
        order = told(&at(seconds + 1), &order, &named, RefundProgress::Closed);
        let goes_on = last(&order);
        assert_eq!(goes_on.replaces, Some(named));
        assert_eq!(
            (goes_on.amount, goes_on.state.status()),
            (Fen::new(PART), RefundStatus::Requested),
            "{:?}",
            states(&order)
        );
    }
}

/// Named once more, after WeChat Pay refused it; who repeats it is told that it is done.
#[test]
fn how_much_is_owed_may_be_said_again_under_the_number_of_the_first() {
    let order = rejected(surplus());
    let order = at(10).play(&order, &owing(&order, PART));
    let named = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = at(101).play(&order, &call_refused(&order));
    let order = at(102).play(&order, &not_exist(&order));
    let order = at(110).play(&order, &owing(&order, TOTAL - 1));
    let order = told(&at(200), &order, &named, RefundProgress::Processing);
    let order = told(&at(210), &order, &named, RefundProgress::Closed);
    let order = refused_at(300, &order);
    let less = Command::RetryRefund {
        out_refund_no: last(&order).out_refund_no.clone(),
        amount: Some(Fen::new(1)),
    };
    let order = at(330).play(&order, &less);
    assert_eq!(last(&order).amount, Fen::new(1), "{:?}", states(&order));
    let less = Command::RetryRefund { out_refund_no: named, amount: Some(Fen::new(1)) };
    assert_eq!(at(331).decide(&order, &less), Ok(Decision::AlreadyApplied));
}

/// It was agreed to and sent in a life of the database that is lost; in this one somebody has said no since.
#[test]
fn what_was_declined_and_is_there_is_not_begun_again_when_it_is_closed() {
    let asked = || play(shipped(), &[|_| ask(PART, Asker::Buyer)]);
    for given_up in [decline, withdraw] {
        let order = play(asked(), &[given_up]);
        let number = no(&order);
        let order = told(&at(200), &order, &number, RefundProgress::Processing);
        let closed = said_of(&order, last(&order), RefundProgress::Closed);
        let written = at(210).written(&order, &closed);
        let [case] = &written.cases[..] else { panic!("{:?}", written.cases) };
        assert_eq!((case.kind, &*case.subject), (CaseKind::RefundAbnormal, number.as_str()));
        let order = at(210).play(&order, &closed);
        assert_eq!(order.reserved(1), Fen::ZERO, "{:?}", states(&order));
    }
}

/// Nobody can take it back: only a person can ask the payer for what is too much.
#[test]
fn that_all_of_a_surplus_is_there_although_less_was_owed_is_shown_to_a_person() {
    let order = rejected(surplus());
    let automatic = no(&order);
    let less = at(10).play(&order, &owing(&order, PART));
    assert_shown(&less, &automatic);
    // Begun again as it was, it is what was owed.
    let whole = at(10).play(&order, &owing(&order, TOTAL));
    let written = at(60).written(&whole, &said_of(&whole, last(&whole), succeeded()));
    assert_eq!(written.cases, []);
}

/// Surplus money of which a person said first that so much is owed, and then so much; the first of them was
/// refused, and is there after all.
fn named_twice(first: i64, then: i64) -> (Order, OutRefundNo) {
    let order = rejected(surplus());
    let order = at(10).play(&order, &owing(&order, first));
    let named_first = no(&order);
    let order = at(70).play(&order, &send(&order));
    let order = at(71).play(&order, &call_refused(&order));
    let order = at(72).play(&order, &not_exist(&order));
    let order = at(80).play(&order, &owing(&order, then));
    let order = told(&at(90), &order, &named_first, RefundProgress::Processing);
    assert_eq!(last(&order).state, RefundState::Withdrawn);
    (order, named_first)
}

/// The last word counts, also where the same person had said something else before.
#[test]
fn what_a_person_said_last_is_owed_is_begun_again_and_no_more() {
    let (order, named_first) = named_twice(PART, PART - 200);
    let order = told(&at(100), &order, &named_first, RefundProgress::Closed);
    assert_eq!(order.reserved(1), Fen::new(PART - 200), "{:?}", states(&order));
}

#[test]
fn what_is_left_of_what_a_person_said_is_owed_goes_back_too() {
    let (order, named_first) = named_twice(PART, PART + 200);
    let order = told(&at(100), &order, &named_first, succeeded());
    assert_eq!(order.reserved(1), Fen::new(PART + 200), "{:?}", states(&order));
    let (order, named_first) = named_twice(PART, PART - 200);
    let order = told(&at(100), &order, &named_first, succeeded());
    assert_eq!(
        order.reserved(1),
        Fen::new(PART),
        "more is back than is owed: {:?}",
        states(&order)
    );
}

/// All of its money was to go back and was refused, so that its goods were sent.
#[test]
fn what_was_overtaken_by_its_goods_is_not_begun_again_by_itself() {
    let order = rejected(play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]));
    let refund = no(&order);
    let order = at(30).play(&order, &ship("SF-1", true));
    let order = told(&at(60), &order, &refund, RefundProgress::Processing);
    let closed = said_of(&order, order.refund(&refund).unwrap(), RefundProgress::Closed);
    let told_of = at(70).written(&order, &closed).cases;
    assert!(told_of.iter().any(|case| case.kind == CaseKind::RefundAbnormal), "{told_of:?}");
    let order = at(70).play(&order, &closed);
    assert_eq!(order.reserved(1), Fen::ZERO, "{:?}", states(&order));
}

/// Another person said no to what was tried again above a limit. It is still refused, and still owed.
#[test]
fn what_was_refused_is_not_stuck_when_somebody_says_no_to_its_replacement() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let first = no(&order);
    let order = at(10).approving_above(0).play(&order, &retry(&order));
    let declined = at(20).play(&order, &decline(&order));
    let again = Command::RetryRefund { out_refund_no: first.clone(), amount: None };
    let by_bank = Command::SettleRefundOffline { out_refund_no: first, note: "bank".to_owned() };
    assert_eq!(at(30).play(&declined, &by_bank).reserved(1), Fen::new(PART));
    let order = at(30).play(&declined, &again);
    assert_eq!(last(&order).replaces, Some(no(&declined)), "{:?}", states(&order));
    assert_eq!(at(30).decide(&order, &again), Ok(Decision::AlreadyApplied));
}
