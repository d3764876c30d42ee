//! Orders and everything around them in PostgreSQL.
//!
//! Translates between the domain's values and rows; holds no rule of the business. Loading is one
//! statement, committing is one statement (`migrations/`, `docs/adr/0002`).

mod access;
mod book;
mod cases;
mod catalogue;
mod clock;
mod commit;
mod coupons;
mod epoch;
mod errors;
mod gather;
mod invariants;
mod jobs;
mod ledger;
mod load;
mod measure;
mod migrate;
mod packages;
mod patience;
mod pool;
mod prepared;
mod rows;
mod rules;
mod shelf;
mod stock;
mod turns;
mod vitals;
mod whole;
mod words;

pub use clock::StoreClock;
pub use migrate::migrate;
pub use pool::{ConnectSettings, Isolation, MERGE_MAX};
pub use vitals::{Backlog, COUNT_MAX, Fitness, PoolUse};

use book::BasisOf;
use domain::changeset::{ReplayRecord, ReplayScope};
use domain::ports::{CheckoutBasis, Loaded, SessionRecord, StoreError};
use gather::Gather;
use pool::Pool;
use std::sync::Arc;
use std::time::Duration;

/// Every port of storage, on one pool of connections.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    clock: Arc<StoreClock>,
    settings: ConnectSettings,
    shelves: Arc<shelf::Shelves>,
    sessions: Arc<Gather<[u8; 32], Option<SessionRecord>>>,
    replays: Arc<Gather<ReplayScope, Option<ReplayRecord>>>,
    bases: Arc<Gather<BasisOf, Loaded<CheckoutBasis>>>,
}

impl PostgresStore {
    /// Connects and measures the database's clock.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(settings: ConnectSettings) -> Result<PostgresStore, StoreError> {
        let pool = pool::build(&settings)?;
        let clock = Arc::new(StoreClock::default());
        let patience = Duration::from_millis(settings.wait_timeout_ms);
        let shelves = shelf::empty(&settings);
        let store = PostgresStore {
            pool,
            clock,
            settings,
            shelves,
            sessions: Arc::new(Gather::new(patience)),
            replays: Arc::new(Gather::new(patience)),
            bases: Arc::new(Gather::new(patience)),
        };
        store.measure_clock().await?;
        Ok(store)
    }

    /// Applies the migrations that are built in; several processes at once take turns.
    ///
    /// # Errors
    /// When the database cannot be reached or a migration fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrate(&self.settings.url).await
    }

    /// The clock that follows this database.
    #[must_use]
    pub fn clock(&self) -> Arc<StoreClock> {
        Arc::clone(&self.clock)
    }

    /// Whether the database answers; measures its clock on the way, so that an idle process does
    /// not drift away.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.measure_clock().await
    }
}
