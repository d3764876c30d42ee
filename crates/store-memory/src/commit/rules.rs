//! The rules of money that Postgres keeps by constraints: a second guard under the state machine. What they
//! refuse was decided by a bug.

use domain::Fen;
use domain::order::{
    CancelCause, Order, OrderStatus, PaymentMethod, PaymentStatus as OrderPaid, SettledBy,
};
use domain::payment::{Payment, PaymentNo, PaymentState, PaymentStatus};
use domain::refund::{Refund, RefundKind, RefundState, RefundStatus};

/// What is wrong with putting `after` in the place of `before`.
pub(super) fn check(before: Option<&Order>, after: &Order) -> Result<(), &'static str> {
    if after.payments.iter().filter(|payment| payment.is_open()).count() > 1 {
        return Err("two payments of one order are open");
    }
    for payment in &after.payments {
        check_money(after, payment)?;
    }
    let Some(before) = before else { return Ok(()) };
    if after.version != before.version.saturating_add(1) {
        return Err("order version must rise by one");
    }
    if !may_follow(before.status, after.status) {
        return Err("the order's status does not follow");
    }
    if before.status == OrderStatus::Shipped && !may_follow_shipped(before, after) {
        return Err("goods that went out are not called back");
    }
    if before.payment_method != after.payment_method
        && (before.settlement.is_some() || after.settlement.is_none())
    {
        return Err("how an order is paid stays");
    }
    check_cash(before, after)?;
    if before.settlement.is_some() && before.settlement != after.settlement {
        return Err("a settlement stays");
    }
    if rank(after.payment_status()) < rank(before.payment_status()) {
        return Err("money that went back stays back");
    }
    check_coupon(before, after)?;
    for payment in &before.payments {
        check_payment(payment, after.payments.iter().find(|other| other.no == payment.no))?;
    }
    for refund in &before.refunds {
        check_refund(refund, after.refund(&refund.out_refund_no))?;
    }
    Ok(())
}

/// Cash settles what is to be paid at the door, in full, and beside nothing that is or can still be paid
/// online.
fn check_cash(before: &Order, after: &Order) -> Result<(), &'static str> {
    let (None, Some(settlement)) = (&before.settlement, &after.settlement) else { return Ok(()) };
    let SettledBy::Cash { .. } = settlement.by else { return Ok(()) };
    let is_where_it_belongs = after.payment_method == PaymentMethod::Cod
        && after.status == OrderStatus::Delivered
        && settlement.amount == after.amounts.total;
    if !is_where_it_belongs {
        return Err("cash is what the order costs, taken where it is delivered");
    }
    let is_kept = |payment: &Payment| matches!(payment.state, PaymentState::Paid { .. });
    if after.payments.iter().any(|payment| payment.is_live() || is_kept(payment)) {
        return Err("no cash while an online payment is not over");
    }
    Ok(())
}

/// Only what is refused at the door and was not paid comes back.
fn may_follow_shipped(before: &Order, after: &Order) -> bool {
    let comes_back = matches!(after.status, OrderStatus::Cancelling | OrderStatus::Cancelled);
    let is_refused = before.awaits_cash() && after.cancel_cause == Some(CancelCause::Refused);
    !comes_back || is_refused
}

fn check_money(order: &Order, payment: &Payment) -> Result<(), &'static str> {
    let paid = payment.receipt().map_or(Fen::ZERO, |receipt| receipt.amount);
    if order.reserved(payment.no) > paid {
        return Err("more goes back than was paid");
    }
    if live_surplus(order, payment.no) > 1 {
        return Err("two surplus refunds of one payment, neither in the place of another");
    }
    Ok(())
}

fn check_coupon(before: &Order, after: &Order) -> Result<(), &'static str> {
    match (&before.coupon, &after.coupon) {
        (None, None) => Ok(()),
        (Some(before), Some(after)) if before == after => Ok(()),
        (Some(before), Some(after)) if before.grant != after.grant => {
            Err("which coupon an order has stays")
        }
        (Some(before), Some(after)) if before.status.may_become(after.status) => Ok(()),
        (Some(_), Some(_)) => Err("the coupon's status does not follow"),
        (None, Some(_)) | (Some(_), None) => Err("whether an order has a coupon stays"),
    }
}

fn live_surplus(order: &Order, no: PaymentNo) -> usize {
    let of_payment = order.refunds.iter().filter(|refund| refund.payment_no == no);
    let live = |refund: &&Refund| {
        refund.kind == RefundKind::Surplus
            && refund.replaces.is_none()
            && !matches!(
                refund.state,
                RefundState::Withdrawn | RefundState::Closed { .. } | RefundState::Rejected { .. }
            )
    };
    of_payment.filter(live).count()
}

fn check_payment(before: &Payment, after: Option<&Payment>) -> Result<(), &'static str> {
    let after = after.ok_or("a payment stays")?;
    if before.terms != after.terms {
        return Err("what was asked for stays");
    }
    match (&before.state, &after.state) {
        (PaymentState::Paid { .. } | PaymentState::Surplus { .. }, state)
            if *state != before.state =>
        {
            Err("what was received stays")
        }
        (PaymentState::Closed { .. }, state)
            if !matches!(
                state.status(),
                PaymentStatus::Closed | PaymentStatus::Paid | PaymentStatus::Surplus
            ) =>
        {
            Err("the payment's status does not follow")
        }
        _ => Ok(()),
    }
}

fn check_refund(before: &Refund, after: Option<&Refund>) -> Result<(), &'static str> {
    let after = after.ok_or("a refund stays")?;
    let is_same = (before.payment_no, before.kind, &before.replaces, before.owed)
        == (after.payment_no, after.kind, &after.replaces, after.owed);
    if !is_same {
        return Err("what a refund is about stays");
    }
    // How much it is, and of what, WeChat Pay says when it is first heard of there.
    let is_heard_of = before.refund_id().is_none() && after.refund_id().is_some();
    let restated = if is_heard_of { after.as_asked() } else { after.clone() };
    let is_as_much = (before.amount, &before.lines) == (restated.amount, &restated.lines)
        && (is_heard_of || before.asked == after.asked);
    if !is_as_much {
        return Err("how much a refund is stays");
    }
    if before.refund_id().is_some()
        && after.refund_id().is_some_and(|id| Some(id) != before.refund_id())
    {
        return Err("a recorded refund_id stays");
    }
    let (from, to) = (before.state.status(), after.state.status());
    if from == to || may_refund_follow(from, to) {
        Ok(())
    } else {
        Err("the refund's status does not follow")
    }
}

fn may_follow(before: OrderStatus, after: OrderStatus) -> bool {
    use OrderStatus::{
        Cancelled, Cancelling, Completed, Delivered, PendingPayment, Ready, Shipped,
    };
    before == after
        || match before {
            PendingPayment => matches!(after, Ready | Completed | Cancelling | Cancelled),
            Cancelling => matches!(after, Ready | Completed | Cancelled),
            Ready => matches!(after, Shipped | Cancelling | Cancelled),
            Shipped => matches!(after, Delivered | Completed | Cancelling | Cancelled),
            Delivered => after == Completed,
            Cancelled | Completed => false,
        }
}

/// A fact of WeChat Pay's may come in every state that is not final, whatever we thought of the refund.
fn may_refund_follow(before: RefundStatus, after: RefundStatus) -> bool {
    use RefundStatus::{
        Abnormal, AwaitingApproval, Closed, Declined, Processing, Rejected, Requested, Sending,
        SettledOffline, Succeeded, Unknown, Withdrawn,
    };
    if matches!(before, Succeeded | Closed | SettledOffline) {
        return false;
    }
    matches!(after, Processing | Succeeded | Abnormal | Closed)
        || matches!(
            (before, after),
            (AwaitingApproval, Requested | Declined | Withdrawn)
                | (Requested, Sending | Withdrawn)
                | (Sending, Unknown | Rejected)
                | (Unknown, Sending | Rejected)
                | (Rejected, Requested | SettledOffline)
                | (Abnormal, SettledOffline)
        )
}

fn rank(status: OrderPaid) -> u8 {
    match status {
        OrderPaid::Unpaid => 0,
        OrderPaid::Paid => 1,
        OrderPaid::PartiallyRefunded => 2,
        OrderPaid::Refunded => 3,
    }
}
