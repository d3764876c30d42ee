//! What follows from events: promised work, events for the outside, stock, list lines; cases are in
//! `cases.rs`.
//!
//! Pure and complete: a flow that needs a job or a move gets it here, never from its caller.

use super::ListChange;
use super::cases::{
    is_news_from_elsewhere, is_over_with, is_paid_back, lacks_goods, reached, surplus_paid_back,
    there_after_all,
};
use crate::coupon::{CouponHoldStatus, CouponMove};
use crate::job::{JobChange, JobId, next_look, next_refund_look};
use crate::order::{Event, Order, PaymentMethod, SettledBy, Settlement, StockOutcome};
use crate::outgoing::{Outgoing, OutgoingKind};
use crate::payment::{ClosingCause, Payment, PaymentNo, PaymentState};
use crate::refund::{Refund, RefundState};
use crate::stock::{Hold, HoldStatus, StockMove, StockMoveKind};
use crate::{OutRefundNo, Pace, Timestamp};
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

/// Every live payment and every live refund has a follower; an order that waits for money has its deadline; one that was
/// delivered has its last day.
pub(super) fn jobs(
    after: &Order,
    (touched, refunds): (&BTreeSet<PaymentNo>, &BTreeSet<OutRefundNo>),
    events: &[Event],
    now: Timestamp,
    pace: Pace,
) -> Vec<JobChange> {
    let mut jobs: Vec<JobChange> = after
        .payments
        .iter()
        .filter(|payment| touched.contains(&payment.no))
        .map(|payment| follow(after, payment, now, pace))
        .collect();
    if events.iter().any(|event| matches!(event, Event::CancelRequested { .. })) {
        // The cancellation waits for all of them.
        let others = after.payments.iter().filter(|p| p.is_live() && !touched.contains(&p.no));
        jobs.extend(others.map(|payment| JobChange::Ensure {
            id: JobId::follow(payment.out_trade_no()),
            due_at: now,
        }));
    }
    let moved = after.refunds.iter().filter(|refund| refunds.contains(&refund.out_refund_no));
    jobs.extend(moved.map(|refund| follow_refund(after, refund, now, pace)));
    let others = after.refunds.iter().filter(|refund| !refunds.contains(&refund.out_refund_no));
    let ousted = others.filter(|refund| may_be_there(refund) && is_freed(after, events, refund));
    jobs.extend(
        ousted.map(|refund| JobChange::Ensure {
            id: JobId::refund(&refund.out_refund_no),
            due_at: now,
        }),
    );
    let expire = JobId::expire(&after.number);
    jobs.push(match after.payable_until() {
        Some(due_at) => JobChange::Ensure { id: expire, due_at },
        None => JobChange::Remove { id: expire },
    });
    jobs.extend(completion(after, events));
    jobs.extend(report(after, events, now));
    jobs
}

fn follow(after: &Order, payment: &Payment, now: Timestamp, pace: Pace) -> JobChange {
    let id = JobId::follow(payment.out_trade_no());
    let due_at = match (&payment.state, next_look(payment, now, pace)) {
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

fn follow_refund(after: &Order, refund: &Refund, now: Timestamp, pace: Pace) -> JobChange {
    let id = JobId::refund(&refund.out_refund_no);
    match next_refund_look(refund, now, pace) {
        Some(due_at) => JobChange::Ensure { id, due_at },
        None if is_asked_about_once(after, refund) => JobChange::Ensure { id, due_at: now },
        None => JobChange::Remove { id },
    }
}

/// Whether somebody said no to it before it was sent, as far as we remember. The yes, the sending and the
/// news that it succeeded may be among commits that a failover has lost, and nobody would ever ask again.
fn is_asked_about_once(after: &Order, refund: &Refund) -> bool {
    let payment = after.payment_of(refund);
    let is_at_wechat = payment.is_some_and(|payment| !payment.is_from_wallet());
    let ended_unsent = matches!(refund.state, RefundState::Declined | RefundState::Withdrawn)
        && refund.sent_at.is_none();
    is_at_wechat && ended_unsent
}

/// It was sent, and may be given up: WeChat Pay may say that it is there.
fn may_be_there(refund: &Refund) -> bool {
    match refund.state {
        RefundState::Rejected { .. } | RefundState::Sending | RefundState::Unknown { .. } => true,
        RefundState::Withdrawn => refund.sent_at.is_some(),
        RefundState::AwaitingApproval
        | RefundState::Declined
        | RefundState::Requested
        | RefundState::Processing { .. }
        | RefundState::Succeeded { .. }
        | RefundState::Abnormal { .. }
        | RefundState::Closed { .. }
        | RefundState::SettledOffline { .. } => false,
    }
}

/// Whether one of the same payment came to nothing, or is less than it was: what had no room beside it is asked
/// about at once, before anybody sends goods for money that is back.
fn is_freed(after: &Order, events: &[Event], refund: &Refund) -> bool {
    let of_its_payment =
        |no| after.refund(no).is_some_and(|other| other.payment_no == refund.payment_no);
    events.iter().any(|event| {
        // Beside what was paid back by bank as much of it counts as there is room for.
        let came_to_nothing = reached(event).is_some_and(|(_, to)| {
            matches!(
                to,
                RefundState::Rejected { .. }
                    | RefundState::Closed { .. }
                    | RefundState::SettledOffline { .. }
            )
        });
        let is_less = matches!(event, Event::RefundRestated { .. });
        (came_to_nothing || is_less) && event.out_refund_no().is_some_and(of_its_payment)
    })
}

fn completion(after: &Order, events: &[Event]) -> Option<JobChange> {
    let id = JobId::complete(&after.number);
    let happened = |what: fn(&Event) -> bool| events.iter().any(what);
    match after.is_complete_at() {
        // Whichever came last: it arrived, or its money did.
        Some(due_at)
            if happened(|e| matches!(e, Event::Delivered { .. } | Event::Settled { .. })) =>
        {
            Some(JobChange::Ensure { id, due_at })
        }
        None if happened(|e| matches!(e, Event::Completed { .. })) => {
            Some(JobChange::Remove { id })
        }
        Some(_) | None => None,
    }
}

/// What was paid inside WeChat and is on its way is told to WeChat, whichever came last: the goods left, or their money
/// came. Whether it has to be is found out then.
fn report(after: &Order, events: &[Event], now: Timestamp) -> Option<JobChange> {
    let is_news = events.iter().any(|e| matches!(e, Event::Shipped(_) | Event::Settled { .. }));
    let is_owed = is_news && after.shipping_duty().is_some();
    is_owed.then(|| JobChange::Ensure { id: JobId::report(&after.number), due_at: now })
}

pub(super) fn outgoing(
    before: Option<&Order>,
    after: &Order,
    events: &[Event],
    event: &Event,
) -> Vec<Outgoing> {
    let kinds: &[OutgoingKind] = match event {
        Event::Placed(_) => &[OutgoingKind::OrderCreated],
        Event::Settled { settlement, stock } => paid(settlement, *stock),
        Event::HoldsCommitted { stock: StockOutcome::Refused } => &[OutgoingKind::CaseOpened],
        Event::Converted => &[OutgoingKind::OrderCodConverted],
        Event::Cancelled { stock: StockOutcome::Committed, .. } => &[OutgoingKind::OrderCancelled],
        Event::Cancelled { stock: StockOutcome::Refused, .. } => {
            &[OutgoingKind::OrderCancelled, OutgoingKind::CaseOpened]
        }
        Event::PaymentSurplus { .. } => &[OutgoingKind::PaymentSurplus, OutgoingKind::CaseOpened],
        Event::PaymentAdopted(_) => {
            &[OutgoingKind::PaymentSurplus, OutgoingKind::CaseOpened, OutgoingKind::CaseResolved]
        }
        Event::RefundRequested(_) => &[OutgoingKind::RefundRequested],
        Event::RefundImported(refund) => moved(after, refund, &refund.state),
        Event::RefundMoved { out_refund_no, to, .. } => {
            after.refund(out_refund_no).map_or(&[], |refund| moved(after, refund, to))
        }
        Event::CouponStuck { .. }
        | Event::FeesStuck
        | Event::RefundRestated { .. }
        | Event::GoodsReturned { stock: StockOutcome::Refused, .. } => &[OutgoingKind::CaseOpened],
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
        | Event::CancelWithdrawn
        | Event::HoldsCommitted { stock: StockOutcome::Committed }
        | Event::CouponMoved { .. }
        | Event::GoodsReturned { stock: StockOutcome::Committed, .. }
        // That it is abnormal again is told with that.
        | Event::RefundApplied { .. }
        | Event::ApplicationRefused { .. }
        | Event::PayerReported(_) => &[],
    };
    let subject = match (event.out_refund_no(), event.payment_no()) {
        (Some(out_refund_no), _) => Some(out_refund_no.as_str().to_owned()),
        (None, Some(no)) => number_of(after, no),
        (None, None) => None,
    };
    let kinds = kinds.iter().copied().chain(of_elsewhere(event));
    let kinds = kinds.chain(of_unknown_goods(after, event));
    let opened = there_after_all(before, after, events, event);
    let kinds = kinds.chain(opened.iter().map(|_| OutgoingKind::CaseOpened));
    kinds.map(|kind| Outgoing { kind, subject: subject.clone() }).collect()
}

/// What the outside hears besides of a refund that we did not make.
fn of_elsewhere(event: &Event) -> Option<OutgoingKind> {
    let Event::RefundImported(refund) = event else { return None };
    is_news_from_elsewhere(refund).then_some(OutgoingKind::CaseOpened)
}

/// What the outside hears besides when it is not known which goods a refund was for.
fn of_unknown_goods(after: &Order, event: &Event) -> Option<OutgoingKind> {
    let Event::RefundImported(refund) = event else { return None };
    lacks_goods(after, refund).then_some(OutgoingKind::CaseOpened)
}

/// What the outside hears when an order is settled.
fn paid(settlement: &Settlement, stock: StockOutcome) -> &'static [OutgoingKind] {
    match (&settlement.by, stock) {
        (SettledBy::Cash { .. }, StockOutcome::Committed) => {
            &[OutgoingKind::OrderPaid, OutgoingKind::OrderCodCollected]
        }
        (SettledBy::Cash { .. }, StockOutcome::Refused) => {
            &[OutgoingKind::OrderPaid, OutgoingKind::OrderCodCollected, OutgoingKind::CaseOpened]
        }
        (
            SettledBy::Wechat { .. } | SettledBy::Wallet { .. } | SettledBy::Free,
            StockOutcome::Committed,
        ) => &[OutgoingKind::OrderPaid],
        (
            SettledBy::Wechat { .. } | SettledBy::Wallet { .. } | SettledBy::Free,
            StockOutcome::Refused,
        ) => &[OutgoingKind::OrderPaid, OutgoingKind::CaseOpened],
    }
}

/// What the outside hears when a refund gets somewhere.
fn moved(after: &Order, refund: &Refund, to: &RefundState) -> &'static [OutgoingKind] {
    match to {
        RefundState::Succeeded { .. } | RefundState::SettledOffline { .. } => {
            match (surplus_paid_back(after, refund).is_some(), refund.with_the_merchant().is_some())
            {
                (true, false) => &[OutgoingKind::RefundSucceeded, OutgoingKind::CaseResolved],
                (false, false) => &[OutgoingKind::RefundSucceeded],
                (true, true) => &[
                    OutgoingKind::RefundSucceeded,
                    OutgoingKind::CaseResolved,
                    OutgoingKind::CaseOpened,
                ],
                (false, true) => &[OutgoingKind::RefundSucceeded, OutgoingKind::CaseOpened],
            }
        }
        RefundState::Abnormal { .. } => &[OutgoingKind::RefundAbnormal, OutgoingKind::CaseOpened],
        RefundState::Rejected { .. } => &[OutgoingKind::CaseOpened],
        RefundState::Closed { .. } if is_over_with(after, &refund.out_refund_no) => {
            &[OutgoingKind::RefundClosed, OutgoingKind::CaseOpened]
        }
        RefundState::Closed { .. } => &[OutgoingKind::RefundClosed],
        RefundState::AwaitingApproval
        | RefundState::Declined
        | RefundState::Withdrawn
        | RefundState::Requested
        | RefundState::Sending
        | RefundState::Unknown { .. }
        | RefundState::Processing { .. } => &[],
    }
}

/// What of this may happen once only, whatever the state machine thinks.
pub(super) fn effect(after: &Order, event: &Event) -> Option<String> {
    match event {
        Event::GoodsReturned { out_refund_no, .. } => Some(format!("returned:{out_refund_no}")),
        Event::Settled { .. } => Some(format!("settled:{}", after.id)),
        Event::Cancelled { .. } => Some(format!("cancelled:{}", after.id)),
        Event::PaymentSurplus { no, .. } => {
            number_of(after, *no).map(|number| format!("surplus:{number}"))
        }
        Event::PaymentAdopted(payment) => Some(format!("surplus:{}", payment.out_trade_no())),
        Event::RefundMoved { .. } | Event::RefundImported(_) => {
            let paid_back = reached(event).filter(|(_, state)| is_paid_back(state));
            paid_back.map(|(out_refund_no, _)| format!("refunded:{out_refund_no}"))
        }
        Event::CouponMoved { to } => match to {
            CouponHoldStatus::Held => None,
            CouponHoldStatus::Used => Some(format!("coupon_used:{}", after.id)),
            CouponHoldStatus::Released | CouponHoldStatus::Returned => {
                Some(format!("coupon_back:{}", after.id))
            }
        },
        Event::Placed(_)
        | Event::PaymentStarted(_)
        | Event::PaymentPayable { .. }
        | Event::PaymentUnknown { .. }
        | Event::PaymentRejected { .. }
        | Event::PaymentRejectionProven { .. }
        | Event::PaymentClosing { .. }
        | Event::PaymentClosed { .. }
        | Event::PaymentPaid { .. }
        | Event::RefundRequested(_)
        | Event::RefundRestated { .. }
        | Event::RefundApplied { .. }
        | Event::ApplicationRefused { .. }
        | Event::CancelRequested { .. }
        | Event::CancelWithdrawn
        | Event::HoldsCommitted { .. }
        | Event::Converted
        | Event::CouponStuck { .. }
        | Event::FeesStuck
        | Event::PayerReported(_)
        | Event::Shipped(_)
        | Event::Delivered { .. }
        | Event::Completed { .. } => None,
    }
}

/// The number of a payment as WeChat Pay knows it.
pub(super) fn number_of(after: &Order, no: PaymentNo) -> Option<String> {
    let payment = after.payment_by_no(no)?;
    Some(payment.out_trade_no().as_str().to_owned())
}

pub(super) fn stock_moves(before: Option<&Order>, after: &Order, event: &Event) -> Vec<StockMove> {
    let all = |kind| after.holds.iter().map(move |hold| stock_move(hold, kind)).collect();
    let mut moves: Vec<StockMove> = if let Event::Placed(_) = event {
        all(StockMoveKind::Hold)
    } else if let Event::Settled { stock: StockOutcome::Committed, .. }
    | Event::HoldsCommitted { stock: StockOutcome::Committed } = event
    {
        // What is placed and paid in one commit has held nothing before.
        match before {
            Some(before) => before.holds.iter().filter_map(sold).collect(),
            None => all(StockMoveKind::Commit),
        }
    } else if let (Event::Cancelled { stock: StockOutcome::Committed, .. }, Some(before)) =
        (event, before)
    {
        // What was sold comes back, what was only held is free again.
        before.holds.iter().filter_map(given_back).collect()
    } else if let Event::GoodsReturned { out_refund_no, lines, stock: StockOutcome::Committed } =
        event
    {
        returned(after, out_refund_no, lines)
    } else {
        return Vec::new();
    };
    // Shared rows are locked in one order everywhere.
    moves.sort_by(|a, b| (&a.sku_id, a.line_no).cmp(&(&b.sku_id, b.line_no)));
    moves
}

/// What left to be paid at the door was sold then.
fn sold(hold: &Hold) -> Option<StockMove> {
    (hold.status == HoldStatus::Held).then(|| stock_move(hold, StockMoveKind::Commit))
}

/// Of which lines how many come back with a refund.
fn returned(after: &Order, number: &OutRefundNo, lines: &[(u16, u32)]) -> Vec<StockMove> {
    let of_line = |line_no: u16| after.holds.iter().find(move |hold| hold.line_no == line_no);
    let back = lines.iter().filter_map(|(line_no, quantity)| {
        let back = stock_move(of_line(*line_no)?, StockMoveKind::Return);
        Some(StockMove { quantity: *quantity, out_refund_no: Some(number.clone()), ..back })
    });
    back.collect()
}

fn given_back(hold: &Hold) -> Option<StockMove> {
    match hold.status {
        HoldStatus::Held => Some(stock_move(hold, StockMoveKind::Release)),
        HoldStatus::Committed => {
            let quantity = hold.quantity.saturating_sub(hold.returned_quantity);
            let back = StockMove { quantity, ..stock_move(hold, StockMoveKind::Return) };
            (quantity > 0).then_some(back)
        }
        HoldStatus::Released => None,
    }
}

fn stock_move(hold: &Hold, kind: StockMoveKind) -> StockMove {
    StockMove {
        line_no: hold.line_no,
        sku_id: hold.sku_id.clone(),
        quantity: hold.quantity,
        kind,
        out_refund_no: None,
    }
}

fn is_settled_online(event: &Event) -> bool {
    let Event::Settled { settlement, .. } = event else { return false };
    match settlement.by {
        SettledBy::Wechat { .. } | SettledBy::Wallet { .. } | SettledBy::Free => true,
        SettledBy::Cash { .. } => false,
    }
}

/// What an event does to the coupon of its order.
pub(super) fn coupon_move(after: &Order, event: &Event) -> Option<CouponMove> {
    let hold = after.coupon.as_ref()?;
    let to = if let Event::Placed(_) = event {
        CouponHoldStatus::Held
    } else if let Event::CouponMoved { to } = event {
        *to
    } else {
        return None;
    };
    Some(CouponMove { buyer: after.buyer?, grant: hold.grant.clone(), to })
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
    // What is to be paid at the door leaves the list when it is placed; its money clears nothing more.
    let happened = |what: fn(&Event) -> bool| events.iter().any(what);
    let is_bought = if placing && after.payment_method == PaymentMethod::Cod {
        true
    } else {
        happened(is_settled_online) && !happened(|e| matches!(e, Event::Converted))
    };
    if is_bought {
        changes.push(ListChange::Clear { buyer, order });
    }
    if events.iter().any(|e| matches!(e, Event::Cancelled { .. })) {
        changes.push(ListChange::Free { buyer, order });
    }
    changes
}
