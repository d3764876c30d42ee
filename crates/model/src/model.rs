//! The protocol within bounds: the book of real decisions, and what was found out about worlds.

use crate::book::Book;
use crate::heal::Patient;
use crate::promise::{self, Broken};
use crate::quick::Quick;
use crate::{Bounds, Flaw, OrderRef, Which, World};
use domain::payment::Payment;
use domain::refund::Refund;
use indexmap::IndexMap;

/// The protocol within bounds.
#[derive(Debug)]
pub struct Model {
    pub(crate) bounds: Bounds,
    pub(crate) flaw: Option<Flaw>,
    pub(crate) book: Book,
    pub(crate) healed: IndexMap<Patient, Result<(), Broken>, Quick>,
    opening: OrderRef,
}

impl Model {
    /// The protocol within `bounds`, with or without a flaw.
    #[must_use]
    pub fn new(bounds: Bounds, flaw: Option<Flaw>) -> Model {
        let (book, opening) = Book::new(bounds.placed, flaw);
        Model { bounds, flaw, book, healed: IndexMap::default(), opening }
    }

    /// Where everything begins.
    #[must_use]
    pub fn opening(&self) -> World {
        World::opening(self.opening, self.bounds.placed)
    }

    /// The orders that were met.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// How many different situations were healed.
    #[must_use]
    pub fn healed(&self) -> usize {
        self.healed.len()
    }

    /// Whether a world is as it must be, now and in the end.
    ///
    /// # Errors
    /// The invariant that is broken.
    pub fn check(&mut self, world: &World) -> Result<(), Broken> {
        promise::of_world(world, self.book.order(world.order), &self.bounds)?;
        self.heals(world)
    }

    /// The order's record of one of the payments.
    pub(crate) fn payment(&self, world: &World, which: Which) -> Option<&Payment> {
        promise::payment(self.book.order(world.order), which)
    }

    /// The order's record of the refund of one of the payments.
    pub(crate) fn refund(&self, world: &World, which: Which) -> Option<&Refund> {
        promise::refund(self.book.order(world.order), which)
    }
}
