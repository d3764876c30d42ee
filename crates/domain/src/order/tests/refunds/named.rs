//! What a person said is owed of a surplus is all that goes by itself: of what WeChat Pay refuses of it, of what the
//! console brings beside it, and of the rest of it.

use super::super::moment::at;
use super::super::refund_samples::{
    last, no, refund_fact, refused_at, rejected, send, stated, succeeded, surplus,
};
use crate::fact::{RefundAtWechat, RefundProgress};
use crate::order::{Command, Order, RefundAnswer};
use crate::refund::RefundState;
use crate::{Fen, OutRefundNo};

fn console(order: &Order, fen: i64, progress: RefundProgress) -> Command {
    stated(order, &OutRefundNo::stated("console-1").unwrap(), fen, progress)
}

/// So much of it is owed, says the operator with this key.
fn named(seconds: i64, order: &Order, key: &str, of: &OutRefundNo, fen: i64) -> Order {
    let retry = Command::RetryRefund { out_refund_no: of.clone(), amount: Some(Fen::new(fen)) };
    at(seconds).by(key).play(order, &retry)
}

fn first_named(fen: i64) -> (Order, OutRefundNo) {
    let order = rejected(surplus());
    let order = named(60, &order, "operator:9", &no(&order), fen);
    let number = no(&order);
    (order, number)
}

/// WeChat Pay refuses it, and the person pays it back in the console.
#[test]
fn what_was_named_and_refused_does_not_go_once_more_beside_the_console() {
    let order = refused_at(200, &first_named(500).0);
    let order = at(500).play(&order, &console(&order, 500, succeeded()));
    assert_eq!(order.reserved(1), Fen::new(500));
    let order = refused_at(200, &first_named(1_400).0);
    let order = at(500).play(&order, &console(&order, 50, RefundProgress::Closed));
    assert_eq!(order.reserved(1), Fen::ZERO);
}

/// 300 of 1,000 were there, and the other 700 are refused; the person says that 600 of these are owed.
#[test]
fn what_is_named_of_a_rest_is_all_of_it_that_goes() {
    let (order, heir) = first_named(1_000);
    let order = at(200).play(&order, &send(&order));
    let order = at(300).play(&order, &stated(&order, &heir, 300, succeeded()));
    let rest = no(&order);
    assert_eq!(order.reserved(1), Fen::new(1_000));
    let order = named(500, &refused_at(400, &order), "operator:9", &rest, 600);
    let again = no(&order);
    let order = at(600).play(&order, &send(&order));
    let order = at(700).play(&order, &stated(&order, &again, 600, succeeded()));
    assert_eq!(order.reserved(1), Fen::new(900));
}

/// The same person says 300, and then 100.
#[test]
fn the_last_word_about_a_rest_counts() {
    let order = at(10).play(&surplus(), &console(&surplus(), 500, RefundProgress::Processing));
    let order = at(20).play(&order, &console(&order, 500, RefundProgress::Closed));
    let rest = no(&order);
    let order = named(700, &refused_at(600, &order), "operator:9", &rest, 300);
    let heir = no(&order);
    let order = named(900, &refused_at(800, &order), "operator:9", &heir, 100);
    let last = no(&order);
    let order = at(1_000).play(&order, &send(&order));
    let order = at(1_100).play(&order, &stated(&order, &last, 100, succeeded()));
    assert_eq!(order.reserved(1), Fen::new(1_000 + 100));
}

/// 400 were named and refused, then 1,000, of which 300 were there; and now the first is there, with what it was or
/// with more.
#[test]
fn what_comes_to_light_is_counted_against_the_last_word() {
    for (there, all) in [(400, 1_000), (1_100, 1_400)] {
        let (order, second) = first_named(400);
        let order = named(300, &refused_at(200, &order), "operator:8", &second, 1_000);
        let third = no(&order);
        let order = at(400).play(&order, &send(&order));
        let order = at(410).play(&order, &stated(&order, &third, 300, succeeded()));
        let order = at(500).play(&order, &stated(&order, &second, there, succeeded()));
        assert_eq!(order.reserved(1), Fen::new(all), "{there}");
    }
}

/// It counts against what was paid, and not against what a person said is owed.
#[test]
fn what_somebody_sends_in_the_console_leaves_what_was_named_as_it_is() {
    let (order, named) = first_named(500);
    let order = at(100).play(&order, &console(&order, 200, RefundProgress::Processing));
    assert!(order.refund(&named).unwrap().is_unsent(), "it is the same");
    assert_eq!(order.reserved(1), Fen::new(700));
    let order = at(110).play(&order, &console(&order, 200, succeeded()));
    assert_eq!((order.reserved(1), order.refunds.len()), (Fen::new(700), 3));
}

/// 500 are named and refused, then 1,499, of which nothing is sent when the first is there after all, and is closed.
/// Whoever named it said how much is owed: that is the yes, also when WeChat Pay has some of it from commits that are
/// lost.
#[test]
fn what_a_person_named_needs_no_other_yes() {
    let (order, first) = first_named(500);
    let order = named(300, &refused_at(200, &order), "operator:9", &first, 1_499);
    let order = at(400).play(&order, &stated(&order, &first, 500, RefundProgress::Processing));
    let order = at(410).play(&order, &stated(&order, &first, 500, RefundProgress::Closed));
    let again = no(&order);
    assert_eq!(
        (last(&order).amount, &last(&order).state),
        (Fen::new(1_499), &RefundState::Requested)
    );
    for progress in [RefundProgress::Closed, RefundProgress::Processing] {
        let order = at(500).play(&order, &stated(&order, &again, 100, progress));
        let closed = stated(&order, &again, 100, RefundProgress::Closed);
        let order =
            if progress == RefundProgress::Closed { order } else { at(510).play(&order, &closed) };
        assert_ne!(no(&order), again);
        assert_eq!(
            (last(&order).amount, &last(&order).state),
            (Fen::new(1_499), &RefundState::Requested)
        );
    }
}

/// 500 of a surplus are asked for beside 1,000 that are refused; of these a person says that 400 are owed, 900 in all.
/// What is not sent of it gives way to 100 of ours whose record was lost, and then it is there after all.
#[test]
fn what_gave_way_is_asked_for_again_as_a_part_of_what_a_person_said() {
    let order = at(10).play(&surplus(), &console(&surplus(), 500, RefundProgress::Processing));
    let most = no(&order);
    let order = at(20).play(&order, &console(&order, 500, RefundProgress::Closed));
    let rest = no(&order);
    let answer = RefundAnswer::Refused { code: "USER_ACCOUNT_ABNORMAL".to_owned() };
    let sent = |order: &Order, seconds, number: &OutRefundNo| {
        at(seconds).play(order, &Command::SendRefund { out_refund_no: number.clone() })
    };
    let order = sent(&order, 100, &most);
    let refused = Command::RecordRefundCall { out_refund_no: most.clone(), answer };
    let order = at(101).play(&order, &refused);
    let order = at(102).play(&order, &refund_fact(&most, RefundAtWechat::NotExist));
    let order = named(110, &order, "operator:9", &most, 400);
    let heir = no(&order);
    let order = sent(&order, 200, &heir);
    let order = at(210).play(&order, &stated(&order, &heir, 400, RefundProgress::Processing));
    let lost = OutRefundNo::of_request(order.payments[0].out_trade_no(), "lost");
    let order = at(300).play(&order, &stated(&order, &lost, 100, succeeded()));
    assert_eq!((last(&order).amount, order.reserved(1)), (Fen::new(400), Fen::new(900)));
    let there = stated(&order, &rest, 500, RefundProgress::Processing);
    let cases = at(400).written(&order, &there).cases;
    let less = cases.iter().find(|case| case.subject == order.number.as_str());
    assert!(less.is_some_and(|case| case.detail.contains("less is owed")), "{cases:?}");
}

/// 1,000 were named; somebody sends 400 in the console besides, and of the 1,000 only 300 are there: 700 follow.
#[test]
fn what_the_console_brings_beside_it_is_none_of_what_a_person_named() {
    let (order, first) = first_named(1_000);
    let order = at(200).play(&order, &send(&order));
    let order = at(210).play(&order, &console(&order, 400, RefundProgress::Processing));
    let order = at(220).play(&order, &stated(&order, &first, 300, succeeded()));
    assert_eq!((last(&order).amount, order.reserved(1)), (Fen::new(700), Fen::new(1_400)));
}

/// Not sent, it gives way to 100 of ours whose record was lost, and the other 400 are asked for.
#[test]
fn what_gave_way_is_asked_for_without_what_is_there_already() {
    let (order, named) = first_named(500);
    assert_eq!(order.refund(&named).unwrap().actor, "operator:9", "who named it");
    let lost = OutRefundNo::of_request(order.payments[0].out_trade_no(), "lost");
    let order = at(100).play(&order, &stated(&order, &lost, 100, succeeded()));
    assert_eq!((last(&order).amount, order.reserved(1)), (Fen::new(400), Fen::new(500)));
}
