//! Every port of storage over maps: the store of tests and of the simulation.
//!
//! Answers as Postgres answers; `testkit`'s conformance suite holds both to it. Deterministic: no
//! clock and no chance of its own, maps with an order. Nothing survives the process. What a write
//! costs is proportional to what it touches (`table.rs`), and the last ones can be lost
//! (`journal.rs`), as a failover loses them.

mod access;
mod book;
mod cases;
mod catalogue;
mod commit;
mod coupons;
mod jobs;
mod journal;
mod ledger;
mod list;
mod look;
mod rules;
mod state;
mod stock;
mod table;
#[cfg(test)]
mod tests;
mod view;

pub use journal::Commit;
pub use look::Look;
pub use view::{JobView, View};

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

    /// Removes everything, also what could be taken back.
    ///
    /// # Errors
    /// When a use of the store panicked.
    pub fn clear(&self) -> Result<(), StoreError> {
        let mut state = self.state()?;
        let epoch = state.epoch.clone();
        *state = State { epoch, ..State::default() };
        Ok(())
    }

    /// Begins another life, with nothing lost: whoever reads the epoch cannot know that.
    ///
    /// # Errors
    /// When a use of the store panicked.
    pub fn begin_epoch(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.state()?.epoch = epoch;
        Ok(())
    }

    /// Everything that was written so far is on the standby, too: no failover loses it any more.
    ///
    /// # Errors
    /// When a use of the store panicked.
    pub fn replicate(&self) -> Result<(), StoreError> {
        self.state()?.keep();
        Ok(())
    }

    /// Begins another life without the last `commits` commits and without whatever else was written
    /// after the first of them, such as leases: a failover whose standby had not heard of them. What
    /// was lost, newest first; fewer when there were not so many, or when the first of them are too
    /// long ago to be remembered.
    ///
    /// # Errors
    /// When a use of the store panicked.
    pub fn forget_last(&self, commits: usize, epoch: Epoch) -> Result<Vec<Commit>, StoreError> {
        let mut state = self.state()?;
        let lost = state.lose(commits);
        state.epoch = epoch;
        Ok(lost)
    }

    /// The state, for as long as one port method lasts; never across an await.
    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.state
            .lock()
            .ok()
            .ok_or_else(|| StoreError::Unavailable("a use of the memory store panicked".to_owned()))
    }
}
