//! What can happen next in a world: every step of every worker, of WeChat Pay, of the payer, of
//! time, and every fault.
//!
//! A use case is cut where something can come between: at each call and at each commit. Loading,
//! deciding and committing are one step, because the store refuses a changeset whose version
//! moved; a commit that arrives late is a step of its own.

mod buyer;
mod caller;
mod faults;
mod follower;
mod forget;
mod refunder;
mod wechat;

use crate::promise::Broken;
use crate::{Caller, Deed, Heard, Late, Model, Phase, Step, Which, World};
use domain::order::Order;

/// What can happen next, with the world after it.
pub type Steps = Vec<(Step, Result<World, Broken>)>;

impl Model {
    /// Everything that can happen next.
    pub fn steps(&mut self, world: World) -> Steps {
        let mut steps = Steps::new();
        self.time(world, &mut steps);
        self.buyer(world, &mut steps);
        for which in Which::BOTH {
            self.caller(world, which, &mut steps);
            self.follower(world, which, &mut steps);
            self.refunder(world, which, &mut steps);
            self.wechat(world, which, &mut steps);
        }
        self.faults(world, &mut steps);
        for (_, world) in &mut steps {
            if let Ok(world) = world {
                self.forget_what_cannot_matter(world);
            }
        }
        steps
    }

    fn time(&self, world: World, steps: &mut Steps) {
        let Some(next) = world.phase.next() else { return };
        let later = world.with(|world| {
            world.phase = next;
            if next == Phase::PastHorizon {
                for number in &mut world.numbers {
                    // What was sent before has arrived or never will. Whoever holds an answer may
                    // have stood still for so long, with a lease or without one.
                    number.is_prepay_on_wire = false;
                    number.heard = number.heard.map(|heard| Heard { is_old: true, ..heard });
                    if let Caller::Clearing | Caller::Calling = number.caller {
                        number.caller = Caller::Idle;
                    }
                }
            }
        });
        steps.push((Step::Reaches(next), Ok(later)));
    }

    /// `deed` is committed, or finds nothing to do, or is cut off from its answer. `world` is the one
    /// in which its worker has nothing in hand any more; `then` is what the worker does next,
    /// knowing the order as it is after the commit.
    fn commit(
        &mut self,
        deed: Deed,
        world: World,
        steps: &mut Steps,
        then: impl FnOnce(&Order, World) -> World,
    ) {
        let (step, after) = match self.book.decide(world.order, deed, world.moment()) {
            Err(broken) => return steps.push((Step::Commits(deed), Err(broken))),
            Ok(None) => (Step::FindsNothing(deed), world),
            Ok(Some(after)) => {
                if self.bounds.has_late_commits && world.late.is_none() {
                    let late = Some(Late { after, ahead: 0 });
                    steps.push((Step::IsCutOff(deed), Ok(World { late, ..world })));
                }
                (Step::Commits(deed), world.committed(after))
            }
        };
        steps.push((step, Ok(then(self.book.order(after.order), after))));
    }
}
