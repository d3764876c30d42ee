//! Refunds that are otherwise at WeChat Pay than they were asked for: nothing goes twice by itself, nothing stays here
//! untold, and a person is told until they say so.

use super::super::histories::{Played, histories};
use super::cases;
use super::money::keeps_its_amount;
use crate::Fen;
use crate::case::CaseKind;
use crate::order::{Command, Event, Order, OrderStatus};
use crate::payment::{Payment, PaymentNo, PaymentState};
use crate::refund::{REFUNDS_MAX, Refund, RefundKind, RefundStatus};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What follows by itself from news.
fn begun_by_news(step: &Played) -> impl Iterator<Item = &Refund> {
    let is_news = matches!(
        step.command,
        Command::RecordRefund(_)
            | Command::RecordApplicationRefused { .. }
            | Command::SettleRefundOffline { .. }
    );
    step.events.iter().filter(move |_| is_news).filter_map(|event| {
        if let Event::RefundRequested(refund) = event { Some(refund) } else { None }
    })
}

fn of(order: &Order, no: PaymentNo) -> impl Iterator<Item = &Refund> {
    order.refunds.iter().filter(move |refund| refund.payment_no == no)
}

/// What of a payment is on its way back, or is back, that was begun here.
fn ours(order: &Order, no: PaymentNo) -> i64 {
    let kept = of(order, no).filter(|refund| keeps_its_amount(refund));
    kept.filter(|refund| refund.kind != RefundKind::External).map(|r| r.amount.get()).sum()
}

fn keeps_nothing(order: &Order, payment: &Payment) -> bool {
    let is_settled = order.settled_payment().is_some_and(|settled| settled.no == payment.no);
    let is_surplus = matches!(payment.state, PaymentState::Surplus { .. });
    is_surplus || (is_settled && order.status == OrderStatus::Cancelled)
}

/// Whether somebody said no to a part of it, or how much of it is owed.
fn is_said(order: &Order, no: PaymentNo) -> bool {
    let first = |refund: &Refund| {
        let before = |refund: &Refund| order.refund(refund.replaces.as_ref()?);
        let mut chain = std::iter::successors(before(refund), |refund| before(refund));
        chain.any(|before| before.actor != refund.actor)
    };
    of(order, no).any(|r| r.state.status() == RefundStatus::Declined || first(r))
}

proptest! {
    #![proptest_config(cases())]

    /// The last word counts, whatever comes to light.
    #[test]
    fn news_make_no_more_of_a_surplus_go_than_a_person_said_is_owed(history in histories()) {
        let mut words: BTreeMap<PaymentNo, i64> = BTreeMap::new();
        for step in history.play() {
            if let Command::RetryRefund { out_refund_no, amount: Some(fen) } = &step.command {
                let named = step.before.refund(out_refund_no).map(|refund| refund.payment_no);
                // With all that was asked for besides.
                words.extend(named.map(|no| (no, ours(&step.before, no) + fen.get())));
            }
            for refund in begun_by_news(&step) {
                let Some(word) = words.get(&refund.payment_no) else { continue };
                let before = ours(&step.before, refund.payment_no);
                let after = ours(&step.after, refund.payment_no);
                prop_assert!(after <= before.max(*word), "{} of {}: {:?}", after, word, step.after.refunds);
            }
        }
    }

    /// I10: goods whose money is back in another refund are not asked back once more.
    #[test]
    fn what_news_begin_is_for_goods_whose_money_is_not_back(history in histories()) {
        for step in history.play() {
            for refund in begun_by_news(&step) {
                for part in &refund.lines {
                    let kept = of(&step.after, refund.payment_no).filter(|r| keeps_its_amount(r));
                    // Of less money than they are worth it is not for them.
                    let lines = kept.flat_map(|other| {
                        let asked = other.as_asked();
                        if other.amount < asked.amount { other.lines.clone() } else { asked.lines }
                    });
                    let pieces: u32 =
                        lines.filter(|of| of.line_no == part.line_no).map(|of| of.quantity).sum();
                    let line = step.after.lines.iter().find(|line| line.line_no == part.line_no).unwrap();
                    prop_assert!(pieces <= line.quantity, "{:?} by {:?}", step.after.refunds, step.command);
                }
            }
        }
    }

    /// The promise: it goes back, or a person has said something about it, or has a case.
    #[test]
    fn money_of_which_the_order_keeps_nothing_does_not_stay_untold(history in histories()) {
        let mut open: BTreeSet<(CaseKind, String)> = BTreeSet::new();
        let is_about_refunds = |kind: CaseKind| {
            matches!(kind, CaseKind::RefundAbnormal | CaseKind::RefundMismatch | CaseKind::Stuck)
        };
        for refund in &history.begin().refunds {
            open.insert((CaseKind::RefundAbnormal, refund.out_refund_no.as_str().to_owned()));
        }
        for step in history.play() {
            for end in &step.written.ended_cases {
                open.remove(&(end.kind, end.subject.clone()));
            }
            let opened = step.written.cases.iter().filter(|case| is_about_refunds(case.kind));
            open.extend(opened.map(|case| (case.kind, case.subject.clone())));
            for payment in step.after.payments.iter().filter(|p| keeps_nothing(&step.after, p)) {
                let Some(receipt) = payment.receipt() else { continue };
                let is_whole = step.after.reserved(payment.no) >= receipt.amount;
                if is_whole || step.after.refunds.len() + 4 > REFUNDS_MAX {
                    continue;
                }
                let is_open = |subject: &str| open.iter().any(|(_, about)| about == subject);
                let told = is_open(step.after.number.as_str())
                    || of(&step.after, payment.no).any(|r| is_open(r.out_refund_no.as_str()));
                let waits =
                    of(&step.after, payment.no).any(|r| keeps_its_amount(r) && !r.is_paid_back());
                let is_fine = told || waits || is_said(&step.after, payment.no);
                prop_assert!(is_fine, "{:?} by {:?}", step.after.refunds, step.command);
            }
        }
    }

    /// It stays until a person says so.
    #[test]
    fn that_a_refund_is_otherwise_there_is_a_case_that_only_a_person_ends(history in histories()) {
        let mut told: BTreeSet<String> = BTreeSet::new();
        for step in history.play() {
            for end in &step.written.ended_cases {
                let is_ended = end.kind == CaseKind::RefundMismatch && told.contains(&end.subject);
                prop_assert!(!is_ended, "{:?} by {:?}", end, step.command);
            }
            for event in &step.events {
                let Event::RefundRestated { out_refund_no, amount, .. } = event else { continue };
                let number = out_refund_no.as_str();
                let is_about = |case: &&crate::case::CaseOpening| {
                    case.kind == CaseKind::RefundMismatch && case.subject == number
                };
                let case = step.written.cases.iter().find(is_about);
                prop_assert!(case.is_some(), "{:?}", step.written.cases);
                prop_assert!(*amount >= Fen::new(1));
                told.insert(number.to_owned());
            }
        }
    }

    /// I10: whoever has the money of all goods is not sent them.
    #[test]
    fn goods_whose_money_is_all_back_are_not_sent(history in histories()) {
        for step in history.play() {
            let is_first = step.before.shipments.is_empty() && !step.after.shipments.is_empty();
            let Some(payment) = step.before.settled_payment().filter(|_| is_first) else { continue };
            let accepted = of(&step.before, payment.no).filter(|refund| refund.is_accepted());
            let back: Vec<_> = accepted.map(Refund::as_asked).flat_map(|refund| refund.lines).collect();
            let is_back = |line: &crate::order::OrderLine| {
                let pieces = back.iter().filter(|part| part.line_no == line.line_no);
                pieces.map(|part| part.quantity).sum::<u32>() >= line.quantity
            };
            let all = !step.before.lines.is_empty() && step.before.lines.iter().all(is_back);
            prop_assert!(!all, "{:?}", step.before.refunds);
        }
    }
}
