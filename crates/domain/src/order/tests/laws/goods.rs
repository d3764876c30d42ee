//! Goods and the money for them: never both with the buyer without anybody knowing.

use super::super::histories::{Played, histories};
use super::cases;
use super::money::keeps_its_amount;
use crate::case::CaseKind;
use crate::order::{Command, Event, Order, OrderStatus};
use crate::refund::{Refund, RefundKind};
use crate::{OutRefundNo, Timestamp};
use proptest::prelude::*;

fn is_shown(step: &Played, refund: &Refund) -> bool {
    let before = |refund: &Refund| step.after.refund(refund.replaces.as_ref()?);
    let chain = || std::iter::successors(Some(refund), |refund| before(refund));
    step.written.cases.iter().any(|case| {
        let mut numbers = chain().map(|refund| refund.out_refund_no.as_str());
        case.kind == CaseKind::RefundMismatch
            && (case.subject == step.after.number.as_str() || numbers.any(|no| case.subject == no))
    })
}

/// Given up before, and there after this.
fn comes_to_light<'a>(step: &'a Played, refund: &'a Refund) -> bool {
    let before = step.before.refund(&refund.out_refund_no);
    before.is_some_and(|before| !keeps_its_amount(before)) && keeps_its_amount(refund)
}

fn was_sent_since(order: &Order, at: Timestamp) -> bool {
    order.shipments.iter().any(|shipment| shipment.at > at)
}

proptest! {
    #![proptest_config(cases())]

    /// I10: goods leave while at least a part of their money is kept, or is to be taken at the door.
    #[test]
    fn no_goods_leave_for_money_that_all_goes_back(history in histories()) {
        for step in history.play() {
            if step.before.shipments.len() == step.after.shipments.len() {
                continue;
            }
            prop_assert_ne!(step.before.status, OrderStatus::Cancelling);
            let Some(payment) = step.before.settled_payment() else { continue };
            let is_first = step.before.status == OrderStatus::Ready;
            let kept = step.before.reserved(payment.no) < step.before.paid();
            prop_assert!(!is_first || kept, "{:?}", step.before.refunds);
        }
    }

    /// What all of the money, or that of all goods, was to go back by had come to nothing when they left.
    #[test]
    fn nothing_is_begun_by_itself_for_goods_that_were_sent_since(history in histories()) {
        // By who came first and not by the time: a clock may be set back.
        let mut older: Vec<OutRefundNo> = Vec::new();
        for step in history.play() {
            if step.before.shipments.is_empty() && !step.after.shipments.is_empty() {
                older = step.before.refunds.iter().map(|r| r.out_refund_no.clone()).collect();
            }
            let is_fact = matches!(
                step.command,
                Command::RecordRefund(_) | Command::RecordApplicationRefused { .. }
            );
            let begun = step.events.iter().filter_map(|event| {
                if let Event::RefundRequested(refund) = event { Some(refund) } else { None }
            });
            let settled = step.before.settled_payment().map(|payment| payment.no);
            for refund in begun.filter(|refund| is_fact && Some(refund.payment_no) == settled) {
                let Some(replaced) = refund.replaces.as_ref().and_then(|no| step.before.refund(no)) else {
                    continue;
                };
                let is_all = replaced.amount == step.before.paid();
                prop_assert!(!is_all || !older.contains(&replaced.out_refund_no), "{:?}", refund);
            }
        }
    }

    /// It had come to nothing, so the goods were sent; and now it is there.
    #[test]
    fn goods_that_left_for_money_that_is_back_are_shown_to_a_person(history in histories()) {
        for step in history.play() {
            let of_goods = step.after.refunds.iter().filter(|r| r.kind != RefundKind::Surplus);
            for refund in of_goods.filter(|refund| comes_to_light(&step, refund)) {
                let is_fine = !was_sent_since(&step.after, refund.created_at);
                prop_assert!(is_fine || is_shown(&step, refund), "{:?}: {:?}", refund, step.written.cases);
            }
        }
    }

    /// Whatever a person said no to and that is there after all is shown to one.
    #[test]
    fn money_that_is_back_against_a_no_is_shown_to_a_person(history in histories()) {
        for step in history.play() {
            for refund in step.after.refunds.iter().filter(|refund| comes_to_light(&step, refund)) {
                let before = step.before.refund(&refund.out_refund_no).unwrap();
                let was_declined = before.state.status() == crate::refund::RefundStatus::Declined;
                prop_assert!(!was_declined || is_shown(&step, refund), "{:?}", refund);
            }
        }
    }
}
