//! When what is promised is due: the ladders of payments and refunds, second by second.

use super::moment::Moment;
use super::refund_samples::{
    PART, ask, call_refused, not_exist, payable, play, rejected, said, send, settle_offline,
    shipped,
};
use super::samples::{accepted, after, close, deadline, number, placed, start, start_payment};
use crate::fact::RefundProgress;
use crate::job::{JobChange, JobId, JobKind, next_look, next_refund_look};
use crate::order::{Command, HORIZON_S, Order};
use crate::payment::TradeType;
use crate::refund::{Asker, Refund, RefundState};
use crate::{Pace, Timestamp};

fn at(seconds: i64) -> Timestamp {
    start().plus_seconds(seconds)
}

/// Seconds from `now` to the next look at the first payment.
fn wait(order: &Order, now: i64) -> i64 {
    next_look(&order.payments[0], at(now), Pace::DESIGNED).unwrap().seconds_since(at(now))
}

/// Product ruling 21: 5, 10, 20, 30, 60, then every minute for ten minutes, then every two.
#[test]
fn a_young_payment_is_asked_for_often_and_an_old_one_seldom() {
    let order = placed();
    for (age, expected) in [
        (0, 5),
        (4, 1),
        (5, 5),
        (9, 1),
        (10, 10),
        (19, 1),
        (20, 10),
        (29, 1),
        (30, 30),
        (59, 1),
        (60, 60),
        (61, 60),
        (659, 60),
        (660, 120),
        (661, 120),
        (1_500, 120),
    ] {
        assert_eq!(wait(&order, age), expected, "{age} s old");
    }
}

#[test]
fn a_payment_is_asked_for_a_minute_before_its_deadline_whatever_the_ladder_says() {
    let order = placed();
    let expire = deadline().seconds_since(start());
    let last_look = expire - 60;
    assert_eq!(wait(&order, last_look - 119), 119);
    assert_eq!(wait(&order, last_look - 120), 120);
    assert_eq!(wait(&order, last_look - 1), 1);
    assert_eq!(wait(&order, last_look), 120, "that was the last look");
    assert_eq!(wait(&order, last_look + 1), 120);
}

#[test]
fn a_clock_that_went_back_puts_no_look_off_for_long() {
    assert_eq!(wait(&placed(), -1_000), 5);
}

#[test]
fn a_closing_payment_is_watched_closely_for_a_minute() {
    let closing = after(payable(), &close(&payable(), 1), start());
    assert_eq!(wait(&closing, 0), 5);
    assert_eq!(wait(&closing, 59), 5);
    assert_eq!(wait(&closing, 60), 30);
    assert_eq!(wait(&closing, 5_000), 30);
}

/// Seconds from `now` to the next look at the only refund.
fn refund_wait(refund: &Refund, now: i64) -> Option<i64> {
    next_refund_look(refund, at(now), Pace::DESIGNED).map(|look| look.seconds_since(at(now)))
}

fn part() -> Order {
    play(shipped(), &[|_| ask(PART, Asker::Operator)])
}

/// v3 §7.6: once a minute for five minutes, then after 5, 10, 20 and every 30 minutes.
#[test]
fn an_accepted_refund_is_asked_about_less_and_less() {
    let mut order = play(part(), &[send, |order| said(order, RefundProgress::Processing)]);
    // The ladder begins when it was sent.
    order.refunds[0].created_at = at(-100_000);
    for (age, expected) in [
        (-50, 60),
        (0, 60),
        (299, 60),
        (300, 300),
        (599, 300),
        (600, 600),
        (1_199, 600),
        (1_200, 1_200),
        (2_399, 1_200),
        (2_400, 1_800),
        (1_000_000, 1_800),
    ] {
        assert_eq!(refund_wait(&order.refunds[0], age), Some(expected), "{age} s old");
    }
}

/// Nobody here sent it.
#[test]
fn a_refund_made_elsewhere_is_asked_about_from_when_we_heard_of_it() {
    let mut order = play(part(), &[send, |order| said(order, RefundProgress::Processing)]);
    order.refunds[0].sent_at = None;
    assert_eq!(refund_wait(&order.refunds[0], 300), Some(300));
}

#[test]
fn what_is_to_be_sent_is_due_now_and_what_was_not_answered_soon() {
    let order = part();
    assert_eq!(refund_wait(&order.refunds[0], 9), Some(0));
    let sending = play(order, &[send]);
    assert_eq!(refund_wait(&sending.refunds[0], 9), Some(5));
    let unknown = play(sending, &[call_refused]);
    assert_eq!(refund_wait(&unknown.refunds[0], 9), Some(5));
}

/// Often while it may be under way, and then less and less: a person finds out what is wrong.
#[test]
fn a_lost_answer_is_asked_about_less_and_less() {
    let sending = play(part(), &[send]);
    let unknown = play(sending.clone(), &[call_refused]);
    for (age, expected) in [
        (-50, 5),
        (0, 5),
        (59, 5),
        (60, 60),
        (HORIZON_S - 1, 60),
        (HORIZON_S, 600),
        (3_599, 600),
        (3_600, 1_800),
        (1_000_000, 1_800),
    ] {
        for order in [&sending, &unknown] {
            assert_eq!(refund_wait(&order.refunds[0], age), Some(expected), "{age} s old");
        }
    }
}

#[test]
fn what_needs_a_person_is_looked_at_every_half_hour() {
    let order = play(part(), &[send, |order| said(order, RefundProgress::Abnormal)]);
    assert_eq!(refund_wait(&order.refunds[0], 9), Some(1_800));
}

#[test]
fn what_was_rejected_is_asked_about_once_more_at_the_horizon() {
    let order = rejected(part());
    assert_eq!(refund_wait(&order.refunds[0], 1), Some(HORIZON_S - 1));
    assert_eq!(refund_wait(&order.refunds[0], HORIZON_S - 1), Some(1));
    assert_eq!(refund_wait(&order.refunds[0], HORIZON_S), None);
}

/// A request that was under way when it was refused may arrive: then it went back twice.
#[test]
fn what_was_paid_back_otherwise_is_asked_about_once_more_at_the_horizon() {
    let order = play(rejected(part()), &[settle_offline]);
    assert_eq!(refund_wait(&order.refunds[0], HORIZON_S - 1), Some(1));
    assert_eq!(refund_wait(&order.refunds[0], HORIZON_S), None);
}

#[test]
fn what_is_over_is_not_looked_at() {
    for (state, order) in super::refund_samples::refund_states() {
        let refund = &order.refunds[0];
        let is_over = match &refund.state {
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Succeeded { .. }
            | RefundState::Closed { .. } => true,
            RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Abnormal { .. }
            | RefundState::SettledOffline { .. }
            | RefundState::Rejected { .. } => false,
        };
        let look = next_refund_look(refund, start(), Pace::DESIGNED);
        assert_eq!(look.is_none(), is_over, "{state}");
        // These two are looked at once more, and nothing is expected of them.
        let is_last = matches!(
            refund.state,
            RefundState::Rejected { .. } | RefundState::SettledOffline { .. }
        );
        let is_live = !is_over && !is_last;
        assert_eq!(refund.is_live(), is_live, "{state}");
    }
}

#[test]
fn a_payment_that_takes_anothers_place_leaves_the_close_to_whoever_put_it_there() {
    let order = payable();
    let closing = |due_at| JobChange::Ensure { id: JobId::follow(&number(&order, 1)), due_at };
    let superseded = Moment::at(start()).written(&order, &start_payment(TradeType::Native));
    assert!(superseded.jobs.contains(&closing(at(5))));
    // Nobody stands by: it is closed now.
    let closed = Moment::at(start()).written(&order, &close(&order, 1));
    assert!(closed.jobs.contains(&closing(start())));
    let two = Moment::at(start()).play(&order, &start_payment(TradeType::Native));
    let settled = super::samples::success(&two, 1, "T-1", super::samples::TOTAL);
    let written = Moment::at(start()).written(&two, &settled);
    let second = JobChange::Ensure { id: JobId::follow(&number(&two, 2)), due_at: start() };
    assert!(written.jobs.contains(&second), "settled: nobody waits for it any more");
}

#[test]
fn a_payment_is_followed_from_the_first_answer_on() {
    let order = placed();
    let written = Moment::at(start()).written(&order, &accepted(&order, 1));
    let expected = [
        JobChange::Ensure { id: JobId::follow(&number(&order, 1)), due_at: at(5) },
        JobChange::Ensure { id: JobId::expire(&order.number), due_at: deadline() },
    ];
    assert_eq!(written.jobs, expected);
}

#[test]
fn jobs_are_named_by_what_they_do_and_to_what() {
    let order = part();
    let out_trade_no = number(&order, 2);
    let names = [
        (JobId::follow(&out_trade_no), format!("follow_payment:{out_trade_no}")),
        (JobId::orphan(&out_trade_no), format!("resolve_orphan:{out_trade_no}")),
        (JobId::expire(&order.number), format!("expire_order:{}", order.number)),
        (JobId::complete(&order.number), format!("complete_order:{}", order.number)),
        (JobId::report(&order.number), format!("report_shipment:{}", order.number)),
        (
            JobId::refund(&order.refunds[0].out_refund_no),
            format!("follow_refund:{}", order.refunds[0].out_refund_no),
        ),
    ];
    for (job, name) in names {
        assert_eq!(job.to_string(), name);
        assert_eq!(JobKind::parse(job.kind.name()), Some(job.kind));
    }
    assert_eq!(JobKind::parse("nothing"), None);
    assert_eq!(JobKind::ALL.len(), 6);
}

#[test]
fn a_refund_that_is_rejected_at_the_horizon_is_let_be_at_once() {
    let refused = play(part(), &[send, call_refused]);
    let late = Moment::at(at(HORIZON_S)).play(&refused, &not_exist(&refused));
    assert_eq!(next_refund_look(&late.refunds[0], at(HORIZON_S), Pace::DESIGNED), None);
    let retried =
        Command::RetryRefund { out_refund_no: late.refunds[0].out_refund_no.clone(), amount: None };
    let again = Moment::at(at(HORIZON_S)).play(&late, &retried);
    assert_eq!(
        next_refund_look(&again.refunds[0], at(HORIZON_S), Pace::DESIGNED),
        Some(at(HORIZON_S))
    );
}

#[test]
fn the_last_day_of_a_delivered_order_is_promised_when_it_is_delivered_and_not_again() {
    let order = after(shipped(), &Command::Deliver, start());
    let written = Moment::at(start()).written(&order, &ask(PART, Asker::Buyer));
    let complete = JobId::complete(&order.number);
    let about_it = |change: &JobChange| match change {
        JobChange::Ensure { id, .. } | JobChange::Remove { id } => *id == complete,
    };
    assert!(!written.jobs.iter().any(about_it), "{:?}", written.jobs);
    let completed = Command::Complete(crate::order::CompletedBy::Operator);
    let written = Moment::at(start()).written(&order, &completed);
    assert!(written.jobs.contains(&JobChange::Remove { id: complete }));
}

#[test]
fn what_wechat_pay_calls_a_refund_and_when_it_was_paid_back_is_known_when_it_is_said() {
    for (state, order) in super::refund_samples::refund_states() {
        let refund = &order.refunds[0];
        let (has_id, is_back) = match &refund.state {
            RefundState::Processing { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. } => (true, false),
            RefundState::Succeeded { .. } => (true, true),
            RefundState::SettledOffline { .. } => (false, true),
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Rejected { .. } => (false, false),
        };
        let id = refund.refund_id().map(crate::names::RefundId::as_str);
        assert_eq!(id, has_id.then_some("R-1"), "{state}");
        assert_eq!(refund.paid_back_at(), is_back.then(start), "{state}");
        assert_eq!(refund.is_paid_back(), is_back, "{state}");
    }
}
