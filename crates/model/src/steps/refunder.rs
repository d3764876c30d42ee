//! The job that brings the refund of a payment to WeChat Pay, `follow_refund.rs`: said, sent, recorded;
//! asked about when no answer came.

use super::Steps;
use crate::step::RefundEnds;
use crate::{Deed, Model, Number, Owed, Refunder, Refunding, Step, Truth, Which, World, promise};
use domain::refund::RefundState;

impl Model {
    pub(super) fn refunder(&mut self, world: World, which: Which, steps: &mut Steps) {
        match world.number(which).refunder {
            Refunder::Idle => self.takes_up_refund(world, which, steps),
            Refunder::Calling(owed) => self.calls_refund(world, which, owed, steps),
            Refunder::Has(owed, refunding) => {
                let idle = world.with_number(which, |number| number.refunder = Refunder::Idle);
                self.commit(Deed::RecordRefund(which, owed, refunding), idle, steps, |_, world| {
                    world
                });
            }
        }
    }

    /// Sends what was never sent; asks about the rest before it sends it again, which here is two
    /// steps that need not follow each other.
    fn takes_up_refund(&mut self, world: World, which: Which, steps: &mut Steps) {
        let Some(refund) = self.refund(&world, which) else { return };
        let owed = promise::owed(refund);
        let is_asked_about = refund.state != RefundState::Requested
            && (refund.is_live() || promise::is_rejected(refund));
        if promise::is_unsent(refund) {
            self.commit(Deed::SendRefund(which, owed), world, steps, |_, world| {
                world.with_number(which, |number| number.refunder = Refunder::Calling(owed))
            });
        }
        if !is_asked_about {
            return;
        }
        let says = world.number(which).truth.says_of_refund(owed);
        let lagging = Some(Refunding::NotExist).filter(|old| self.bounds.has_lag && *old != says);
        for refunding in [Some(says), lagging].into_iter().flatten() {
            let heard =
                world.with_number(which, |number| number.refunder = Refunder::Has(owed, refunding));
            steps.push((Step::AsksAboutRefund(which, refunding), Ok(heard)));
        }
    }

    fn calls_refund(&self, world: World, which: Which, owed: Owed, steps: &mut Steps) {
        let mut end = |ends: RefundEnds, has: Refunding, effect: fn(&mut Number, Owed)| {
            let called = world.with_number(which, |number| {
                effect(number, owed);
                number.refunder = Refunder::Has(owed, has);
            });
            steps.push((Step::CallsRefund(which, ends), Ok(called)));
        };
        end(RefundEnds::Accepted, Refunding::Accepted, Number::refund);
        end(RefundEnds::AnswerLost, Refunding::Unknown, Number::refund);
        end(RefundEnds::Unheard, Refunding::Unknown, |number, owed| {
            number.refund_on_wire = Some(owed);
        });
        if world.number(which).truth == Truth::Paid && self.bounds.has_refusals {
            end(RefundEnds::Refused, Refunding::Refused, |_, _| {});
        }
    }
}
