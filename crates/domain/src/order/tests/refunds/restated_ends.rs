//! What follows from a refund that is otherwise at WeChat Pay than we have it: nothing is undone that a person was
//! told, nothing goes without a yes that needs one, nothing is paid twice by itself, and nothing stays here.

use super::super::moment::at;
use super::super::refund_samples::{
    ask, call_refused, call_unknown, last, no, not_exist, paid, play, rejected, send,
    settle_offline, shipped, stated, succeeded, surplus,
};
use super::super::samples::{TOTAL, ship};
use super::fees::{amount, asked, by, tea_and_cup};
use super::lines::{amounts, paid as paid_for};
use crate::case::CaseKind;
use crate::fact::RefundProgress;
use crate::job::{JobChange, JobId};
use crate::order::{CancelCause, Command, Decision, Order, OrderStatus, Rejection};
use crate::refund::{Asker, RefundStatus};
use crate::{Fen, OutRefundNo};

fn told(order: &Order, command: &Command) -> Order {
    at(500).play(order, command)
}

/// Refused and proven, and the same goods asked back again with others.
fn cup_and_then(lines: &[(u16, u32)]) -> (Order, OutRefundNo) {
    let order = rejected(asked(&tea_and_cup(), "one", &[(2, 1)]));
    let first = no(&order);
    (at(50).named("both").play(&order, &by(lines, Asker::Buyer)), first)
}

#[test]
fn a_cancellation_goes_on_when_goods_of_it_are_back_already() {
    let (order, cup) = cup_and_then(&[(1, 1), (2, 1)]);
    assert_eq!(order.status, OrderStatus::Cancelling);
    let order = told(&order, &stated(&order, &cup, 500, succeeded()));
    assert_eq!((order.status, order.refundable()), (OrderStatus::Cancelling, Fen::ZERO));
    assert!(at(900).decide(&order, &ship("SF-1", true)).is_err());
}

/// To the fen by which the parts of a line differ.
#[test]
fn a_fen_undoes_no_cancellation() {
    let order = rejected(asked(&paid_for(&[(3, 500, 100)], (0, 0)), "r", &[(1, 1)]));
    let first = no(&order);
    let order = asked(&order, "a", &[(1, 1)]);
    let order = asked(&order, "b", &[(1, 2)]);
    let order = told(&order, &stated(&order, &first, 466, succeeded()));
    assert_eq!((order.status, order.refundable()), (OrderStatus::Cancelling, Fen::ZERO));
}

#[test]
fn what_waits_for_a_yes_waits_for_it_also_when_a_part_of_it_is_there() {
    let order = at(0).approving_above(200).play(&paid(), &amount(TOTAL, Asker::Operator));
    let order = told(&order, &stated(&order, &no(&order), 100, RefundProgress::Processing));
    let rest = last(&order);
    assert_eq!(
        (rest.amount, rest.state.status()),
        (Fen::new(TOTAL - 100), RefundStatus::AwaitingApproval)
    );
    assert_eq!(rest.asked_by, Asker::Operator);
}

/// Somebody had said yes to 100 in a life that is lost.
#[test]
fn what_waits_for_a_yes_waits_for_it_also_when_less_of_it_is_closed() {
    let order = at(0).approving_above(200).play(&shipped(), &amount(TOTAL - 1, Asker::Operator));
    let order = told(&order, &stated(&order, &no(&order), 100, RefundProgress::Closed));
    let again = last(&order);
    assert_eq!(
        (again.amount, again.state.status()),
        (Fen::new(TOTAL - 1), RefundStatus::AwaitingApproval)
    );
}

#[test]
fn a_cancellation_of_which_less_is_there_loses_nothing() {
    let order = rejected(play(paid(), &[|_| ask(TOTAL, Asker::Operator)]));
    let first = no(&order);
    let again = Command::RetryRefund { out_refund_no: first.clone(), amount: None };
    let order = at(60).approving_above(200).by("operator:9").play(&order, &again);
    let order = told(&order, &stated(&order, &first, 1_000, succeeded()));
    assert_eq!((order.status, order.refundable()), (OrderStatus::Cancelling, Fen::ZERO));
    assert_eq!(last(&order).state.status(), RefundStatus::AwaitingApproval, "nobody agreed to it");
}

/// Both were sent. Whether the payer gets the cup's money once more, a person says.
#[test]
fn what_is_closed_is_not_begun_again_where_another_is_there_for_the_same_goods() {
    let (order, first) = cup_and_then(&[(2, 1)]);
    let second = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = told(&order, &stated(&order, &first, 500, succeeded()));
    let closed = stated(&order, &second, 500, RefundProgress::Closed);
    let cases = at(510).written(&order, &closed).cases;
    assert!(cases.iter().any(|case| case.kind == CaseKind::RefundAbnormal), "{cases:?}");
    let order = told(&order, &closed);
    assert_eq!(order.reserved(1), Fen::new(500));
}

#[test]
fn of_a_surplus_as_much_goes_back_as_was_named_whatever_was_there_in_between() {
    let order = rejected(surplus());
    let first = no(&order);
    let again =
        Command::RetryRefund { out_refund_no: first.clone(), amount: Some(Fen::new(1_400)) };
    let order = at(60).play(&order, &again);
    let order = told(&order, &stated(&order, &first, 300, RefundProgress::Processing));
    let closed = told(&order, &stated(&order, &first, 300, RefundProgress::Closed));
    let back = told(&order, &stated(&order, &first, 300, succeeded()));
    for (order, now) in [(closed, 1_400), (back, 1_100)] {
        let goes = last(&order);
        let expected = (Fen::new(now), RefundStatus::Requested);
        assert_eq!((goes.amount, goes.state.status()), expected);
    }
}

/// Nothing went back under the number: it goes on as it was asked for.
#[test]
fn what_was_restated_and_is_closed_goes_on_as_it_is_wanted() {
    let order = asked(&tea_and_cup(), "tea", &[(1, 1)]);
    let tea = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = told(&order, &stated(&order, &tea, 700, RefundProgress::Processing));
    let order = told(&order, &stated(&order, &tea, 700, RefundProgress::Closed));
    let goes = last(&order);
    assert_eq!(
        (goes.amount, goes.lines.len(), order.reserved(1)),
        (Fen::new(2_000), 1, goes.amount)
    );
    assert_eq!(goes.asked, None);
}

/// What was asked for the same goods, and for nothing else, gives way; what is for others, too, does not.
#[test]
fn who_has_other_goods_as_well_is_let_be() {
    let order = paid_for(&[(5, 1_000, 0), (1, 500, 0), (1, 300, 0)], (0, 0));
    let order = rejected(asked(&order, "r", &[(1, 1), (2, 1)]));
    let first = no(&order);
    let order = asked(&order, "u1", &[(2, 1)]);
    let order = asked(&order, "u2", &[(1, 1), (3, 1)]);
    let order = told(&order, &stated(&order, &first, 1_500, succeeded()));
    let states: Vec<_> = order.refunds.iter().map(|refund| refund.state.status()).collect();
    assert_eq!(states, [RefundStatus::Succeeded, RefundStatus::Withdrawn, RefundStatus::Requested]);
}

/// Two give way for the money; of each the goods that are back are not asked for again.
#[test]
fn of_all_that_gave_way_what_is_left_is_asked_for_again() {
    let order = paid_for(&[(2, 2_000, 0), (1, 500, 0), (1, 300, 0)], (0, 0));
    let order = rejected(asked(&order, "r", &[(1, 2)]));
    let first = no(&order);
    let order = asked(&order, "u1", &[(1, 1), (2, 1)]);
    let order = asked(&order, "u2", &[(1, 1), (3, 1)]);
    let order = told(&order, &stated(&order, &first, 4_000, succeeded()));
    assert_eq!(amounts(&order)[3..], [500, 300]);
    let goods = |index: usize| order.refunds[index].lines.iter().map(|part| part.line_no);
    assert_eq!(goods(3).chain(goods(4)).collect::<Vec<_>>(), [2, 3]);
}

/// What is asked for again for goods that are left says so: they are not asked back once more.
#[test]
fn goods_that_are_asked_for_again_are_asked_for_once() {
    let order = paid_for(&[(1, 2_000, 0), (1, 500, 0), (1, 3_000, 0)], (0, 0));
    let order = rejected(asked(&order, "one", &[(2, 1)]));
    let first = no(&order);
    let order = at(50).named("both").play(&order, &by(&[(1, 1), (2, 1)], Asker::Buyer));
    let order = told(&order, &stated(&order, &first, 500, succeeded()));
    let tea = at(510).named("again").decide(&order, &by(&[(1, 1)], Asker::Buyer));
    assert_eq!(tea, Err(Rejection::RefundExceedsPaid));
}

#[test]
fn the_rest_of_what_was_less_goes_on_by_itself() {
    let order = play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    let whole = no(&order);
    let order = at(80).play(&order, &send(&order));
    let order = told(&order, &stated(&order, &whole, 1_000, RefundProgress::Processing));
    let rest = no(&order);
    let order = at(600).play(&order, &send(&order));
    let order = told(&order, &stated(&order, &rest, 500, RefundProgress::Closed));
    let order = told(&order, &stated(&order, &whole, 1_000, RefundProgress::Closed));
    assert_eq!(order.refundable(), Fen::ZERO, "{:?}", amounts(&order));
}

/// Whoever repeats a request gets the refund that it made, whatever became of it.
#[test]
fn a_request_that_is_repeated_is_the_refund_that_it_made() {
    let order = paid_for(&[(3, 500, 100)], (0, 0));
    for (request, there) in
        [(amount(500, Asker::Service), 400), (by(&[(1, 2)], Asker::Service), 466)]
    {
        let order = at(0).named("k").play(&order, &request);
        let order = told(&order, &stated(&order, &no(&order), there, succeeded()));
        assert_eq!(at(600).named("k").decide(&order, &request), Ok(Decision::AlreadyApplied));
    }
}

/// Its answer was lost; meanwhile the rest was refused, and paid back by bank. A fen of it has no room for ever.
#[test]
fn beside_what_was_paid_back_by_bank_as_much_counts_as_there_is_room_for() {
    let order = asked(&paid_for(&[(3, 500, 100)], (0, 0)), "k3", &[(1, 1)]);
    let third = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = at(101).play(&order, &call_unknown(&order));
    let order = at(800).named("rest").play(&order, &amount(934, Asker::Service));
    let order = at(900).play(&order, &send(&order));
    let order = at(901).play(&order, &call_refused(&order));
    let order = at(902).play(&order, &not_exist(&order));
    let order = at(950).play(&order, &settle_offline(&order));
    let fact = stated(&order, &third, 467, RefundProgress::Processing);
    let written = at(1_000).written(&order, &fact);
    let about_it = |case: &&crate::case::CaseOpening| case.subject == third.as_str();
    let detail = &written.cases.iter().find(about_it).unwrap().detail;
    assert!(
        detail.contains("467 fen under this number") && detail.contains("466 fen of it count"),
        "{detail}"
    );
    let order = at(1_000).play(&order, &fact);
    assert_eq!((order.reserved(1), order.status), (Fen::new(1_400), OrderStatus::Cancelled));
    let order = at(1_010).play(&order, &stated(&order, &third, 467, succeeded()));
    assert_eq!((order.refunded(), order.status), (Fen::new(1_400), OrderStatus::Cancelled));
}

/// Two cups are there; one of them was sent once more, and comes to nothing.
#[test]
fn what_is_closed_is_not_begun_again_for_a_piece_that_is_back() {
    let order = paid_for(&[(2, 500, 0), (1, 2_000, 0)], (0, 0));
    let order = rejected(asked(&order, "one", &[(1, 2)]));
    let first = no(&order);
    let order = asked(&order, "two", &[(1, 1)]);
    let second = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = told(&order, &stated(&order, &first, 1_000, succeeded()));
    let order = told(&order, &stated(&order, &second, 500, RefundProgress::Closed));
    assert_eq!(order.reserved(1), Fen::new(1_000));
}

/// Of tea and a cup the cup's money is back: the tea's goes on.
#[test]
fn what_is_closed_goes_on_for_the_goods_that_are_not_back() {
    let order = paid_for(&[(1, 2_000, 0), (1, 500, 0), (1, 9_000, 0)], (0, 0));
    let order = rejected(asked(&order, "one", &[(2, 1)]));
    let first = no(&order);
    let order = asked(&order, "both", &[(1, 1), (2, 1)]);
    let both = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = told(&order, &stated(&order, &first, 500, succeeded()));
    let order = told(&order, &stated(&order, &both, 2_500, RefundProgress::Closed));
    let tea = last(&order);
    assert_eq!(
        (tea.amount, tea.lines.len(), order.reserved(1)),
        (Fen::new(2_000), 1, Fen::new(2_500))
    );
}

/// The buyer has the money of all of it.
#[test]
fn goods_whose_money_is_back_are_neither_sent_nor_asked_back_again() {
    let order = paid_for(&[(1, 500, 0), (1, 300, 0)], (600, 0));
    let order = rejected(asked(&order, "one", &[(1, 1)]));
    let first = no(&order);
    let order = asked(&order, "two", &[(1, 1)]);
    let second = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = told(&order, &stated(&order, &first, 500, succeeded()));
    let order = told(&order, &stated(&order, &second, 500, RefundProgress::Closed));
    let again = at(510).named("again").decide(&order, &by(&[(1, 1)], Asker::Buyer));
    assert_eq!(again, Err(Rejection::RefundExceedsPaid));
    let order = at(520).named("x").play(&order, &by(&[(2, 1)], Asker::Buyer));
    assert!(at(900).decide(&order, &ship("SF-1", true)).is_err());
}

/// What was not sent is asked for without the cup that is back.
#[test]
fn what_is_not_sent_brings_no_goods_whose_money_is_back() {
    let order = paid_for(&[(1, 2_000, 0), (1, 500, 0), (1, 9_000, 0)], (0, 0));
    let order = rejected(asked(&order, "one", &[(2, 1)]));
    let first = no(&order);
    let order = asked(&order, "both", &[(1, 1), (2, 1)]);
    let order = told(&order, &stated(&order, &first, 500, succeeded()));
    assert_eq!(amounts(&order), [500, 2_500, 2_000]);
}

#[test]
fn of_two_pieces_the_one_that_is_not_back_is_asked_for_again() {
    let order = paid_for(&[(2, 500, 0), (1, 2_000, 0)], (0, 0));
    let order = at(1).play(&order, &ship("SF-1", true));
    let order = at(2).named("one").play(&order, &by(&[(1, 1)], Asker::Service));
    let order = rejected(order);
    let first = no(&order);
    let order = at(200).named("all").play(&order, &by(&[(1, 2), (2, 1)], Asker::Service));
    let order = told(&order, &stated(&order, &first, 500, succeeded()));
    assert_eq!(order.reserved(1), Fen::new(3_000));
}

/// An operator's request for the rest waits, so that the order is being cancelled; nobody has said yes to more.
#[test]
fn what_comes_to_nothing_in_a_cancellation_that_waits_for_a_yes_waits_too() {
    let order = at(0).named("k").play(&paid(), &amount(300, Asker::Service));
    let first = no(&order);
    let order = at(10).play(&order, &send(&order));
    let order = at(20).play(&order, &stated(&order, &first, 1_000, RefundProgress::Processing));
    let order = at(30).approving_above(200).named("o").play(&order, &amount(500, Asker::Operator));
    let order = told(&order, &stated(&order, &first, 1_000, RefundProgress::Closed));
    let of = |status: RefundStatus| {
        let refunds = order.refunds.iter().filter(move |refund| refund.state.status() == status);
        refunds.map(|refund| refund.amount.get()).collect::<Vec<_>>()
    };
    assert_eq!(of(RefundStatus::Requested), [300]);
    assert_eq!(of(RefundStatus::AwaitingApproval), [500, 700]);
}

#[test]
fn what_is_in_flight_without_room_is_asked_about_as_soon_as_there_is_some() {
    let order = asked(&paid_for(&[(3, 500, 100)], (0, 0)), "k3", &[(1, 1)]);
    let third = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = at(101).play(&order, &call_unknown(&order));
    let order = at(800).named("rest").play(&order, &amount(934, Asker::Service));
    let rest = no(&order);
    let order = at(900).play(&order, &send(&order));
    let order = at(901).play(&order, &stated(&order, &rest, 934, RefundProgress::Processing));
    assert!(at(910).decide(&order, &stated(&order, &third, 467, succeeded())).is_err());
    let jobs = at(920).written(&order, &stated(&order, &rest, 934, RefundProgress::Closed)).jobs;
    let asked = JobChange::Ensure { id: JobId::refund(&third), due_at: at(920).now };
    assert!(jobs.contains(&asked), "{jobs:?}");
}

#[test]
fn nobody_reads_of_too_much_where_less_is_there() {
    let order = rejected(surplus());
    let first = no(&order);
    let again =
        Command::RetryRefund { out_refund_no: first.clone(), amount: Some(Fen::new(1_000)) };
    let order = at(60).play(&order, &again);
    let cases = at(500).written(&order, &stated(&order, &first, 200, succeeded())).cases;
    assert!(!cases.iter().any(|case| case.detail.contains("too much")), "{cases:?}");
}
