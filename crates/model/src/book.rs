//! The orders that were met, each once, and what every command means for them: the only place that
//! calls the real decisions.
//!
//! `domain` is pure: the same order, command and time always give the same changeset. So each
//! question is asked once, and a world names its order by a small number.

use crate::promise::{self, Broken};
use crate::quick::Quick;
use crate::{Deed, Flaw, Phase, Placed, Says, opening};
use domain::changeset::Changeset;
use domain::order::{Circumstances, Decision, Order, OrderStatus};
use domain::stock::HoldStatus;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::num::NonZeroU16;

/// An order of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderRef(NonZeroU16);

impl OrderRef {
    fn index(self) -> usize {
        usize::from(self.0.get() - 1)
    }
}

/// Orders and decisions.
#[derive(Debug)]
pub struct Book {
    flaw: Option<Flaw>,
    orders: Vec<Order>,
    /// By what `Debug` shows of them, which is not all.
    known: BTreeMap<String, Vec<OrderRef>>,
    decided: IndexMap<(OrderRef, Deed, Moment), Meaning, Quick>,
}

/// When something is decided: the phase, and how many failovers there were before.
pub(crate) type Moment = (Phase, u8);

/// What a command means: the order after its commit; `None` when nothing is to be written.
pub(crate) type Meaning = Result<Option<OrderRef>, Broken>;

impl Book {
    /// A book with one order in it, just placed.
    pub(crate) fn new(placed: Placed, flaw: Option<Flaw>) -> (Book, OrderRef) {
        let (orders, known) = (Vec::new(), BTreeMap::new());
        let mut book = Book { flaw, orders, known, decided: IndexMap::default() };
        let opening = book.enter(opening::order(placed));
        (book, opening)
    }

    /// The order itself.
    #[must_use]
    pub fn order(&self, which: OrderRef) -> &Order {
        &self.orders[which.index()]
    }

    /// How many orders were met.
    #[must_use]
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether no order was met.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// What `deed` means for an order at this moment.
    pub(crate) fn decide(&mut self, order: OrderRef, deed: Deed, moment: Moment) -> Meaning {
        let question = (order, deed, moment);
        if let Some(meaning) = self.decided.get(&question) {
            return meaning.clone();
        }
        let meaning = self.ask(order, deed, moment);
        self.decided.insert(question, meaning.clone());
        meaning
    }

    fn ask(&mut self, order: OrderRef, deed: Deed, (phase, failovers): Moment) -> Meaning {
        let before = self.order(order).clone();
        let phase = self.phase_of(deed, phase);
        let now = opening::now(phase);
        let is_unaware = self.flaw == Some(Flaw::NotAskedAgain);
        let epoch = opening::epoch(if is_unaware { 0 } else { failovers });
        let circumstances = Circumstances::ordinary(now, &epoch);
        let events = match before.decide_with(&deed.command(&before, phase), &circumstances) {
            Ok(Decision::Record(events)) => events,
            Ok(Decision::AlreadyApplied) | Err(_) => return Ok(None),
        };
        let changeset = Changeset::of(Some(&before), events, Vec::new(), opening::intent(), now);
        let Some(after) = changeset.as_ref().and_then(|changeset| changeset.order.as_ref()) else {
            return Ok(None);
        };
        let after = self.flawed(after.order.clone());
        if let Some(changeset) = &changeset {
            promise::of_commit(&before, changeset)?;
        }
        promise::of_order(&after)?;
        Ok(Some(self.enter(after)))
    }

    #[expect(
        clippy::expect_used,
        reason = "a book that is full would mistake one order for another"
    )]
    fn enter(&mut self, order: Order) -> OrderRef {
        // Which commit it is makes no difference to a decision: worlds know how far the store is
        // ahead of what a worker read, and that is all a version is for.
        let order = Order { version: 0, ..order };
        let alike = self.known.entry(format!("{order:?}")).or_default();
        let known = alike.iter().find(|known| self.orders.get(known.index()) == Some(&order));
        if let Some(known) = known {
            return *known;
        }
        self.orders.push(order);
        let new = u16::try_from(self.orders.len()).ok().and_then(NonZeroU16::new);
        let new = OrderRef(new.expect("bounds let thousands of orders come about, not more"));
        alike.push(new);
        new
    }

    fn phase_of(&self, deed: Deed, phase: Phase) -> Phase {
        let is_absence = matches!(deed, Deed::RecordFact(_, Says::NotExist, _));
        let is_hasty = self.flaw == Some(Flaw::NotExistIsProof);
        if is_absence && is_hasty { Phase::PastHorizon } else { phase }
    }

    fn flawed(&self, mut order: Order) -> Order {
        let releases = self.flaw == Some(Flaw::CancellingReleases);
        if releases && order.status == OrderStatus::Cancelling {
            for hold in &mut order.holds {
                hold.status = HoldStatus::Released;
            }
        }
        order
    }
}
