//! Promises about money that goes back: how much, once, and never what was freed by mistake.

use super::Watched;
use crate::node::CARD;
use crate::oracle::moves;
use crate::wechat::TrueRefund;
use domain::order::{Event, HORIZON_S, Order, OrderStatus};
use domain::payment::PaymentNo;
use domain::refund::{NUMBER_TAKEN, REFUNDS_MAX, Refund, RefundKind, RefundState, RefundStatus};

fn of(order: &Order, no: PaymentNo) -> impl Iterator<Item = &Refund> {
    order.refunds.iter().filter(move |refund| refund.payment_no == no)
}

/// Whether its amount is kept: the oracle's own list.
pub(in crate::oracle) fn reserves(refund: &Refund) -> bool {
    match refund.state.status() {
        RefundStatus::Declined
        | RefundStatus::Withdrawn
        | RefundStatus::Rejected
        | RefundStatus::Closed => false,
        RefundStatus::AwaitingApproval
        | RefundStatus::Requested
        | RefundStatus::Sending
        | RefundStatus::Unknown
        | RefundStatus::Processing
        | RefundStatus::Succeeded
        | RefundStatus::Abnormal
        | RefundStatus::SettledOffline => true,
    }
}

/// Whether WeChat Pay has it, or the payer the money.
pub(in crate::oracle) fn is_accepted(refund: &Refund) -> bool {
    matches!(
        refund.state.status(),
        RefundStatus::Processing
            | RefundStatus::Succeeded
            | RefundStatus::Abnormal
            | RefundStatus::SettledOffline
    )
}

pub(super) fn within_paid(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    for payment in &order.payments {
        let reserved = of(order, payment.no).filter(|refund| reserves(refund));
        let back: i64 = reserved.map(|refund| refund.amount.get()).sum();
        let paid = payment.receipt().map_or(0, |receipt| receipt.amount.get());
        if back > paid {
            return Err(format!("payment {}: {back} of {paid} fen go back", payment.no));
        }
    }
    Ok(())
}

/// Of each line at most what was bought, at most for what was paid. Fees are in `fees.rs`.
pub(super) fn within_lines(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    let reserved = || order.refunds.iter().filter(|refund| reserves(refund));
    for line in &order.lines {
        let parts = || reserved().flat_map(|r| &r.lines).filter(|p| p.line_no == line.line_no);
        let quantity: u64 = parts().map(|part| u64::from(part.quantity)).sum();
        let amount: i64 = parts().map(|part| part.amount.get()).sum();
        let payable = line.amount.get() - line.discount.get();
        if quantity > u64::from(line.quantity) || amount > payable {
            return Err(format!("line {}: {quantity} for {amount} of {payable}", line.line_no));
        }
    }
    Ok(())
}

pub(super) fn of_surplus(w: &Watched<'_>) -> Result<(), String> {
    for event in &w.commit.changeset.events {
        if let Event::PaymentSurplus { no, .. } = event {
            goes_back_whole(w.commit.after, *no)?;
        } else if let Event::PaymentAdopted(payment) = event {
            goes_back_whole(w.commit.after, payment.no)?;
        } else if let Event::RefundRequested(refund) = event {
            is_owed(w.commit.after, refund)?;
        }
    }
    Ok(())
}

/// Exactly one refund of the whole payment is kept.
fn goes_back_whole(order: &Order, no: PaymentNo) -> Result<(), String> {
    let paid = order.payment_by_no(no).and_then(|p| p.receipt());
    let paid = paid.map(|receipt| receipt.amount.get());
    let kept = of(order, no).filter(|refund| reserves(refund));
    let amounts: Vec<i64> = kept.map(|refund| refund.amount.get()).collect();
    if paid.is_some_and(|paid| amounts == [paid]) {
        return Ok(());
    }
    Err(format!("payment {no} of {paid:?} fen: refunds {amounts:?}"))
}

/// An automatic refund is for money that the order could not take, and for no other.
fn is_owed(order: &Order, refund: &Refund) -> Result<(), String> {
    let payment = order.payment_of(refund);
    if refund.kind == RefundKind::Surplus && !payment.is_some_and(is_surplus) {
        return Err(format!("{} without surplus money", refund.out_refund_no));
    }
    Ok(())
}

pub(super) fn is_surplus(payment: &domain::payment::Payment) -> bool {
    matches!(payment.state, domain::payment::PaymentState::Surplus { .. })
}

pub(super) fn listed_transitions(w: &Watched<'_>) -> Result<(), String> {
    let Some(before) = w.commit.before else { return Ok(()) };
    for old in &before.refunds {
        let Some(new) = w.commit.after.refund(&old.out_refund_no) else {
            return Err(format!("{} is gone", old.out_refund_no));
        };
        let (from, to) = (old.state.status(), new.state.status());
        // What was sent in a life of the database that is lost is known by what WeChat Pay says.
        let was_sent = w.world.failovers() > 0 && moves::refund(RefundStatus::Sending, to);
        let gave_way =
            (from, to) == (RefundStatus::Requested, RefundStatus::Withdrawn) && comes_to_light(w);
        let is_listed =
            moves::refund(from, to) || (was_sent && waits_or_was_refused(from)) || gave_way;
        if !is_listed {
            return Err(format!("{}: {from:?} → {to:?}", old.out_refund_no));
        }
        let same = (old.amount == new.amount || is_restated(w, old, new))
            && old.payment_no == new.payment_no
            && old.reason == new.reason
            && old.kind == new.kind;
        if !same {
            return Err(format!("{} changed its terms", old.out_refund_no));
        }
    }
    Ok(())
}

/// Whether it was asked for in a life of the database that is lost, and is what WeChat Pay has it with.
fn is_restated(w: &Watched<'_>, old: &Refund, new: &Refund) -> bool {
    let is_first_heard = old.refund_id().is_none() && new.refund_id().is_some();
    let number = new.out_refund_no.as_str();
    let is_true =
        |truth: &TrueRefund| truth.out_refund_no == number && truth.refund_fen == new.amount.get();
    w.world.failovers() > 0 && is_first_heard && w.world.wechat.refunds().iter().any(is_true)
}

/// Whether a refund comes to light that we did not know, or did not believe in any more: it is a fact, and
/// what was not sent yet gives way to it.
fn comes_to_light(w: &Watched<'_>) -> bool {
    let is_back = |old: &Refund| {
        let new = w.commit.after.refund(&old.out_refund_no);
        !reserves(old) && new.is_some_and(is_accepted)
    };
    let events = &w.commit.changeset.events;
    events.iter().any(|event| matches!(event, Event::RefundImported(_)))
        || w.commit.before.is_some_and(|before| before.refunds.iter().any(is_back))
}

/// Whether a person has not agreed to it.
fn waits_or_was_refused(status: RefundStatus) -> bool {
    matches!(
        status,
        RefundStatus::AwaitingApproval | RefundStatus::Declined | RefundStatus::Withdrawn
    )
}

/// Errors are unsigned, and a refund that was refused may be there all the same.
pub(super) fn proven(w: &Watched<'_>) -> Result<(), String> {
    for event in &w.commit.changeset.events {
        let Event::RefundMoved { out_refund_no, to: RefundState::Rejected { code }, .. } = event
        else {
            continue;
        };
        // That its number is another's, WeChat Pay says itself, signed.
        if code != NUMBER_TAKEN && !w.seen.disproved.contains(out_refund_no.as_str()) {
            return Err(format!("{out_refund_no} is rejected ({code}), and nobody has asked"));
        }
    }
    Ok(())
}

/// A refund that was sent to a card may be on its way there: it is abnormal again once WeChat Pay has refused to send it,
/// or once nothing can arrive any more. Until then nobody pays it back by bank.
pub(super) fn applications_end(w: &Watched<'_>) -> Result<(), String> {
    let Some(before) = w.commit.before else { return Ok(()) };
    let events = &w.commit.changeset.events;
    for event in events {
        if let Event::RefundApplied { out_refund_no, .. } = event {
            let was = before.refund(out_refund_no).map(|was| was.state.status());
            if was != Some(RefundStatus::Abnormal) {
                return Err(format!("{out_refund_no} is sent to a card, and was {was:?}"));
            }
        }
        let Event::RefundMoved { out_refund_no, to: RefundState::Abnormal { .. }, at } = event
        else {
            continue;
        };
        let was = before.refund(out_refund_no);
        let was_out = was.filter(|was| was.state.status() == RefundStatus::Processing);
        let Some(applied) = was_out.and_then(|was| was.applied) else { continue };
        let is_refusal = |event: &Event| matches!(event, Event::ApplicationRefused { .. });
        let refused = w.seen.applications_refused.contains(out_refund_no.as_str());
        if events.iter().any(is_refusal) && refused {
            continue;
        }
        if *at < applied.at.plus_seconds(HORIZON_S) {
            return Err(format!("{out_refund_no} is abnormal, and may be on its way to a card"));
        }
    }
    Ok(())
}

/// Of a card that somebody typed in nothing is written.
pub(super) fn no_card_is_kept(w: &Watched<'_>) -> Result<(), String> {
    let is_about = |event: &Event| {
        matches!(event, Event::RefundApplied { .. } | Event::ApplicationRefused { .. })
    };
    if !w.commit.changeset.events.iter().any(is_about) {
        return Ok(());
    }
    let written = format!("{:?}", w.commit.changeset);
    let (account, name) = CARD;
    match [account, name].into_iter().find(|personal| written.contains(personal)) {
        Some(_) => Err("a card's number, or its owner's name, is written".to_owned()),
        None => Ok(()),
    }
}

/// Whoever was told that an order is being cancelled was told the truth: also what came to nothing
/// elsewhere goes back.
pub(super) fn elsewhere_undoes_nothing(w: &Watched<'_>) -> Result<(), String> {
    let Some(before) = w.commit.before else { return Ok(()) };
    let is_elsewhere = |event: &Event| {
        if let Event::RefundMoved { out_refund_no, to: RefundState::Closed { .. }, .. } = event {
            let closed = before.refund(out_refund_no);
            return closed.is_some_and(|refund| refund.kind == RefundKind::External);
        }
        matches!(event, Event::RefundImported(_))
    };
    let after = w.commit.after;
    let was_over = before.status == OrderStatus::Cancelling && before.settlement.is_some();
    let is_given_up = after.status == OrderStatus::Ready;
    let all = |no| of(after, no).count() >= REFUNDS_MAX;
    let may = after.payments.iter().any(|payment| all(payment.no));
    if was_over && is_given_up && !may && w.commit.changeset.events.iter().any(is_elsewhere) {
        return Err("its cancellation is given up".to_owned());
    }
    Ok(())
}

pub(super) fn few_enough(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    for payment in &order.payments {
        let count = of(order, payment.no).count();
        if count > REFUNDS_MAX {
            return Err(format!("payment {} has {count} refunds", payment.no));
        }
    }
    Ok(())
}
