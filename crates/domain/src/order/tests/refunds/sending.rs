//! The call to WeChat Pay: when it may be made, and what it brought when that was no fact.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, call_refused, call_unknown, console, last, no, paid_with_another_closing, play,
    refund_states, rejected, retry, said, said_of, send, shipped, succeeded, surplus,
};
use super::super::samples::{start, success};
use crate::OutRefundNo;
use crate::fact::RefundProgress;
use crate::job::{JobChange, JobId};
use crate::order::{Command, Decision, HORIZON_S, Order, RefundAnswer, Rejection};
use crate::refund::{Asker, REFUND_SPACING_S, RefundKind, RefundState, RefundStatus};

fn send_at(order: &Order, number: &OutRefundNo, seconds: i64) -> Result<Decision, Rejection> {
    let command = Command::SendRefund { out_refund_no: number.clone() };
    Moment::at(start().plus_seconds(seconds)).decide(order, &command)
}

/// Two refunds of one payment, neither of them sent; their numbers.
fn two() -> (Order, OutRefundNo, OutRefundNo) {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator)]);
    let order = Moment::at(start()).named("second").play(&order, &ask(PART, Asker::Operator));
    let [first, second] = [0, 1].map(|index| order.refunds[index].out_refund_no.clone());
    (order, first, second)
}

fn too_soon(seconds: i64) -> Result<Decision, Rejection> {
    Err(Rejection::RefundTooSoon { until: start().plus_seconds(seconds) })
}

#[test]
fn what_is_decided_and_not_answered_is_sent() {
    for (state, mut order) in refund_states() {
        order.refunds.truncate(1);
        let answer = send_at(&order, &no(&order), 0);
        let refund = last(&order);
        let elsewhere = refund.kind == RefundKind::External;
        match (&refund.state, refund.state.status()) {
            (RefundState::Requested | RefundState::Unknown { refused: None }, _) => {
                assert!(matches!(answer, Ok(Decision::Record(_))), "{state}");
            }
            (
                _,
                RefundStatus::AwaitingApproval | RefundStatus::Declined | RefundStatus::Withdrawn,
            ) => assert_eq!(answer, Err(Rejection::WrongState), "{state}"),
            (_, _) => assert_eq!(answer, Ok(Decision::AlreadyApplied), "{state}, {elsewhere}"),
        }
    }
}

/// Whatever state the record of it may be in.
#[test]
fn what_was_made_elsewhere_is_never_sent() {
    let command = console(&shipped(), PART, RefundProgress::Processing);
    let mut order = Moment::at(start()).play(&shipped(), &command);
    order.refunds[0].state = RefundState::Requested;
    assert_eq!(send_at(&order, &no(&order), 0), Err(Rejection::WrongState));
}

#[test]
fn that_it_is_about_to_be_sent_is_recorded_with_its_time() {
    let (order, first, _) = two();
    let later = Moment::at(start().plus_seconds(7));
    let order = later.play(&order, &Command::SendRefund { out_refund_no: first });
    assert_eq!(order.refunds[0].state, RefundState::Sending);
    assert_eq!(order.refunds[0].sent_at, Some(start().plus_seconds(7)));
    assert_eq!(order.refunds[1].sent_at, None);
}

#[test]
fn while_one_may_be_on_its_way_no_other_is_sent() {
    let (order, first, second) = two();
    let send_first = Command::SendRefund { out_refund_no: first.clone() };
    let sending = Moment::at(start()).play(&order, &send_first);
    let lost = Command::RecordRefundCall { out_refund_no: first, answer: RefundAnswer::Unknown };
    let unknown = Moment::at(start()).play(&sending, &lost);
    for order in [sending, unknown] {
        let at_last = HORIZON_S - 1;
        assert_eq!(send_at(&order, &second, at_last), too_soon(at_last + 5));
        // Nobody has heard of it for so long that it cannot arrive any more.
        assert!(matches!(send_at(&order, &second, HORIZON_S), Ok(Decision::Record(_))));
    }
}

#[test]
fn refunds_of_one_payment_keep_a_minute_between_them() {
    let (order, first, second) = two();
    let send_first = Command::SendRefund { out_refund_no: first };
    let mut order = Moment::at(start()).play(&order, &send_first);
    order.refunds.swap(0, 1);
    let order = play(order, &[|order| said(order, RefundProgress::Processing)]);
    assert_eq!(send_at(&order, &second, 0), too_soon(REFUND_SPACING_S));
    assert_eq!(send_at(&order, &second, REFUND_SPACING_S - 1), too_soon(REFUND_SPACING_S));
    assert!(matches!(send_at(&order, &second, REFUND_SPACING_S), Ok(Decision::Record(_))));
}

#[test]
fn a_clock_that_went_back_puts_no_refund_off_for_long() {
    let (order, first, second) = two();
    let sent_at = |seconds| {
        let ahead = Moment::at(start().plus_seconds(seconds));
        let command = Command::SendRefund { out_refund_no: first.clone() };
        let mut order = ahead.play(&order, &command);
        order.refunds.swap(0, 1);
        ahead.play(&order, &said(&order, RefundProgress::Processing))
    };
    // However often it is tried: it is not put off again and again until the clock is there.
    let order = sent_at(24 * 3_600);
    for seconds in [0, REFUND_SPACING_S, 2 * REFUND_SPACING_S] {
        assert!(matches!(send_at(&order, &second, seconds), Ok(Decision::Record(_))), "{seconds}");
    }
    // By less than that it can have been just now.
    assert_eq!(send_at(&sent_at(1), &second, 0), too_soon(1 + REFUND_SPACING_S));
    let order = sent_at(REFUND_SPACING_S);
    assert_eq!(send_at(&order, &second, 0), too_soon(2 * REFUND_SPACING_S));
    let order = sent_at(REFUND_SPACING_S + 1);
    assert!(matches!(send_at(&order, &second, 0), Ok(Decision::Record(_))));
}

/// WeChat Pay counts it as well, and may say of one that comes too soon that it is not valid.
#[test]
fn a_refund_keeps_a_minute_from_what_was_made_elsewhere() {
    let order = surplus();
    let order = Moment::at(start()).play(&order, &console(&order, PART, succeeded()));
    let rest = no(&order);
    assert_eq!(send_at(&order, &rest, 0), too_soon(REFUND_SPACING_S));
    assert!(matches!(send_at(&order, &rest, REFUND_SPACING_S), Ok(Decision::Record(_))));
}

#[test]
fn the_latest_of_the_others_counts() {
    let (order, first, second) = two();
    let order = Moment::at(start()).named("third").play(&order, &ask(1, Asker::Operator));
    let third = no(&order);
    let mut order = order;
    for (number, seconds) in [(first, 0), (second, 90)] {
        let moment = Moment::at(start().plus_seconds(seconds));
        order = moment.play(&order, &Command::SendRefund { out_refund_no: number.clone() });
        let refund = order.refund(&number).unwrap();
        let said = said_of(&order, refund, RefundProgress::Processing);
        order = moment.play(&order, &said);
    }
    assert_eq!(send_at(&order, &third, 100), too_soon(150));
}

#[test]
fn another_payments_refunds_are_no_reason_to_wait() {
    let order = paid_with_another_closing();
    let order = Moment::at(start()).play(&order, &ask(PART, Asker::Operator));
    let order = play(order, &[send]);
    let order = Moment::at(start()).play(&order, &success(&order, 2, "T-2", 1_500));
    assert_eq!(last(&order).payment_no, 2, "a second payment goes back by itself");
    assert!(matches!(send_at(&order, &no(&order), 0), Ok(Decision::Record(_))));
}

#[test]
fn the_same_refund_does_not_wait_for_itself() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send, call_unknown]);
    assert!(matches!(send_at(&order, &no(&order), 1), Ok(Decision::Record(_))));
    let rejected = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let again = play(rejected, &[retry]);
    assert!(matches!(send_at(&again, &no(&again), 1), Ok(Decision::Record(_))));
}

#[test]
fn what_the_call_brought_is_recorded_once() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    let lost = play(order, &[call_unknown]);
    assert_eq!(last(&lost).state, RefundState::Unknown { refused: None });
    let again = Moment::at(start()).decide(&lost, &call_unknown(&lost));
    assert_eq!(again, Ok(Decision::AlreadyApplied));
    let refused = play(lost, &[call_refused]);
    let code = "USER_ACCOUNT_ABNORMAL".to_owned();
    assert_eq!(last(&refused).state, RefundState::Unknown { refused: Some(code) });
    for nothing_new in [call_refused, call_unknown] {
        let answer = Moment::at(start()).decide(&refused, &nothing_new(&refused));
        assert_eq!(answer, Ok(Decision::AlreadyApplied));
    }
    let answer = RefundAnswer::Refused { code: "OTHER".to_owned() };
    let other = Command::RecordRefundCall { out_refund_no: no(&refused), answer };
    let order = Moment::at(start()).play(&refused, &other);
    assert_eq!(last(&order).state, RefundState::Unknown { refused: Some("OTHER".to_owned()) });
}

#[test]
fn a_late_answer_says_nothing_new_of_a_refund_that_moved_on() {
    for (state, mut order) in refund_states() {
        order.refunds.truncate(1);
        let status = last(&order).state.status();
        if let RefundStatus::Sending | RefundStatus::Unknown = status {
            continue;
        }
        for answer in [call_refused(&order), call_unknown(&order)] {
            let answer = Moment::at(start()).decide(&order, &answer);
            assert_eq!(answer, Ok(Decision::AlreadyApplied), "{state}");
        }
    }
}

/// Only where something comes to nothing may there be room for what had none.
#[test]
fn what_arrives_has_nobody_asked_about_others() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let first = JobId::refund(&no(&order));
    let asks = |order: &Order, fact: &Command| {
        let due_at = start().plus_seconds(200);
        let jobs = Moment::at(due_at).written(order, fact).jobs;
        jobs.contains(&JobChange::Ensure { id: first.clone(), due_at })
    };
    let order = Moment::at(start()).named("second").play(&order, &ask(1, Asker::Operator));
    let order = Moment::at(start().plus_seconds(100)).play(&order, &send(&order));
    assert!(!asks(&order, &said(&order, succeeded())));
    assert!(asks(&order, &said(&order, RefundProgress::Closed)));
}
