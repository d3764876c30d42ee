//! Fair progress from any world on: no more faults, and only promised work. No notification comes
//! to help.
//!
//! Everything that workers had in hand and everything on the wire is lost first: that nothing
//! depends on it is the point. (A world in which some of it arrives is healed as well.) Only where
//! the store has lost the very record of a payment, the news of it has to come from outside: by a
//! notification that is sent again, or by the bill.

use crate::promise::{self, Broken};
use crate::{
    Asked, By, Caller, Deed, Model, OrderRef, Phase, Refunder, Refunding, Truth, Which, World,
};
use domain::order::OrderStatus;
use domain::payment::PaymentState;

/// Rounds of promised work after which there must be nothing left to do.
const ROUNDS_MAX: u32 = 12;

/// All that healing depends on.
pub(crate) type Patient = (OrderRef, Phase, u8, [Truth; 2]);

impl Model {
    /// Whether everything ends well from here.
    pub(crate) fn heals(&mut self, world: &World) -> Result<(), Broken> {
        let truths = world.numbers.map(|number| number.truth);
        let patient = (world.order, world.phase, world.failovers, truths);
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
                number.refunder = Refunder::Idle;
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
                world = self.work_on(world, which)?;
            }
            if world == before {
                return Ok(world);
            }
        }
        Err(Broken { invariant: "I47", what: "promised work does not come to rest" })
    }

    fn work_on(&mut self, world: World, which: Which) -> Result<World, Broken> {
        let truth = world.number(which).truth;
        let world = match self.payment(&world, which) {
            Some(payment) if payment.is_live() => self.follow(world, which)?,
            None if truth.is_paid() => self.act(
                world,
                Deed::Adopt(which, truth.says(), By::Query(Asked::now(world.failovers))),
            )?,
            Some(_) | None => world,
        };
        self.follow_refund(world, which)
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
        self.act(world, Deed::RecordFact(which, says, By::Query(Asked::now(world.failovers))))
    }

    /// Ask what became of it, and send what does not exist.
    fn follow_refund(&mut self, world: World, which: Which) -> Result<World, Broken> {
        let Some(refund) = self.refund(&world, which) else { return Ok(world) };
        let owed = promise::owed(refund);
        let mut world = world;
        if refund.is_in_flight() {
            let says = world.number(which).truth.says_of_refund(owed);
            world = self.act(world, Deed::RecordRefund(which, owed, says))?;
        }
        if self.refund(&world, which).is_some_and(promise::is_unsent) {
            world = self.act(world, Deed::SendRefund(which, owed))?;
            world.number_mut(which).refund(owed);
            world = self.act(world, Deed::RecordRefund(which, owed, Refunding::Accepted))?;
        }
        Ok(world)
    }

    fn act(&mut self, mut world: World, deed: Deed) -> Result<World, Broken> {
        if let Some(after) = self.book.decide(world.order, deed, world.moment())? {
            world.order = after;
        }
        Ok(world)
    }
}
