//! How refunds are numbered, sent, and what they mean for their order.

use super::super::histories::histories;
use super::money::keeps_its_amount;
use super::{cases, orders};
use crate::fact::RefundAtWechat;
use crate::order::{Command, Event, HORIZON_S, OrderStatus, RefundAnswer, Rejection};
use crate::refund::{
    NUMBER_TAKEN, REFUND_SPACING_S, REFUNDABLE_S, REFUNDS_MAX, Refund, RefundKind, RefundState,
    RefundStatus,
};
use crate::{Fen, OutRefundNo};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Which refund this event says is being sent.
fn sent(event: &Event) -> Option<&OutRefundNo> {
    if let Event::RefundMoved { out_refund_no, to: RefundState::Sending, .. } = event {
        return Some(out_refund_no);
    }
    None
}

proptest! {
    #![proptest_config(cases())]

    /// But for the amount that WeChat Pay says when it is first heard of there.
    #[test]
    fn a_refund_number_is_never_used_for_two_amounts(history in histories()) {
        let mut amounts: BTreeMap<OutRefundNo, (u8, Fen)> = BTreeMap::new();
        for step in history.play() {
            let mut seen = std::collections::BTreeSet::new();
            for refund in &step.after.refunds {
                prop_assert!(seen.insert(&refund.out_refund_no), "{} twice", refund.out_refund_no);
                let what = (refund.payment_no, refund.amount);
                let known = amounts.insert(refund.out_refund_no.clone(), what).unwrap_or(what);
                if known == what {
                    continue;
                }
                let before = step.before.refund(&refund.out_refund_no).unwrap();
                prop_assert!(before.refund_id().is_none() && refund.refund_id().is_some());
                let (Command::RecordRefund(fact)
                | Command::RecordApplicationRefused { said: fact, .. }) = &step.command
                else {
                    panic!("{:?}", step.command)
                };
                prop_assert_eq!(fact.out_refund_no(), &refund.out_refund_no);
                let (payment, amount) = what;
                prop_assert_eq!(known.0, payment);
                // Beside what was paid back by bank as much counts as there is room for.
                let by_bank = |other: &Refund| {
                    other.payment_no == payment && matches!(other.state, RefundState::SettledOffline { .. })
                };
                let stated = fact.statement().unwrap().amount;
                let is_short = amount < stated && step.before.refunds.iter().any(by_bank);
                prop_assert!(amount == stated || is_short, "{:?} of {:?}", amount, stated);
            }
        }
    }

    /// Money that went back is money that went back: whatever we have a refund with, and whoever has its goods.
    #[test]
    fn what_wechat_pay_has_is_refused_only_where_its_money_is_gone(history in histories()) {
        for asked in history.asked() {
            let (Command::RecordRefund(fact)
            | Command::RecordApplicationRefused { said: fact, .. }) = &asked.command
            else {
                continue;
            };
            let (Err(why), Some(said)) = (&asked.answer, fact.statement()) else { continue };
            let Rejection::RefundDiffers { out_refund_no, .. } = why else { continue };
            let Some(refund) = asked.order.refund(out_refund_no) else { continue };
            let is_first_heard = refund.refund_id().is_none()
                && refund.state.status() != RefundStatus::SettledOffline;
            let payment = asked.order.payments.iter().find(|p| p.no == refund.payment_no).unwrap();
            if !is_first_heard || said.out_trade_no != *payment.out_trade_no() {
                continue;
            }
            let stays = |other: &&Refund| {
                let is_unsent = matches!(
                    other.state.status(),
                    RefundStatus::AwaitingApproval | RefundStatus::Requested
                );
                other.payment_no == payment.no && keeps_its_amount(other) && !is_unsent
                    && other.out_refund_no != refund.out_refund_no
            };
            let others: i64 = asked.order.refunds.iter().filter(stays).map(|r| r.amount.get()).sum();
            let paid = payment.receipt().map_or(0, |receipt| receipt.amount.get());
            prop_assert!(others + said.amount.get() > paid, "{:?}: {:?}", why, asked.order.refunds);
        }
    }

    /// I15: the minute, and never two of one payment at a time, unless the other was sent so long ago
    /// that it cannot arrive any more. Also when one is sent again.
    #[test]
    fn refunds_of_one_payment_keep_their_distance(history in histories()) {
        for step in history.play() {
            for refund in step.events.iter().filter_map(sent) {
                let refund = step.after.refund(refund).unwrap();
                prop_assert_eq!(refund.sent_at, Some(step.moment.now));
                let others = step.before.refunds.iter().filter(|other| {
                    other.payment_no == refund.payment_no && other.out_refund_no != refund.out_refund_no
                });
                for other in others {
                    let status = other.state.status();
                    let in_flight = matches!(status, RefundStatus::Sending | RefundStatus::Unknown);
                    let known_s = step.moment.now.seconds_since(other.sent_at.unwrap_or(other.created_at));
                    prop_assert!(!in_flight || known_s >= HORIZON_S, "{:?} may arrive", other);
                    let since = other.sent_at.map(|at| step.moment.now.seconds_since(at));
                    // What a clock that was set back has left in the future tells nothing.
                    let is_told = since.filter(|since| *since >= -REFUND_SPACING_S);
                    prop_assert!(is_told.is_none_or(|since| since >= REFUND_SPACING_S));
                }
            }
        }
    }

    /// I15.
    #[test]
    fn nobody_asks_after_a_year_or_too_often(history in histories()) {
        for step in history.play() {
            for event in &step.events {
                let Event::RefundRequested(refund) = event else { continue };
                let counts = |other: &&Refund| {
                    other.payment_no == refund.payment_no
                        && !matches!(
                            other.state.status(),
                            RefundStatus::Declined | RefundStatus::Withdrawn
                        )
                };
                prop_assert!(step.after.refunds.iter().filter(counts).count() <= REFUNDS_MAX);
                let asks = matches!(step.command, Command::Refund(_) | Command::Cancel(_));
                let payment = step.after.payments.iter().find(|p| p.no == refund.payment_no).unwrap();
                let age_s = step.moment.now.seconds_since(payment.receipt().unwrap().success_at);
                prop_assert!(!asks || age_s < REFUNDABLE_S);
            }
        }
    }

    /// What was made elsewhere is a fact and nothing that we act on.
    #[test]
    fn what_was_made_elsewhere_is_never_sent(history in histories()) {
        for step in history.play() {
            let elsewhere = step.after.refunds.iter().filter(|r| r.kind == RefundKind::External);
            for refund in elsewhere {
                prop_assert_eq!(refund.sent_at, None);
                prop_assert!(step.after.replacement_of(&refund.out_refund_no).is_none());
                prop_assert!(!matches!(
                    refund.state.status(),
                    RefundStatus::Requested | RefundStatus::Sending | RefundStatus::Unknown
                ));
            }
        }
    }

    /// Ruling 18: a refusal alone ends nothing. Or its number turns out to be another payment's refund.
    #[test]
    fn a_refund_is_rejected_by_a_refusal_and_a_query_together(history in histories()) {
        for step in history.play() {
            for refund in step.after.refunds.iter() {
                let before = step.before.refund(&refund.out_refund_no).map(|r| &r.state);
                let RefundState::Rejected { code } = &refund.state else { continue };
                if before == Some(&refund.state) {
                    continue;
                }
                let (Command::RecordRefund(fact)
                | Command::RecordApplicationRefused { said: fact, .. }) = &step.command
                else {
                    panic!("{:?}", step.command)
                };
                if code == NUMBER_TAKEN {
                    let RefundAtWechat::Known(said) = fact.refund() else { panic!("{fact:?}") };
                    let paid = step.after.payments.iter().find(|p| p.no == refund.payment_no).unwrap();
                    prop_assert_ne!(&said.out_trade_no, paid.out_trade_no());
                    let in_flight = |before: &RefundState| {
                        matches!(before.status(), RefundStatus::Sending | RefundStatus::Unknown)
                    };
                    prop_assert!(before.is_some_and(in_flight), "{:?}", before);
                    continue;
                }
                let refused = RefundState::Unknown { refused: Some(code.clone()) };
                prop_assert_eq!(before, Some(&refused));
                prop_assert_eq!(fact.refund(), &RefundAtWechat::NotExist);
            }
            if let Command::RecordRefundCall { answer: RefundAnswer::Refused { .. }, .. } = step.command {
                prop_assert_eq!(step.events.len(), 1, "a refusal alone: {:?}", step.events);
            }
        }
    }

    /// I9, at the moment it is said: all of what settled it is accepted back.
    #[test]
    fn an_order_is_cancelled_only_when_what_was_paid_is_accepted_back(history in histories()) {
        for step in history.play() {
            if step.after.status != OrderStatus::Cancelled || step.before.status == OrderStatus::Cancelled {
                continue;
            }
            let Some(payment) = step.after.settled_payment() else { continue };
            let accepted = step.after.refunds.iter().filter(|refund| {
                refund.payment_no == payment.no
                    && matches!(
                        refund.state.status(),
                        RefundStatus::Processing
                            | RefundStatus::Succeeded
                            | RefundStatus::Abnormal
                            | RefundStatus::SettledOffline
                    )
            });
            let accepted: i64 = accepted.map(|refund| refund.amount.get()).sum();
            prop_assert_eq!(accepted, step.after.paid().get());
        }
    }

    /// A cancellation of a paid order lives as long as all of its money goes back, or is kept for it.
    #[test]
    fn a_cancellation_whose_refund_comes_to_nothing_is_given_up(history in histories()) {
        for order in orders(&history, &history.play()) {
            let goes_back = order.settled_payment().is_some() && order.refundable() == Fen::ZERO;
            if order.status == OrderStatus::Cancelling && order.settlement.is_some() {
                prop_assert!(goes_back, "{:?}", order.refunds);
            }
            if order.status == OrderStatus::Ready {
                prop_assert!(!goes_back, "{:?}", order.refunds);
            }
        }
    }
}
