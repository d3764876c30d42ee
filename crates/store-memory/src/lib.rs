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

use domain::Epoch;
use domain::ports::{Clock, StoreError};
use state::State;
use std::sync::{Arc, Mutex, MutexGuard};

/// The epoch of a new store: as a new Postgres names it.
const FIRST_EPOCH: &str = "00000001.0";

/// Everything in memory.
pub struct MemoryStore {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

impl MemoryStore {
    /// An empty store whose own time (of loads and of leases) is `clock`'s real time.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> MemoryStore {
        let state = State { epoch: Epoch::new(FIRST_EPOCH), ..State::default() };
        MemoryStore { state: Mutex::new(state), clock }
    }

    /// Begins another life: what was known before may be lost, for all that anybody can tell.
    ///
    /// # Errors
    /// When a use of the store panicked.
    pub fn begin_epoch(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.state()?.epoch = epoch;
        Ok(())
    }

    /// The state, for as long as one port method lasts; never across an await.
    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.state
            .lock()
            .ok()
            .ok_or_else(|| StoreError::Unavailable("a use of the memory store panicked".to_owned()))
    }
}
