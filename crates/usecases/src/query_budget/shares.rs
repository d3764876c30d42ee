//! Who gets how many questions, to the token; how long the others are told to wait, to the
//! millisecond; and who is who.

use super::tests::{at, taken};
use super::{EVERY, QueryBudget, Urgency};
use crate::samples::{now, order};
use domain::order::{CancelCause, Command, Decision};

#[test]
fn the_less_urgent_leave_their_share_of_what_all_have_to_the_more_urgent() {
    let budget = QueryBudget::new(100);
    let backwards =
        [Urgency::Patient, Urgency::Young, Urgency::NearDeadline, Urgency::ClientWaiting];
    assert_eq!(backwards.map(|urgency| taken(&budget, urgency, at(0))), [26, 20, 28, 26]);
}

#[test]
fn each_kind_has_a_part_of_its_own_that_no_other_takes() {
    let budget = QueryBudget::new(100);
    let forwards = EVERY.map(|urgency| taken(&budget, urgency, at(0)));
    assert_eq!(forwards, [60, 20, 10, 10]);
}

#[test]
fn a_question_that_is_asked_in_any_case_is_taken_from_what_all_have() {
    let budget = QueryBudget::new(100);
    for _ in 0..40 {
        budget.spend(at(0));
    }
    assert_eq!(EVERY.map(|urgency| taken(&budget, urgency, at(0))), [20, 20, 10, 10]);
}

/// How long who asks now, after everything was given, is told to wait.
fn wait_ms(budget: &QueryBudget, urgency: Urgency, millis: i64) -> u64 {
    for any in EVERY {
        let _drained = taken(budget, any, at(millis));
    }
    budget.take(urgency, at(millis)).unwrap_err()
}

#[test]
fn the_wait_is_until_the_own_part_has_the_next_question() {
    let waits = |per_second| EVERY.map(|any| wait_ms(&QueryBudget::new(per_second), any, 0));
    assert_eq!(waits(10), [500, 500, 1_000, 1_000]);
    assert_eq!(waits(100), [50, 50, 100, 100]);
}

#[test]
fn a_wait_is_never_nothing() {
    let budget = QueryBudget::new(1_000_000);
    budget.halve(at(0));
    assert_eq!(budget.take(Urgency::ClientWaiting, at(0)), Err(1));
}

#[test]
fn half_the_rate_is_half_and_comes_back_evenly_within_a_minute() {
    for (seconds, expected_ms) in [(0, 100), (15, 80), (60, 50), (600, 50)] {
        let budget = QueryBudget::new(100);
        budget.halve(at(0));
        let waited = wait_ms(&budget, Urgency::ClientWaiting, seconds * 1_000);
        assert_eq!(waited, expected_ms, "after {seconds} s");
    }
}

#[test]
fn two_complaints_within_a_second_are_one() {
    for (millis, is_one) in [(999, true), (1_000, false)] {
        let budget = QueryBudget::new(100);
        budget.halve(at(0));
        budget.halve(at(millis));
        let goes_on = budget.take(Urgency::ClientWaiting, at(millis)).is_ok();
        assert_eq!(goes_on, is_one, "{millis} ms apart");
    }
}

#[test]
fn however_often_it_is_too_many_one_question_in_ten_seconds_remains() {
    let budget = QueryBudget::new(1);
    for second in 0..20 {
        budget.halve(at(second * 1_000));
    }
    // A fifth of it is the client's own.
    assert_eq!(budget.take(Urgency::ClientWaiting, at(19_000)), Err(50_000));
}

/// Halved while the clock was an hour ahead: the minute of recovery begins when it is put right.
#[test]
fn a_rate_that_was_halved_in_the_future_comes_back_from_now_on() {
    let budget = QueryBudget::new(100);
    budget.halve(at(3_600_000));
    assert_eq!(wait_ms(&budget, Urgency::ClientWaiting, 0), 100);
    assert_eq!(wait_ms(&budget, Urgency::ClientWaiting, 15_000), 80);
    assert_eq!(wait_ms(&budget, Urgency::ClientWaiting, 60_000), 50);
}

#[test]
fn who_waits_comes_first_then_what_ends_then_what_is_young() {
    let mut payment = order().payments.remove(0);
    let of = |payment: &_, wanted| Urgency::of(payment, wanted, now());
    for (age_s, left_s, expected) in [
        (0, 1_800, Urgency::Young),
        (59, 1_800, Urgency::Young),
        (60, 1_800, Urgency::Patient),
        (61, 1_800, Urgency::Patient),
        (60, 120, Urgency::Patient),
        (60, 121, Urgency::Patient),
        (60, 119, Urgency::NearDeadline),
        (0, 119, Urgency::NearDeadline),
        (60, -1, Urgency::NearDeadline),
    ] {
        payment.created_at = now().plus_seconds(-age_s);
        payment.terms.time_expire = now().plus_seconds(left_s);
        assert_eq!(of(&payment, false), expected, "{age_s} s old, {left_s} s left");
        assert_eq!(of(&payment, true), Urgency::ClientWaiting);
    }
}

#[test]
fn what_is_being_closed_is_as_urgent_as_a_deadline() {
    let cancel = Command::Cancel(CancelCause::Buyer);
    let Ok(Decision::Record(events)) = order().decide(&cancel, now()) else { panic!() };
    let closing = order().after(&events).payments.remove(0);
    assert_eq!(Urgency::of(&closing, false, now()), Urgency::NearDeadline);
}
