//! The buyer's requests, and the job that expires the order: `pay_order.rs`, `cancel_order.rs` and
//! `expire_order.rs` up to the first call to WeChat Pay.

use super::{Model, Step, Steps};
use crate::{Caller, Deed, Phase, Which, World};
use domain::order::Order;
use domain::payment::{Payment, PaymentState};

impl Model {
    pub(super) fn buyer(&mut self, world: World, steps: &mut Steps) {
        let status = self.book.order(world.order).status;
        let is_waiting = status == domain::order::OrderStatus::PendingPayment;
        if is_waiting {
            self.commit(Deed::Cancel, world, steps, |_, world| world);
            self.commit(Deed::Expire, world, steps, |_, world| world);
        }
        if world.phase != Phase::Open || !is_waiting {
            return;
        }
        if self.payment(&world, Which::Second).is_none() {
            self.commit(Deed::PayAnotherWay, world, steps, |order, world| {
                let caller = next_of_starter(order);
                world.with_number(Which::Second, |number| number.caller = caller)
            });
        }
        for which in Which::BOTH {
            self.asks_again(world, which, steps);
        }
    }

    /// The buyer asks for a payment that is recorded, and that WeChat Pay is not known to have.
    fn asks_again(&self, world: World, which: Which, steps: &mut Steps) {
        let order = self.book.order(world.order);
        let Some(payment) = self.payment(&world, which) else { return };
        let is_wanted = payment.is_open() && payment.credential().is_none();
        if is_wanted && world.number(which).caller == Caller::Idle {
            let caller = match payment.state {
                PaymentState::Created => next_of_starter(order),
                _ => Caller::Calling,
            };
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
