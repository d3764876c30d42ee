//! One intention, one refund: what goes in the place of what came to nothing, and what Paydesk begins by
//! itself.

use super::Watched;
use super::refunds::{is_surplus, reserves};
use crate::oracle::settled::has_case;
use domain::case::CaseKind;
use domain::order::{Event, Order, OrderStatus};
use domain::refund::{Asker, Refund, RefundKind};

/// Of a chain of replacements at most one is kept, unless a person was told that more are out.
pub(super) fn one_is_kept(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    for refund in order.refunds.iter().filter(|refund| reserves(refund)) {
        let told = |before: &Refund| {
            has_case(w.world, CaseKind::RefundMismatch, before.out_refund_no.as_str())
        };
        let also = replaced_by(order, refund).find(|before| reserves(before) && !told(before));
        if let Some(before) = also {
            return Err(format!("{} beside {}", refund.out_refund_no, before.out_refund_no));
        }
    }
    Ok(())
}

/// A replacement whose record was lost and that came back as made elsewhere is not made once more.
pub(super) fn none_beside_its_twin(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    for refund in requested(w).filter(|refund| refund.replaces.is_some()) {
        let first = replaced_by(order, refund).last().unwrap_or(refund);
        let Some(payment) = order.payment_of(refund) else {
            continue;
        };
        for which in 1..=order.refunds.len() {
            let number = first.out_refund_no.replacement(payment.out_trade_no(), which);
            let twin = order
                .refund(&number)
                .filter(|twin| twin.kind == RefundKind::External && reserves(twin));
            if let Some(twin) = twin {
                return Err(format!("{} beside {}", refund.out_refund_no, twin.out_refund_no));
            }
        }
    }
    Ok(())
}

/// By itself Paydesk sends back what no order keeps, and nothing else.
pub(super) fn asked_by_somebody(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    let is_over = matches!(order.status, OrderStatus::Cancelling | OrderStatus::Cancelled);
    for refund in requested(w).filter(|refund| refund.asked_by == Asker::Paydesk) {
        let payment = order.payment_of(refund);
        if !is_over && !payment.is_some_and(is_surplus) {
            return Err(format!("{}: nobody asked for it", refund.out_refund_no));
        }
    }
    Ok(())
}

fn requested<'a>(w: &'a Watched<'_>) -> impl Iterator<Item = &'a Refund> {
    w.commit.changeset.events.iter().filter_map(|event| {
        if let Event::RefundRequested(refund) = event { Some(refund) } else { None }
    })
}

/// What it went in the place of, and what that did.
fn replaced_by<'a>(order: &'a Order, refund: &'a Refund) -> impl Iterator<Item = &'a Refund> {
    let before = |refund: &'a Refund| order.refund(refund.replaces.as_ref()?);
    std::iter::successors(before(refund), move |refund| before(refund))
}
