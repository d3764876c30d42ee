//! What a person said is owed of a surplus is all that goes by itself: of what WeChat Pay refuses of it, of what the
//! console brings beside it, and of the rest of it.

use super::super::moment::Moment;
use super::super::refund_samples::{
    call_refused, no, not_exist, refund_fact, rejected, send, statement, succeeded, surplus,
};
use super::super::samples::start;
use crate::fact::{RefundAtWechat, RefundProgress, RefundStatement};
use crate::names::RefundId;
use crate::order::{Command, Order};
use crate::{Fen, OutRefundNo};

fn at(seconds: i64) -> Moment {
    Moment::at(start().plus_seconds(seconds))
}

fn stated(order: &Order, number: &OutRefundNo, fen: i64, progress: RefundProgress) -> Command {
    let refund_id = RefundId::new(format!("R-{number}"));
    let said = RefundStatement { refund_id, ..statement(order, fen, progress) };
    refund_fact(number, RefundAtWechat::Known(said))
}

fn console(order: &Order, fen: i64, progress: RefundProgress) -> Command {
    stated(order, &OutRefundNo::stated("console-1").unwrap(), fen, progress)
}

/// So much of it is owed, says the operator with this key.
fn named(seconds: i64, order: &Order, key: &str, of: &OutRefundNo, fen: i64) -> Order {
    let retry = Command::RetryRefund { out_refund_no: of.clone(), amount: Some(Fen::new(fen)) };
    at(seconds).by(key).play(order, &retry)
}

fn refused(seconds: i64, order: &Order) -> Order {
    let order = at(seconds).play(order, &send(order));
    let order = at(seconds).play(&order, &call_refused(&order));
    at(seconds).play(&order, &not_exist(&order))
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
    let order = refused(200, &first_named(500).0);
    let order = at(500).play(&order, &console(&order, 500, succeeded()));
    assert_eq!(order.reserved(1), Fen::new(500));
    let order = refused(200, &first_named(1_400).0);
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
    let order = named(500, &refused(400, &order), "operator:9", &rest, 600);
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
    let order = named(700, &refused(600, &order), "operator:9", &rest, 300);
    let heir = no(&order);
    let order = named(900, &refused(800, &order), "operator:9", &heir, 100);
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
        let order = named(300, &refused(200, &order), "operator:8", &second, 1_000);
        let third = no(&order);
        let order = at(400).play(&order, &send(&order));
        let order = at(410).play(&order, &stated(&order, &third, 300, succeeded()));
        let order = at(500).play(&order, &stated(&order, &second, there, succeeded()));
        assert_eq!(order.reserved(1), Fen::new(all), "{there}");
    }
}
