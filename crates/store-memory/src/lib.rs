//! Every port of storage over maps: the store of tests and of the simulation.
//!
//! Answers as Postgres answers; `testkit`'s conformance suite holds both to it. Deterministic: no
//! clock and no chance of its own, maps with an order. Nothing survives the process.

mod access;
mod book;
mod cases;
mod catalogue;
mod commit;
mod jobs;
mod look;
mod state;
mod stock;

pub use look::Look;

use domain::ports::{Clock, StoreError};
use state::State;
use std::sync::{Arc, Mutex, MutexGuard};

/// Everything in memory.
pub struct MemoryStore {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

impl MemoryStore {
    /// An empty store whose own time (of loads and of leases) is `clock`'s real time.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> MemoryStore {
        MemoryStore { state: Mutex::new(State::default()), clock }
    }

    /// The state, for as long as one port method lasts; never across an await.
    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.state
            .lock()
            .ok()
            .ok_or_else(|| StoreError::Unavailable("a use of the memory store panicked".to_owned()))
    }
}
