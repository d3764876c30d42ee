//! The follower of a payment, `follow_payment.rs`: query → close → query, round and round.
//!
//! A round of the model is a query, its record, and the close when the payment is being closed; the
//! query after the close is the first of the next round.

use super::Steps;
use crate::{Asked, By, Deed, Flaw, Heard, Model, Phase, Says, Step, Which, World};
use domain::order::Order;
use domain::payment::PaymentState;

impl Model {
    pub(super) fn follower(&mut self, world: World, which: Which, steps: &mut Steps) {
        match world.number(which).heard {
            None => self.asks(world, which, steps),
            Some(heard) => self.records_answer(world, which, heard, steps),
        }
    }

    /// Also about a payment that has ended without money: somebody may want to know.
    fn asks(&self, world: World, which: Which, steps: &mut Steps) {
        let truth = world.number(which).truth;
        let is_followed = match self.payment(&world, which) {
            Some(payment) => payment.receipt().is_none(),
            // A success of a number that is not on record: whose is it?
            None => truth.is_paid(),
        };
        if !is_followed {
            return;
        }
        // Nothing changes at WeChat Pay so late that a query could lag behind it.
        let may_lag = self.bounds.has_lag && world.phase != Phase::PastHorizon;
        let lagging = truth.said().filter(|_| may_lag);
        for says in [Some(truth.says()), lagging].into_iter().flatten() {
            let heard = world.with_number(which, |number| {
                number.heard = Some(Heard::now(says, world.failovers));
            });
            steps.push((Step::Asks(which, says), Ok(heard)));
        }
    }

    fn records_answer(&mut self, world: World, which: Which, heard: Heard, steps: &mut Steps) {
        let idle = world.with_number(which, |number| number.heard = None);
        let trusts_204 = self.flaw == Some(Flaw::CloseIsProof);
        let (says, by) = (heard.says, By::Query(self.asked(heard)));
        let deed = match self.payment(&world, which) {
            Some(_) => Deed::RecordFact(which, says, by),
            None => Deed::Adopt(which, says, by),
        };
        self.commit(deed, idle, steps, |order, world| {
            if !is_closing(order, which) {
                return world;
            }
            world.with_number(which, |number| {
                number.is_close_on_wire = true;
                if trusts_204 && !number.truth.is_paid() {
                    number.heard = Some(Heard { says: Says::Closed, ..heard });
                }
            })
        });
    }
}

impl Model {
    /// When an answer was asked for, as the record says.
    fn asked(&self, heard: Heard) -> Asked {
        let is_old = heard.is_old && self.flaw != Some(Flaw::AnswersKeep);
        Asked { on: heard.asked_on, is_old }
    }
}

fn is_closing(order: &Order, which: Which) -> bool {
    let payment = crate::promise::payment(order, which);
    payment.is_some_and(|payment| matches!(payment.state, PaymentState::Closing { .. }))
}
