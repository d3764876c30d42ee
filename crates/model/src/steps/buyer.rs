//! The buyer's requests, and the job that expires the order: `pay_order.rs`, `cancel_order.rs` and
//! `expire_order.rs` up to the first call to WeChat Pay.

use super::Steps;
use crate::{Caller, Deed, Model, Phase, Step, Which, World};
use domain::order::{Order, OrderStatus};
use domain::payment::{Payment, PaymentState};
use domain::refund::{Refund, RefundKind};

impl Model {
    pub(super) fn buyer(&mut self, world: World, steps: &mut Steps) {
        let status = self.book.order(world.order).status;
        let is_waiting = status == OrderStatus::PendingPayment;
        if is_waiting || self.may_cancel_paid(&world) {
            self.commit(Deed::Cancel, world, steps, |_, world| world);
        }
        if is_waiting {
            self.commit(Deed::Expire, world, steps, |_, world| world);
        }
        if world.phase != Phase::Open || !is_waiting {
            return;
        }
        let payments = &self.book.order(world.order).payments;
        let last = payments.iter().map(|payment| payment.no).max().unwrap_or(0);
        if let Some(which) = Which::BOTH.into_iter().find(|which| which.no() == last + 1) {
            self.commit(Deed::Pay(which), world, steps, |order, world| {
                let caller = next_of_starter(order);
                world.with_number(which, |number| number.caller = caller)
            });
        }
        for which in Which::BOTH {
            self.asks_again(world, which, steps);
        }
    }

    /// Once: after a refund that came to nothing it would be the same again.
    fn may_cancel_paid(&self, world: &World) -> bool {
        let order = self.book.order(world.order);
        let asked = |refund: &Refund| refund.kind == RefundKind::Requested;
        self.bounds.has_cancels_of_paid
            && order.status == OrderStatus::Ready
            && !order.refunds.iter().any(asked)
    }

    /// The buyer asks for a payment that is recorded, and that WeChat Pay is not known to have.
    fn asks_again(&self, world: World, which: Which, steps: &mut Steps) {
        let order = self.book.order(world.order);
        let Some(payment) = self.payment(&world, which) else { return };
        let is_wanted = payment.is_open() && payment.credential().is_none();
        if is_wanted && world.number(which).caller == Caller::Idle {
            // Whoever recorded it may have died before the closes that come first.
            let is_new = payment.state == PaymentState::Created;
            let caller = if is_new { next_of_starter(order) } else { Caller::Calling };
            let busy = world.with_number(which, |number| number.caller = caller);
            steps.push((Step::TurnsTo(which), Ok(busy)));
        }
    }
}

/// What is being closed to make way is closed at WeChat Pay before the new payment is ordered there.
fn next_of_starter(order: &Order) -> Caller {
    let is_closing = |payment: &Payment| matches!(payment.state, PaymentState::Closing { .. });
    if order.payments.iter().any(is_closing) { Caller::Clearing } else { Caller::Calling }
}
