//! WeChat Pay and the payer, as far as one payment number goes (v3 §7.1–§7.4, §9).
//!
//! The truth that our record has to agree with. Knows nothing of orders.

use crate::{Bounds, Number, Payer, Phase, Says};

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
}

impl Truth {
    /// What a query answers that sees everything.
    #[must_use]
    pub fn says(self) -> Says {
        match self {
            Truth::Absent => Says::NotExist,
            Truth::Open => Says::NotPaid,
            Truth::Paid => Says::Success,
            Truth::Closed => Says::Closed,
        }
    }

    /// What a query may answer besides, because it lags behind by some seconds.
    #[must_use]
    pub fn said(self) -> Option<Says> {
        match self {
            Truth::Absent => None,
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
