//! At a tenth of the designed pace everything that we wait of our own accord takes a tenth; deadlines
//! do not move.

use super::moment::Moment;
use super::refund_samples::{PART, ask, payable, play, rejected, said, send, shipped, surplus};
use super::samples::{after, close, deadline, not_exist, placed, start, start_payment};
use crate::fact::RefundProgress;
use crate::job::{JobChange, JobKind, next_look, next_refund_look};
use crate::order::{CancelCause, Circumstances, Command, Decision, HORIZON_S, Order, Rejection};
use crate::payment::TradeType;
use crate::refund::Asker;
use crate::{Pace, Timestamp};

fn tenth() -> Pace {
    Pace::of_thousandths(100)
}

/// So many designed seconds after the start, at a tenth.
fn at(seconds: i64) -> Timestamp {
    start().plus_millis(seconds * 100)
}

fn decide(order: &Order, command: &Command, now: Timestamp) -> Result<Decision, Rejection> {
    let moment = Moment::at(now);
    order.decide_with(command, &Circumstances { pace: tenth(), ..moment.circumstances() })
}

#[test]
fn the_ladders_of_payments_are_climbed_ten_times_as_fast() {
    let closing = after(payable(), &close(&payable(), 1), start());
    for order in [placed(), closing] {
        let payment = &order.payments[0];
        for age in 0..1_500 {
            let then = start().plus_seconds(age);
            let designed = next_look(payment, then, Pace::DESIGNED).unwrap().millis_since(then);
            let real = next_look(payment, at(age), tenth()).unwrap().millis_since(at(age));
            assert_eq!(real * 10, designed, "{age} s old");
        }
    }
}

#[test]
fn the_last_look_is_a_tenth_of_a_minute_before_a_deadline_that_does_not_move() {
    let payment = &placed().payments[0];
    let last_look = deadline().plus_seconds(-6);
    let shortly_before = last_look.plus_millis(-1);
    assert_eq!(next_look(payment, shortly_before, tenth()), Some(last_look));
    assert_eq!(next_look(payment, last_look, tenth()), Some(last_look.plus_seconds(12)));
}

#[test]
fn the_ladders_of_refunds_are_climbed_ten_times_as_fast() {
    let sending = play(surplus(), &[send]);
    let processing = play(sending.clone(), &[|o| said(o, RefundProgress::Processing)]);
    for order in [surplus(), sending, processing] {
        let refund = &order.refunds[0];
        for age in [0, 1, 59, 60, 299, 300, 599, 600, 1_200, 2_400, 10_000] {
            let then = start().plus_seconds(age);
            let designed =
                next_refund_look(refund, then, Pace::DESIGNED).unwrap().millis_since(then);
            let real = next_refund_look(refund, at(age), tenth()).unwrap().millis_since(at(age));
            assert_eq!(real * 10, designed, "{age} s old");
        }
    }
}

#[test]
fn the_horizon_is_a_tenth_as_far() {
    let cancelling = after(payable(), &Command::Cancel(CancelCause::Buyer), start());
    let horizon = deadline().plus_millis(HORIZON_S * 100);
    let not_exist = not_exist(&cancelling, 1, horizon.plus_millis(1));
    assert_eq!(decide(&cancelling, &not_exist, horizon), Ok(Decision::AlreadyApplied));
    let just_past = horizon.plus_millis(1);
    assert!(matches!(decide(&cancelling, &not_exist, just_past), Ok(Decision::Record(_))));
    assert_eq!(cancelling.decide(&not_exist, just_past), Ok(Decision::AlreadyApplied), "designed");
}

#[test]
fn the_last_minute_before_a_deadline_is_a_tenth_of_one() {
    let native = start_payment(TradeType::Native);
    let last = deadline().plus_seconds(-6);
    assert_eq!(decide(&payable(), &native, last), Err(Rejection::NotPayable));
    assert!(decide(&payable(), &native, last.plus_millis(-1)).is_ok());
}

#[test]
fn refunds_of_one_payment_keep_a_tenth_of_a_minute_between_them() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    let order = play(order, &[|o| said(o, RefundProgress::Processing)]);
    let order = Moment::at(start()).named("second").play(&order, &ask(PART, Asker::Operator));
    let second = send(&order);
    let until = start().plus_seconds(6);
    assert_eq!(decide(&order, &second, start()), Err(Rejection::RefundTooSoon { until }));
    assert!(matches!(decide(&order, &second, until), Ok(Decision::Record(_))));
}

#[test]
fn what_may_still_arrive_is_waited_for_a_tenth_as_long() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    let order = Moment::at(start()).named("second").play(&order, &ask(PART, Asker::Operator));
    let second = send(&order);
    let horizon = start().plus_millis(HORIZON_S * 100);
    let shortly_before = horizon.plus_millis(-1);
    let until = shortly_before.plus_millis(500);
    assert_eq!(decide(&order, &second, shortly_before), Err(Rejection::RefundTooSoon { until }));
    assert!(matches!(decide(&order, &second, horizon), Ok(Decision::Record(_))));
}

#[test]
fn a_refund_that_is_over_is_looked_at_once_more_a_tenth_of_the_horizon_later() {
    let order = rejected(surplus());
    let last_look = start().plus_millis(HORIZON_S * 100);
    let look = |now| next_refund_look(&order.refunds[0], now, tenth());
    assert_eq!(look(start()), Some(last_look));
    assert_eq!(look(last_look), None);
}

#[test]
fn what_is_written_is_due_at_its_pace_and_a_deadline_at_its_time() {
    let order = payable();
    let native = start_payment(TradeType::Native);
    let due = |pace| {
        let written = Moment::at(start()).written(&order, &native).paced(pace);
        let ensured = written.jobs.iter().filter_map(|job| match job {
            JobChange::Ensure { id, due_at } => Some((id.kind, id.subject.clone(), *due_at)),
            JobChange::Remove { .. } => None,
        });
        ensured.collect::<Vec<_>>()
    };
    let (designed, real) = (due(Pace::DESIGNED), due(tenth()));
    assert_eq!(designed.len(), real.len());
    let mut follows = 0;
    for ((kind, subject, then), (_, _, now)) in designed.iter().zip(&real) {
        let (then, now) = (then.millis_since(start()), now.millis_since(start()));
        if *kind == JobKind::FollowPayment {
            follows += 1;
            assert_eq!(now * 10, then, "{subject}");
        } else {
            assert_eq!(now, then, "{subject}");
        }
    }
    assert!(follows > 0, "{designed:?}");
}
