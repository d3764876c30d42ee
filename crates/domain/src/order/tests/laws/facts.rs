//! What WeChat Pay says of a refund changes what is known of it, and decides nothing in anybody's place.

use super::super::histories::{Played, histories};
use super::cases;
use crate::Fen;
use crate::fact::{RefundFact, RefundProgress, RefundStatement};
use crate::order::{Command, OrderStatus};
use crate::refund::{REFUNDS_MAX, Refund, RefundStatus};
use proptest::prelude::*;

/// What a step was told, and of which refund.
fn told(step: &Played) -> Option<(&RefundFact, &RefundStatement)> {
    let Command::RecordRefund(fact) = &step.command else { return None };
    Some((fact, fact.statement()?))
}

/// Whether WeChat Pay takes more refunds.
fn has_room_for_more(refunds: &[Refund]) -> bool {
    refunds.len() + 4 < REFUNDS_MAX
}

proptest! {
    #![proptest_config(cases())]

    /// I9: what is left of a cancellation is asked for again.
    #[test]
    fn that_money_is_there_never_undoes_a_cancellation(history in histories()) {
        for step in history.play() {
            let Some((fact, said)) = told(&step) else { continue };
            let is_there = step.after.refund(fact.out_refund_no()).is_some_and(Refund::reserves);
            if said.progress == RefundProgress::Closed || !is_there || !has_room_for_more(&step.after.refunds) {
                continue;
            }
            let is_undone = step.before.status == OrderStatus::Cancelling && step.after.status == OrderStatus::Ready;
            prop_assert!(!is_undone, "{:?}", step.after.refunds);
        }
    }

    /// I10: what waited for a yes may be there, as much as is said; no more of it is begun by that.
    #[test]
    fn what_is_said_of_a_refund_that_waits_for_a_yes_begins_no_more_than_it_says(history in histories()) {
        for step in history.play() {
            let Some((fact, said)) = told(&step) else { continue };
            let waited = step.before.refund(fact.out_refund_no());
            if waited.is_none_or(|refund| refund.state.status() != RefundStatus::AwaitingApproval) {
                continue;
            }
            let begun = step.after.refunds.iter().filter(|refund| {
                // What gave way, and to which somebody had said yes, goes on.
                let gave_way = refund.replaces.as_ref().and_then(|no| step.before.refund(no));
                let was_agreed = gave_way.is_some_and(|gave_way| {
                    gave_way.state.status() == RefundStatus::Requested && refund.amount <= gave_way.amount
                });
                step.before.refund(&refund.out_refund_no).is_none()
                    && refund.state.status() == RefundStatus::Requested
                    && !was_agreed
            });
            let most = begun.map(|refund| refund.amount).max().unwrap_or(Fen::ZERO);
            prop_assert!(most <= said.amount, "{:?}", step.after.refunds);
        }
    }
}
