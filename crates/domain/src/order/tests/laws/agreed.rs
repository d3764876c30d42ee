//! No more goes back than was agreed to: by another person above the limit of one operator, by who said how much
//! of a surplus is owed, and by what was paid for goods.

use super::super::histories::{Played, histories};
use super::money::keeps_its_amount;
use super::{cases, orders};
use crate::order::{CancelCause, Command, Event, Order};
use crate::payment::PaymentNo;
use crate::refund::{Asker, Refund, RefundKind, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What operators have asked back of a payment and nobody has refused, in fen.
fn asked_by_operators(order: &Order, no: PaymentNo) -> i64 {
    let theirs = order.refunds.iter().filter(|refund| {
        refund.payment_no == no && refund.asked_by == Asker::Operator && keeps_its_amount(refund)
    });
    theirs.map(|refund| refund.amount.get()).sum()
}

/// The refunds that are to be sent from now on.
fn let_go(step: &Played) -> impl Iterator<Item = &Refund> {
    let may_go = |refund: &&Refund| refund.state.status() != RefundStatus::AwaitingApproval;
    let waited = move |refund: &Refund| {
        let before = step.before.refund(&refund.out_refund_no);
        before.is_none_or(|before| {
            matches!(before.state.status(), RefundStatus::AwaitingApproval | RefundStatus::Rejected)
        })
    };
    let is_begun = move |refund: &Refund| {
        step.events.iter().any(|event| {
            let is_it = event.out_refund_no() == Some(&refund.out_refund_no);
            is_it
                && matches!(
                    event,
                    Event::RefundRequested(_)
                        | Event::RefundMoved { to: RefundState::Requested, .. }
                )
        })
    };
    step.after.refunds.iter().filter(move |r| may_go(r) && waited(r) && is_begun(r))
}

/// Of those in whose place it goes, the most that was let go of one of them.
fn agreed(order: &Order, refund: &Refund, gone: &BTreeSet<OutRefundNo>) -> Fen {
    let before = |refund: &Refund| order.refund(refund.replaces.as_ref()?);
    let chain = std::iter::successors(before(refund), |refund| before(refund));
    let agreed = chain.filter(|refund| gone.contains(&refund.out_refund_no));
    // To what was sent in this life somebody has said yes, whatever WeChat Pay has under its number.
    let amount = |refund: &Refund| match refund.sent_at {
        Some(_) => refund.as_asked().amount.max(refund.amount),
        None => refund.amount,
    };
    agreed.map(amount).max().unwrap_or(Fen::ZERO)
}

proptest! {
    #![proptest_config(cases())]

    /// I10: above the limit an operator's refund waits for somebody else; what follows from one by itself is no more
    /// than what was let go.
    #[test]
    fn no_operator_gives_back_more_alone_than_they_may(history in histories()) {
        let mut gone = BTreeSet::new();
        for step in history.play() {
            // What WeChat Pay has was agreed to, if only in a life of the database that is lost.
            let there = step.after.refunds.iter().filter(|refund| refund.refund_id().is_some());
            gone.extend(there.map(|refund| refund.out_refund_no.clone()));
            for refund in let_go(&step) {
                gone.insert(refund.out_refund_no.clone());
                if refund.asked_by != Asker::Operator {
                    continue;
                }
                let is_new = step.before.refund(&refund.out_refund_no).is_none();
                let sum = asked_by_operators(&step.after, refund.payment_no);
                let may_alone = Fen::new(sum) <= step.moment.approval_above;
                let is_agreed = if let Command::ApproveRefund { as_approver, .. } = &step.command {
                    !is_new && *as_approver && refund.actor != step.moment.actor
                } else if let Command::RecordRefund(_) | Command::RecordApplicationRefused { .. } =
                    &step.command
                {
                    refund.amount <= agreed(&step.after, refund, &gone)
                } else {
                    // Who may cancel alone agrees to it.
                    !is_new && step.command == Command::Cancel(CancelCause::Buyer)
                };
                prop_assert!(may_alone || is_agreed, "{:?} by {:?}", refund, step.command);
            }
        }
    }

    /// What somebody who looked at WeChat Pay said is still owed of a surplus is not exceeded by itself.
    #[test]
    fn no_more_of_a_surplus_goes_back_by_itself_than_a_person_said_was_owed(history in histories()) {
        let mut said: BTreeMap<PaymentNo, Fen> = BTreeMap::new();
        for step in history.play() {
            for refund in let_go(&step).filter(|refund| refund.kind == RefundKind::Surplus) {
                // What a person agrees to is said, too.
                let named = if let Command::RetryRefund { amount, .. } = &step.command {
                    *amount
                } else {
                    let is_yes = matches!(step.command, Command::ApproveRefund { .. });
                    is_yes.then_some(refund.amount)
                };
                said.extend(named.map(|named| (refund.payment_no, named)));
                let most = said.get(&refund.payment_no);
                let is_within = most.is_none_or(|most| refund.amount <= *most);
                prop_assert!(is_within, "{:?} although {:?} are owed", refund, most);
            }
        }
    }

    /// S4.10: whatever comes to nothing, is tried again or comes to light late.
    #[test]
    fn no_more_goes_back_of_a_line_than_was_paid_for_it(history in histories()) {
        for order in orders(&history, &history.play()) {
            for line in &order.lines {
                let kept = order.refunds.iter().filter(|refund| keeps_its_amount(refund));
                let parts = kept.flat_map(|refund| &refund.lines);
                let parts: Vec<_> = parts.filter(|part| part.line_no == line.line_no).collect();
                let pieces: u32 = parts.iter().map(|part| part.quantity).sum();
                prop_assert!(pieces <= line.quantity, "{} of {:?}", pieces, line);
                let fen: i64 = parts.iter().map(|part| part.amount.get()).sum();
                let paid = line.amount.get() - line.discount.get();
                prop_assert!(fen <= paid, "{} of {}", fen, paid);
                // All pieces are all of it, to the fen by which WeChat Pay has them otherwise: with another amount, or
                // twice, each cut for where it stood; that, a person reads.
                let is_twice = |refund: &Refund| {
                    let before = refund.replaces.as_ref().and_then(|no| order.refund(no));
                    keeps_its_amount(refund) && before.is_some_and(keeps_its_amount)
                };
                let otherwise = order.refunds.iter().filter(|r| r.asked.is_some() || is_twice(r));
                let most = i64::try_from(otherwise.count()).unwrap();
                prop_assert!(pieces < line.quantity || paid - fen <= most, "{} of {}", fen, paid);
            }
            for refund in &order.refunds {
                let goods: i64 = refund.lines.iter().map(|part| part.amount.get()).sum();
                prop_assert!(goods <= refund.amount.get(), "{:?}", refund);
            }
        }
    }
}
