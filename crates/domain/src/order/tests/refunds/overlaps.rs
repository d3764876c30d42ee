//! Two refunds of the same: of goods, of what a person said is owed, or one that was given up and what was done in that
//! belief. Whichever of them comes to nothing, what is begun is what the payer lacks; and whoever got more is told of.

use super::super::moment::at;
use super::super::refund_samples::{
    approve, call_refused, decline, last, no, not_exist, paid, play, refused_at, rejected, retry,
    send, settle_offline, stated, succeeded, surplus, withdraw,
};
use super::super::samples::{TOTAL, ship};
use super::fees::{amount, asked, by, tea_and_cup};
use super::lines::paid as paid_for;
use crate::case::{CaseKind, CaseOpening};
use crate::fact::RefundProgress;
use crate::order::{CancelCause, Command, Order, OrderStatus, RefundAnswer, Rejection};
use crate::refund::{Asker, NUMBER_TAKEN, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};
use std::collections::BTreeSet;

fn told(seconds: i64, order: &Order, no: &OutRefundNo, fen: i64, how: RefundProgress) -> Order {
    at(seconds).play(order, &stated(order, no, fen, how))
}

fn states(order: &Order) -> Vec<(i64, RefundStatus, usize)> {
    let refunds = order.refunds.iter();
    refunds.map(|r| (r.amount.get(), r.state.status(), r.lines.len())).collect()
}

/// A person says that so much is owed.
fn owing(seconds: i64, order: &Order, fen: i64) -> Order {
    let named = Command::RetryRefund { out_refund_no: no(order), amount: Some(Fen::new(fen)) };
    at(seconds).by("operator:9").play(order, &named)
}

/// Tea and a cup are asked back as one, and WeChat Pay refuses; so the cup alone, and both are there.
fn tea_and_cup_and_cup() -> (Order, OutRefundNo, OutRefundNo) {
    let order = paid_for(&[(1, 2_000, 0), (1, 500, 0), (1, 9_000, 0)], (0, 0));
    let order = rejected(asked(&order, "both", &[(1, 1), (2, 1)]));
    let both = no(&order);
    let order = asked(&order, "cup", &[(2, 1)]);
    let cup = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = told(110, &order, &cup, 500, RefundProgress::Processing);
    (told(120, &order, &both, 2_500, RefundProgress::Processing), both, cup)
}

#[test]
fn what_lost_goods_to_another_and_is_closed_is_begun_again_for_the_others() {
    let (order, both, cup) = tea_and_cup_and_cup();
    let order = told(130, &order, &cup, 500, succeeded());
    let order = told(140, &order, &both, 2_500, RefundProgress::Closed);
    assert_eq!(order.reserved(1), Fen::new(2_500), "{:?}", states(&order));
    assert_eq!(last(&order).lines.len(), 1, "the tea");
    let tea = at(150).named("tea").decide(&order, &by(&[(1, 1)], Asker::Buyer));
    assert_eq!(tea, Err(Rejection::RefundExceedsPaid), "it is on its way");
}

#[test]
fn two_of_the_same_goods_that_are_closed_come_to_the_same_in_either_order() {
    let closed = |order: &Order, no, fen| told(130, order, no, fen, RefundProgress::Closed);
    let (order, both, cup) = tea_and_cup_and_cup();
    let one = closed(&closed(&order, &both, 2_500), &cup, 500);
    let other = closed(&closed(&order, &cup, 500), &both, 2_500);
    for order in [one, other] {
        assert_eq!(order.reserved(1), Fen::new(2_500), "{:?}", states(&order));
    }
}

/// One of two cups is refused; both are asked back and sent; the first is there after all, and the second is closed.
#[test]
fn of_two_pieces_that_are_closed_the_one_that_is_not_back_is_begun_again() {
    let order = paid_for(&[(2, 500, 0), (1, 9_000, 0)], (0, 0));
    let order = rejected(asked(&order, "one", &[(1, 1)]));
    let one = no(&order);
    let order = asked(&order, "two", &[(1, 2)]);
    let two = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = told(110, &order, &two, 1_000, RefundProgress::Processing);
    let order = told(120, &order, &one, 500, succeeded());
    let order = told(130, &order, &two, 1_000, RefundProgress::Closed);
    assert_eq!(order.reserved(1), Fen::new(1_000), "{:?}", states(&order));
}

/// The cup is back, so that the tea takes the fees along; it is refused, the cup comes to nothing, both are sent. Then
/// the tea's refund is there after all, and is closed.
#[test]
fn fees_are_not_begun_again_with_goods_of_an_order_that_was_sent_since() {
    let order = asked(&paid_for(&[(1, 2_000, 0), (1, 500, 0)], (80, 7)), "cup", &[(2, 1)]);
    let cup = no(&order);
    let order = at(10).play(&order, &send(&order));
    let order = told(11, &order, &cup, 500, RefundProgress::Processing);
    let order = refused_at(100, &asked(&order, "tea", &[(1, 1)]));
    let tea = no(&order);
    assert_eq!(last(&order).amount, Fen::new(2_087), "with the fees");
    let order = refused_at(200, &told(110, &order, &cup, 500, RefundProgress::Closed));
    assert_eq!(order.status, OrderStatus::Ready, "{:?}", states(&order));
    let order = at(300).play(&order, &ship("SF-1", true));
    let order = told(400, &order, &tea, 2_087, RefundProgress::Processing);
    let order = told(410, &order, &tea, 2_087, RefundProgress::Closed);
    assert_eq!(order.reserved(1), Fen::new(2_000), "{:?}", states(&order));
}

/// 500 of a surplus are owed. The automatic refund is there after all with 300, and the other 200 follow by themselves.
/// A failover loses both; what WeChat Pay tells of the 200 comes first.
#[test]
fn a_rest_whose_record_was_lost_counts_against_what_is_owed() {
    let order = rejected(surplus());
    let first = no(&order);
    let kept = owing(60, &order, 500);
    let order = told(70, &kept, &first, 300, succeeded());
    let rest = no(&order);
    assert_eq!(last(&order).amount, Fen::new(200));
    let order = told(200, &kept, &rest, 200, succeeded());
    let order = told(210, &order, &first, 300, succeeded());
    assert_eq!(order.reserved(1), Fen::new(500), "{:?}", states(&order));
}

/// 400 are owed, and then 1,000. The first two refunds are there after all, with 300 and 400, and the other 300 follow. A
/// failover loses that. The first alone comes to light, and 700 are begun; then what followed in the lost life is told.
#[test]
fn what_is_not_sent_of_what_is_owed_gives_way_to_a_rest_whose_record_was_lost() {
    let order = rejected(surplus());
    let first = no(&order);
    let order = owing(60, &order, 400);
    let second = no(&order);
    let kept = owing(110, &refused_at(100, &order), 1_000);
    let order = told(200, &kept, &second, 400, succeeded());
    let order = told(201, &order, &first, 300, succeeded());
    let rest = no(&order);
    assert_eq!(last(&order).amount, Fen::new(300), "{:?}", states(&order));
    let order = told(300, &kept, &first, 300, succeeded());
    assert_eq!(last(&order).amount, Fen::new(700), "{:?}", states(&order));
    let order = told(310, &order, &rest, 300, succeeded());
    assert_eq!(order.reserved(1), Fen::new(1_000), "{:?}", states(&order));
    let order = told(320, &order, &second, 400, succeeded());
    assert_eq!(order.reserved(1), Fen::new(1_000), "{:?}", states(&order));
}

/// The buyer's cancellation is there with less, and the rest too; both are closed, and the rest, which was never agreed
/// to, waits. Who could take it back would have neither goods nor money.
#[test]
fn a_buyer_takes_nothing_back_of_an_order_that_is_cancelled() {
    let order = play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    let whole = no(&order);
    let order = told(10, &order, &whole, 1_000, RefundProgress::Processing);
    let rest = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = told(110, &order, &rest, 500, RefundProgress::Processing);
    assert_eq!(order.status, OrderStatus::Cancelled);
    let order = refused_at(200, &told(120, &order, &rest, 500, RefundProgress::Closed));
    let order = told(230, &order, &whole, 1_000, RefundProgress::Closed);
    let waiting = last(&order);
    assert_eq!((waiting.asked_by, &waiting.state), (Asker::Buyer, &RefundState::AwaitingApproval));
    assert_eq!(at(240).decide(&order, &withdraw(&order)), Err(Rejection::WrongState));
}

/// An operator's cancellation is refused, and tried again above the limit; another person says no. The first is there
/// after all, so that the order is cancelled, and comes to nothing: neither goods nor money are with the buyer.
fn cancelled_against_a_no() -> Order {
    let order = rejected(play(paid(), &[|_| Command::Cancel(CancelCause::Operator)]));
    let first = no(&order);
    let order = at(20).approving_above(0).play(&order, &retry(&order));
    let order = at(30).play(&order, &decline(&order));
    let order = told(40, &order, &first, TOTAL, RefundProgress::Processing);
    assert_eq!(order.status, OrderStatus::Cancelled);
    told(50, &order, &first, TOTAL, RefundProgress::Closed)
}

#[test]
fn money_of_a_cancelled_order_waits_for_a_yes_where_somebody_said_no_while_it_went_on() {
    let order = cancelled_against_a_no();
    let waiting = last(&order);
    assert_eq!(
        (waiting.amount, &waiting.state, waiting.asked_by),
        (Fen::new(TOTAL), &RefundState::AwaitingApproval, Asker::Operator)
    );
    // Other news leave it as it is.
    let console = OutRefundNo::stated("console-1").unwrap();
    let later = told(60, &order, &console, 1, RefundProgress::Closed);
    assert_eq!(last(&later).state.status(), RefundStatus::Closed);
    assert_eq!(later.refunds.len(), order.refunds.len() + 1, "{:?}", states(&later));
    let yes = approve(&order);
    assert_eq!(at(70).decide(&order, &yes), Err(Rejection::NeedsAnother));
    let order = at(70).by("operator:2").play(&order, &yes);
    assert_eq!(last(&order).state, RefundState::Requested);
}

/// Said of an order that is cancelled, it counts.
#[test]
fn money_of_a_cancelled_order_stays_when_somebody_says_no_to_it_then() {
    let order = cancelled_against_a_no();
    let order = at(60).play(&order, &decline(&order));
    let console = OutRefundNo::stated("console-1").unwrap();
    let order = told(70, &order, &console, 1, RefundProgress::Closed);
    assert_eq!(order.reserved(1), Fen::ZERO, "{:?}", states(&order));
}

/// The kinds and subjects of the cases that are open after all of this.
fn open_after(order: &Order, news: [Command; 3]) -> BTreeSet<(CaseKind, String)> {
    let mut open = BTreeSet::new();
    let mut order = order.clone();
    for (seconds, fact) in (310..).zip(news) {
        let written = at(seconds).written(&order, &fact);
        for end in written.ended_cases {
            open.remove(&(end.kind, end.subject));
        }
        open.extend(written.cases.into_iter().map(|case| (case.kind, case.subject)));
        order = at(seconds).play(&order, &fact);
    }
    open
}

/// A refund of so much is there after all while what went in its place is; that comes to nothing, and it arrives.
fn alone_in_the_end(order: &Order, number: &OutRefundNo, fen: i64) -> [Command; 3] {
    [
        stated(order, number, fen, RefundProgress::Processing),
        not_exist(order),
        stated(order, number, fen, succeeded()),
    ]
}

#[test]
fn that_less_was_owed_is_told_also_where_what_was_owed_comes_to_nothing_later() {
    let order = owing(60, &rejected(surplus()), 1_000);
    let more = no(&order);
    let order = owing(210, &refused_at(200, &order), 400);
    let order = at(300).play(&order, &send(&order));
    let order = at(301).play(&order, &call_refused(&order));
    let open = open_after(&order, alone_in_the_end(&order, &more, 1_000));
    let about = (CaseKind::RefundMismatch, order.number.as_str().to_owned());
    assert!(open.contains(&about), "{open:?}");
}

/// The number of what a person named was taken, and they named as much again.
#[test]
fn that_as_much_was_owed_is_not_told_as_less() {
    let order = owing(60, &rejected(surplus()), 500);
    let first = no(&order);
    let answer = RefundAnswer::Refused { code: NUMBER_TAKEN.to_owned() };
    let order = at(200).play(&order, &send(&order));
    let taken = Command::RecordRefundCall { out_refund_no: first.clone(), answer };
    let order = at(201).play(&order, &taken);
    let order = owing(210, &at(202).play(&order, &not_exist(&order)), 500);
    let order = at(300).play(&order, &send(&order));
    let order = at(301).play(&order, &call_refused(&order));
    let open = open_after(&order, alone_in_the_end(&order, &first, 500));
    let about_the_order = open.iter().any(|(_, subject)| subject == order.number.as_str());
    assert!(!about_the_order, "{open:?}");
}

#[test]
fn that_goods_were_sent_is_told_also_where_what_was_tried_again_comes_to_nothing_later() {
    let order = paid_for(&[(1, 2_000, 0), (1, 9_000, 0)], (80, 7));
    let order = rejected(at(0).named("tea").play(&order, &amount(2_000, Asker::Operator)));
    let first = no(&order);
    let order = at(60).approving_above(0).by("operator:9").play(&order, &retry(&order));
    let order = at(70).by("operator:2").play(&order, &approve(&order));
    let order = at(100).play(&order, &send(&order));
    let order = at(101).play(&order, &call_refused(&order));
    let order = at(110).play(&order, &ship("SF-1", true));
    let open = open_after(&order, alone_in_the_end(&order, &first, 2_000));
    let about = (CaseKind::RefundMismatch, order.number.as_str().to_owned());
    assert!(open.contains(&about), "{open:?}");
}

/// Two of one chain are there in the end, the later one with another amount than we have it with: that is one thing to
/// read, and that there are two of them is another.
#[test]
fn that_two_of_a_chain_are_there_is_told_also_of_one_that_is_restated() {
    let order = rejected(surplus());
    let first = no(&order);
    let order = refused_at(200, &owing(60, &order, 500));
    let heir = no(&order);
    let order = told(300, &order, &first, 300, RefundProgress::Processing);
    let cases = at(310).written(&order, &stated(&order, &heir, 400, succeeded())).cases;
    let both = |case: &CaseOpening| {
        case.subject == first.as_str() && case.detail.contains("what it went in the place of")
    };
    assert!(cases.iter().any(both), "{cases:?}");
    assert!(cases.iter().any(|case| case.subject == heir.as_str()), "{cases:?}");
}

/// There is money enough; but the cup's is on its way already.
#[test]
fn goods_that_another_refund_has_are_not_paid_back_by_bank_as_well() {
    let order = rejected(asked(&tea_and_cup(), "one", &[(2, 1)]));
    let by_bank = settle_offline(&order);
    assert!(at(10).decide(&order, &by_bank).is_ok());
    let order = asked(&order, "two", &[(2, 1)]);
    assert_eq!(at(20).decide(&order, &by_bank), Err(Rejection::RefundExceedsPaid));
}
