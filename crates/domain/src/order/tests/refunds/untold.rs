//! What is told of refunds that is not so, or told too long, or to too many.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, console, decline, last, no, not_exist, paid, play, refund_seen_first, rejected,
    said, said_of, send, settle_offline, shipped, succeeded, surplus,
};
use super::super::samples::{TOTAL, start};
use crate::OutRefundNo;
use crate::case::{CaseEnd, CaseKind};
use crate::fact::RefundProgress;
use crate::job::JobId;
use crate::order::{CancelCause, Command, Order};
use crate::presentation::Shown;
use crate::refund::Asker;

#[test]
fn an_order_of_which_a_part_came_back_is_not_shown_as_paid_back() {
    let order = play(
        paid(),
        &[
            |_| ask(PART, Asker::Operator),
            send,
            |order| said(order, succeeded()),
            |_| Command::Cancel(CancelCause::Buyer),
        ],
    );
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let order = later.play(&order, &said(&order, RefundProgress::Processing));
    // It is closed after a week, and the one in its place is refused.
    let order = later.play(&order, &said(&order, RefundProgress::Closed));
    let again = Moment::at(start().plus_seconds(700_000));
    let order = again.play(&order, &send(&order));
    let refused = super::super::refund_samples::call_refused(&order);
    let order = again.play(&order, &refused);
    let order = again.play(&order, &not_exist(&order));
    assert_eq!(order.refunded().get(), PART);
    assert_ne!(order.present(start()).status, Shown::Refunded, "{} fen are missing", TOTAL - PART);
}

fn ends(order: &Order, command: &Command, kind: CaseKind, subject: &str) -> bool {
    let end = CaseEnd { kind, subject: subject.to_owned() };
    Moment::at(start()).written(order, command).ended_cases.contains(&end)
}

#[test]
fn cases_about_a_refund_end_with_it() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    let arrived = said(&order, succeeded());
    let number = no(&order);
    // `escalate` and `file_refund_case` open these two about the refund's own number.
    for kind in [CaseKind::Stuck, CaseKind::RefundMismatch] {
        assert!(ends(&order, &arrived, kind, number.as_str()), "{kind:?} stays open");
    }
}

/// The buyer asked again, and the money came by a refund that replaces nothing.
#[test]
fn no_case_about_a_refund_outlives_the_whole_payment_being_back() {
    let order = rejected(play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]));
    let refused = no(&order);
    let order = play(order, &[|_| Command::Cancel(CancelCause::Buyer)]);
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let arrived = said(&order, succeeded());
    assert!(ends(&order, &arrived, CaseKind::RefundAbnormal, refused.as_str()));
    // What is back in part settles nothing but its own.
    let order = rejected(play(shipped(), &[|_| ask(TOTAL, Asker::Operator)]));
    let refused = no(&order);
    let order = Moment::at(start()).named("second").play(&order, &ask(PART, Asker::Operator));
    let order = later.play(&order, &send(&order));
    let arrived = said(&order, succeeded());
    assert!(!ends(&order, &arrived, CaseKind::RefundAbnormal, refused.as_str()));
}

#[test]
fn the_case_of_a_job_that_was_set_aside_ends_with_its_refund() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    let job = JobId::refund(&no(&order)).to_string();
    assert!(ends(&order, &said(&order, succeeded()), CaseKind::Stuck, &job));
}

#[test]
fn a_surplus_that_went_back_elsewhere_leaves_no_case() {
    let order = rejected(surplus());
    let automatic = no(&order);
    let fact = console(&order, TOTAL, succeeded());
    assert!(ends(&order, &fact, CaseKind::RefundAbnormal, automatic.as_str()));
}

#[test]
fn what_persons_wrote_about_a_refund_is_not_in_its_debug_text() {
    let order = play(
        shipped(),
        &[
            |_| ask(PART, Asker::Operator),
            send,
            |order| said(order, RefundProgress::Abnormal),
            settle_offline,
        ],
    );
    let text = format!("{:?}", last(&order));
    assert!(!text.contains("bank transfer"), "the note may name somebody");
    assert!(!text.contains("不想要了"), "the reason is the buyer's words");
}

#[test]
fn a_refund_that_was_seen_first_waits_for_a_person_with_a_case() {
    let order = refund_seen_first();
    let written = Moment::at(start()).written(&order, &not_exist(&order));
    assert_eq!(written.cases[0].kind, CaseKind::RefundAbnormal);
}

fn asks_for_help(order: &Order, of: &OutRefundNo) -> bool {
    let refund = order.refund(of).unwrap();
    let closed = said_of(order, refund, RefundProgress::Closed);
    let written = Moment::at(start()).written(order, &closed);
    written.cases.iter().any(|case| case.kind == CaseKind::RefundAbnormal)
}

/// A surplus went back in the console, all of it or all but a fen. Of an order that goes on somebody said no to a part;
/// also where all of it is asked for under another name. Each time WeChat Pay knows the first from commits that are lost,
/// and closes it.
#[test]
fn what_is_closed_needs_nobody_where_all_of_the_money_is_elsewhere_and_the_order_keeps_nothing() {
    let order = play(surplus(), &[|order| console(order, TOTAL, RefundProgress::Processing)]);
    let automatic = order.refunds[0].out_refund_no.clone();
    assert!(!asks_for_help(&order, &automatic));
    let order = play(surplus(), &[|order| console(order, TOTAL - 1, RefundProgress::Processing)]);
    assert!(!asks_for_help(&order, &automatic), "one fen is begun again");
    let order = play(shipped(), &[|_| ask(PART, Asker::Buyer), decline]);
    let declined = no(&order);
    let again = Moment::at(start()).named("second").play(&order, &ask(TOTAL, Asker::Operator));
    for order in [order, again] {
        assert!(asks_for_help(&order, &declined));
    }
}
