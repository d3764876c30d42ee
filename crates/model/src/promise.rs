//! What must be true: of every order, of every commit, of every world, and at the end.
//!
//! The names are those of the invariants in the design. Nothing here changes anything.

use crate::{Bounds, Owed, Truth, Which, World};
use core::fmt;
use domain::changeset::Changeset;
use domain::job::{JobChange, JobId, next_look, next_refund_look};
use domain::order::{Order, OrderStatus, SettledBy};
use domain::payment::{Payment, PaymentState, SurplusCause};
use domain::refund::{Refund, RefundKind, RefundState};
use domain::stock::HoldStatus;
use domain::{Fen, Pace};
use std::collections::BTreeSet;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its name.
    pub invariant: &'static str,
    /// What is so instead.
    pub what: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

fn holds(is_so: bool, invariant: &'static str, what: &'static str) -> Result<(), Broken> {
    if is_so { Ok(()) } else { Err(Broken { invariant, what }) }
}

/// Of an order, whatever the world around it is.
pub(crate) fn of_order(order: &Order) -> Result<(), Broken> {
    let is_settled = order.settlement.is_some();
    let agrees = match order.status {
        OrderStatus::PendingPayment => !is_settled,
        // Of what was paid, all goes back, and is accepted in the end.
        OrderStatus::Cancelling => order.refundable() == Fen::ZERO,
        OrderStatus::Cancelled => !is_settled || order.refunds.iter().any(is_accepted_whole(order)),
        OrderStatus::Ready
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Completed => is_settled,
    };
    holds(agrees, "I3", "the status of the order and its settlement do not agree")?;
    let paid: Vec<_> = order.payments.iter().filter(|p| is_paid(p)).map(|p| p.no).collect();
    let settled: Vec<_> = settled_by(order).into_iter().collect();
    holds(paid == settled, "I2", "the paid payments are not the one that settled the order")?;
    let is_over = order.status == OrderStatus::Cancelled;
    let is_kept = order.holds.iter().all(|hold| {
        let comes_back = if is_over && is_settled { hold.quantity } else { 0 };
        let status = match (is_settled, is_over) {
            (true, _) => HoldStatus::Committed,
            (false, true) => HoldStatus::Released,
            (false, false) => HoldStatus::Held,
        };
        hold.status == status && hold.returned_quantity == comes_back
    });
    holds(is_kept, "I22", "the stock of the order is not where its status says")?;
    let open = order.payments.iter().filter(|payment| payment.is_open()).count();
    holds(open <= 1, "one open payment", "the payer may be sent to two payments")?;
    order.payments.iter().try_for_each(|payment| of_refunds(order, payment))
}

/// One refund for money that the order cannot take, none for money that it took.
fn of_refunds(order: &Order, payment: &Payment) -> Result<(), Broken> {
    let refunds: Vec<_> = order.refunds.iter().filter(|r| r.payment_no == payment.no).collect();
    if let PaymentState::Surplus { receipt, .. } = &payment.state {
        let received = receipt.as_ref().map(|receipt| receipt.amount);
        let is_full = refunds.iter().all(|refund| Some(refund.amount) == received);
        return holds(refunds.len() == 1 && is_full, "I13", "surplus without its one full refund");
    }
    let is_asked_for = refunds.iter().all(|refund| refund.kind == RefundKind::Requested);
    holds(is_asked_for, "I12", "a refund that nobody asked for of money that is not surplus")
}

/// Of a commit.
pub(crate) fn of_commit(before: &Order, changeset: &Changeset) -> Result<(), Broken> {
    let Some(write) = &changeset.order else { return Ok(()) };
    let after = &write.order;
    is_kept(before, after)?;
    let ends = before.status != after.status && after.status == OrderStatus::Cancelled;
    let waits = after.payments.iter().any(Payment::is_live);
    holds(!(ends && waits), "I9", "cancelled while a payment has not ended")?;
    let troubles = |order: &Order| {
        let surplus = order.payments.iter().filter(|payment| is_surplus(payment)).count();
        surplus + order.refunds.iter().filter(|refund| is_rejected(refund)).count()
    };
    let is_told = troubles(after) <= troubles(before) + changeset.cases.len();
    holds(is_told, "I1", "surplus, or a refused refund, without a case")?;
    let is_wanted = |payment: &&Payment| {
        let is_new = !before.payments.iter().any(|p| p.no == payment.no && is_surplus(p));
        is_new && before.is_payable() && is_surplus_to_the_order(payment)
    };
    let is_needless = after.payments.iter().any(|payment| is_wanted(&payment));
    holds(!is_needless, "I12", "money goes back that the order could take")?;
    let mut jobs = promised(before);
    for change in &changeset.jobs {
        match change {
            JobChange::Ensure { id, .. } => jobs.insert(id.clone()),
            JobChange::Remove { id } => jobs.remove(id),
        };
    }
    // A refund that was refused for good is looked at once more, in case it was not.
    for refund in after.refunds.iter().filter(|refund| is_rejected(refund)) {
        jobs.remove(&JobId::refund(&refund.out_refund_no));
    }
    holds(jobs == promised(after), "I36", "a live payment or waiting order without its job")?;
    let now = changeset.decided_at;
    let goes_on =
        |payment: &Payment| next_look(payment, now, Pace::DESIGNED).is_some() == payment.is_live();
    holds(after.payments.iter().all(goes_on), "I36", "the follower of a live payment ends")?;
    let goes_on = |refund: &Refund| {
        next_refund_look(refund, now, Pace::DESIGNED).is_some() || !refund.is_live()
    };
    holds(after.refunds.iter().all(goes_on), "I36", "the follower of a live refund ends")
}

/// What a commit must leave as it was.
pub(crate) fn is_kept(before: &Order, after: &Order) -> Result<(), Broken> {
    let keeps_money = before.payments.iter().all(|payment| {
        let later = after.payments.iter().find(|later| later.no == payment.no);
        payment.receipt().is_none() || later.is_some_and(|later| later.state == payment.state)
    });
    holds(keeps_money, "I8", "a recorded success is gone")?;
    let keeps_settlement = before.settlement.is_none() || after.settlement == before.settlement;
    holds(keeps_settlement, "I7", "a settlement is gone")?;
    let keeps_end = before.status != OrderStatus::Cancelled || after.status == before.status;
    holds(keeps_end, "I7", "a cancelled order goes on")
}

/// The work that has to be promised for an order: none of it is ever owed by memory alone.
fn promised(order: &Order) -> BTreeSet<JobId> {
    let live = order.payments.iter().filter(|payment| payment.is_live());
    let mut jobs: BTreeSet<JobId> = live.map(|p| JobId::follow(p.out_trade_no())).collect();
    let refunds = order.refunds.iter().filter(|refund| refund.is_live());
    jobs.extend(refunds.map(|refund| JobId::refund(&refund.out_refund_no)));
    if order.status == OrderStatus::PendingPayment {
        jobs.insert(JobId::expire(&order.number));
    }
    jobs
}

/// Of a world.
pub(crate) fn of_world(world: &World, order: &Order, bounds: &Bounds) -> Result<(), Broken> {
    for which in Which::BOTH {
        let Some(payment) = payment(order, which) else { continue };
        let number = world.number(which);
        let is_true = payment.receipt().is_none() || number.truth.is_paid();
        holds(is_true, "I4", "a success is recorded that never was")?;
        let is_asked_for = refund(order, which).is_some_and(|refund| refund.sent_at.is_some());
        let is_gone = matches!(number.truth, Truth::Refunded(_));
        let is_kept = !is_paid(payment) || !is_gone || is_asked_for;
        holds(is_kept, "I12", "the money that settles the order has gone back")?;
        let refund = refund(order, which);
        let is_true = refund.is_none_or(|refund| {
            !refund.is_accepted() || number.truth == Truth::Refunded(owed(refund))
        });
        holds(is_true, "I14", "a refund is recorded that never was")?;
        let may_be_paid = number.may_become_payable(world.phase, bounds);
        let is_over = order.status == OrderStatus::Cancelled;
        holds(!(is_over && may_be_paid), "I9", "cancelled, and the payer can still pay")?;
    }
    Ok(())
}

/// Of a world in which nothing has gone wrong for a while: no success is overlooked.
pub(crate) fn of_quiet(world: &World, order: &Order) -> Result<(), Broken> {
    for which in Which::BOTH {
        let payment = payment(order, which);
        let is_seen = payment.is_some_and(|payment| payment.receipt().is_some());
        let is_paid = world.number(which).truth.is_paid();
        holds(is_seen || !is_paid, "I1", "a success neither settled nor paid back")?;
    }
    Ok(())
}

/// Of a quiet world past the horizon: all has ended.
pub(crate) fn of_end(order: &Order) -> Result<(), Broken> {
    let is_over = match order.status {
        OrderStatus::Ready | OrderStatus::Cancelled => true,
        OrderStatus::PendingPayment
        | OrderStatus::Cancelling
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Completed => false,
    };
    let waits = order.payments.iter().any(Payment::is_live);
    holds(is_over && !waits, "I44", "the order does not end")?;
    let is_over = |refund: &Refund| refund.is_accepted() || is_rejected(refund);
    holds(order.refunds.iter().all(is_over), "I45", "a refund is neither accepted nor a case")
}

/// One of the order's payments, if the order knows it.
pub(crate) fn payment(order: &Order, which: Which) -> Option<&Payment> {
    order.payment_by_no(which.no())
}

/// The refund of one of the payments, if there is one.
pub(crate) fn refund(order: &Order, which: Which) -> Option<&Refund> {
    order.refunds.iter().find(|refund| refund.payment_no == which.no())
}

/// Why a refund is owed.
pub(crate) fn owed(refund: &Refund) -> Owed {
    match refund.kind {
        RefundKind::Requested => Owed::Cancelled,
        RefundKind::Surplus | RefundKind::External => Owed::Surplus,
    }
}

/// Whether it is to be sent, as far as is known: nothing refused it, and nothing accepted it.
pub(crate) fn is_unsent(refund: &Refund) -> bool {
    match &refund.state {
        RefundState::Requested | RefundState::Sending | RefundState::Unknown { refused: None } => {
            true
        }
        RefundState::Unknown { refused: Some(_) }
        | RefundState::AwaitingApproval
        | RefundState::Declined
        | RefundState::Withdrawn
        | RefundState::Processing { .. }
        | RefundState::Succeeded { .. }
        | RefundState::Abnormal { .. }
        | RefundState::Closed { .. }
        | RefundState::Rejected { .. }
        | RefundState::SettledOffline { .. } => false,
    }
}

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Paid { .. })
}

fn is_surplus(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Surplus { .. })
}

/// Not for what was seen of it after the store had lost commits.
fn is_surplus_to_the_order(payment: &Payment) -> bool {
    match &payment.state {
        PaymentState::Surplus { why, .. } => match why {
            SurplusCause::Late | SurplusCause::Second | SurplusCause::Mismatch => true,
            SurplusCause::RefundSeenFirst | SurplusCause::RecordLost => false,
        },
        PaymentState::Created
        | PaymentState::Payable { .. }
        | PaymentState::Unknown
        | PaymentState::Closing { .. }
        | PaymentState::Closed { .. }
        | PaymentState::Rejected { .. }
        | PaymentState::Paid { .. } => false,
    }
}

fn is_accepted_whole(order: &Order) -> impl Fn(&Refund) -> bool {
    let paid = order.paid();
    move |refund| refund.is_accepted() && refund.amount == paid
}

pub(crate) fn is_rejected(refund: &Refund) -> bool {
    matches!(refund.state, RefundState::Rejected { .. })
}

fn settled_by(order: &Order) -> Option<u8> {
    match &order.settlement.as_ref()?.by {
        SettledBy::Wechat { payment_no } | SettledBy::Wallet { payment_no } => Some(*payment_no),
        SettledBy::Cash { .. } | SettledBy::Free => None,
    }
}
