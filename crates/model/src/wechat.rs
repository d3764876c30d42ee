//! WeChat Pay and the payer, as far as one payment number goes (v3 §7.1–§7.4, §9).
//!
//! The truth that our record has to agree with. Knows nothing of orders.

use crate::{Bounds, Number, Payer, Phase, Refunding, Says};

/// What WeChat Pay knows of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It was never ordered.
    Absent,
    /// It waits for the payer.
    Open,
    /// The payer has paid.
    Paid,
    /// Nobody can pay it any more.
    Closed,
    /// The payer has paid, and a refund was accepted.
    Refunded(Owed),
}

/// Why money goes back. Each reason has a refund number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owed {
    /// The order could not take it.
    Surplus,
    /// The buyer cancelled what was paid.
    Cancelled,
}

impl Truth {
    /// Whether the payer has paid, whatever became of the money since.
    #[must_use]
    pub fn is_paid(self) -> bool {
        match self {
            Truth::Paid | Truth::Refunded(_) => true,
            Truth::Absent | Truth::Open | Truth::Closed => false,
        }
    }

    /// What a query answers that sees everything.
    #[must_use]
    pub fn says(self) -> Says {
        match self {
            Truth::Absent => Says::NotExist,
            Truth::Open => Says::NotPaid,
            Truth::Paid => Says::Success,
            Truth::Closed => Says::Closed,
            Truth::Refunded(_) => Says::Refunded,
        }
    }

    /// What a query about a refund answers.
    #[must_use]
    pub fn says_of_refund(self, owed: Owed) -> Refunding {
        if self == Truth::Refunded(owed) { Refunding::Accepted } else { Refunding::NotExist }
    }

    /// What a query may answer besides, because it lags behind by some seconds.
    #[must_use]
    pub fn said(self) -> Option<Says> {
        match self {
            // A refund is asked about by its own number.
            Truth::Absent | Truth::Refunded(_) => None,
            Truth::Open => Some(Says::NotExist),
            Truth::Paid | Truth::Closed => Some(Says::NotPaid),
        }
    }
}

impl Number {
    /// A prepay request arrives. Nothing happens to a number that was ordered before.
    pub fn order(&mut self) {
        self.is_prepay_on_wire = false;
        if self.truth == Truth::Absent {
            self.truth = Truth::Open;
        }
    }

    /// A close request arrives. It is answered 204 also when there is nothing to close.
    pub fn close(&mut self) {
        self.is_close_on_wire = false;
        if self.truth == Truth::Open {
            self.truth = Truth::Closed;
        }
    }

    /// A refund request arrives. One number is one refund, and there is no more than was paid.
    pub fn refund(&mut self, owed: Owed) {
        self.refund_on_wire = None;
        if self.truth == Truth::Paid {
            self.truth = Truth::Refunded(owed);
        }
    }

    /// Whether the payer can pay it now.
    #[must_use]
    pub fn is_payable(&self, phase: Phase, bounds: &Bounds) -> bool {
        self.truth == Truth::Open
            && phase != Phase::PastHorizon
            && (self.is_offered || bounds.payer == Payer::KnowsEveryNumber)
    }

    /// Whether the payer could pay it now or later, if nobody closes it.
    #[must_use]
    pub fn may_become_payable(&self, phase: Phase, bounds: &Bounds) -> bool {
        let may_be_ordered = self.truth == Truth::Absent && self.is_prepay_on_wire;
        let opened = Number { truth: Truth::Open, ..*self };
        self.is_payable(phase, bounds) || (may_be_ordered && opened.is_payable(phase, bounds))
    }
}
