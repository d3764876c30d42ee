//! What persons say about a refund: yes, no, never mind, again, and "it was paid back otherwise".

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, approve, ask, ask_as, call_refused, closed, console, decline, last, no, not_exist, paid,
    play, refund_states, rejected, retry, said, send, settle_offline, shipped, succeeded, withdraw,
};
use super::super::samples::{TOTAL, start};
use crate::fact::RefundProgress;
use crate::order::{Command, Decision, Order, OrderStatus, Rejection};
use crate::refund::{Asker, REFUNDS_MAX, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};

type Make = fn(&Order) -> Command;

fn said_by(order: &Order, command: &Command) -> Result<Decision, Rejection> {
    Moment::at(start()).decide(order, command)
}

fn approve_as(order: &Order, as_approver: bool) -> Command {
    Command::ApproveRefund { out_refund_no: no(order), as_approver }
}

fn buyers() -> Order {
    play(shipped(), &[|_| ask(PART, Asker::Buyer)])
}

/// Asked for by `operator:1`.
fn operators(order: &Order, amount: i64) -> Order {
    let moment = Moment::at(start()).approving_above(0);
    moment.play(order, &ask(amount, Asker::Operator))
}

/// Which statuses a command is answered in how, tried on every refund there can be.
fn answers(
    make: Make,
    applied: &[RefundStatus],
    refused: &[RefundStatus],
    recorded: &[RefundStatus],
) {
    for (state, mut order) in refund_states() {
        // The helpers speak of the last refund: that is the one which a chain goes on with.
        order.refunds.truncate(1);
        let status = last(&order).state.status();
        let answer = Moment::at(start()).by("operator:2").decide(&order, &make(&order));
        match answer {
            Ok(Decision::AlreadyApplied) => assert!(applied.contains(&status), "{state}: applied"),
            Ok(Decision::Record(_)) => assert!(recorded.contains(&status), "{state}: recorded"),
            Err(Rejection::WrongState) => assert!(refused.contains(&status), "{state}: refused"),
            Err(other) => panic!("{state}: {other}"),
        }
    }
}

#[test]
fn what_waits_is_approved_once() {
    answers(
        approve,
        &[
            RefundStatus::Requested,
            RefundStatus::Sending,
            RefundStatus::Unknown,
            RefundStatus::Processing,
            RefundStatus::Succeeded,
            RefundStatus::Abnormal,
            RefundStatus::Closed,
            RefundStatus::Rejected,
            RefundStatus::SettledOffline,
        ],
        &[RefundStatus::Declined, RefundStatus::Withdrawn],
        &[RefundStatus::AwaitingApproval],
    );
    let order = play(buyers(), &[approve]);
    assert_eq!(last(&order).state, RefundState::Requested);
    assert_eq!(last(&order).sent_at, None);
}

#[test]
fn a_buyers_request_is_approved_by_any_operator() {
    let approved = Moment::at(start()).play(&buyers(), &approve_as(&buyers(), false));
    assert_eq!(last(&approved).state, RefundState::Requested);
}

#[test]
fn an_operators_own_request_is_approved_by_an_approver_who_is_somebody_else() {
    let order = operators(&shipped(), PART);
    let by = |actor, as_approver| {
        Moment::at(start()).by(actor).decide(&order, &approve_as(&order, as_approver))
    };
    assert_eq!(by("operator:1", true), Err(Rejection::NeedsAnother), "oneself");
    assert_eq!(by("operator:2", false), Err(Rejection::NeedsAnother), "no approver");
    assert!(matches!(by("operator:2", true), Ok(Decision::Record(_))));
}

#[test]
fn with_another_key_that_they_made_for_themselves_nobody_is_somebody_else() {
    let asked_by = |actor: &str| {
        let asking = Moment::at(start()).by(actor).approving_above(0);
        asking.play(&shipped(), &ask(PART, Asker::Operator))
    };
    for (asks, agrees, may) in [
        ("operator:1/a", "operator:1", false),
        ("operator:1", "operator:1/a", false),
        ("operator:1/a", "operator:1/b", false),
        ("operator:1/a", "operator:2", true),
        ("operator:1/a", "operator:2/a", true),
        ("operator:1", "operator:11", true),
    ] {
        let order = asked_by(asks);
        let said = Moment::at(start()).by(agrees).decide(&order, &approve_as(&order, true));
        let expected = if may {
            matches!(said, Ok(Decision::Record(_)))
        } else {
            said == Err(Rejection::NeedsAnother)
        };
        assert!(expected, "{agrees} of what {asks} asked for: {said:?}");
    }
}

#[test]
fn only_what_waits_is_declined_or_withdrawn() {
    let order = buyers();
    assert_eq!(last(&play(order.clone(), &[decline])).state, RefundState::Declined);
    assert_eq!(last(&play(order.clone(), &[withdraw])).state, RefundState::Withdrawn);
    let ways: [[Make; 2]; 2] = [[decline, withdraw], [withdraw, decline]];
    for [end, other] in ways {
        let ended = play(order.clone(), &[end]);
        assert_eq!(said_by(&ended, &end(&ended)), Ok(Decision::AlreadyApplied));
        assert_eq!(said_by(&ended, &other(&ended)), Err(Rejection::WrongState));
    }
    let approved = play(order, &[approve]);
    for end in [decline, withdraw] {
        assert_eq!(said_by(&approved, &end(&approved)), Err(Rejection::WrongState));
    }
}

#[test]
fn only_buyers_take_their_requests_back() {
    let order = operators(&shipped(), PART);
    assert_eq!(said_by(&order, &withdraw(&order)), Err(Rejection::WrongState));
    assert!(said_by(&order, &decline(&order)).is_ok());
}

#[test]
fn a_number_that_the_order_does_not_have_is_named() {
    let order = shipped();
    let out_refund_no = OutRefundNo::parse("nobody-s").unwrap();
    let number = || out_refund_no.clone();
    for command in [
        Command::ApproveRefund { out_refund_no: number(), as_approver: true },
        Command::DeclineRefund { out_refund_no: number() },
        Command::WithdrawRefund { out_refund_no: number() },
        Command::RetryRefund { out_refund_no: number(), amount: None },
        Command::SettleRefundOffline { out_refund_no: number(), note: String::new() },
        Command::SendRefund { out_refund_no: number() },
        Command::RecordRefundCall {
            out_refund_no: number(),
            answer: crate::order::RefundAnswer::Unknown,
        },
    ] {
        assert_eq!(said_by(&order, &command), Err(Rejection::RefundUnknown(number())));
    }
}

#[test]
fn what_was_rejected_is_tried_again_under_its_number() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let again = play(order.clone(), &[retry]);
    assert_eq!(again.refunds.len(), 1);
    assert_eq!((no(&again), &last(&again).state), (no(&order), &RefundState::Requested));
    assert_eq!(again.reserved(1), Fen::new(PART), "reserved again");
    assert!(matches!(said_by(&again, &send(&again)), Ok(Decision::Record(_))));
}

#[test]
fn what_was_closed_goes_on_under_another_number() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let order = play(order, &[|order| said(order, RefundProgress::Closed)]);
    assert_eq!(order.refunds.len(), 1, "it was given up: a person begins it again");
    let again = play(order.clone(), &[retry]);
    assert_eq!(no(&again).as_str(), format!("{}-2", no(&order)));
    assert_eq!(last(&again).replaces, Some(no(&order)));
    assert_eq!(last(&again).amount, Fen::new(PART));
    let first = Command::RetryRefund { out_refund_no: no(&order), amount: None };
    assert_eq!(said_by(&again, &first), Ok(Decision::AlreadyApplied), "it goes on already");
}

#[test]
fn nothing_is_tried_again_once_its_amount_is_given_to_others() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let first = no(&order);
    let closed = play(order.clone(), &[|order| said(order, RefundProgress::Closed)]);
    for order in [order, closed] {
        let other = Moment::at(start()).named("other");
        let room = other.play(&order, &ask(TOTAL - PART, Asker::Operator));
        let retry = Command::RetryRefund { out_refund_no: first.clone(), amount: None };
        assert!(matches!(said_by(&room, &retry), Ok(Decision::Record(_))), "just enough is left");
        let full = other.play(&order, &ask(TOTAL - PART + 1, Asker::Operator));
        assert_eq!(said_by(&full, &retry), Err(Rejection::RefundExceedsPaid));
    }
}

#[test]
fn a_retry_of_what_goes_on_says_nothing_new_and_of_what_is_over_is_refused() {
    answers(
        retry,
        &[
            RefundStatus::Requested,
            RefundStatus::Sending,
            RefundStatus::Unknown,
            RefundStatus::Processing,
            RefundStatus::Abnormal,
        ],
        &[
            RefundStatus::AwaitingApproval,
            RefundStatus::Declined,
            RefundStatus::Withdrawn,
            RefundStatus::Succeeded,
            RefundStatus::SettledOffline,
            // The two that were made elsewhere.
            RefundStatus::Processing,
            RefundStatus::Closed,
        ],
        &[RefundStatus::Rejected, RefundStatus::Closed],
    );
}

#[test]
fn what_was_made_elsewhere_is_not_tried_again_here() {
    for progress in [RefundProgress::Processing, RefundProgress::Closed] {
        let order = Moment::at(start()).play(&shipped(), &console(&shipped(), PART, progress));
        assert_eq!(said_by(&order, &retry(&order)), Err(Rejection::WrongState));
    }
}

#[test]
fn what_has_fifty_refunds_is_not_replaced_by_hand_either() {
    let mut order = shipped();
    for turn in 1..REFUNDS_MAX {
        let moment = Moment::at(start()).named(&format!("turn:{turn}"));
        order = moment.play(&order, &ask(1, Asker::Operator));
    }
    order = rejected(Moment::at(start()).play(&order, &ask(1, Asker::Operator)));
    order = play(order, &[|order| said(order, RefundProgress::Closed)]);
    assert_eq!(said_by(&order, &retry(&order)), Err(Rejection::TooManyRefunds));
}

#[test]
fn a_backends_number_is_not_added_to_when_it_is_replaced() {
    let longest = "n".repeat(64);
    let order = Moment::at(start()).play(&shipped(), &ask_as(&longest, PART));
    let order = closed(order);
    let second = no(&order);
    assert!(second.as_str().starts_with(order.number.as_str()), "{second}");
    assert!(second.as_str().len() <= 64, "WeChat Pay's limit");
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let order = later.play(&order, &said(&order, RefundProgress::Closed));
    assert_ne!(no(&order), second);
    assert_eq!(last(&order).replaces, Some(second));
}

#[test]
fn what_did_not_arrive_is_paid_back_another_way() {
    answers(
        settle_offline,
        &[RefundStatus::SettledOffline],
        &[
            RefundStatus::AwaitingApproval,
            RefundStatus::Declined,
            RefundStatus::Withdrawn,
            RefundStatus::Requested,
            RefundStatus::Sending,
            RefundStatus::Unknown,
            RefundStatus::Processing,
            RefundStatus::Succeeded,
            RefundStatus::Closed,
        ],
        &[RefundStatus::Abnormal, RefundStatus::Rejected],
    );
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let order = play(order, &[settle_offline]);
    let expected = RefundState::SettledOffline { note: "bank transfer".to_owned(), at: start() };
    assert_eq!(last(&order).state, expected);
    assert_eq!(order.refunded(), Fen::new(PART), "the payer has it");
}

#[test]
fn what_was_rejected_is_not_settled_once_its_amount_is_given_to_others() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let settle = settle_offline(&order);
    let other = Moment::at(start()).named("other");
    let order = other.play(&order, &ask(TOTAL - PART + 1, Asker::Operator));
    assert_eq!(said_by(&order, &settle), Err(Rejection::RefundExceedsPaid));
}

#[test]
fn a_yes_leaves_a_cancellation_as_it_is_and_a_no_gives_it_up() {
    let waiting = operators(&paid(), PART);
    let rest = Moment::at(start()).named("rest");
    let order = rest.play(&waiting, &ask(TOTAL - PART, Asker::Operator));
    assert_eq!(order.status, OrderStatus::Cancelling, "nothing is shipped while it waits");
    let first = order.refunds[0].out_refund_no.clone();
    let yes = Command::ApproveRefund { out_refund_no: first.clone(), as_approver: true };
    let cancelled = Moment::at(start()).by("operator:2").play(&order, &yes);
    assert_eq!(cancelled.status, OrderStatus::Cancelling);
    let declined =
        Moment::at(start()).play(&order, &Command::DeclineRefund { out_refund_no: first });
    assert_eq!(declined.status, OrderStatus::Ready);
}

#[test]
fn paying_back_another_way_ends_a_cancellation() {
    let order = play(paid(), &[|_| Command::Cancel(crate::order::CancelCause::Buyer)]);
    let order = play(order, &[send, call_refused, not_exist]);
    assert_eq!(order.status, OrderStatus::Ready, "its refund came to nothing");
    let order = play(order, &[settle_offline]);
    assert_eq!(order.status, OrderStatus::Cancelled);
    let late = said(&order, succeeded());
    let why = "it succeeded although it was paid back another way";
    let out_refund_no = no(&order);
    assert_eq!(said_by(&order, &late), Err(Rejection::RefundDiffers { out_refund_no, why }));
}

#[test]
fn what_is_asked_for_or_was_refused_waits_for_a_person_and_nothing_else_does() {
    for (name, order) in refund_states() {
        let expected = name.starts_with("awaiting_approval") || name.ends_with("rejected");
        assert_eq!(order.refunds[0].waits_for_a_person(), expected, "{name}");
    }
}
