//! What goes wrong: workers die with what they had in hand, commits come late, the store fails over
//! to a copy that lacks the last commits.

use super::Steps;
use crate::promise::{self, Broken};
use crate::{Caller, Flaw, Late, Model, Refunder, Step, Undurable, Which, World};

impl Model {
    pub(super) fn faults(&mut self, world: World, steps: &mut Steps) {
        for which in Which::BOTH {
            let number = world.number(which);
            if number.caller != Caller::Idle {
                let dead = world.with_number(which, |number| number.caller = Caller::Idle);
                steps.push((Step::Forgets(which), Ok(dead)));
            }
            if number.heard.is_some() {
                let dead = world.with_number(which, |number| number.heard = None);
                steps.push((Step::Forgets(which), Ok(dead)));
            }
            if number.refunder != Refunder::Idle {
                let dead = world.with_number(which, |number| number.refunder = Refunder::Idle);
                steps.push((Step::Forgets(which), Ok(dead)));
            }
        }
        if let Some(late) = world.late {
            steps.push((Step::LateCommitLands, self.lands(World { late: None, ..world }, late)));
        }
        if world.failovers < self.bounds.failovers {
            for (lost, order) in world.undurable.rollbacks() {
                let rolled_back = world.with(|world| {
                    world.order = order;
                    world.undurable = Undurable::default();
                    world.failovers += 1;
                    // The store refuses what was decided in its life before.
                    let is_kept = self.flaw == Some(Flaw::EpochIgnored);
                    world.late = world
                        .late
                        .filter(|_| is_kept)
                        .map(|late| Late { ahead: late.ahead - lost, ..late });
                    if !self.bounds.has_refunds_across_failovers {
                        for number in &mut world.numbers {
                            number.refund_on_wire = None;
                            if let Refunder::Calling(_) = number.refunder {
                                number.refunder = Refunder::Idle;
                            }
                        }
                    }
                });
                steps.push((Step::FailsOver(lost), Ok(rolled_back)));
            }
        }
    }

    /// The store takes a changeset only at the version that it expects.
    fn lands(&self, world: World, late: Late) -> Result<World, Broken> {
        if late.ahead != 0 && self.flaw != Some(Flaw::VersionIgnored) {
            return Ok(world);
        }
        promise::is_kept(self.book.order(world.order), self.book.order(late.after))?;
        Ok(world.committed(late.after))
    }
}
