//! Beginning a refund: of what, how much, when, under which number, and who has to say yes.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, ask_as, ask_for, ask_rest, call_refused, closed, decline, last, no, not_exist, paid,
    payable, play, refund_states, rejected, said, send, shipped, succeeded, surplus, withdraw,
};
use super::super::samples::{TOTAL, after, epoch, placement, start};
use crate::order::{
    Command, CompletedBy, Decision, Order, OrderStatus, Purpose, RefundAsk, Rejection,
};
use crate::recharge::{Credit, Promise};
use crate::refund::{Asker, REFUNDS_MAX, Refund, RefundKind, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};

fn asked(order: &Order, command: &Command) -> Result<Decision, Rejection> {
    Moment::at(start()).decide(order, command)
}

#[test]
fn only_wechat_money_that_settled_the_order_is_asked_back() {
    let free = placement(0).decide(start(), &epoch(), &|_| unreachable!("no prepay")).unwrap();
    let crate::order::Event::Placed(order) = &free[0] else { unreachable!() };
    let free = (**order).clone().after(&free);
    for order in [payable(), free, surplus()] {
        assert_eq!(asked(&order, &ask_rest(Asker::Operator)), Err(Rejection::NotRefundable));
    }
}

/// What was paid ahead is not the buyer's to take back alone: neither they nor a backend that speaks for them.
#[test]
fn a_recharge_goes_back_when_an_operator_says_so() {
    let promise = Promise { credit: Credit::Wallet, principal: TOTAL, bonus: 0 };
    let order = Order { purpose: Purpose::Recharge, recharge: Some(promise), ..paid() };
    for (by, may) in [
        (Asker::Buyer, false),
        (Asker::Service, false),
        (Asker::Operator, true),
        (Asker::Paydesk, true),
    ] {
        let expected = if may { Ok(()) } else { Err(Rejection::NotRefundable) };
        assert_eq!(asked(&order, &ask_rest(by)).map(|_| ()), expected, "{by:?}");
    }
}

#[test]
fn a_refund_is_at_least_one_fen_and_at_most_what_is_left() {
    let order = shipped();
    for amount in [-1, 0, TOTAL + 1] {
        let refused = asked(&order, &ask(amount, Asker::Operator));
        assert_eq!(refused, Err(Rejection::RefundExceedsPaid), "{amount}");
    }
    for amount in [1, TOTAL] {
        let order = Moment::at(start()).play(&order, &ask(amount, Asker::Operator));
        assert_eq!(last(&order).amount, Fen::new(amount));
        assert_eq!(order.refundable(), Fen::new(TOTAL - amount));
    }
    let order = Moment::at(start()).play(&order, &ask(PART, Asker::Operator));
    let again = Moment::at(start()).named("again");
    let more = again.decide(&order, &ask(TOTAL - PART + 1, Asker::Operator));
    assert_eq!(more, Err(Rejection::RefundExceedsPaid));
    assert!(again.decide(&order, &ask(TOTAL - PART, Asker::Operator)).is_ok());
}

#[test]
fn without_an_amount_all_that_is_left_goes_back() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator)]);
    let again = Moment::at(start()).named("again");
    let order = again.play(&order, &ask_rest(Asker::Operator));
    assert_eq!(last(&order).amount, Fen::new(TOTAL - PART));
    let third = Moment::at(start()).named("third");
    let nothing = third.decide(&order, &ask_rest(Asker::Operator));
    assert_eq!(nothing, Err(Rejection::RefundExceedsPaid));
}

#[test]
fn a_refund_says_who_asked_for_it_why_and_when() {
    let order = Moment::at(start()).by("buyer:7").play(&shipped(), &ask(PART, Asker::Buyer));
    let payment = &order.payments[0];
    let expected = Refund {
        out_refund_no: OutRefundNo::of_request(payment.out_trade_no(), "ask"),
        payment_no: 1,
        amount: Fen::new(PART),
        lines: Vec::new(),
        reason: "不想要了".to_owned(),
        kind: RefundKind::Requested,
        asked_by: Asker::Buyer,
        actor: "buyer:7".to_owned(),
        replaces: None,
        state: RefundState::AwaitingApproval,
        sent_at: None,
        asked: None,
        owed: None,
        applied: None,
        created_at: start(),
    };
    assert_eq!(order.refunds, [expected]);
}

/// Reserved from the first state on; freed by four.
#[test]
fn what_is_reserved_is_kept_from_every_other_refund() {
    for (state, order) in refund_states() {
        let Some(first) = order.refunds.iter().find(|refund| refund.payment_no == 1) else {
            panic!("{state} has no refund")
        };
        let freed = matches!(
            first.state.status(),
            RefundStatus::Declined
                | RefundStatus::Withdrawn
                | RefundStatus::Closed
                | RefundStatus::Rejected
        );
        let replaced = order.replacement_of(&first.out_refund_no).is_some();
        let kept = if freed && !replaced { Fen::ZERO } else { first.amount };
        assert_eq!(order.reserved(1), kept, "{state}");
    }
}

#[test]
fn what_was_freed_can_be_asked_for_again() {
    let waiting = || play(shipped(), &[|_| ask(TOTAL, Asker::Buyer)]);
    let declined = play(waiting(), &[decline]);
    let withdrawn = play(waiting(), &[withdraw]);
    let rejected = rejected(play(shipped(), &[|_| ask(TOTAL, Asker::Operator)]));
    for order in [declined, withdrawn, rejected] {
        assert_eq!(order.refundable(), Fen::new(TOTAL));
        let again = Moment::at(start()).named("again");
        assert!(again.decide(&order, &ask(TOTAL, Asker::Operator)).is_ok());
    }
    let closed = closed(play(shipped(), &[|_| ask(TOTAL, Asker::Operator)]));
    assert_eq!(closed.refundable(), Fen::ZERO, "its replacement has it");
}

#[test]
fn asking_again_under_the_same_name_is_the_same_refund() {
    let moment = Moment::at(start());
    let order = moment.play(&shipped(), &ask(PART, Asker::Operator));
    for again in [ask(PART, Asker::Operator), ask_rest(Asker::Operator)] {
        assert_eq!(moment.decide(&order, &again), Ok(Decision::AlreadyApplied));
    }
    let other = moment.decide(&order, &ask(PART + 1, Asker::Operator));
    assert_eq!(other, Err(Rejection::RefundNumberTaken(no(&order))));
    let order = moment.named("another").play(&order, &ask(PART, Asker::Operator));
    assert_eq!(order.refunds.len(), 2, "another name is another intention");
    assert_ne!(order.refunds[0].out_refund_no, order.refunds[1].out_refund_no);
}

#[test]
fn the_number_that_a_backend_gives_is_kept() {
    let order = Moment::at(start()).play(&shipped(), &ask_as("backend-1", PART));
    assert_eq!(no(&order).as_str(), "backend-1");
    assert_eq!(last(&order).state, RefundState::Requested, "a backend waits for nobody");
    let other = Moment::at(start()).named("other");
    assert_eq!(other.decide(&order, &ask_as("backend-1", PART)), Ok(Decision::AlreadyApplied));
    let taken = other.decide(&order, &ask_as("backend-1", PART + 1));
    assert_eq!(taken, Err(Rejection::RefundNumberTaken(no(&order))));
}

#[test]
fn nobody_gives_a_number_that_we_may_have_to_derive() {
    let order = shipped();
    for number in [format!("{}-S", order.number), format!("{}-2-S-2", order.number)] {
        let taken = Err(Rejection::RefundNumberTaken(OutRefundNo::parse(&number).unwrap()));
        assert_eq!(asked(&order, &ask_as(&number, PART)), taken);
    }
}

#[test]
fn wechat_pay_refunds_for_a_year() {
    let order = shipped();
    let end = start().plus_seconds(365 * 86_400);
    let in_time = Moment::at(end.plus_millis(-1));
    let late = Moment::at(end);
    let part = ask(PART, Asker::Operator);
    assert_eq!(late.decide(&order, &part), Err(Rejection::NotRefundable));
    let order = in_time.play(&order, &part);
    assert_eq!(late.decide(&order, &part), Ok(Decision::AlreadyApplied), "a repeat is not late");
}

#[test]
fn a_payment_has_fifty_refunds_at_most() {
    let mut order = play(shipped(), &[|_| ask(PART, Asker::Buyer), decline]);
    let again = Moment::at(start()).named("withdrawn");
    order = again.play(&order, &ask(PART, Asker::Buyer));
    order = play(order, &[withdraw]);
    for turn in 0..REFUNDS_MAX {
        let moment = Moment::at(start()).named(&format!("turn:{turn}"));
        order = moment.play(&order, &ask(1, Asker::Operator));
    }
    assert_eq!(order.refunds.len(), REFUNDS_MAX + 2, "declined and withdrawn were never sent");
    let one_more = Moment::at(start()).named("one more");
    let refused = one_more.decide(&order, &ask(1, Asker::Operator));
    assert_eq!(refused, Err(Rejection::TooManyRefunds));
}

#[test]
fn a_buyers_refund_waits_for_a_person_once_the_goods_are_on_their_way() {
    let ready = play(paid(), &[|_| ask(PART, Asker::Buyer)]);
    assert_eq!(last(&ready).state, RefundState::Requested);
    let delivered = after(shipped(), &Command::Deliver, start());
    let completed = after(delivered.clone(), &Command::Complete(CompletedBy::Buyer), start());
    for order in [shipped(), delivered, completed] {
        let order = play(order, &[|_| ask(PART, Asker::Buyer)]);
        assert_eq!(last(&order).state, RefundState::AwaitingApproval, "{:?}", order.status);
    }
}

#[test]
fn an_operators_large_refund_waits_for_another_person() {
    let moment = Moment::at(start()).approving_above(PART);
    let large = moment.play(&shipped(), &ask(PART + 1, Asker::Operator));
    assert_eq!(last(&large).state, RefundState::AwaitingApproval);
    for command in [ask(PART, Asker::Operator), ask(PART + 1, Asker::Service)] {
        let order = moment.play(&shipped(), &command);
        assert_eq!(last(&order).state, RefundState::Requested, "{command:?}");
    }
}

#[test]
fn what_was_made_elsewhere_under_the_number_of_this_request_is_this_request() {
    let lost = Moment::at(start()).named("lost").play(&shipped(), &ask(PART, Asker::Operator));
    let fact = said(&lost, succeeded());
    let order = Moment::at(start()).play(&shipped(), &fact);
    assert_eq!(last(&order).kind, RefundKind::External, "nobody here knows it");
    let again = Moment::at(start()).named("lost");
    let repeated = again.decide(&order, &ask(PART, Asker::Operator));
    assert_eq!(repeated, Ok(Decision::AlreadyApplied));
    let other = again.decide(&order, &ask(PART + 1, Asker::Operator));
    assert_eq!(other, Err(Rejection::RefundNumberTaken(no(&order))));
}

#[test]
fn asking_back_the_whole_rest_of_a_ready_order_cancels_it() {
    for (by, cause) in [
        (Asker::Buyer, crate::order::CancelCause::Buyer),
        (Asker::Operator, crate::order::CancelCause::Operator),
        (Asker::Service, crate::order::CancelCause::Operator),
    ] {
        let order = play(paid(), &[|_| ask(PART, Asker::Operator)]);
        assert_eq!(order.status, OrderStatus::Ready, "a part changes nothing");
        let rest = Command::Refund(ask_for(None, by));
        let order = Moment::at(start()).named("rest").play(&order, &rest);
        assert_eq!((order.status, order.cancel_cause), (OrderStatus::Cancelling, Some(cause)));
    }
    let order = play(shipped(), &[|_| ask_rest(Asker::Operator)]);
    assert_eq!(order.status, OrderStatus::Shipped, "what is on its way is not cancelled");
}

#[test]
fn what_goes_back_whole_once_a_person_says_yes_is_not_shipped_before() {
    let moment = Moment::at(start()).approving_above(PART - 1);
    let order = moment.play(&paid(), &ask(PART, Asker::Operator));
    let order = Moment::at(start()).named("rest").play(&order, &ask_rest(Asker::Operator));
    assert_eq!(order.refundable(), Fen::ZERO);
    assert_eq!(order.status, OrderStatus::Cancelling);
}

#[test]
fn a_refusal_frees_nothing_before_a_query_confirms_it() {
    let order = play(shipped(), &[|_| ask(TOTAL, Asker::Operator), send, call_refused]);
    assert_eq!(order.refundable(), Fen::ZERO);
    assert_eq!(play(order, &[not_exist]).refundable(), Fen::new(TOTAL));
}

#[test]
fn in_other_words_it_is_the_same_refund() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator)]);
    let other_words =
        RefundAsk { reason: "其他".to_owned(), ..ask_for(Some(PART), Asker::Operator) };
    assert_eq!(asked(&order, &Command::Refund(other_words)), Ok(Decision::AlreadyApplied));
}

#[test]
fn what_others_asked_for_does_not_count_towards_an_operators_own() {
    let moment = Moment::at(start()).approving_above(PART);
    let named = |name: &str| moment.clone().named(name);
    let order = named("buyers").play(&shipped(), &ask(PART, Asker::Buyer));
    let order = named("services").play(&order, &ask(1, Asker::Service));
    let declined = named("declined").play(&order, &ask(PART + 1, Asker::Operator));
    assert_eq!(last(&declined).state, RefundState::AwaitingApproval);
    let order = named("declined").play(&declined, &decline(&declined));
    let order = named("own").play(&order, &ask(PART - 1, Asker::Operator));
    assert_eq!(last(&order).state, RefundState::Requested);
    let order = named("more").play(&order, &ask(2, Asker::Operator));
    assert_eq!(last(&order).state, RefundState::AwaitingApproval, "in parts it is the same money");
}
