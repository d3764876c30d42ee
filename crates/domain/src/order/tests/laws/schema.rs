//! What is decided can be written: what PostgreSQL demands of the rows of an order, read from `migrations/` a
//! second time. A commit that it refuses is tried again for ever, and what it was to record is lost.

use super::super::histories::{Played, histories};
use super::cases;
use super::money::keeps_its_amount;
use crate::OutRefundNo;
use crate::order::{Order, OrderStatus, PaymentStatus};
use crate::outgoing::TOLD_MAX;
use crate::refund::{Refund, RefundKind, RefundStatus};
use crate::stock::{HoldStatus, StockMoveKind};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// `amount_fen BETWEEN 1 AND 1000000000`.
const FEN_MAX: i64 = 1_000_000_000;

/// The name of the rule that a row of `refunds` breaks by itself.
fn refused_row(refund: &Refund) -> Option<&'static str> {
    use RefundStatus::{
        Abnormal, AwaitingApproval, Closed, Declined, Processing, Rejected, Sending,
        SettledOffline, Succeeded, Unknown,
    };
    let status = refund.state.status();
    if !(1..=FEN_MAX).contains(&refund.amount.get()) {
        return Some("refunds_amount_fen_check");
    }
    if refund.refund_id().is_some() != matches!(status, Processing | Succeeded | Abnormal | Closed)
    {
        return Some("refunds_refund_id");
    }
    let must_be_sent = status == Sending
        || (matches!(status, Unknown | Rejected) && refund.kind == RefundKind::Requested);
    let must_not = matches!(status, AwaitingApproval | Declined);
    if (must_be_sent && refund.sent_at.is_none()) || (must_not && refund.sent_at.is_some()) {
        return Some("refunds_sent_at");
    }
    let is_fact = matches!(status, Processing | Succeeded | Abnormal | Closed | SettledOffline);
    if refund.kind == RefundKind::External && (refund.sent_at.is_some() || !is_fact) {
        return Some("refunds_external");
    }
    None
}

/// The name of the rule that the rows of an order's refunds break together.
fn refused_rows(order: &Order) -> Option<&'static str> {
    let numbers: BTreeSet<&OutRefundNo> = order.refunds.iter().map(|r| &r.out_refund_no).collect();
    if numbers.len() != order.refunds.len() {
        return Some("refunds_pkey");
    }
    let replaced = || order.refunds.iter().filter_map(|refund| refund.replaces.as_ref());
    if replaced().any(|no| !numbers.contains(no)) {
        return Some("refunds_replaces");
    }
    if replaced().collect::<BTreeSet<_>>().len() != replaced().count() {
        return Some("refunds_one_replacement");
    }
    for payment in &order.payments {
        let of_it = || order.refunds.iter().filter(|refund| refund.payment_no == payment.no);
        let reserved: i64 = of_it().filter(|r| keeps_its_amount(r)).map(|r| r.amount.get()).sum();
        if reserved > payment.receipt().map_or(0, |receipt| receipt.amount.get()) {
            return Some("payments_refund_reserved");
        }
        let is_live_surplus = |refund: &&Refund| {
            let ended = matches!(
                refund.state.status(),
                RefundStatus::Withdrawn | RefundStatus::Closed | RefundStatus::Rejected
            );
            refund.kind == RefundKind::Surplus && refund.replaces.is_none() && !ended
        };
        if of_it().filter(is_live_surplus).count() > 1 {
            return Some("refunds_one_live_surplus");
        }
    }
    order.refunds.iter().find_map(refused_row)
}

/// What `refunds_keep_rules` says of a row that changes.
fn refused_change(before: &Refund, after: &Refund) -> Option<&'static str> {
    use RefundStatus::*;
    let about = |refund: &Refund| {
        let Refund { out_refund_no, payment_no, kind, replaces, .. } = refund.clone();
        (out_refund_no, payment_no, kind, replaces)
    };
    if about(before) != about(after) {
        return Some("what a refund is about stays");
    }
    let is_first_heard = before.refund_id().is_none() && after.refund_id().is_some();
    if !is_first_heard && (before.amount, &before.lines) != (after.amount, &after.lines) {
        return Some("how much a refund is stays");
    }
    let ids = before.refund_id().zip(after.refund_id());
    if ids.is_some_and(|(before, after)| before != after) {
        return Some("a recorded refund_id stays");
    }
    let (from, to) = (before.state.status(), after.state.status());
    if from == to {
        return None;
    }
    let is_final = matches!(from, Succeeded | Closed | SettledOffline);
    let follows = matches!(to, Processing | Succeeded | Abnormal | Closed)
        || matches!(
            (from, to),
            (AwaitingApproval, Requested | Declined | Withdrawn)
                | (Requested, Sending | Withdrawn)
                | (Sending, Unknown | Rejected)
                | (Unknown, Sending | Rejected)
                | (Rejected, Requested | SettledOffline)
                | (Abnormal, SettledOffline)
        );
    (is_final || !follows).then_some("the refund's status does not follow")
}

/// What `orders_keep_rules` and `orders_follow` say.
fn refused_order(before: &Order, after: &Order) -> Option<&'static str> {
    use OrderStatus::*;
    let (from, to) = (before.payment_status(), after.payment_status());
    let goes_on = matches!(
        (from, to),
        (PaymentStatus::Unpaid, PaymentStatus::Paid)
            | (PaymentStatus::Paid, PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded)
            | (PaymentStatus::PartiallyRefunded, PaymentStatus::Refunded)
    );
    if from != to && !goes_on {
        return Some("payment status does not follow");
    }
    let (from, to) = (before.status, after.status);
    let follows = match from {
        PendingPayment => matches!(to, Ready | Completed | Cancelling | Cancelled),
        Cancelling => matches!(to, Ready | Completed | Cancelled),
        Ready => matches!(to, Shipped | Cancelling | Cancelled),
        Shipped => matches!(to, Delivered | Completed | Cancelling | Cancelled),
        Delivered => to == Completed,
        Cancelled | Completed => false,
    };
    if from != to && !follows {
        return Some("order status does not follow");
    }
    let is_out = matches!(to, Shipped | Delivered | Completed);
    if before.shipments != after.shipments && !is_out {
        return Some("what is sent is shipped");
    }
    let is_more = after.shipments.starts_with(&before.shipments);
    (!is_more).then_some("a recorded shipment stays")
}

/// Why PostgreSQL would not write this.
fn refused(step: &Played) -> Option<&'static str> {
    let changed = || {
        let of = |old: &Refund| step.after.refund(&old.out_refund_no).map(|new| (old.clone(), new));
        step.before.refunds.iter().map(of)
    };
    if changed().any(|row| row.is_none()) {
        return Some("rows of refunds stay");
    }
    let numbers = |order: &Order| -> Vec<OutRefundNo> {
        order.refunds.iter().map(|refund| refund.out_refund_no.clone()).collect()
    };
    // `refund_no` is where it stands among the refunds of its order.
    if !numbers(&step.after).starts_with(&numbers(&step.before)) {
        return Some("refunds_no");
    }
    let holds = step.after.holds.iter().any(|hold| {
        hold.returned_quantity > hold.quantity
            || (hold.returned_quantity > 0 && hold.status != HoldStatus::Committed)
    });
    if holds {
        return Some("stock_holds_returned");
    }
    if step.written.outgoing.len() > usize::from(TOLD_MAX) {
        return Some("more is told than there are numbers");
    }
    let change = changed().flatten().find_map(|(before, after)| refused_change(&before, after));
    change
        .or_else(|| refused_rows(&step.after))
        .or_else(|| refused_order(&step.before, &step.after))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_is_decided_can_be_written(history in histories()) {
        for step in history.play() {
            let refused = refused(&step);
            prop_assert_eq!(refused, None, "{:?} of {:?}", step.events, step.before.refunds);
        }
    }

    /// `stock_moves_once`: goods of a line leave once, and come back once with each refund and once with the end
    /// of their order.
    #[test]
    fn a_move_of_stock_is_written_once(history in histories()) {
        let mut moved = BTreeSet::new();
        for step in history.play() {
            for stock in &step.written.stock {
                let slot = match stock.kind {
                    StockMoveKind::Commit | StockMoveKind::Release => "end".to_owned(),
                    StockMoveKind::Return => {
                        let with = stock.out_refund_no.as_ref().map_or("", OutRefundNo::as_str);
                        format!("return {with}")
                    }
                    StockMoveKind::Hold => "hold".to_owned(),
                };
                prop_assert!(stock.quantity > 0, "{:?}", stock);
                prop_assert!(moved.insert((stock.line_no, slot)), "{:?} twice", stock);
            }
        }
    }
}
