//! Worlds that differ only in what can never matter again are one world.
//!
//! Nothing is forgotten that could still change what anybody does or what must be true.

use crate::{Caller, Flaw, Model, Payer, Phase, Truth, Which, World};
use domain::payment::{Payment, PaymentState};

impl Model {
    pub(super) fn forget_what_cannot_matter(&self, world: &mut World) {
        let can_fail_over = world.failovers < self.bounds.failovers;
        world.undurable.truncate(if can_fail_over { self.bounds.lost_commits } else { 0 });
        if !can_fail_over && self.flaw != Some(Flaw::VersionIgnored) {
            // The store is ahead for good.
            world.late = world.late.filter(|late| late.ahead <= 0);
        }
        for which in Which::BOTH {
            self.forget_about(world, which, can_fail_over);
        }
    }

    fn forget_about(&self, world: &mut World, which: Which, can_fail_over: bool) {
        let payment = self.payment(world, which);
        // Whoever asks is shown it, as often as they ask.
        let is_shown = payment.is_some_and(|p| p.is_open() && p.credential().is_some());
        let is_over = !can_fail_over && payment.is_some_and(has_ended);
        let is_past = world.phase == Phase::PastHorizon;
        let number = world.number_mut(which);
        let is_unpaid = matches!(number.truth, Truth::Absent | Truth::Open);
        number.is_offered |= is_shown;
        number.is_offered &= is_unpaid && !is_past;
        number.is_offered &= self.bounds.payer == Payer::HoldsCredential;
        number.is_close_on_wire &= is_unpaid;
        number.is_prepay_on_wire &= number.truth == Truth::Absent;
        number.refund_on_wire = number.refund_on_wire.filter(|_| number.truth == Truth::Paid);
        if is_over && !is_unpaid {
            // No answer says anything new.
            number.heard = None;
            if let Caller::Calling | Caller::Has(_) = number.caller {
                number.caller = Caller::Idle;
            }
        }
    }
}

/// Whether the record says what can be said of it in the end.
fn has_ended(payment: &Payment) -> bool {
    payment.receipt().is_some() || matches!(payment.state, PaymentState::Closed { .. })
}
