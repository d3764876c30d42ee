//! What WeChat Pay says about payments: prepay answers and facts, payment state by payment state.

use super::moment::Moment;
use super::refund_samples::{paid, payable, refused};
use super::samples::{
    TOTAL, accepted, after, close, deadline, fact, not_exist, number, placed, prepay, receipt,
    start, success,
};
use crate::fact::{Evidence, PaymentFact, Receipt, Trade};
use crate::names::{Appid, Mchid};
use crate::order::{
    CancelCause, Command, Decision, HORIZON_S, Order, OrderStatus, PaymentStatus, PrepayAnswer,
    Rejection, SettledBy, Settlement,
};
use crate::payment::{ClosingCause, Credential, PaymentState, SurplusCause};
use crate::{Fen, OutTradeNo};

fn state(order: &Order) -> &PaymentState {
    &order.payments[0].state
}

fn later() -> Moment {
    Moment::at(start().plus_seconds(90))
}

#[test]
fn a_settlement_says_by_what_how_much_and_when_it_was_heard_of() {
    let order = later().play(&payable(), &success(&payable(), 1, "T-1", TOTAL));
    let by = SettledBy::Wechat { payment_no: 1 };
    let at = start().plus_seconds(90);
    assert_eq!(order.settlement, Some(Settlement { by, amount: Fen::new(TOTAL), at }));
    assert_eq!(order.paid_at, Some(start()), "when WeChat Pay says");
    assert_eq!(state(&order), &PaymentState::Paid { receipt: receipt("T-1", TOTAL) });
    assert_eq!(order.payment_status(), PaymentStatus::Paid);
    assert_eq!(order.settled_payment(), order.payments.first());
    assert_eq!((order.paid(), order.refundable()), (Fen::new(TOTAL), Fen::new(TOTAL)));
}

#[test]
fn what_differs_in_amount_currency_or_application_is_not_what_was_asked() {
    let asked = receipt("T-1", TOTAL);
    let coupon = Receipt { payer_total: Some(Fen::new(1)), ..asked.clone() };
    let settles = |receipt: Receipt| {
        let order = payable();
        let order = Moment::at(start()).play(&order, &fact(&order, 1, Trade::Success(receipt)));
        order.settlement.is_some()
    };
    assert!(settles(asked.clone()));
    assert!(settles(coupon), "WeChat Pay's own coupons are not our business");
    assert!(!settles(Receipt { amount: Fen::new(TOTAL + 1), ..asked.clone() }));
    assert!(!settles(Receipt { currency: "USD".to_owned(), ..asked.clone() }));
    assert!(!settles(Receipt { appid: Appid::new("wx-other"), ..asked }));
}

#[test]
fn another_merchants_fact_or_payment_is_refused() {
    let order = payable();
    let evidence = || Evidence::Query { request_id: None };
    let paid = || Trade::Success(receipt("T-1", TOTAL));
    let of = |mchid, number: OutTradeNo| {
        Command::RecordFact(PaymentFact::attested(
            evidence(),
            Mchid::new(mchid),
            number,
            paid(),
            None,
        ))
    };
    let other = Moment::at(start()).decide(&order, &of("1900000110", number(&order, 1)));
    assert_eq!(other, Err(Rejection::OtherMerchant));
    let unknown = number(&order, 9);
    let answer = Moment::at(start()).decide(&order, &of("1900000109", unknown.clone()));
    assert_eq!(answer, Err(Rejection::PaymentUnknown(unknown)));
}

#[test]
fn another_transaction_under_the_same_number_is_a_contradiction() {
    let other = success(&paid(), 1, "T-2", TOTAL);
    let answer = Moment::at(start()).decide(&paid(), &other);
    let differs = Rejection::TransactionDiffers {
        out_trade_no: number(&paid(), 1),
        recorded: receipt("T-1", 1).transaction_id,
        stated: receipt("T-2", 1).transaction_id,
    };
    assert_eq!(answer, Err(differs));
}

#[test]
fn why_money_cannot_be_taken_is_said() {
    let why = |order: &Order| {
        let PaymentState::Surplus { why, .. } = state(order) else { panic!("{:?}", state(order)) };
        *why
    };
    let mismatch = Moment::at(start()).play(&payable(), &success(&payable(), 1, "T-1", 1));
    assert_eq!(why(&mismatch), SurplusCause::Mismatch);
    assert_eq!(why(&super::refund_samples::surplus()), SurplusCause::Late);
    assert_eq!(why(&super::refund_samples::refund_seen_first()), SurplusCause::RefundSeenFirst);
}

#[test]
fn a_payment_that_does_not_exist_yet_may_still_come_into_being() {
    let horizon = deadline().plus_seconds(HORIZON_S);
    let unknown = after(placed(), &prepay(&placed(), 1, PrepayAnswer::Unknown), start());
    let closing = after(payable(), &close(&payable(), 1), start());
    for order in [placed(), unknown, closing] {
        let early = Moment::at(horizon).decide(&order, &not_exist(&order, 1, horizon));
        assert_eq!(early, Ok(Decision::AlreadyApplied), "{:?}", state(&order));
        let gone = not_exist(&order, 1, horizon.plus_millis(1));
        let order = Moment::at(horizon.plus_millis(1)).play(&order, &gone);
        let closed =
            PaymentState::Closed { why: ClosingCause::Expired, at: horizon.plus_millis(1) };
        assert_eq!(state(&order), &closed);
    }
    let known = Moment::at(horizon.plus_millis(1));
    let answer = known.decide(&payable(), &not_exist(&payable(), 1, known.now));
    assert_eq!(answer, Ok(Decision::AlreadyApplied), "it was there: ask again");
}

/// Who asked may have stood still for an hour, with the answer in hand.
#[test]
fn that_a_payment_did_not_exist_yet_proves_nothing_however_late_it_is_recorded() {
    let horizon = deadline().plus_seconds(HORIZON_S);
    let late = Moment::at(horizon.plus_seconds(3_600));
    let unknown = after(placed(), &prepay(&placed(), 1, PrepayAnswer::Unknown), start());
    let cancelling = after(unknown.clone(), &Command::Cancel(CancelCause::Buyer), start());
    for order in [placed(), unknown, cancelling] {
        for asked in [start(), deadline(), horizon] {
            let answer = late.decide(&order, &not_exist(&order, 1, asked));
            assert_eq!(answer, Ok(Decision::AlreadyApplied), "{:?}", state(&order));
        }
        let untimed = late.decide(&order, &fact(&order, 1, Trade::NotExist));
        assert_eq!(untimed, Ok(Decision::AlreadyApplied), "nobody knows when it was so");
        let after = late.play(&order, &not_exist(&order, 1, horizon.plus_millis(1)));
        assert!(!after.payments[0].is_live());
        // The clock of whoever asked is ahead of the store's.
        let ahead = Moment::at(horizon).decide(&order, &not_exist(&order, 1, late.now));
        assert_eq!(ahead, Ok(Decision::AlreadyApplied));
    }
}

#[test]
fn what_was_closed_says_why() {
    let closed = |order: &Order| {
        let order = Moment::at(start()).play(order, &fact(order, 1, Trade::Closed));
        let PaymentState::Closed { why, at } = state(&order) else { panic!("{:?}", state(&order)) };
        assert_eq!(*at, start());
        *why
    };
    let closing = after(payable(), &close(&payable(), 1), start());
    assert_eq!(closed(&closing), ClosingCause::Expired, "as it was asked for");
    assert_eq!(closed(&payable()), ClosingCause::Elsewhere);
    assert_eq!(closed(&placed()), ClosingCause::Elsewhere);
    assert_eq!(closed(&refused()), ClosingCause::Refused);
}

#[test]
fn a_refusal_ends_a_payment_only_with_a_query_that_confirms_it() {
    let order = refused();
    assert!(order.payments[0].is_live());
    let proven = after(order.clone(), &fact(&order, 1, Trade::NotExist), start());
    let rejected = PaymentState::Rejected { code: "NO_AUTH".to_owned(), proven: true };
    assert_eq!(state(&proven), &rejected);
    assert!(!proven.payments[0].is_live());
    let again = Moment::at(start()).decide(&proven, &fact(&proven, 1, Trade::NotExist));
    assert_eq!(again, Ok(Decision::AlreadyApplied));
    let alive = after(order.clone(), &fact(&order, 1, Trade::NotPaid), start());
    assert_eq!(state(&alive), &PaymentState::Closing { why: ClosingCause::Refused });
}

#[test]
fn what_wechat_pay_has_after_it_refused_is_closed() {
    let order = refused();
    let order = after(order.clone(), &accepted(&order, 1), start());
    assert_eq!(state(&order), &PaymentState::Closing { why: ClosingCause::Refused });
}

#[test]
fn a_fresh_credential_takes_the_place_of_the_old_one() {
    let order = payable();
    let same = Moment::at(start()).decide(&order, &accepted(&order, 1));
    assert_eq!(same, Ok(Decision::AlreadyApplied));
    let fresh = Credential::PrepayId("wx-fresh".to_owned());
    let fresh_answer = prepay(&order, 1, PrepayAnswer::Accepted(fresh.clone()));
    let order = Moment::at(start()).play(&order, &fresh_answer);
    assert_eq!(order.payments[0].credential(), Some(&fresh));
    let found = after(placed(), &fact(&placed(), 1, Trade::NotPaid), start());
    assert_eq!(found.payments[0].credential(), None, "found by a query: nobody has it yet");
}

#[test]
fn an_answer_about_an_unknown_payment_is_refused() {
    let order = placed();
    let unknown = number(&order, 9);
    for command in [accepted(&order, 9), close(&order, 9)] {
        let answer = Moment::at(start()).decide(&order, &command);
        assert_eq!(answer, Err(Rejection::PaymentUnknown(unknown.clone())));
    }
}

#[test]
fn what_the_payer_needs_is_not_shown_in_logs() {
    let order = payable();
    let text = format!("{:?}", order.payments[0]);
    assert!(!text.contains("wx-prepay") && !text.contains("o-alice"), "{text}");
    assert!(text.contains(order.number.as_str()) && text.contains("PrepayId(…)"), "{text}");
    let code = Credential::CodeUrl("weixin://secret".to_owned());
    assert_eq!(format!("{code:?}"), "CodeUrl(…)");
    let checkout = format!("{:?}", order.checkout);
    assert!(checkout.contains("captured_items: [4]") && !checkout.contains("张三"), "{checkout}");
}

#[test]
fn a_settled_order_is_not_payable_and_neither_is_a_cancelled_one() {
    assert!(payable().is_payable());
    assert!(!paid().is_payable());
    let cancelling = after(payable(), &Command::Cancel(crate::order::CancelCause::Buyer), start());
    assert!(cancelling.is_payable(), "a success may be on its way");
    let cancelled = after(cancelling.clone(), &fact(&cancelling, 1, Trade::Closed), start());
    assert_eq!(cancelled.status, OrderStatus::Cancelled);
    assert!(!cancelled.is_payable());
}
