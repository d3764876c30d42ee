//! What is told inside the process after a commit. Hints only: certainty is the store's.

use crate::{OrderId, Timestamp};

/// Hears of commits.
pub trait EventSink: Send + Sync {
    /// Called after a commit is durable. Must not block or fail.
    fn committed(&self, committed: &Committed);
}

/// What was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The order that changed.
    pub order: OrderId,
    /// Its version now.
    pub version: u64,
    /// The earliest job that the commit promised.
    pub next_due: Option<Timestamp>,
}
