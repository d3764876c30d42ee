//! The invariants of `docs/ARCHITECTURE.md`, asked of the store as it is now.

use super::PortFuture;
use super::order_store::StoreError;
use crate::Pace;

/// Checks everything that must always be true of what is stored.
pub trait Invariants: Send + Sync {
    /// Checks every invariant, as one snapshot. `pace` is the one that the service keeps: some rules
    /// speak of how long it waits. May take long on a large database; locks nothing.
    fn check(&self, pace: Pace) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>>;

    /// Checks those of one part of the books alone.
    ///
    /// # Contract
    /// Every invariant that [`Invariants::check`] checks belongs to exactly one part.
    fn check_part(
        &self,
        part: Part,
        pace: Pace,
    ) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>>;
}

/// A part of the books that is compared with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Orders and their payments and refunds.
    Payments,
    /// Stock, coupons, what orders hold of them, and orders.
    Goods,
    /// What settled, and what was written because of it: the ledger, effects, events, the trail.
    Settlements,
    /// Whatever lives, and the work that looks after it.
    Work,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 4] = [Part::Payments, Part::Goods, Part::Settlements, Part::Work];

    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Payments => "payments",
            Part::Goods => "goods",
            Part::Settlements => "settlements",
            Part::Work => "work",
        }
    }
}

/// One invariant, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvariantReport {
    /// Its number in the design, such as `I2`, with a letter where one has several parts.
    pub id: &'static str,
    /// What it says, one sentence.
    pub says: &'static str,
    /// How many rows contradict it.
    pub violations: u64,
    /// Up to ten of them, by the numbers that people know. No personal data.
    pub sample: Vec<String>,
}

impl InvariantReport {
    /// Whether it is true.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invariant_holds_when_nothing_contradicts_it() {
        let report =
            |violations| InvariantReport { id: "I2", says: "", violations, sample: vec![] };
        assert!(report(0).holds());
        assert!(!report(1).holds());
    }
}
