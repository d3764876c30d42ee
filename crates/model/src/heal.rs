//! Fair progress from any world on: no more faults, and only promised work. No notification comes
//! to help.
//!
//! Everything that workers had in hand and everything on the wire is lost first: that nothing
//! depends on it is the point. (A world in which some of it arrives is healed as well.)

use crate::promise::{self, Broken};
use crate::{By, Caller, Deed, Model, OrderRef, Phase, Truth, Which, World};
use domain::order::OrderStatus;
use domain::payment::{Payment, PaymentState};

/// Rounds of promised work after which there must be nothing left to do.
const ROUNDS_MAX: u32 = 12;

/// All that healing depends on.
pub(crate) type Patient = (OrderRef, Phase, [Truth; 2]);

impl Model {
    /// Whether everything ends well from here.
    pub(crate) fn heals(&mut self, world: &World) -> Result<(), Broken> {
        let patient = (world.order, world.phase, world.numbers.map(|number| number.truth));
        if let Some(known) = self.healed.get(&patient) {
            return known.clone();
        }
        let end = self.heal(world);
        self.healed.insert(patient, end.clone());
        end
    }

    fn heal(&mut self, world: &World) -> Result<(), Broken> {
        let alone = world.with(|world| {
            world.late = None;
            for number in &mut world.numbers {
                number.caller = Caller::Idle;
                number.heard = None;
            }
        });
        let quiet = self.work(alone)?;
        promise::of_quiet(&quiet, self.book.order(quiet.order))?;
        let later = quiet.with(|world| world.phase = Phase::PastHorizon);
        let end = self.work(later)?;
        promise::of_quiet(&end, self.book.order(end.order))?;
        promise::of_end(self.book.order(end.order))
    }

    /// All promised work, until nothing changes any more.
    fn work(&mut self, mut world: World) -> Result<World, Broken> {
        for _ in 0..ROUNDS_MAX {
            let before = world;
            let is_pending = self.book.order(world.order).status == OrderStatus::PendingPayment;
            if is_pending && world.phase != Phase::Open {
                world = self.act(world, Deed::Expire)?;
            }
            for which in Which::BOTH {
                if self.payment(&world, which).is_some_and(Payment::is_live) {
                    world = self.follow(world, which)?;
                }
            }
            if world == before {
                return Ok(world);
            }
        }
        Err(Broken { invariant: "I47", what: "promised work does not come to rest" })
    }

    /// Query, close, query.
    fn follow(&mut self, world: World, which: Which) -> Result<World, Broken> {
        let mut world = self.ask(world, which)?;
        let state = self.payment(&world, which).map(|payment| &payment.state);
        if let Some(PaymentState::Closing { .. }) = state {
            world.number_mut(which).close();
            world = self.ask(world, which)?;
        }
        Ok(world)
    }

    fn ask(&mut self, world: World, which: Which) -> Result<World, Broken> {
        let says = world.number(which).truth.says();
        self.act(world, Deed::RecordFact(which, says, By::Query))
    }

    fn act(&mut self, mut world: World, deed: Deed) -> Result<World, Broken> {
        if let Some(after) = self.book.decide(world.order, deed, world.phase)? {
            world.order = after;
        }
        Ok(world)
    }
}
