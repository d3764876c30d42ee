//! What WeChat Pay says about a refund that we know.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, call_refused, call_unknown, closed, console, decline, last, no, not_exist, paid,
    play, refund_fact, refund_states, rejected, said, said_of, send, settle_offline, shipped,
    statement, succeeded, surplus, withdraw,
};
use super::super::samples::{TOTAL, number, start};
use crate::fact::{Evidence, RefundAtWechat, RefundFact, RefundProgress, RefundStatement};
use crate::names::{Mchid, RefundId};
use crate::order::{Command, Decision, Order, Rejection};
use crate::refund::{Asker, NUMBER_TAKEN, REFUNDS_MAX, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};

fn said_by(order: &Order, command: &Command) -> Result<Decision, Rejection> {
    Moment::at(start()).decide(order, command)
}

fn part() -> Order {
    play(shipped(), &[|_| ask(PART, Asker::Operator)])
}

fn sending() -> Order {
    play(part(), &[send])
}

fn differs(order: &Order, why: &'static str) -> Result<Decision, Rejection> {
    Err(Rejection::RefundDiffers { out_refund_no: no(order), why })
}

fn known(order: &Order, said: RefundStatement) -> Command {
    refund_fact(&no(order), RefundAtWechat::Known(said))
}

#[test]
fn a_refund_gets_as_far_as_wechat_pay_says() {
    let refund_id = RefundId::new("R-1");
    for (progress, state) in [
        (RefundProgress::Processing, RefundState::Processing { refund_id: refund_id.clone() }),
        (succeeded(), RefundState::Succeeded { refund_id: refund_id.clone(), at: start() }),
        (RefundProgress::Abnormal, RefundState::Abnormal { refund_id: refund_id.clone() }),
        (RefundProgress::Closed, RefundState::Closed { refund_id }),
    ] {
        // Whatever we know of the call: it may have been made in a life of the database that is lost.
        for order in [
            part(),
            sending(),
            play(sending(), &[call_unknown]),
            play(sending(), &[call_refused]),
            play(shipped(), &[|_| ask(PART, Asker::Buyer)]),
        ] {
            let end = Moment::at(start()).play(&order, &said(&order, progress));
            assert_eq!(end.refunds[0].state, state, "{:?}", last(&order).state);
        }
    }
}

/// The same, told by WeChat Pay of its own accord.
fn told(said: &Command) -> Command {
    let Command::RecordRefund(fact) = said else { panic!("not a refund: {said:?}") };
    let evidence = Evidence::Notification { event_id: "EV-1".to_owned() };
    let (mchid, number) = (fact.mchid().clone(), fact.out_refund_no().clone());
    Command::RecordRefund(RefundFact::attested(evidence, mchid, number, fact.refund().clone()))
}

/// A new number only after a query: else a lie that is signed well sends a part back twice.
#[test]
fn what_is_told_to_be_closed_goes_on_under_another_number_only_once_a_query_says_so() {
    let is_unconfirmed = |order: &Order, said: &Command| {
        assert_eq!(said_by(order, &told(said)), Err(Rejection::Unconfirmed), "{:?}", order.refunds);
        assert!(matches!(said_by(order, said), Ok(Decision::Record(_))));
    };
    let accepted = play(sending(), &[|order| said(order, RefundProgress::Processing)]);
    for order in [part(), sending(), accepted, surplus()] {
        is_unconfirmed(&order, &said(&order, RefundProgress::Closed));
    }
    // What was made elsewhere frees the money for ours as well.
    is_unconfirmed(&shipped(), &console(&shipped(), PART, RefundProgress::Closed));
    // What is known, and what is not believed, needs no query.
    let known = closed(part());
    let first = said_of(&known, &known.refunds[0], RefundProgress::Closed);
    assert_eq!(said_by(&known, &told(&first)), Ok(Decision::AlreadyApplied));
    let done = play(sending(), &[|order| said(order, succeeded())]);
    let late = said(&done, RefundProgress::Closed);
    assert_eq!(said_by(&done, &told(&late)), Ok(Decision::AlreadyApplied));
    // Whatever else is told moves no money.
    for progress in [RefundProgress::Processing, RefundProgress::Abnormal, succeeded()] {
        let order = sending();
        let said = told(&said(&order, progress));
        assert!(matches!(said_by(&order, &said), Ok(Decision::Record(_))), "{progress:?}");
    }
}

#[test]
fn an_old_answer_takes_nothing_back() {
    let processing = play(sending(), &[|order| said(order, RefundProgress::Processing)]);
    let abnormal = play(sending(), &[|order| said(order, RefundProgress::Abnormal)]);
    let succeeded_order = play(sending(), &[|order| said(order, succeeded())]);
    let settled = play(abnormal.clone(), &[settle_offline]);
    let all =
        [RefundProgress::Processing, RefundProgress::Abnormal, RefundProgress::Closed, succeeded()];
    for (order, old) in [
        (processing, &all[..1]),
        (abnormal, &all[..2]),
        (succeeded_order, &all[..]),
        (settled, &all[..3]),
    ] {
        for progress in old {
            let answer = said_by(&order, &said(&order, *progress));
            assert_eq!(answer, Ok(Decision::AlreadyApplied), "{progress:?}");
        }
    }
    let order = closed(part());
    let first = order.refunds[0].clone();
    for progress in &all[..3] {
        let answer = said_by(&order, &said_of(&order, &first, *progress));
        assert_eq!(answer, Ok(Decision::AlreadyApplied), "{progress:?}");
    }
}

#[test]
fn what_is_abnormal_may_arrive_or_be_closed_after_all() {
    let abnormal = play(sending(), &[|order| said(order, RefundProgress::Abnormal)]);
    let arrived = play(abnormal.clone(), &[|order| said(order, succeeded())]);
    assert_eq!(arrived.refunds[0].state.status(), RefundStatus::Succeeded);
    let closed = play(abnormal, &[|order| said(order, RefundProgress::Closed)]);
    assert_eq!(closed.refunds[0].state.status(), RefundStatus::Closed);
    assert_eq!(closed.refunds.len(), 2);
}

#[test]
fn that_it_does_not_exist_counts_only_after_a_refusal() {
    let refused = play(sending(), &[call_refused]);
    let order = play(refused, &[not_exist]);
    let code = "USER_ACCOUNT_ABNORMAL".to_owned();
    assert_eq!(last(&order).state, RefundState::Rejected { code });
    for (state, mut order) in refund_states() {
        order.refunds.truncate(1);
        if let RefundState::Unknown { refused: Some(_) } = last(&order).state {
            continue;
        }
        let answer = said_by(&order, &not_exist(&order));
        assert_eq!(answer, Ok(Decision::AlreadyApplied), "{state}");
    }
}

#[test]
fn a_fact_about_another_merchant_is_not_ours() {
    let order = sending();
    let said = RefundAtWechat::Known(statement(&order, PART, succeeded()));
    let evidence = Evidence::Query { request_id: None };
    let fact = RefundFact::attested(evidence, Mchid::new("1900000110"), no(&order), said);
    assert_eq!(said_by(&order, &Command::RecordRefund(fact)), Err(Rejection::OtherMerchant));
}

#[test]
fn another_amount_or_payment_is_not_the_refund_that_we_know() {
    let processing = play(sending(), &[|order| said(order, RefundProgress::Processing)]);
    let more = known(&processing, statement(&processing, PART + 1, succeeded()));
    assert_eq!(said_by(&processing, &more), differs(&processing, "it has another amount"));
    for order in [part(), processing, rejected(part())] {
        let other = RefundStatement {
            out_trade_no: number(&order, 2),
            ..statement(&order, PART, succeeded())
        };
        let answer = said_by(&order, &known(&order, other));
        assert_eq!(answer, differs(&order, "it returns another payment"));
    }
}

/// Then nothing of ours was ever accepted under it.
#[test]
fn what_was_sent_under_a_number_of_another_payments_refund_is_rejected() {
    for order in [sending(), play(sending(), &[call_unknown]), play(sending(), &[call_refused])] {
        let other = RefundStatement {
            out_trade_no: number(&order, 2),
            ..statement(&order, PART, succeeded())
        };
        let after = Moment::at(start()).play(&order, &known(&order, other));
        assert_eq!(last(&after).state, RefundState::Rejected { code: NUMBER_TAKEN.to_owned() });
        assert_eq!(after.reserved(1), Fen::ZERO);
    }
}

#[test]
fn what_is_closed_goes_on_by_itself_under_the_next_number() {
    let order = closed(part());
    let first = order.refunds[0].clone();
    assert_eq!(no(&order).as_str(), format!("{}-2", first.out_refund_no));
    assert_eq!(last(&order).replaces, Some(first.out_refund_no.clone()));
    assert_eq!(last(&order).state, RefundState::Requested);
    assert_eq!((last(&order).amount, last(&order).asked_by), (first.amount, first.asked_by));
    assert_eq!((last(&order).sent_at, last(&order).created_at), (None, start()));
    let later = Moment::at(start().plus_seconds(60));
    let order = later.play(&order, &send(&order));
    let order = later.play(&order, &said(&order, RefundProgress::Closed));
    assert_eq!(no(&order).as_str(), format!("{}-3", first.out_refund_no));
    assert_eq!(last(&order).created_at, start().plus_seconds(60), "it begins anew");
    assert_eq!(order.reserved(1), Fen::new(PART), "the whole chain keeps the amount once");
}

#[test]
fn the_refund_of_a_surplus_payment_is_replaced_too() {
    let order = closed(surplus());
    assert_eq!(no(&order).as_str(), format!("{}-S-2", order.number));
    assert_eq!(order.reserved(1), Fen::new(TOTAL));
}

#[test]
fn what_is_closed_is_not_replaced_beyond_the_fiftieth() {
    let mut order = shipped();
    for turn in 1..REFUNDS_MAX {
        let moment = Moment::at(start()).named(&format!("turn:{turn}"));
        order = moment.play(&order, &ask(1, Asker::Operator));
    }
    let order = closed(Moment::at(start()).play(&order, &ask(1, Asker::Operator)));
    assert_eq!(order.refunds.len(), REFUNDS_MAX);
    assert_eq!(last(&order).state.status(), RefundStatus::Closed);
}

#[test]
fn what_succeeds_after_it_was_closed_is_a_contradiction() {
    let order = closed(part());
    let first = order.refunds[0].clone();
    let out_refund_no = first.out_refund_no.clone();
    let why = "it succeeded although it was closed";
    let answer = said_by(&order, &said_of(&order, &first, succeeded()));
    assert_eq!(answer, Err(Rejection::RefundDiffers { out_refund_no, why }));
}

#[test]
fn what_was_given_up_and_is_at_wechat_pay_after_all_has_its_amount_again() {
    let waiting = || play(shipped(), &[|_| ask(PART, Asker::Buyer)]);
    for order in [rejected(part()), play(waiting(), &[decline]), play(waiting(), &[withdraw])] {
        assert_eq!(order.reserved(1), Fen::ZERO);
        let taken = Moment::at(start()).named("other");
        let later = Moment::at(start().plus_seconds(700));
        let just_enough = taken.play(&order, &ask(TOTAL - PART, Asker::Operator));
        let full = taken.play(&order, &ask(TOTAL - PART + 1, Asker::Operator));
        let refund = last(&order).clone();
        for progress in [RefundProgress::Processing, RefundProgress::Abnormal, succeeded()] {
            let fact = said_of(&order, &refund, progress);
            let order = Moment::at(start()).play(&just_enough, &fact);
            assert_eq!(order.reserved(1), Fen::new(TOTAL));
            let why = "its amount was given to others";
            let out_refund_no = refund.out_refund_no.clone();
            let differs = Err(Rejection::RefundDiffers { out_refund_no, why });
            let sent = later.play(&full, &send(&full));
            assert_eq!(said_by(&sent, &fact), differs);
        }
        let fact = said_of(&order, &refund, RefundProgress::Closed);
        let order = Moment::at(start()).play(&full, &fact);
        assert_eq!(order.refunds.len(), full.refunds.len(), "it was given up: nobody replaces it");
    }
}

#[test]
fn a_replacement_takes_no_number_that_is_known_already() {
    let order = sending();
    let second = OutRefundNo::stated(&format!("{}-2", no(&order))).unwrap();
    // It was made in a life of the database that is lost, and closed like the first.
    let closed_too = RefundAtWechat::Known(statement(&order, PART, RefundProgress::Closed));
    let first = no(&order);
    let order = Moment::at(start()).play(&order, &refund_fact(&second, closed_too));
    let refund = order.refund(&first).unwrap();
    let order = Moment::at(start()).play(&order, &said_of(&order, refund, RefundProgress::Closed));
    assert_eq!(no(&order).as_str(), format!("{first}-3"));
}

#[test]
fn on_a_ready_order_an_accepted_refund_cancels_nothing_but_the_whole() {
    let order = play(paid(), &[|_| ask(PART, Asker::Operator), send]);
    let order = play(order, &[|order| said(order, succeeded())]);
    assert_eq!(order.status, crate::order::OrderStatus::Ready);
    assert_eq!(order.refunded(), Fen::new(PART));
}

/// The one is true whatever else we have; the other may be refused.
#[test]
fn what_wechat_pay_says_is_a_fact_and_what_we_are_about_to_do_is_none() {
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator), send]);
    assert!(said(&order, succeeded()).is_a_fact());
    assert!(!send(&order).is_a_fact());
}
