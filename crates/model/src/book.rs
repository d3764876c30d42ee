//! The orders that were met, each once, and what every command means for them: the only place that
//! calls the real decisions.
//!
//! `domain` is pure: the same order, command and time always give the same changeset. So each
//! question is asked once, and a world names its order by a small number.

use crate::promise::{self, Broken};
use crate::{Deed, Flaw, Phase, opening};
use domain::changeset::Changeset;
use domain::order::{Circumstances, Decision, Order, OrderStatus, StockOutcome};
use domain::payment::PaymentState;
use domain::stock::HoldStatus;
use std::collections::BTreeMap;

/// An order of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderRef(u32);

/// Orders and decisions.
#[derive(Debug)]
pub struct Book {
    flaw: Option<Flaw>,
    orders: Vec<Order>,
    /// By what `Debug` shows of them; what it hides never differs within a run.
    known: BTreeMap<String, OrderRef>,
    decided: BTreeMap<(OrderRef, Deed, Phase), Meaning>,
}

/// What a command means: the order after its commit; `None` when nothing is to be written.
pub(crate) type Meaning = Result<Option<OrderRef>, Broken>;

impl Book {
    /// A book with one order in it, just placed.
    pub(crate) fn new(flaw: Option<Flaw>) -> (Book, OrderRef) {
        let (orders, known) = (Vec::new(), BTreeMap::new());
        let mut book = Book { flaw, orders, known, decided: BTreeMap::new() };
        let opening = book.enter(opening::order());
        (book, opening)
    }

    /// The order itself.
    #[must_use]
    pub fn order(&self, which: OrderRef) -> &Order {
        &self.orders[usize::try_from(which.0).unwrap_or(usize::MAX)]
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

    /// What `deed` means for an order at this time.
    pub(crate) fn decide(&mut self, order: OrderRef, deed: Deed, phase: Phase) -> Meaning {
        let question = (order, deed, phase);
        if let Some(meaning) = self.decided.get(&question) {
            return meaning.clone();
        }
        let meaning = self.ask(order, deed, phase);
        self.decided.insert(question, meaning.clone());
        meaning
    }

    fn ask(&mut self, order: OrderRef, deed: Deed, phase: Phase) -> Meaning {
        let before = self.order(order).clone();
        let now = opening::now(self.phase_of(deed, phase));
        let circumstances =
            Circumstances { now, stock: StockOutcome::Committed, compose: &|_| String::new() };
        let events = match before.decide_with(&deed.command(&before), &circumstances) {
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

    fn enter(&mut self, order: Order) -> OrderRef {
        // Which commit it is makes no difference to a decision: worlds know how far the store is
        // ahead of what a worker read, and that is all a version is for.
        let order = Order { version: 0, ..order };
        let shown = format!("{order:?}");
        if let Some(known) = self.known.get(&shown) {
            return *known;
        }
        let new = OrderRef(u32::try_from(self.orders.len()).unwrap_or(u32::MAX));
        self.orders.push(order);
        self.known.insert(shown, new);
        new
    }

    fn phase_of(&self, deed: Deed, phase: Phase) -> Phase {
        match deed {
            Deed::RecordFact(_, crate::Says::NotExist, _)
                if self.flaw == Some(Flaw::NotExistIsProof) =>
            {
                Phase::PastHorizon
            }
            _ => phase,
        }
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

/// A payment of the order, in a line.
pub(crate) fn sketch(order: &Order) -> String {
    let payments: Vec<String> = order
        .payments
        .iter()
        .map(|payment| {
            let more = match &payment.state {
                PaymentState::Payable { credential: None } => " without a credential",
                PaymentState::Rejected { proven: true, .. } => " and proven",
                PaymentState::Created
                | PaymentState::Payable { credential: Some(_) }
                | PaymentState::Unknown
                | PaymentState::Closing { .. }
                | PaymentState::Closed { .. }
                | PaymentState::Rejected { proven: false, .. }
                | PaymentState::Paid { .. }
                | PaymentState::Surplus { .. } => "",
            };
            let state = format!("{:?}", payment.state.status()).to_lowercase();
            format!("payment {} {state}{more}", payment.no)
        })
        .collect();
    format!("order {:?}, {}", order.status, payments.join(", ")).to_lowercase()
}
