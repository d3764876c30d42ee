//! Promises about fees, and about who says yes: the oracle's own reading of the rule that what ends an order
//! before it is shipped takes everything, and nothing else takes more than its goods.

use super::Watched;
use super::refunds::{is_accepted, reserves};
use crate::node::APPROVAL_ABOVE_FEN;
use domain::order::{Event, Order, OrderStatus};
use domain::payment::PaymentNo;
use domain::refund::{Asker, Refund, RefundState, RefundStatus};

fn worth(refund: &Refund) -> i64 {
    refund.lines.iter().map(|part| part.amount.get()).sum()
}

fn sum<'a>(refunds: impl Iterator<Item = &'a Refund>) -> i64 {
    refunds.map(|refund| refund.amount.get()).sum()
}

fn of(order: &Order, no: PaymentNo) -> impl Iterator<Item = &Refund> {
    order.refunds.iter().filter(move |refund| refund.payment_no == no)
}

/// Whether nothing of what was paid is left.
fn takes_all(order: &Order, no: PaymentNo) -> bool {
    let paid = order.payment_by_no(no).and_then(|p| p.receipt());
    paid.is_some_and(|paid| sum(of(order, no).filter(|r| reserves(r))) == paid.amount.get())
}

/// Whether every piece of the order is in one of these refunds.
pub(in crate::oracle) fn covers(order: &Order, count: impl Fn(&Refund) -> bool) -> bool {
    order.lines.iter().all(|line| {
        let parts = order.refunds.iter().filter(|refund| count(refund)).flat_map(|r| &r.lines);
        let of_line = parts.filter(|part| part.line_no == line.line_no);
        of_line.map(|part| u64::from(part.quantity)).sum::<u64>() >= u64::from(line.quantity)
    })
}

/// The money of a refund by lines is its parts. More than them is all that is left, and ends an order that was
/// ready: when it is asked for, each time that it is tried again, and when somebody says yes to it.
pub(super) fn with_the_end(w: &Watched<'_>) -> Result<(), String> {
    let (before, after) = (w.commit.before, w.commit.after);
    for event in &w.commit.changeset.events {
        let (refund, asks) = if let Event::RefundRequested(refund) = event {
            (Some(refund), true)
        } else if let Event::RefundMoved { out_refund_no, to: RefundState::Requested, .. } = event {
            (after.refund(out_refund_no), false)
        } else {
            continue;
        };
        let Some(refund) = refund.filter(|refund| !refund.lines.is_empty()) else { continue };
        if refund.amount.get() == worth(refund) {
            continue;
        }
        let ends = matches!(after.status, OrderStatus::Cancelling | OrderStatus::Cancelled);
        if refund.amount.get() < worth(refund) || !ends || !takes_all(after, refund.payment_no) {
            return Err(format!("{refund:?} is not its lines, and its order goes on"));
        }
        let goes_on = goes_on(w, refund);
        let was_ready = before.is_some_and(|before| before.status == OrderStatus::Ready);
        let is_last = covers(after, |other| {
            is_accepted(other) || other.out_refund_no == refund.out_refund_no
        });
        if asks && !goes_on && !(was_ready && is_last) {
            return Err(format!("{refund:?} takes fees before all goods are back"));
        }
    }
    Ok(())
}

/// Whether what this refund stands in for was given up by WeChat Pay, or gave way to a refund made elsewhere,
/// by this commit: it is the same intention.
fn goes_on(w: &Watched<'_>, refund: &Refund) -> bool {
    w.commit.changeset.events.iter().any(|event| {
        let Event::RefundMoved { out_refund_no, to, .. } = event else { return false };
        matches!(to, RefundState::Closed { .. } | RefundState::Withdrawn)
            && refund.replaces.as_ref() == Some(out_refund_no)
    })
}

/// What is shipped is not all asked back, neither its goods nor its money.
pub(super) fn not_shipped(w: &Watched<'_>) -> Result<(), String> {
    let Some(before) = w.commit.before.filter(|before| before.status == OrderStatus::Ready) else {
        return Ok(());
    };
    let Some(paid) = before.settled_payment() else { return Ok(()) };
    if w.commit.after.status != OrderStatus::Shipped {
        return Ok(());
    }
    if takes_all(before, paid.no) || covers(before, reserves) {
        return Err("it is shipped, and all of it was asked back".to_owned());
    }
    Ok(())
}

/// Nobody says yes to what they asked for themselves.
pub(super) fn by_another_person(w: &Watched<'_>) -> Result<(), String> {
    let Some(before) = w.commit.before else { return Ok(()) };
    for event in &w.commit.changeset.events {
        let Event::RefundMoved { out_refund_no, to: RefundState::Requested, .. } = event else {
            continue;
        };
        let waited = before.refund(out_refund_no).filter(|refund| {
            refund.asked_by == Asker::Operator
                && refund.state.status() == RefundStatus::AwaitingApproval
        });
        let actor = &w.commit.changeset.audit.actor;
        if waited.is_some_and(|refund| refund.actor == *actor) {
            return Err(format!("{actor} asked for {out_refund_no}, and says yes"));
        }
    }
    Ok(())
}

/// What operators ask back, or try again, without another person's yes is at most the limit together.
pub(super) fn few_by_one_person(w: &Watched<'_>) -> Result<(), String> {
    let (before, after) = (w.commit.before, w.commit.after);
    let was_refused = |refund: &Refund| {
        let old = before.and_then(|before| before.refund(&refund.out_refund_no));
        old.is_some_and(|old| old.state.status() == RefundStatus::Rejected)
    };
    for event in &w.commit.changeset.events {
        let refund = if let Event::RefundRequested(refund) = event {
            let waits = refund.state.status() == RefundStatus::AwaitingApproval;
            Some(refund).filter(|_| !waits && !goes_on(w, refund))
        } else if let Event::RefundMoved { out_refund_no, to: RefundState::Requested, .. } = event {
            after.refund(out_refund_no).filter(|refund| was_refused(refund))
        } else {
            None
        };
        let Some(refund) = refund.filter(|refund| refund.asked_by == Asker::Operator) else {
            continue;
        };
        let theirs = of(after, refund.payment_no).filter(|r| r.asked_by == Asker::Operator);
        let together = sum(theirs.filter(|refund| reserves(refund)));
        if together > APPROVAL_ABOVE_FEN {
            return Err(format!("{}: {together} fen by operators alone", refund.out_refund_no));
        }
    }
    Ok(())
}
