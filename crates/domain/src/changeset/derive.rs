//! What follows from events: promised work, events for the outside, stock, cases, list lines.
//!
//! Pure and complete: a flow that needs a job or a move gets it here, never from its caller.

use super::ListChange;
use crate::Timestamp;
use crate::case::{CaseKind, CaseOpening};
use crate::job::{JobChange, JobId, next_look};
use crate::order::{Event, Order, OrderStatus, StockOutcome};
use crate::outgoing::{Outgoing, OutgoingKind};
use crate::payment::{ClosingCause, Payment, PaymentNo, PaymentState, SurplusCause};
use crate::stock::{Hold, StockMove, StockMoveKind};
use std::collections::BTreeSet;

pub(super) fn touched_payments(
    placing: bool,
    after: &Order,
    events: &[Event],
) -> BTreeSet<PaymentNo> {
    if placing {
        return after.payments.iter().map(|p| p.no).collect();
    }
    events.iter().filter_map(Event::payment_no).collect()
}

/// Every live payment has a follower; an order that waits for money has its deadline; one that was
/// delivered has its last day.
pub(super) fn jobs(
    after: &Order,
    touched: &BTreeSet<PaymentNo>,
    events: &[Event],
    now: Timestamp,
) -> Vec<JobChange> {
    let mut jobs: Vec<JobChange> = after
        .payments
        .iter()
        .filter(|payment| touched.contains(&payment.no))
        .map(|payment| follow(after, payment, now))
        .collect();
    if events.iter().any(|event| matches!(event, Event::CancelRequested { .. })) {
        // The cancellation waits for all of them.
        let others = after.payments.iter().filter(|p| p.is_live() && !touched.contains(&p.no));
        jobs.extend(others.map(|payment| JobChange::Ensure {
            id: JobId::follow(payment.out_trade_no()),
            due_at: now,
        }));
    }
    let expire = JobId::expire(&after.number);
    match (after.status, after.pay_deadline) {
        (OrderStatus::PendingPayment, Some(due_at)) => {
            jobs.push(JobChange::Ensure { id: expire, due_at });
        }
        _ => jobs.push(JobChange::Remove { id: expire }),
    }
    jobs.extend(completion(after, events));
    jobs
}

fn follow(after: &Order, payment: &Payment, now: Timestamp) -> JobChange {
    let id = JobId::follow(payment.out_trade_no());
    let due_at = match (&payment.state, next_look(payment, now)) {
        (_, None) => return JobChange::Remove { id },
        // Whoever puts another payment in its place sends the close before handing that one out;
        // the job brings the proof, and the close itself if they did not come so far.
        (PaymentState::Closing { why: ClosingCause::Superseded }, Some(look))
            if after.settlement.is_none() =>
        {
            look
        }
        // What is to be closed is closed now; the ladder is for waiting.
        (PaymentState::Closing { .. }, Some(_)) => now,
        (_, Some(look)) => look,
    };
    JobChange::Ensure { id, due_at }
}

fn completion(after: &Order, events: &[Event]) -> Option<JobChange> {
    let id = JobId::complete(&after.number);
    let happened = |what: fn(&Event) -> bool| events.iter().any(what);
    match after.is_complete_at() {
        Some(due_at) if happened(|e| matches!(e, Event::Delivered { .. })) => {
            Some(JobChange::Ensure { id, due_at })
        }
        None if happened(|e| matches!(e, Event::Completed { .. })) => {
            Some(JobChange::Remove { id })
        }
        Some(_) | None => None,
    }
}

pub(super) fn outgoing(after: &Order, event: &Event) -> Vec<Outgoing> {
    let kinds: &[OutgoingKind] = match event {
        Event::Placed(_) => &[OutgoingKind::OrderCreated],
        Event::Settled { stock: StockOutcome::Committed, .. } => &[OutgoingKind::OrderPaid],
        Event::Settled { stock: StockOutcome::Refused, .. } => {
            &[OutgoingKind::OrderPaid, OutgoingKind::CaseOpened]
        }
        Event::Cancelled { .. } => &[OutgoingKind::OrderCancelled],
        Event::PaymentSurplus { .. } => &[OutgoingKind::PaymentSurplus, OutgoingKind::CaseOpened],
        Event::RefundRequested(_) => &[OutgoingKind::RefundRequested],
        Event::Shipped(_) => &[OutgoingKind::OrderShipped],
        Event::Delivered { .. } => &[OutgoingKind::OrderDelivered],
        Event::Completed { .. } => &[OutgoingKind::OrderCompleted],
        Event::PaymentStarted(_)
        | Event::PaymentPayable { .. }
        | Event::PaymentUnknown { .. }
        | Event::PaymentRejected { .. }
        | Event::PaymentRejectionProven { .. }
        | Event::PaymentClosing { .. }
        | Event::PaymentClosed { .. }
        | Event::PaymentPaid { .. }
        | Event::CancelRequested { .. }
        | Event::PayerReported(_) => &[],
    };
    let subject = match (event, event.payment_no()) {
        (Event::RefundRequested(refund), _) => Some(refund.out_refund_no.as_str().to_owned()),
        (_, Some(no)) => number_of(after, no),
        (_, None) => None,
    };
    kinds.iter().map(|kind| Outgoing { kind: *kind, subject: subject.clone() }).collect()
}

pub(super) fn case(after: &Order, event: &Event) -> Option<CaseOpening> {
    if let Event::PaymentSurplus { no, why, .. } = event {
        let (kind, detail) = surplus_case(*why);
        let subject = number_of(after, *no)?;
        return Some(CaseOpening { kind, subject, detail: detail.to_owned() });
    }
    if let Event::Settled { stock: StockOutcome::Refused, .. } = event {
        return Some(CaseOpening {
            kind: CaseKind::Stock,
            subject: after.number.as_str().to_owned(),
            detail: "settled, but its stock could not be taken; its holds stay as they are"
                .to_owned(),
        });
    }
    None
}

/// The number of a payment as WeChat Pay knows it.
fn number_of(after: &Order, no: PaymentNo) -> Option<String> {
    let payment = after.payments.iter().find(|payment| payment.no == no)?;
    Some(payment.out_trade_no().as_str().to_owned())
}

fn surplus_case(why: SurplusCause) -> (CaseKind, &'static str) {
    match why {
        SurplusCause::Late => (CaseKind::Surplus, "paid after the order was cancelled"),
        SurplusCause::Second => (CaseKind::Surplus, "paid although the order was settled"),
        SurplusCause::Mismatch => {
            (CaseKind::AmountMismatch, "amount, currency or appid is not what was asked")
        }
        SurplusCause::RefundSeenFirst => {
            (CaseKind::RefundMismatch, "refunded at WeChat Pay before we saw the payment")
        }
    }
}

pub(super) fn stock_moves(after: &Order, event: &Event) -> Vec<StockMove> {
    let kind = if let Event::Placed(_) = event {
        StockMoveKind::Hold
    } else if let Event::Settled { stock: StockOutcome::Committed, .. } = event {
        StockMoveKind::Commit
    } else if let Event::Cancelled { .. } = event {
        StockMoveKind::Release
    } else {
        return Vec::new();
    };
    let mut moves: Vec<StockMove> = after.holds.iter().map(|hold| stock_move(hold, kind)).collect();
    // Shared rows are locked in one order everywhere.
    moves.sort_by(|a, b| (&a.sku_id, a.line_no).cmp(&(&b.sku_id, b.line_no)));
    moves
}

fn stock_move(hold: &Hold, kind: StockMoveKind) -> StockMove {
    StockMove { line_no: hold.line_no, sku_id: hold.sku_id.clone(), quantity: hold.quantity, kind }
}

pub(super) fn list_changes(placing: bool, after: &Order, events: &[Event]) -> Vec<ListChange> {
    let Some(buyer) = after.buyer.filter(|_| !after.checkout.captured_items.is_empty()) else {
        return Vec::new();
    };
    let order = after.id;
    let mut changes = Vec::new();
    if placing {
        // Captured lines and order lines are the same lines, in the same order.
        let quantities = after.lines.iter().map(|line| line.quantity);
        let items = after.checkout.captured_items.iter().copied().zip(quantities).collect();
        changes.push(ListChange::Capture { buyer, order, items });
    }
    if events.iter().any(|e| matches!(e, Event::Settled { .. })) {
        changes.push(ListChange::Clear { buyer, order });
    }
    if events.iter().any(|e| matches!(e, Event::Cancelled { .. })) {
        changes.push(ListChange::Free { buyer, order });
    }
    changes
}
