//! Fees go back only with what ends the order before it is shipped; and what is approved or tried again is
//! what would be asked for then.

use super::lines::{amounts, at, back, later, of, paid};
use crate::fact::RefundProgress;
use crate::order::tests::moment::{self, Moment};
use crate::order::tests::refund_samples::{call_refused, not_exist, said_of, send, succeeded};
use crate::order::tests::samples::{ship, start};
use crate::order::{
    CancelCause, Command, Decision, Order, OrderStatus, RefundAsk, RefundOf, Rejection,
};
use crate::refund::{Asker, Refund, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Tea for 2,000 and a cup for 500, 80 for delivery and 7 for hurry.
pub(in crate::order::tests) fn tea_and_cup() -> Order {
    paid(&[(1, 2_000, 0), (1, 500, 0)], (80, 7))
}

pub(super) fn by(lines: &[(u16, u32)], by: Asker) -> Command {
    let Command::Refund(ask) = of(lines) else { unreachable!() };
    Command::Refund(RefundAsk { by, ..ask })
}

/// Asked for by the buyer under a name.
pub(super) fn asked(order: &Order, name: &str, lines: &[(u16, u32)]) -> Order {
    moment::at(0).named(name).play(order, &by(lines, Asker::Buyer))
}

pub(super) fn amount(fen: i64, by: Asker) -> Command {
    let Command::Refund(ask) = of(&[]) else { unreachable!() };
    Command::Refund(RefundAsk { what: RefundOf::Amount(Fen::new(fen)), by, ..ask })
}

pub(super) fn number(order: &Order, index: usize) -> OutRefundNo {
    order.refunds[index].out_refund_no.clone()
}

fn approve(order: &Order, index: usize) -> Command {
    Command::ApproveRefund { out_refund_no: number(order, index), as_approver: true }
}

fn decline(order: &Order, index: usize) -> Command {
    Command::DeclineRefund { out_refund_no: number(order, index) }
}

fn retry(order: &Order, index: usize) -> Command {
    Command::RetryRefund { out_refund_no: number(order, index), amount: None }
}

fn boss() -> Moment {
    later().by("operator:2")
}

/// Whatever an operator asks for waits.
fn waits(name: &str) -> Moment {
    at().approving_above(0).named(name)
}

pub(super) fn told(order: &Order, index: usize, progress: RefundProgress) -> Order {
    let out_refund_no = number(order, index);
    // Far enough from every other refund of the payment.
    let moment = Moment::at(start().plus_seconds(1_000 * i64::try_from(index + 1).unwrap()));
    let order = moment.play(order, &Command::SendRefund { out_refund_no });
    moment.play(&order, &said_of(&order, &order.refunds[index], progress))
}

fn rejected(order: &Order) -> Order {
    let order = at().play(order, &send(order));
    let order = at().play(&order, &call_refused(&order));
    at().play(&order, &not_exist(&order))
}

fn states(order: &Order) -> Vec<RefundStatus> {
    order.refunds.iter().map(|refund| refund.state.status()).collect()
}

fn refuses_to_ship(order: &Order) -> bool {
    at().decide(order, &ship("SF-1", true)) == Err(Rejection::WrongState)
}

#[test]
fn what_waits_and_takes_all_that_is_left_keeps_the_order_from_being_shipped() {
    for command in [by(&[(1, 1), (2, 1)], Asker::Operator), amount(2_587, Asker::Operator)] {
        let order = waits("all").play(&tea_and_cup(), &command);
        assert_eq!(
            (amounts(&order), states(&order)),
            (vec![2_587], vec![RefundStatus::AwaitingApproval])
        );
        assert_eq!(order.status, OrderStatus::Cancelling);
        assert!(refuses_to_ship(&order));
        let yes = boss().play(&order, &approve(&order, 0));
        assert_eq!(
            (yes.status, states(&yes)),
            (OrderStatus::Cancelling, vec![RefundStatus::Requested])
        );
        let no = at().play(&order, &decline(&order, 0));
        assert_eq!((no.status, no.refundable()), (OrderStatus::Ready, Fen::new(2_587)));
        assert!(!refuses_to_ship(&no));
    }
}

#[test]
fn fees_stay_while_the_refund_of_another_line_may_come_to_nothing() {
    let order = waits("tea").play(&tea_and_cup(), &by(&[(1, 1)], Asker::Operator));
    let order = at().named("cup").play(&order, &by(&[(2, 1)], Asker::Buyer));
    assert_eq!(amounts(&order), [2_000, 500]);
    assert!(refuses_to_ship(&order), "all of it is asked back");
    let order = at().play(&order, &decline(&order, 0));
    assert!(!refuses_to_ship(&order), "the tea is to be sent");
    // It can still be refunded: now it is the last, but for the cup that is not accepted yet.
    let again = at().named("again").play(&order, &by(&[(1, 1)], Asker::Buyer));
    assert_eq!(amounts(&again), [2_000, 500, 2_000]);
    let accepted = told(&order, 1, RefundProgress::Processing);
    let again = at().named("again").play(&accepted, &by(&[(1, 1)], Asker::Buyer));
    assert_eq!((amounts(&again), again.status), (vec![2_000, 500, 2_087], OrderStatus::Cancelling));
}

#[test]
fn fees_follow_the_last_goods_that_are_accepted_back() {
    let order = at().named("tea").play(&tea_and_cup(), &by(&[(1, 1)], Asker::Buyer));
    let order = at().named("cup").play(&order, &by(&[(2, 1)], Asker::Buyer));
    assert_eq!((amounts(&order), order.status), (vec![2_000, 500], OrderStatus::Ready));
    let order = told(&order, 0, RefundProgress::Processing);
    assert_eq!(order.refunds.len(), 2, "the cup may still be refused");
    let order = told(&order, 1, succeeded());
    assert_eq!((amounts(&order), order.status), (vec![2_000, 500, 87], OrderStatus::Cancelling));
    assert_eq!(order.cancel_cause, Some(CancelCause::Buyer));
    assert_eq!((order.refunds[2].asked_by, &order.refunds[2].lines), (Asker::Buyer, &Vec::new()));
    let order = told(&order, 2, RefundProgress::Processing);
    assert_eq!((order.status, order.refundable()), (OrderStatus::Cancelled, Fen::ZERO));
}

#[test]
fn fees_that_follow_an_operators_refund_count_for_its_limit() {
    let limit = |fen: i64| {
        let at = |name| at().approving_above(fen).named(name);
        let order = at("tea").play(&tea_and_cup(), &by(&[(1, 1)], Asker::Operator));
        let order = at("cup").play(&order, &by(&[(2, 1)], Asker::Operator));
        let order = told(&order, 0, succeeded());
        let moment = Moment::at(start().plus_seconds(5_000)).approving_above(fen).by("job");
        let order = moment.play(&order, &Command::SendRefund { out_refund_no: number(&order, 1) });
        moment.play(&order, &said_of(&order, &order.refunds[1], succeeded()))
    };
    assert_eq!(limit(2_587).refunds[2].state, RefundState::Requested);
    let order = limit(2_586);
    assert_eq!(
        (order.refunds[2].state.clone(), order.refunds[2].actor.as_str()),
        (RefundState::AwaitingApproval, "operator:1",)
    );
    assert_eq!(order.status, OrderStatus::Cancelling);
    assert_eq!(at().decide(&order, &approve(&order, 2)), Err(Rejection::NeedsAnother));
}

#[test]
fn fees_go_back_once() {
    // Some of them went as an amount: what is left of them goes with the goods.
    let part = at().named("part").play(&tea_and_cup(), &amount(50, Asker::Service));
    let part = told(&part, 0, succeeded());
    let all = at().named("all").play(&part, &of(&[(1, 1), (2, 1)]));
    assert_eq!((amounts(&all), all.refundable()), (vec![50, 2_537], Fen::ZERO));
    // All of them, and the goods can still be refunded by lines.
    let fees = at().named("fees").play(&tea_and_cup(), &amount(87, Asker::Service));
    let fees = told(&fees, 0, succeeded());
    let all = at().named("all").play(&fees, &of(&[(1, 1), (2, 1)]));
    assert_eq!((amounts(&all), all.status), (vec![87, 2_500], OrderStatus::Cancelling));
}

#[test]
fn what_was_to_end_the_order_is_not_approved_once_the_order_goes_on() {
    let order = at().named("tea").play(&tea_and_cup(), &by(&[(1, 1)], Asker::Buyer));
    let order = told(&order, 0, RefundProgress::Processing);
    let order = waits("cup").play(&order, &by(&[(2, 1)], Asker::Operator));
    assert_eq!((amounts(&order), order.status), (vec![2_000, 587], OrderStatus::Cancelling));
    // WeChat Pay gives the first up, and then refuses the other in its place.
    let far = Moment::at(start().plus_seconds(9_000));
    let order = far.play(&order, &said_of(&order, &order.refunds[0], RefundProgress::Closed));
    assert_eq!(order.status, OrderStatus::Cancelling, "another took its place");
    let order = far.play(&order, &send(&order));
    let order = far.play(&order, &call_refused(&order));
    let order = far.play(&order, &not_exist(&order));
    assert_eq!(order.status, OrderStatus::Ready, "the tea is to be sent");
    let yes = approve(&order, 1);
    assert_eq!(boss().decide(&order, &yes), Err(Rejection::WrongState));
    let shipped = at().play(&order, &ship("SF-1", true));
    assert_eq!(boss().decide(&shipped, &yes), Err(Rejection::WrongState));
    // Goods alone, or a part, are what they were.
    let order = waits("tea").play(&tea_and_cup(), &by(&[(1, 1)], Asker::Operator));
    let order = waits("part").play(&order, &amount(100, Asker::Operator));
    let shipped = later().play(&order, &ship("SF-1", true));
    for index in [0, 1] {
        let yes = boss().play(&shipped, &approve(&shipped, index));
        assert_eq!(yes.refunds[index].state, RefundState::Requested);
    }
}

#[test]
fn what_is_tried_again_after_shipping_is_worth_its_goods() {
    let order = at().named("all").play(&tea_and_cup(), &by(&[(1, 1), (2, 1)], Asker::Buyer));
    let order = rejected(&order);
    assert_eq!((amounts(&order), order.status), (vec![2_587], OrderStatus::Ready));
    let before = later().play(&order, &retry(&order, 0));
    assert_eq!((amounts(&before), before.status), (vec![2_587], OrderStatus::Cancelling));
    let shipped = later().play(&order, &ship("SF-1", true));
    let again = later().play(&shipped, &retry(&shipped, 0));
    assert_eq!(amounts(&again), [2_587, 2_500], "another amount has another number");
    assert_eq!(again.refunds[1].replaces, Some(number(&order, 0)));
    assert_eq!(states(&again), [RefundStatus::Rejected, RefundStatus::Requested]);
    assert_eq!(later().decide(&again, &retry(&again, 0)), Ok(Decision::AlreadyApplied));
}

#[test]
fn all_that_was_left_is_asked_for_anew_once_the_order_was_shipped() {
    let ways = [Command::Cancel(CancelCause::Buyer), amount(2_587, Asker::Buyer)];
    for command in ways {
        let order = rejected(&at().play(&tea_and_cup(), &command));
        let shipped = later().play(&order, &ship("SF-1", true));
        assert_eq!(later().decide(&shipped, &retry(&shipped, 0)), Err(Rejection::WrongState));
        assert!(later().decide(&order, &retry(&order, 0)).is_ok(), "it was not shipped");
        let anew = later().named("anew").play(&shipped, &amount(2_587, Asker::Buyer));
        assert_eq!(anew.refunds[1].state, RefundState::AwaitingApproval);
    }
    // A part is what it was; and what was asked for after shipping too.
    let part = rejected(&at().play(&tea_and_cup(), &amount(100, Asker::Buyer)));
    let part = later().play(&part, &ship("SF-1", true));
    assert!(later().decide(&part, &retry(&part, 0)).is_ok());
    let shipped = at().play(&tea_and_cup(), &ship("SF-1", true));
    let whole = rejected(&at().play(&shipped, &amount(2_587, Asker::Service)));
    assert!(later().decide(&whole, &retry(&whole, 0)).is_ok());
}

#[test]
fn the_last_goods_take_the_fees_along_when_they_are_tried_again() {
    let order = rejected(&at().named("tea").play(&tea_and_cup(), &of(&[(1, 1)])));
    let order = later().named("cup").play(&order, &of(&[(2, 1)]));
    let order = told(&order, 1, succeeded());
    let order = later().play(&order, &retry(&order, 0));
    assert_eq!((amounts(&order), order.status), (vec![2_000, 500, 2_087], OrderStatus::Cancelling));
}

#[test]
fn what_an_operator_tries_again_counts_like_what_is_asked_for() {
    let order = at().play(&paid(&[(1, 5_000, 0)], (0, 0)), &ship("SF-1", true));
    let limit = |name: &str| at().approving_above(1_000).named(name);
    let order = rejected(&limit("first").play(&order, &amount(900, Asker::Operator)));
    let alone = limit("x").play(&order, &retry(&order, 0));
    assert_eq!(states(&alone), [RefundStatus::Requested], "it is the only one");
    let order = limit("second").play(&order, &amount(900, Asker::Operator));
    assert_eq!(states(&order), [RefundStatus::Rejected, RefundStatus::Requested]);
    let order = limit("x").by("operator:3").play(&order, &retry(&order, 0));
    assert_eq!(order.refunds[2].state, RefundState::AwaitingApproval);
    assert_eq!(order.refunds[2].replaces, Some(number(&order, 0)));
    let yes = approve(&order, 2);
    let oneself = limit("x").by("operator:3").decide(&order, &yes);
    assert_eq!(oneself, Err(Rejection::NeedsAnother), "who tried it again asked for it");
    assert!(boss().decide(&order, &yes).is_ok());
    // A buyer's is the operator's yes, and no operator's request.
    let order = at().play(&paid(&[(1, 5_000, 0)], (0, 0)), &ship("SF-1", true));
    let order = at().play(&order, &amount(4_000, Asker::Buyer));
    let order = rejected(&boss().play(&order, &approve(&order, 0)));
    let order = limit("x").play(&order, &retry(&order, 0));
    assert_eq!(states(&order), [RefundStatus::Requested]);
}

#[test]
fn a_buyer_who_cancels_ends_every_wait() {
    let order = waits("tea").play(&tea_and_cup(), &by(&[(1, 1)], Asker::Operator));
    let order = waits("rest").play(&order, &amount(587, Asker::Operator));
    assert_eq!(order.status, OrderStatus::Cancelling);
    let order = at().play(&order, &Command::Cancel(CancelCause::Buyer));
    assert_eq!(states(&order), [RefundStatus::Requested; 2]);
    assert_eq!(back(&order).status, OrderStatus::Cancelling, "one is not accepted yet");
}

/// What may be done with such an order, by whom.
#[derive(Clone, Copy, Debug)]
enum Act {
    Ask(Asker, u16, u32),
    Part(Asker, i64),
    Approve,
    Decline,
    Accept,
    Reject,
    Retry,
    Ship,
}

fn acts() -> impl Strategy<Value = Act> {
    let asker = || prop::sample::select(vec![Asker::Buyer, Asker::Operator, Asker::Service]);
    prop_oneof![
        4 => (asker(), 0_u16..=3, 1_u32..3).prop_map(|(by, line, pieces)| Act::Ask(by, line, pieces)),
        1 => (asker(), 1_i64..200).prop_map(|(by, fen)| Act::Part(by, fen)),
        2 => Just(Act::Approve),
        1 => Just(Act::Decline),
        3 => Just(Act::Accept),
        2 => Just(Act::Reject),
        2 => Just(Act::Retry),
        1 => Just(Act::Ship),
    ]
}

const LIMIT: i64 = 900;

fn commands(order: &Order, act: Act, which: usize) -> Vec<Command> {
    let Some(refund) = order.refunds.get(which % order.refunds.len().max(1)) else {
        return match act {
            Act::Ask(asker, line, pieces) => vec![by(&pieces_of(line, pieces), asker)],
            Act::Part(asker, fen) => vec![amount(fen, asker)],
            Act::Ship => vec![ship("SF-1", true)],
            Act::Approve | Act::Decline | Act::Accept | Act::Reject | Act::Retry => Vec::new(),
        };
    };
    let out_refund_no = refund.out_refund_no.clone();
    let send = Command::SendRefund { out_refund_no: out_refund_no.clone() };
    let refused = crate::order::RefundAnswer::Refused { code: "USER_ACCOUNT_ABNORMAL".to_owned() };
    match act {
        Act::Ask(asker, line, pieces) => vec![by(&pieces_of(line, pieces), asker)],
        Act::Part(asker, fen) => vec![amount(fen, asker)],
        Act::Approve => vec![Command::ApproveRefund { out_refund_no, as_approver: true }],
        Act::Decline => vec![Command::DeclineRefund { out_refund_no }],
        Act::Accept => vec![send, said_of(order, refund, RefundProgress::Processing)],
        Act::Reject => {
            let answer = refused;
            let of_call =
                Command::RecordRefundCall { out_refund_no: out_refund_no.clone(), answer };
            let none = crate::fact::RefundAtWechat::NotExist;
            let none = crate::order::tests::refund_samples::refund_fact(&out_refund_no, none);
            vec![send, of_call, none]
        }
        Act::Retry => vec![Command::RetryRefund { out_refund_no, amount: None }],
        Act::Ship => vec![ship("SF-1", true)],
    }
}

/// Of line 0 is of all lines.
fn pieces_of(line: u16, pieces: u32) -> Vec<(u16, u32)> {
    if line == 0 { vec![(1, 2), (2, 1), (3, 3)] } else { vec![(line, pieces)] }
}

fn is_at_once(refund: &Refund) -> bool {
    refund.asked_by == Asker::Operator
        && refund.reserves()
        && !matches!(refund.state, RefundState::AwaitingApproval)
}

proptest! {
    /// Nobody gets goods and the fees of bringing them, no operator alone gives back more than the limit,
    /// and an order that ends gave back all that was paid.
    #[test]
    fn however_it_is_refunded_fees_go_back_only_with_the_end_of_the_order(
        steps in prop::collection::vec((acts(), 0_usize..6), 1..30),
    ) {
        let mut order = paid(&[(2, 300, 7), (1, 500, 0), (3, 99, 2)], (80, 7));
        let total = order.amounts.total;
        let mut approved: BTreeSet<OutRefundNo> = BTreeSet::new();
        for (turn, (act, which)) in steps.into_iter().enumerate() {
            let now = start().plus_seconds(700 * i64::try_from(turn + 1).unwrap());
            let actor = if matches!(act, Act::Approve) { "operator:2" } else { "operator:1" };
            let name = format!("turn-{turn}");
            let moment = Moment::at(now).approving_above(LIMIT).by(actor).named(&name);
            for command in commands(&order, act, which) {
                let Ok(Decision::Record(events)) = moment.decide(&order, &command) else { break };
                if let Command::ApproveRefund { out_refund_no, .. } = &command {
                    approved.insert(out_refund_no.clone());
                }
                order = order.after(&events);
            }
            prop_assert!(order.reserved(1) <= total);
            for refund in order.refunds.iter().filter(|r| r.reserves() && !r.lines.is_empty()) {
                let goods: i64 = refund.lines.iter().map(|part| part.amount.get()).sum();
                let may_have_fees = order.status != OrderStatus::Shipped;
                prop_assert!(refund.amount == Fen::new(goods) || may_have_fees, "{refund:?}");
            }
            let alone = order.refunds.iter().filter(|r| is_at_once(r) && !approved.contains(&r.out_refund_no));
            let alone: i64 = alone.map(|refund| refund.amount.get()).sum();
            prop_assert!(alone <= LIMIT, "{alone} without another person");
            if order.status == OrderStatus::Cancelled {
                prop_assert_eq!(order.reserved(1), total);
            }
            let at_rest = order.refunds.iter().all(|r| !r.reserves() || r.is_accepted());
            let goods_left = order.lines.iter().any(|line| {
                let gone = order.refunds.iter().filter(|r| r.reserves()).flat_map(|r| &r.lines);
                let gone = gone.filter(|part| part.line_no == line.line_no);
                gone.map(|part| part.quantity).sum::<u32>() < line.quantity
            });
            prop_assert!(
                goods_left || !at_rest || order.status != OrderStatus::Ready
                    || order.refunds.iter().any(|r| r.lines.is_empty()),
                "nothing is left to be sent, and it does not end: {order:?}"
            );
        }
    }
}
