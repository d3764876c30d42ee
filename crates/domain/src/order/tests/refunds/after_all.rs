//! Refunds that were given up and are at WeChat Pay after all.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, call_refused, console, last, no, not_exist, play, refund_fact, rejected, said_of,
    send, settle_offline, shipped, statement, succeeded, surplus,
};
use super::super::samples::{TOTAL, start};
use crate::case::CaseKind;
use crate::fact::{RefundAtWechat, RefundProgress};
use crate::job::next_refund_look;
use crate::order::{Command, Decision, HORIZON_S, Order, Rejection};
use crate::outgoing::{Outgoing, OutgoingKind};
use crate::refund::{Asker, NUMBER_TAKEN, Refund, RefundKind, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo, Pace};

/// Its request was under way for longer than a question waits: what is not sent gives way to it, and what
/// is left of that goes on.
#[test]
fn it_comes_before_what_is_not_sent() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let refund = last(&order).clone();
    let order =
        Moment::at(start()).named("other").play(&order, &ask(TOTAL - PART + 1, Asker::Service));
    let other = no(&order);
    let after = Moment::at(start()).play(&order, &said_of(&order, &refund, succeeded()));
    assert_eq!(status(&after, &refund.out_refund_no), RefundStatus::Succeeded);
    assert_eq!(status(&after, &other), RefundStatus::Withdrawn);
    let rest = last(&after);
    assert_eq!(rest.replaces, Some(other));
    assert_eq!(
        (rest.amount, rest.state.status()),
        (Fen::new(TOTAL - PART), RefundStatus::Requested)
    );
    assert_eq!(after.reserved(1), Fen::new(TOTAL));
}

#[test]
fn a_surplus_goes_back_once_though_a_person_had_begun_it_again() {
    let order = rejected(surplus());
    let automatic = last(&order).clone();
    let out_refund_no = automatic.out_refund_no.clone();
    let amount = Some(Fen::new(TOTAL - PART));
    let again = Command::RetryRefund { out_refund_no, amount };
    let order = Moment::at(start()).play(&order, &again);
    let order = Moment::at(start()).play(&order, &said_of(&order, &automatic, succeeded()));
    assert_eq!(status(&order, &automatic.out_refund_no), RefundStatus::Succeeded);
    assert_eq!(last(&order).state.status(), RefundStatus::Withdrawn);
    assert_eq!((order.refunds.len(), order.reserved(1)), (2, Fen::new(TOTAL)));
}

/// A refund that gave way to one of the console, which came to nothing; but for a fen it had begun again.
fn begun_again() -> (Order, OutRefundNo) {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator)]);
    let given_up = no(&order);
    let elsewhere = console(&order, TOTAL - PART + 1, RefundProgress::Processing);
    let order = Moment::at(start()).play(&order, &elsewhere);
    assert_eq!(last(&order).replaces, Some(given_up.clone()));
    let console = order.refunds[1].clone();
    let closed = said_of(&order, &console, RefundProgress::Closed);
    (Moment::at(start()).play(&order, &closed), given_up)
}

fn is_there(order: &Order, number: &OutRefundNo) -> Command {
    said_of(order, order.refund(number).unwrap(), succeeded())
}

#[test]
fn what_was_to_go_in_its_place_is_not_wanted_any_more() {
    let (order, given_up) = begun_again();
    let instead = no(&order);
    let after = Moment::at(start()).play(&order, &is_there(&order, &given_up));
    assert_eq!(status(&after, &given_up), RefundStatus::Succeeded);
    assert_eq!(status(&after, &instead), RefundStatus::Withdrawn);
    assert_eq!(after.refunds.len(), order.refunds.len(), "and is not asked for again");
    assert_eq!(after.reserved(1), Fen::new(PART));
    assert_eq!(Moment::at(start()).written(&order, &is_there(&order, &given_up)).cases, []);
}

/// Only a person can ask the payer for it.
#[test]
fn what_went_in_its_place_already_is_shown_to_a_person_until_they_say_so() {
    let (order, given_up) = begun_again();
    let instead = last(&order).clone();
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let changeset = later.written(&order, &is_there(&order, &given_up));
    let opened: Vec<_> = changeset.cases.iter().map(|case| (case.kind, &*case.subject)).collect();
    assert_eq!(opened, [(CaseKind::RefundMismatch, given_up.as_str())]);
    let about = |case: &&crate::case::CaseEnd| {
        case.kind == CaseKind::RefundMismatch && case.subject == given_up.as_str()
    };
    assert_eq!(changeset.ended_cases.iter().find(about), None);
    let order = later.play(&order, &is_there(&order, &given_up));
    let both = Fen::new(2 * PART - 1);
    assert_eq!(order.reserved(1), both);
    let end = later.written(&order, &said_of(&order, &instead, succeeded()));
    assert_eq!(end.ended_cases.iter().find(about), None, "the other's end does not end it");
}

/// What becomes of it once it is known to be there is no news of that kind.
#[test]
fn that_it_is_there_is_shown_once() {
    let (order, given_up) = begun_again();
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let original = order.refund(&given_up).unwrap();
    let under_way = said_of(&order, original, RefundProgress::Processing);
    let first = later.written(&order, &under_way);
    assert_eq!(
        (first.cases.len(), first.outgoing.iter().filter(|o| is_of_a_case(o)).count()),
        (1, 1)
    );
    let order = later.play(&order, &under_way);
    let end = later.written(&order, &is_there(&order, &given_up));
    assert_eq!((end.cases, end.outgoing.iter().filter(|o| is_of_a_case(o)).count()), (vec![], 0));
}

fn is_of_a_case(outgoing: &Outgoing) -> bool {
    outgoing.kind == OutgoingKind::CaseOpened
}

/// Whichever of the two WeChat Pay closes, the other one brings the money.
#[test]
fn of_two_that_are_out_one_that_is_closed_is_not_begun_again() {
    let (order, given_up) = begun_again();
    let instead = last(&order).clone();
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let count = order.refunds.len();
    let original = order.refund(&given_up).unwrap().clone();
    let is_there = later.play(&order, &is_there(&order, &given_up));
    let one = later.play(&is_there, &said_of(&is_there, &instead, RefundProgress::Closed));
    assert_eq!((one.refunds.len(), one.reserved(1)), (count, Fen::new(PART)));
    let under_way = said_of(&order, &original, RefundProgress::Processing);
    let order = later.play(&order, &under_way);
    let order = later.play(&order, &said_of(&order, &instead, succeeded()));
    let other = later.play(&order, &said_of(&order, &original, RefundProgress::Closed));
    assert_eq!((other.refunds.len(), other.reserved(1)), (count, Fen::new(PART - 1)));
    // Nor by hand.
    let again = Command::RetryRefund { out_refund_no: given_up, amount: None };
    assert_eq!(later.decide(&other, &again), Ok(Decision::AlreadyApplied), "it goes on");
}

/// Its own replacement is known already, but as made elsewhere: its record was lost with the database.
#[test]
fn a_replacement_that_came_back_as_made_elsewhere_is_not_made_again() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    let refund = last(&order).clone();
    let closed = said_of(&order, &refund, RefundProgress::Closed);
    let number = no(&Moment::at(start()).play(&order, &closed));
    for (amount, status, begun) in [
        (PART, succeeded(), 0),
        (PART, RefundProgress::Processing, 0),
        (PART, RefundProgress::Closed, 1),
        // A person had named another amount.
        (PART - 1, succeeded(), 0),
    ] {
        let known = RefundAtWechat::Known(statement(&order, amount, status));
        let order = Moment::at(start()).play(&order, &refund_fact(&number, known));
        assert_eq!(last(&order).kind, RefundKind::External);
        let after = Moment::at(start()).play(&order, &closed);
        assert_eq!(after.refunds.len(), order.refunds.len() + begun, "{amount} {status:?}");
    }
}

#[test]
fn of_a_surplus_no_more_goes_back_than_a_person_said_was_owed() {
    let retry = |order: &Order, number: &OutRefundNo, amount| {
        let command =
            Command::RetryRefund { out_refund_no: number.clone(), amount: Some(Fen::new(amount)) };
        Moment::at(start()).play(order, &command)
    };
    let order = rejected(surplus());
    let order = retry(&order, &no(&order), 300);
    let second = last(&order).clone();
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let order = later.play(&order, &call_refused(&order));
    let order = later.play(&order, &not_exist(&order));
    let order = retry(&order, &second.out_refund_no, 250);
    let third = no(&order);
    let order = Moment::at(start()).play(&order, &said_of(&order, &second, succeeded()));
    assert_eq!(status(&order, &third), RefundStatus::Withdrawn);
    assert_eq!((order.refunds.len(), order.reserved(1)), (3, Fen::new(300)));
}

#[test]
fn of_what_gave_way_to_it_a_person_is_told() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let refund = last(&order).clone();
    let order =
        Moment::at(start()).named("other").play(&order, &ask(TOTAL - PART + 1, Asker::Service));
    let changeset = Moment::at(start()).written(&order, &said_of(&order, &refund, succeeded()));
    let [case] = &*changeset.cases else { panic!("{:?}", changeset.cases) };
    assert_eq!(
        (case.kind, &*case.subject),
        (CaseKind::RefundMismatch, refund.out_refund_no.as_str())
    );
    assert!(case.detail.contains("gave way"), "{}", case.detail);
}

/// What the payer has by bank and by WeChat Pay a person has to see, whatever becomes of the rest.
#[test]
fn what_was_paid_twice_is_not_over_with_the_last_of_the_money() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let by_bank = no(&order);
    let order = Moment::at(start()).play(&order, &settle_offline(&order));
    let rest = Moment::at(start().plus_seconds(60)).named("rest");
    let order = rest.play(&order, &ask(TOTAL - PART, Asker::Operator));
    let order = rest.play(&order, &send(&order));
    let end = rest.written(&order, &said_of(&order, last(&order), succeeded()));
    let ended = |kind, subject: &OutRefundNo| {
        end.ended_cases.iter().any(|case| case.kind == kind && case.subject == subject.as_str())
    };
    assert!(!ended(CaseKind::RefundMismatch, &by_bank));
    assert!(ended(CaseKind::RefundMismatch, &no(&order)), "{:?}", end.ended_cases);
}

fn status(order: &Order, number: &OutRefundNo) -> RefundStatus {
    order.refund(number).unwrap().state.status()
}

/// Asked for, and refused; another was begun in its place by a person, and was refused as well. Both
/// requests may still be under way. (Why it went on under another number is of no matter here.)
fn refused_twice() -> (Order, OutRefundNo, OutRefundNo) {
    let mut order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let first = no(&order);
    for refund in &mut order.refunds {
        refund.state = RefundState::Rejected { code: NUMBER_TAKEN.to_owned() };
    }
    let again = Command::RetryRefund { out_refund_no: first.clone(), amount: None };
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &again);
    let second = no(&order);
    assert_eq!(last(&order).replaces, Some(first.clone()));
    let order = later.play(&order, &send(&order));
    let order = later.play(&order, &call_refused(&order));
    (later.play(&order, &not_exist(&order)), first, second)
}

#[test]
fn what_is_there_after_all_is_not_paid_back_by_bank_under_another_number() {
    let (order, first, second) = refused_twice();
    let later = Moment::at(start().plus_seconds(120));
    assert!(later.decide(&order, &settle_offline(&order)).is_ok(), "while neither is there");
    let order = later.play(&order, &is_there(&order, &first));
    assert_eq!(status(&order, &second), RefundStatus::Rejected);
    assert_eq!(later.decide(&order, &settle_offline(&order)), Err(Rejection::WrongState));
    let again = Command::RetryRefund { out_refund_no: second, amount: None };
    assert_eq!(later.decide(&order, &again), Err(Rejection::WrongState));
}

/// Whichever came to light first, the case is of the earlier one.
#[test]
fn that_both_are_there_is_told_in_whatever_order_they_come_to_light() {
    let (order, first, second) = refused_twice();
    let later = Moment::at(start().plus_seconds(120));
    for (one, other) in [(&first, &second), (&second, &first)] {
        let there = later.play(&order, &is_there(&order, one));
        let told = later.written(&there, &is_there(&there, other)).cases;
        let told: Vec<_> = told.iter().map(|case| (case.kind, &*case.subject)).collect();
        assert_eq!(told, [(CaseKind::RefundMismatch, first.as_str())]);
    }
}

/// What WeChat Pay says of the one is not settled by the other.
#[test]
fn a_mismatch_of_what_was_replaced_stays_until_a_person_ends_it() {
    let (order, first, second) = refused_twice();
    let later = Moment::at(start().plus_seconds(120));
    let end = later.written(&order, &is_there(&order, &second)).ended_cases;
    let ended = |kind, number: &OutRefundNo| {
        end.iter().any(|end| end.kind == kind && end.subject == number.as_str())
    };
    assert!(ended(CaseKind::RefundAbnormal, &first) && ended(CaseKind::RefundMismatch, &second));
    assert!(!ended(CaseKind::RefundMismatch, &first));
}

/// Somebody said no to what was to go in its place.
#[test]
fn what_was_declined_does_not_go_out_by_itself() {
    let (order, first, second) = refused_twice();
    for (state, amount, begun) in [
        (RefundState::Declined, PART, None),
        (RefundState::Withdrawn, PART, Some(RefundStatus::Requested)),
        (RefundState::Withdrawn, PART + 1, Some(RefundStatus::AwaitingApproval)),
    ] {
        let mut order = order.clone();
        for refund in order.refunds.iter_mut().filter(|refund| refund.out_refund_no == second) {
            refund.state = state.clone();
            refund.amount = Fen::new(amount);
        }
        let later = Moment::at(start().plus_seconds(120));
        let original = order.refund(&first).unwrap().clone();
        let order = later.play(&order, &said_of(&order, &original, RefundProgress::Processing));
        let count = order.refunds.len();
        let order = later.play(&order, &said_of(&order, &original, RefundProgress::Closed));
        let new = order.refunds.get(count).map(|refund| refund.state.status());
        assert_eq!(new, begun, "{state:?} {amount}");
    }
}

/// It had been sent, and gave way: its first request may still arrive.
#[test]
fn what_gave_way_after_it_was_sent_is_looked_at_once_more() {
    let (order, _, second) = refused_twice();
    let later = Moment::at(start().plus_seconds(120));
    let mut refund = order.refund(&second).unwrap().clone();
    refund.state = RefundState::Withdrawn;
    let look = |refund: &Refund| next_refund_look(refund, later.now, Pace::DESIGNED);
    assert_eq!(look(&refund), refund.sent_at.map(|sent| sent.plus_seconds(HORIZON_S)));
    refund.sent_at = None;
    assert_eq!(look(&refund), None);
}
