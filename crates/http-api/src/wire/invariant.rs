//! What must always be true, and whether it is.

use domain::ports::InvariantReport;
use serde::Serialize;
use utoipa::ToSchema;

/// Every invariant, checked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invariants)]
pub(crate) struct WireInvariants {
    pub(crate) data: Vec<WireInvariant>,
}

/// One invariant, checked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invariant)]
pub(crate) struct WireInvariant {
    /// Such as `I2`.
    id: &'static str,
    /// What it says, one sentence.
    says: &'static str,
    /// Whether it is true.
    holds: bool,
    /// How many rows contradict it.
    violations: u64,
    /// Up to ten of them, by their numbers.
    sample: Vec<String>,
}

impl WireInvariant {
    /// The twin.
    pub(crate) fn of(report: &InvariantReport) -> WireInvariant {
        WireInvariant {
            id: report.id,
            says: report.says,
            holds: report.holds(),
            violations: report.violations,
            sample: report.sample.clone(),
        }
    }
}
