//! The follower of a payment, `follow_payment.rs`: query → close → query, round and round.
//!
//! A round of the model is a query, its record, and the close when the payment is being closed; the
//! query after the close is the first of the next round.

use super::{Model, Step, Steps};
use crate::{By, Deed, Flaw, Phase, Says, Truth, Which, World};
use domain::order::Order;
use domain::payment::PaymentState;

impl Model {
    pub(super) fn follower(&mut self, world: World, which: Which, steps: &mut Steps) {
        match world.number(which).heard {
            None => self.asks(world, which, steps),
            Some(says) => self.records_answer(world, which, says, steps),
        }
    }

    /// Also about a payment that has ended without money: somebody may want to know.
    fn asks(&self, world: World, which: Which, steps: &mut Steps) {
        let is_followed = self.payment(&world, which).is_some_and(|p| p.receipt().is_none());
        if !is_followed {
            return;
        }
        let truth = world.number(which).truth;
        // Nothing changes at WeChat Pay so late that a query could lag behind it.
        let may_lag = self.bounds.has_lag && world.phase != Phase::PastHorizon;
        let lagging = truth.said().filter(|_| may_lag);
        for says in [Some(truth.says()), lagging].into_iter().flatten() {
            let heard = world.with_number(which, |number| number.heard = Some(says));
            steps.push((Step::Asks(which, says), Ok(heard)));
        }
    }

    fn records_answer(&mut self, world: World, which: Which, says: Says, steps: &mut Steps) {
        let idle = world.with_number(which, |number| number.heard = None);
        let trusts_204 = self.flaw == Some(Flaw::CloseIsProof);
        self.commit(Deed::RecordFact(which, says, By::Query), idle, steps, |order, world| {
            if !is_closing(order, which) {
                return world;
            }
            world.with_number(which, |number| {
                number.is_close_on_wire = true;
                if trusts_204 && number.truth != Truth::Paid {
                    number.heard = Some(Says::Closed);
                }
            })
        });
    }
}

fn is_closing(order: &Order, which: Which) -> bool {
    let payment = crate::promise::payment(order, which);
    payment.is_some_and(|payment| matches!(payment.state, PaymentState::Closing { .. }))
}
