//! One state of the world: what the store holds, what is true at WeChat Pay, what is on the wire
//! and what workers have in hand. A small value; nothing is decided here.

use crate::book::Moment;
use crate::{Answer, OrderRef, Owed, Placed, Refunding, Says, Truth};
use core::fmt;
use domain::payment::PaymentNo;

/// The most commits that a failover may lose in any run.
pub const LOST_MAX: usize = 5;

/// Everything, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The order in the store.
    pub order: OrderRef,
    /// What a failover may bring back.
    pub undurable: Undurable,
    /// How often the store failed over.
    pub failovers: u8,
    /// A commit whose worker heard no answer, still on its way to the store.
    pub late: Option<Late>,
    /// What time it is.
    pub phase: Phase,
    /// The two payments.
    pub numbers: [Number; 2],
}

/// One of the two payments of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// The one that the order was placed with.
    First,
    /// The one that takes its place.
    Second,
}

/// One `out_trade_no`: WeChat Pay's truth about it, and who is busy with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    /// What WeChat Pay knows.
    pub truth: Truth,
    /// Whether the payer was handed what is needed to pay it.
    pub is_offered: bool,
    /// A prepay request that nobody waits for any more may still arrive.
    pub is_prepay_on_wire: bool,
    /// A close request may still arrive.
    pub is_close_on_wire: bool,
    /// The request that orders it at WeChat Pay.
    pub caller: Caller,
    /// The answer to a query that its follower has in hand.
    pub heard: Option<Heard>,
    /// A refund request that nobody waits for any more may still arrive.
    pub refund_on_wire: Option<Owed>,
    /// The job that sends its refund.
    pub refunder: Refunder,
}

/// An answer to a query, not recorded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Heard {
    /// What WeChat Pay said.
    pub says: Says,
    /// After how many failovers it was asked.
    pub asked_on: u8,
    /// Whether the horizon has passed since.
    pub is_old: bool,
}

impl Heard {
    /// What is said now.
    #[must_use]
    pub fn now(says: Says, failovers: u8) -> Heard {
        Heard { says, asked_on: failovers, is_old: false }
    }
}

/// What the job that sends a refund is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refunder {
    /// Nothing.
    Idle,
    /// It is about to call WeChat Pay.
    Calling(Owed),
    /// It knows something that is not recorded yet.
    Has(Owed, Refunding),
}

/// What a request that offers a payment is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// There is none.
    Idle,
    /// It is about to close what the payment replaces.
    Clearing,
    /// It is about to call WeChat Pay.
    Calling,
    /// It has an answer that is not recorded yet.
    Has(Answer),
}

/// Time, as far as rules depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The order can be paid.
    Open,
    /// The deadline has passed; a request that is late can still arrive, and be paid.
    Overdue,
    /// The horizon has passed: nothing that was sent before can still arrive.
    PastHorizon,
}

/// The order before each of the last commits, latest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Undurable([Option<OrderRef>; LOST_MAX]);

/// A changeset on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Late {
    /// The order that it writes.
    pub after: OrderRef,
    /// By how many commits the store is ahead of the version that it expects; below zero when a
    /// failover lost that version.
    pub ahead: i8,
}

impl World {
    /// The order is placed and durable; at checkout, the request that placed it is about to call
    /// WeChat Pay.
    #[must_use]
    pub fn opening(order: OrderRef, placed: Placed) -> World {
        let idle = Number {
            truth: Truth::Absent,
            is_offered: false,
            is_prepay_on_wire: false,
            is_close_on_wire: false,
            caller: Caller::Idle,
            heard: None,
            refund_on_wire: None,
            refunder: Refunder::Idle,
        };
        World {
            order,
            undurable: Undurable::default(),
            failovers: 0,
            late: None,
            phase: Phase::Open,
            numbers: match placed {
                Placed::AtCheckout => [Number { caller: Caller::Calling, ..idle }, idle],
                Placed::Directly => [idle, idle],
            },
        }
    }

    /// One of the payments.
    #[must_use]
    pub fn number(&self, which: Which) -> &Number {
        let [first, second] = &self.numbers;
        match which {
            Which::First => first,
            Which::Second => second,
        }
    }

    /// One of the payments, to be changed.
    pub fn number_mut(&mut self, which: Which) -> &mut Number {
        let [first, second] = &mut self.numbers;
        match which {
            Which::First => first,
            Which::Second => second,
        }
    }

    /// When something is decided now.
    pub(crate) fn moment(&self) -> Moment {
        (self.phase, self.failovers)
    }

    /// This world after `change`.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut World)) -> World {
        change(&mut self);
        self
    }

    /// This world after a change of one payment.
    #[must_use]
    pub fn with_number(mut self, which: Which, change: impl FnOnce(&mut Number)) -> World {
        change(self.number_mut(which));
        self
    }

    /// This world once the store has committed `after`.
    #[must_use]
    pub fn committed(mut self, after: OrderRef) -> World {
        self.undurable.push(self.order);
        self.order = after;
        self.late = self.late.map(|late| Late { ahead: late.ahead.saturating_add(1), ..late });
        self
    }
}

impl Which {
    /// Both.
    pub const BOTH: [Which; 2] = [Which::First, Which::Second];

    /// The other one.
    #[must_use]
    pub fn other(self) -> Which {
        match self {
            Which::First => Which::Second,
            Which::Second => Which::First,
        }
    }

    /// Its number within the order.
    #[must_use]
    pub fn no(self) -> PaymentNo {
        match self {
            Which::First => 1,
            Which::Second => 2,
        }
    }
}

impl Phase {
    /// The one that follows.
    #[must_use]
    pub fn next(self) -> Option<Phase> {
        match self {
            Phase::Open => Some(Phase::Overdue),
            Phase::Overdue => Some(Phase::PastHorizon),
            Phase::PastHorizon => None,
        }
    }
}

impl Undurable {
    fn push(&mut self, before: OrderRef) {
        self.0.rotate_right(1);
        self.0[0] = Some(before);
    }

    /// Only the last `kept` of them.
    pub(crate) fn truncate(&mut self, kept: usize) {
        self.0.iter_mut().skip(kept).for_each(|before| *before = None);
    }

    /// What the store would hold after losing one, two, three commits.
    pub fn rollbacks(self) -> impl Iterator<Item = (i8, OrderRef)> {
        (1..).zip(self.0).map_while(|(lost, before)| Some((lost, before?)))
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "payment {}", self.no())
    }
}
