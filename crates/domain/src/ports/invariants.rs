//! The invariants of `docs/ARCHITECTURE.md`, asked of the store as it is now.

use super::PortFuture;
use super::order_store::StoreError;
use crate::Pace;

/// Checks everything that must always be true of what is stored.
pub trait Invariants: Send + Sync {
    /// Checks every invariant, as one snapshot. `pace` is the one that the service keeps: some rules
    /// speak of how long it waits. May take long on a large database; locks nothing.
    fn check(&self, pace: Pace) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>>;
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
