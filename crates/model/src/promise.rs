//! What must be true: of every order, of every commit, of every world, and at the end.
//!
//! The names are those of the invariants in the design. Nothing here changes anything.

use crate::{Bounds, Truth, Which, World, opening};
use core::fmt;
use domain::changeset::Changeset;
use domain::job::{JobChange, JobId, next_look};
use domain::order::{Order, OrderStatus, SettledBy};
use domain::payment::{Payment, PaymentState};
use domain::stock::HoldStatus;
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
    let is_paid_family = match order.status {
        OrderStatus::Ready
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Completed => true,
        OrderStatus::PendingPayment | OrderStatus::Cancelling | OrderStatus::Cancelled => false,
    };
    holds(is_paid_family == order.settlement.is_some(), "I3", "paid, but not by one settlement")?;
    let paid: Vec<_> = order.payments.iter().filter(|p| is_paid(p)).map(|p| p.no).collect();
    let settled: Vec<_> = settled_by(order).into_iter().collect();
    holds(paid == settled, "I2", "the paid payments are not the one that settled the order")?;
    let promised = match order.status {
        OrderStatus::PendingPayment | OrderStatus::Cancelling => HoldStatus::Held,
        OrderStatus::Cancelled => HoldStatus::Released,
        OrderStatus::Ready
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Completed => HoldStatus::Committed,
    };
    let is_kept = order.holds.iter().all(|hold| hold.status == promised);
    holds(is_kept, "I22", "the stock of the order is not where its status says")?;
    let open = order.payments.iter().filter(|payment| payment.is_open()).count();
    holds(open <= 1, "one open payment", "the payer may be sent to two payments")?;
    order.payments.iter().try_for_each(|payment| of_refunds(order, payment))
}

/// One refund for money that the order cannot take, none for money that it took.
fn of_refunds(order: &Order, payment: &Payment) -> Result<(), Broken> {
    let refunds: Vec<_> = order.refunds.iter().filter(|r| r.payment_no == payment.no).collect();
    if let PaymentState::Surplus { receipt: Some(receipt), .. } = &payment.state {
        let is_full = refunds.iter().all(|refund| refund.amount == receipt.amount);
        let is_one = refunds.len() == 1;
        return holds(is_one && is_full, "I13", "surplus without exactly one full refund");
    }
    holds(refunds.is_empty(), "I12", "a refund of money that is not surplus")
}

/// Of a commit.
pub(crate) fn of_commit(before: &Order, changeset: &Changeset) -> Result<(), Broken> {
    let Some(write) = &changeset.order else { return Ok(()) };
    let after = &write.order;
    is_kept(before, after)?;
    let ends = before.status != after.status && after.status == OrderStatus::Cancelled;
    let waits = after.payments.iter().any(Payment::is_live);
    holds(!(ends && waits), "I9", "cancelled while a payment has not ended")?;
    let mut jobs = promised(before);
    for change in &changeset.jobs {
        match change {
            JobChange::Ensure { id, .. } => jobs.insert(id.clone()),
            JobChange::Remove { id } => jobs.remove(id),
        };
    }
    holds(jobs == promised(after), "I36", "a live payment or waiting order without its job")?;
    let now = changeset.decided_at;
    let goes_on = |payment: &Payment| next_look(payment, now).is_some() == payment.is_live();
    holds(after.payments.iter().all(goes_on), "I36", "the follower of a live payment ends")
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
        let is_true = payment.receipt().is_none() || number.truth == Truth::Paid;
        holds(is_true, "I4", "a success is recorded that never was")?;
        let may_be_paid = number.may_become_payable(world.phase, bounds);
        let is_over = order.status == OrderStatus::Cancelled;
        holds(!(is_over && may_be_paid), "I9", "cancelled, and the payer can still pay")?;
    }
    Ok(())
}

/// Of a world in which nothing has gone wrong for a while: no success is overlooked.
pub(crate) fn of_quiet(world: &World, order: &Order) -> Result<(), Broken> {
    for which in Which::BOTH {
        let Some(payment) = payment(order, which) else { continue };
        let is_seen = world.number(which).truth != Truth::Paid || payment.receipt().is_some();
        holds(is_seen, "I1", "a success neither settled nor owed back")?;
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
    holds(is_over && !waits, "I44", "the order does not end")
}

/// One of the order's payments, if the order knows it.
pub(crate) fn payment(order: &Order, which: Which) -> Option<&Payment> {
    order.payment(&opening::number(order, which))
}

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Paid { .. })
}

fn settled_by(order: &Order) -> Option<u8> {
    match order.settlement.as_ref()?.by {
        SettledBy::Wechat { payment_no } => Some(payment_no),
        SettledBy::Free => None,
    }
}
