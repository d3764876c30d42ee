//! Refunds of ours that are at WeChat Pay otherwise than we have them.

use super::super::moment::at;
use super::super::refund_samples::{
    PART, ask, call_refused, decline, last, no, not_exist, play, rejected, send, settle_offline,
    shipped, stated, succeeded, surplus,
};
use super::super::samples::TOTAL;
use super::fees::{amount, asked, by, number, tea_and_cup};
use super::lines::{amounts, paid};
use crate::case::CaseKind;
use crate::fact::RefundProgress;
use crate::job::{JobChange, JobId};
use crate::order::{Command, Event, Order, OrderStatus, Rejection};
use crate::outgoing::OutgoingKind;
use crate::refund::{Asker, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};

fn parts(order: &Order, index: usize) -> Vec<(u16, u32, i64)> {
    let of = |part: &crate::refund::RefundedLine| (part.line_no, part.quantity, part.amount.get());
    order.refunds[index].lines.iter().map(of).collect()
}

fn states(order: &Order) -> Vec<(i64, RefundStatus)> {
    let of = |refund: &crate::refund::Refund| (refund.amount.get(), refund.state.status());
    order.refunds.iter().map(of).collect()
}

/// Whether a person is told of what is said, and nothing ends that in the same commit, nor once it has arrived.
fn is_told(order: &Order, command: &Command) -> bool {
    let written = at(500).written(order, command);
    let Command::RecordRefund(fact) = command else { panic!("{command:?}") };
    let about = |kind: CaseKind, subject: &str| {
        kind == CaseKind::RefundMismatch && subject == fact.out_refund_no().as_str()
    };
    let is_announced = written.outgoing.iter().any(|told| told.kind == OutgoingKind::CaseOpened);
    is_announced
        && written.cases.iter().any(|case| about(case.kind, &case.subject))
        && !written.ended_cases.iter().any(|case| about(case.kind, &case.subject))
}

/// The parts of what a person reads: that it is another amount, that only some of it counts, that its goods do not.
fn is_read(order: &Order, fact: &Command) -> [bool; 3] {
    let cases = at(500).written(order, fact).cases;
    let detail = &cases[0].detail;
    ["commits that are lost", "fen of it count", "goods of it are not counted"]
        .map(|part| detail.contains(part))
}

/// Three pieces for 1,400 fen, one each time: 466, 467, 467. A failover loses all three commits, and who asked last
/// asks first, under the same key: the number is the same, and it is worth 466 by now.
fn third_comes_first() -> (Order, OutRefundNo) {
    let order = paid(&[(3, 500, 100)], (0, 0));
    let all = ["k1", "k2", "k3"];
    let before = all.iter().fold(order.clone(), |order, key| asked(&order, key, &[(1, 1)]));
    assert_eq!(amounts(&before), [466, 467, 467]);
    let order = asked(&order, "k3", &[(1, 1)]);
    assert_eq!((no(&order), last(&order).amount), (no(&before), Fen::new(466)));
    let number = no(&order);
    (at(100).play(&order, &send(&order)), number)
}

#[test]
fn what_wechat_pay_says_of_our_number_is_how_much_it_is() {
    let (order, third) = third_comes_first();
    for progress in [RefundProgress::Processing, RefundProgress::Abnormal, succeeded()] {
        let fact = stated(&order, &third, 467, progress);
        assert!(is_told(&order, &fact), "{progress:?}");
        assert_eq!(is_read(&order, &fact), [true, false, false]);
        let order = at(110).play(&order, &fact);
        assert_eq!(order.reserved(1), Fen::new(467));
        assert_eq!(parts(&order, 0), [(1, 1, 467)], "the goods are worth it");
        let said = format!("R-{}", number(&order, 0));
        assert_eq!(order.refunds[0].refund_id().unwrap().as_str(), said);
    }
}

/// What is a fen less leaves that fen to the others.
#[test]
fn the_fen_that_a_part_is_less_is_in_the_others_of_its_line() {
    let order = paid(&[(3, 500, 100)], (0, 0));
    let order = ["k1", "k2"].iter().fold(order, |order, key| asked(&order, key, &[(1, 1)]));
    assert_eq!(amounts(&order), [466, 467]);
    let second = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = at(110).play(&order, &stated(&order, &second, 466, succeeded()));
    let order = asked(&order, "k3", &[(1, 1)]);
    assert_eq!((amounts(&order), order.refundable()), (vec![466, 466, 468], Fen::ZERO));
}

/// All of what was paid for the line, whoever asks next.
#[test]
fn after_one_is_restated_the_others_of_the_line_still_make_up_all_of_it() {
    let (order, third) = third_comes_first();
    let order = at(110).play(&order, &stated(&order, &third, 467, succeeded()));
    let order = asked(&order, "k1", &[(1, 1)]);
    let order = asked(&order, "k2", &[(1, 1)]);
    assert_eq!(amounts(&order), [467, 466, 467]);
    assert_eq!(order.refundable(), Fen::ZERO);
    // Those are there, too, with what they were worth then.
    let (first, second) = (number(&order, 1), number(&order, 2));
    let order = at(200).play(&order, &Command::SendRefund { out_refund_no: first.clone() });
    let order = at(210).play(&order, &stated(&order, &first, 466, succeeded()));
    let order = at(300).play(&order, &Command::SendRefund { out_refund_no: second.clone() });
    let order = at(310).play(&order, &stated(&order, &second, 467, succeeded()));
    assert_eq!(order.refunded(), Fen::new(1_400));
}

#[test]
fn the_ledger_and_the_shelf_hear_of_what_it_is() {
    let (order, third) = third_comes_first();
    let written = at(110).written(&order, &stated(&order, &third, 467, succeeded()));
    let moved = written.transfers.iter().find(|t| t.name() == format!("refunded:{third}")).unwrap();
    assert!(moved.entries().iter().any(|entry| entry.amount == 467), "{moved:?}");
    let back: Vec<_> = written.stock.iter().map(|stock| (stock.line_no, stock.quantity)).collect();
    assert_eq!(back, [(1, 1)]);
}

/// With the last goods of an order all that was left had gone, when the others were accepted; by now they are not.
#[test]
fn what_is_more_than_its_goods_are_worth_are_fees() {
    let order = asked(&tea_and_cup(), "tea", &[(1, 1)]);
    let tea = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = at(110).play(&order, &stated(&order, &tea, 2_087, RefundProgress::Processing));
    assert_eq!((amounts(&order), parts(&order, 0)), (vec![2_087], vec![(1, 1, 2_000)]));
    let order = asked(&order, "cup", &[(2, 1)]);
    assert_eq!((amounts(&order), order.status), (vec![2_087, 500], OrderStatus::Cancelling));
}

/// The other way round: what the order does not keep goes back as well, and the cancellation goes on.
#[test]
fn what_is_less_than_all_that_was_left_is_followed_by_the_rest_of_a_cancellation() {
    let order = asked(&tea_and_cup(), "cup", &[(2, 1)]);
    let cup = no(&order);
    let order = at(100).play(&order, &send(&order));
    let order = at(110).play(&order, &stated(&order, &cup, 500, succeeded()));
    let order = asked(&order, "tea", &[(1, 1)]);
    assert_eq!((amounts(&order), order.status), (vec![500, 2_087], OrderStatus::Cancelling));
    let tea = no(&order);
    let order = at(200).play(&order, &send(&order));
    let order = at(210).play(&order, &stated(&order, &tea, 2_000, RefundProgress::Processing));
    assert_eq!((amounts(&order), order.status), (vec![500, 2_000, 87], OrderStatus::Cancelling));
    assert_eq!(parts(&order, 1), [(1, 1, 2_000)]);
}

#[test]
fn of_less_money_than_goods_are_worth_they_are_not_the_goods() {
    let order = asked(&tea_and_cup(), "tea", &[(1, 1)]);
    let tea = no(&order);
    let order = at(100).play(&order, &send(&order));
    let fact = stated(&order, &tea, 700, succeeded());
    assert!(is_told(&order, &fact));
    let written = at(110).written(&order, &fact);
    assert_eq!((written.stock.len(), written.order.unwrap().order.refunds[0].lines.len()), (0, 0));
}

/// A number that counts how often it went on: a person had said that 300 is owed, then 250.
#[test]
fn a_surplus_of_which_less_went_than_was_asked_for_goes_back_whole() {
    for (asked, stated_fen, more) in [(TOTAL - 1, 300, TOTAL - 301), (400, 300, 100)] {
        let order = rejected(surplus());
        let again =
            Command::RetryRefund { out_refund_no: no(&order), amount: Some(Fen::new(asked)) };
        let order = at(60).play(&order, &again);
        let second = no(&order);
        let mut order = at(200).play(&order, &send(&order));
        order.refunds[1].state = RefundState::Unknown { refused: None };
        let order = at(210).play(&order, &stated(&order, &second, stated_fen, succeeded()));
        assert_eq!(
            (last(&order).amount, last(&order).state.status()),
            (Fen::new(more), RefundStatus::Requested)
        );
    }
}

/// It had been given up, and nothing was begun in its place.
#[test]
fn of_a_surplus_that_was_given_up_and_is_there_in_part_the_rest_goes_back_too() {
    let order = rejected(surplus());
    let order = at(300).play(&order, &stated(&order, &no(&order), TOTAL - 1, succeeded()));
    let (less, rest) = ((TOTAL - 1, RefundStatus::Succeeded), (1, RefundStatus::Requested));
    assert_eq!(states(&order), [less, rest]);
}

/// What is not sent gives way to it, and what is left of that goes on.
#[test]
fn what_is_not_sent_gives_way_to_what_is_more_than_was_asked_for() {
    let (order, third) = third_comes_first();
    let rest = at(10).named("rest").play(&order, &amount(934, Asker::Service));
    let fact = stated(&rest, &third, 467, succeeded());
    assert!(is_told(&rest, &fact));
    let order = at(110).play(&rest, &fact);
    let requested = (933, RefundStatus::Requested);
    assert_eq!(states(&order)[1..], [(934, RefundStatus::Withdrawn), requested]);
}

/// Its first request may have been under way when it was given up, refused, or not agreed to.
#[test]
fn what_was_given_up_is_there_with_its_own_amount() {
    let (order, third) = third_comes_first();
    let order = play(order, &[call_refused, not_exist]);
    let order = at(300).play(&order, &stated(&order, &third, 467, succeeded()));
    assert_eq!(states(&order), [(467, RefundStatus::Succeeded)]);
    let order = play(shipped(), &[|_| ask(PART, Asker::Buyer), decline]);
    let order = at(300).play(&order, &stated(&order, &no(&order), PART + 1, succeeded()));
    assert_eq!(states(&order), [(PART + 1, RefundStatus::Succeeded)]);
    // A yes was lost.
    let order = play(shipped(), &[|_| ask(PART, Asker::Buyer)]);
    let order =
        at(300).play(&order, &stated(&order, &no(&order), TOTAL, RefundProgress::Processing));
    assert_eq!(states(&order), [(TOTAL, RefundStatus::Processing)]);
}

/// Nothing went back: it goes on as it is asked for now.
#[test]
fn what_is_closed_with_another_amount_goes_on_as_it_is_wanted() {
    let (order, third) = third_comes_first();
    let order = at(110).play(&order, &stated(&order, &third, 467, RefundProgress::Closed));
    let (closed, again) = ((466, RefundStatus::Closed), (466, RefundStatus::Requested));
    assert_eq!(states(&order), [closed, again]);
}

#[test]
fn what_was_there_with_its_amount_has_no_other() {
    let (order, third) = third_comes_first();
    let there = at(110).play(&order, &stated(&order, &third, 466, RefundProgress::Processing));
    let other = stated(&order, &third, 467, succeeded());
    let differs = |order: &Order| match at(120).decide(order, &other) {
        Err(Rejection::RefundDiffers { why, .. }) => why == "it has another amount",
        _ => false,
    };
    assert!(differs(&there));
    let order = play(order, &[call_refused, not_exist, settle_offline]);
    assert!(differs(&order));
}

/// Others were sent, or are back. As soon as one comes to nothing there may be room.
#[test]
fn what_has_no_room_waits_for_the_others() {
    let (order, third) = third_comes_first();
    let order = play(order, &[call_refused, not_exist]);
    let rest = at(100).named("rest").play(&order, &amount(934, Asker::Service));
    let order = at(200).play(&rest, &send(&rest));
    let fact = stated(&order, &third, 467, succeeded());
    let Err(Rejection::RefundDiffers { why, .. }) = at(210).decide(&order, &fact) else { panic!() };
    assert_eq!(why, "its amount was given to others");
    // The other is a fen less: it was asked for before.
    let less = stated(&order, &no(&order), 933, RefundProgress::Processing);
    let written = at(220).written(&order, &less);
    let asked = JobChange::Ensure { id: JobId::refund(&third), due_at: at(220).now };
    assert!(written.jobs.contains(&asked), "{:?}", written.jobs);
    let order = at(220).play(&order, &less);
    let order = at(230).play(&order, &fact);
    assert_eq!(order.reserved(1), Fen::new(1_400));
}

/// Refused, and proven; asked for anew, and sent.
fn asked_for_twice() -> (Order, OutRefundNo) {
    let order = rejected(asked(&tea_and_cup(), "one", &[(2, 1)]));
    let first = no(&order);
    (asked(&order, "two", &[(2, 1)]), first)
}

#[test]
fn money_that_went_back_is_recorded_though_others_have_its_goods() {
    let (order, first) = asked_for_twice();
    let order = at(100).play(&order, &send(&order));
    let fact = stated(&order, &first, 500, succeeded());
    assert!(is_told(&order, &fact));
    let written = at(110).written(&order, &fact);
    assert_eq!(written.stock, [], "the cup comes back with the other");
    let order = at(110).play(&order, &fact);
    assert_eq!((order.reserved(1), order.refunded()), (Fen::new(1_000), Fen::new(500)));
    assert_eq!((parts(&order, 0), parts(&order, 1)), (vec![], vec![(2, 1, 500)]));
    let end = stated(&order, &no(&order), 500, succeeded());
    assert_eq!(at(120).written(&order, &end).stock.len(), 1);
}

/// Nobody wants it twice.
#[test]
fn what_was_asked_for_the_same_goods_and_not_sent_gives_way() {
    let (order, first) = asked_for_twice();
    let order = at(110).play(&order, &stated(&order, &first, 500, succeeded()));
    assert_eq!(states(&order), [(500, RefundStatus::Succeeded), (500, RefundStatus::Withdrawn)]);
    assert_eq!(parts(&order, 0), [(2, 1, 500)]);
}

/// Of tea and a cup the cup is there already; with the tea the order ends, and its fees go back.
#[test]
fn goods_that_are_not_there_yet_are_asked_for_again() {
    let order = rejected(asked(&tea_and_cup(), "one", &[(2, 1)]));
    let first = no(&order);
    let order = at(50).named("both").play(&order, &by(&[(1, 1), (2, 1)], Asker::Service));
    let order = at(110).play(&order, &stated(&order, &first, 500, succeeded()));
    assert_eq!(
        states(&order)[1..],
        [(2_587, RefundStatus::Withdrawn), (2_087, RefundStatus::Requested)]
    );
}

/// One of two cups is in another refund by now.
#[test]
fn of_goods_only_those_count_that_no_other_has() {
    let order = rejected(asked(&paid(&[(2, 500, 0), (1, 2_000, 0)], (0, 0)), "one", &[(1, 2)]));
    let first = no(&order);
    let order = asked(&order, "two", &[(1, 1)]);
    let order = at(100).play(&order, &send(&order));
    let fact = stated(&order, &first, 1_000, succeeded());
    assert!(is_told(&order, &fact));
    assert_eq!(is_read(&order, &fact), [false, false, true]);
    let order = at(110).play(&order, &fact);
    assert_eq!((parts(&order, 0), parts(&order, 1)), (vec![(1, 1, 500)], vec![(1, 1, 500)]));
    assert!(matches!(
        at(120).named("three").decide(&order, &by(&[(1, 1)], Asker::Buyer)),
        Err(Rejection::RefundExceedsPaid)
    ));
}

/// It comes together with where it got: how much it is is never said of a request.
#[test]
fn a_refund_is_restated_together_with_the_news_of_it() {
    let (order, third) = third_comes_first();
    let events = at(110).events(&order, &stated(&order, &third, 467, RefundProgress::Processing));
    let names: Vec<&str> = events.iter().map(Event::name).collect();
    assert_eq!(names, ["refund_restated", "refund_processing"]);
}
