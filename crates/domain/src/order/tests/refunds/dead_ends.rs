//! Money that nobody can move any more: each of these orders needs a way out.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, ask_as, call_refused, call_unknown, console, decline, last, no, not_exist, paid,
    play, refund_fact, refund_seen_first, rejected, retry, said, send, settle_offline, shipped,
    statement, succeeded, surplus,
};
use super::super::samples::{TOTAL, start};
use crate::fact::{RefundAtWechat, RefundProgress, RefundStatement};
use crate::job::next_refund_look;
use crate::names::{RefundId, TransactionId};
use crate::order::{CancelCause, Command, Decision, HORIZON_S, Order, OrderStatus, Rejection};
use crate::refund::{Asker, RefundState};
use crate::{Epoch, Fen, OutTradeNo, Pace};

fn records(order: &Order, command: &Command) -> bool {
    let later = Moment::at(start().plus_seconds(7_200)).named("later").by("operator:2");
    matches!(later.decide(order, command), Ok(Decision::Record(_)))
}

/// A number that a backend gave, and that another system of the same merchant number had used: WeChat
/// Pay refuses it, and a query finds the other one's refund.
fn taken_by_another_system() -> Order {
    let order = play(paid(), &[|_| ask_as("theirs-1", TOTAL), send, call_refused]);
    let theirs = RefundStatement {
        transaction_id: TransactionId::new("T-9"),
        out_trade_no: OutTradeNo::parse("another-system-1").unwrap(),
        ..statement(&order, PART, succeeded())
    };
    let fact = refund_fact(&no(&order), RefundAtWechat::Known(theirs));
    let said = Moment::at(start()).decide(&order, &fact);
    assert!(matches!(said, Err(Rejection::RefundDiffers { .. })));
    order
}

#[test]
#[ignore = "finding 2: nothing ends a refund whose number is another one's at WeChat Pay"]
fn a_number_that_is_another_refund_at_wechat_pay_does_not_hold_the_money_for_ever() {
    let order = taken_by_another_system();
    assert_eq!(order.status, OrderStatus::Cancelling, "it waits for this refund");
    let ways = [retry(&order), decline(&order), settle_offline(&order)];
    assert!(ways.iter().any(|way| records(&order, way)), "no command leads out");
}

#[test]
#[ignore = "finding 2: a refund that stays unknown blocks all others of its payment"]
fn a_refund_that_stays_unknown_does_not_block_the_others_for_ever() {
    let stuck = play(paid(), &[|_| ask_as("theirs-1", PART), send, call_unknown]);
    let order = Moment::at(start()).named("second").play(&stuck, &ask(PART, Asker::Operator));
    assert_eq!(order.refunds.len(), 2);
    let a_week_later = Moment::at(start().plus_seconds(7 * 86_400));
    let sent = a_week_later.decide(&order, &send(&order));
    assert!(!matches!(sent, Err(Rejection::RefundTooSoon { .. })), "{sent:?}");
}

#[test]
#[ignore = "finding 3: a console refund is refused while ours only waits for a person"]
fn a_console_refund_of_what_only_waits_for_a_person_is_a_fact() {
    let order = play(shipped(), &[|_| ask(TOTAL, Asker::Buyer)]);
    assert_eq!(last(&order).state, RefundState::AwaitingApproval);
    let fact = console(&order, TOTAL, succeeded());
    let said = Moment::at(start()).decide(&order, &fact);
    assert!(matches!(said, Ok(Decision::Record(_))), "a fact is never refused: {said:?}");
}

#[test]
#[ignore = "finding 3: a console refund is refused while ours is not sent yet, and the order ships"]
fn a_console_refund_beside_one_of_ours_that_was_not_sent_is_a_fact() {
    let order = play(paid(), &[|_| ask(PART, Asker::Operator)]);
    let fact = console(&order, TOTAL, succeeded());
    let said = Moment::at(start()).decide(&order, &fact);
    assert!(matches!(said, Ok(Decision::Record(_))), "all of the money is back: {said:?}");
}

#[test]
#[ignore = "finding 4: what is left of a surplus payment cannot be paid back"]
fn what_is_left_of_a_surplus_payment_can_go_back() {
    for (what, order) in [
        ("refund seen first", play(refund_seen_first(), &[not_exist])),
        ("surplus", rejected(surplus())),
    ] {
        let part = console(&order, PART, succeeded());
        let order = Moment::at(start()).play(&order, &part);
        let automatic = order.refunds[0].out_refund_no.clone();
        let ways = [
            Command::RetryRefund { out_refund_no: automatic.clone() },
            Command::SettleRefundOffline { out_refund_no: automatic, note: "bank".to_owned() },
            ask(TOTAL - PART, Asker::Operator),
        ];
        assert!(ways.iter().any(|way| records(&order, way)), "{what}: 1000 fen stay with us");
    }
}

#[test]
#[ignore = "finding 5: lost commits may have been an approval; the refund is not asked about"]
fn what_seems_to_wait_for_a_person_after_lost_commits_is_not_declined_unasked() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Buyer)]);
    // Approved, sent and paid back; then the database lost all of that.
    let after = Moment::at(start()).in_epoch(&Epoch::new("00000002.0"));
    let declined = after.decide(&order, &decline(&order));
    assert!(!matches!(declined, Ok(Decision::Record(_))), "its money may be with the payer");
}

#[test]
#[ignore = "finding 9: 2 calls and 4 commits every 5 s for ever"]
fn what_stays_unknown_is_asked_about_less_and_less() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send, call_unknown]);
    let an_hour_later = start().plus_seconds(3_600);
    let look = next_refund_look(last(&order), an_hour_later, Pace::DESIGNED).unwrap();
    assert!(look.seconds_since(an_hour_later) >= 60, "{}", look.seconds_since(an_hour_later));
}

#[test]
#[ignore = "finding 10: the second sending is not written down, nor fenced"]
fn sending_again_after_a_crash_is_written_down_as_sending() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    let later = start().plus_seconds(900);
    let Ok(Decision::Record(events)) = Moment::at(later).decide(&order, &send(&order)) else {
        panic!("sent again without a commit: no fence is checked and `sent_at` stays old");
    };
    assert_eq!(last(&order.after(&events)).sent_at, Some(later));
}

#[test]
fn after_a_refund_that_came_to_nothing_the_buyer_cancels_again() {
    let order = play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    let first = no(&order);
    let order = play(rejected(order), &[|_| Command::Cancel(CancelCause::Buyer)]);
    assert_ne!(no(&order), first);
    assert_eq!((order.status, order.refundable()), (OrderStatus::Cancelling, Fen::ZERO));
}

#[test]
#[ignore = "finding 14: the look at the horizon is called off"]
fn what_was_paid_back_otherwise_soon_after_a_refusal_is_still_looked_at_once_more() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let settled = Moment::at(start().plus_seconds(60)).play(&order, &settle_offline(&order));
    // A request that was under way may still arrive until the horizon: then it went back twice.
    let look = next_refund_look(last(&settled), start().plus_seconds(60), Pace::DESIGNED);
    assert_eq!(look, Some(start().plus_seconds(HORIZON_S)));
}

#[test]
#[ignore = "finding 15: the domain records what the schema refuses, again and again, without a case"]
fn another_refund_id_under_a_known_number_is_not_the_refund_that_we_know() {
    let order = play(
        shipped(),
        &[|_| ask(PART, Asker::Operator), send, |order| said(order, RefundProgress::Processing)],
    );
    let other =
        RefundStatement { refund_id: RefundId::new("R-2"), ..statement(&order, PART, succeeded()) };
    let fact = refund_fact(&no(&order), RefundAtWechat::Known(other));
    let answer = Moment::at(start()).decide(&order, &fact);
    assert!(matches!(answer, Err(Rejection::RefundDiffers { .. })), "{answer:?}");
}

/// What staff can send back alone is bounded by the payment, not by the limit.
#[test]
#[ignore = "finding 16: the limit is per refund; two halves of a large one wait for nobody"]
fn a_large_refund_in_two_parts_waits_for_another_person_as_well() {
    let moment = Moment::at(start()).approving_above(TOTAL / 2);
    let first = moment.clone().named("1").play(&shipped(), &ask(TOTAL / 2, Asker::Operator));
    let second = moment.named("2").play(&first, &ask(TOTAL / 2, Asker::Operator));
    assert_eq!(last(&second).state, RefundState::AwaitingApproval);
}

/// The buyer may cancel alone while nothing is shipped.
#[test]
#[ignore = "finding 17: an operator's cancellation that waits keeps the buyer from cancelling"]
fn a_buyer_cancels_although_an_operators_cancellation_waits_for_another_person() {
    let moment = Moment::at(start()).approving_above(1);
    let order = moment.play(&paid(), &Command::Cancel(CancelCause::Operator));
    assert_eq!(last(&order).state, RefundState::AwaitingApproval);
    let cancelled = moment.by("buyer:7").decide(&order, &Command::Cancel(CancelCause::Buyer));
    assert!(matches!(cancelled, Ok(Decision::Record(_))), "nothing happens: {cancelled:?}");
}
