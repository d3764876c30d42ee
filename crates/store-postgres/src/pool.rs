//! Connections: how they are set up, how many, and how long one waits for them.

use deadpool::Runtime;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::{Object, Pool as DeadPool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use domain::ports::StoreError;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::fmt;
use std::time::Duration;

/// A pool of connections.
pub(crate) type Pool = DeadPool<AsyncPgConnection>;
/// One connection, given back when dropped.
pub(crate) type Connection = Object<AsyncPgConnection>;

/// The most buyers of one SKU who can be written in one transaction. What is in the way of one is in the way
/// of all of them, and more would wait for a longer one.
pub const MERGE_MAX: usize = 64;

/// How to connect.
#[derive(Clone)]
pub struct ConnectSettings {
    /// `postgres://…`
    pub url: String,
    /// The most connections.
    pub pool_max: usize,
    /// The longest one statement may take, in milliseconds.
    pub statement_timeout_ms: u64,
    /// The longest a statement may wait for a lock, in milliseconds.
    pub lock_timeout_ms: u64,
    /// The longest one waits for a connection, in milliseconds.
    pub wait_timeout_ms: u64,
    /// The most buyers of one SKU who are written in one transaction, at most [`MERGE_MAX`]; 1 for each
    /// alone (`docs/adr/0019`).
    pub merge_max: usize,
    /// What every transaction runs at.
    pub isolation: Isolation,
    /// How often an operator has begun another life of the database by hand, such as by restoring
    /// a dump: nothing in Postgres tells of that (`database.epoch`).
    pub epoch: u32,
}

/// Isolation of every transaction. Correctness does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// READ COMMITTED.
    ReadCommitted,
    /// SERIALIZABLE.
    Serializable,
}

impl ConnectSettings {
    /// The usual settings for this database.
    #[must_use]
    pub fn new(url: impl Into<String>) -> ConnectSettings {
        ConnectSettings {
            url: url.into(),
            pool_max: 16,
            statement_timeout_ms: 3_000,
            lock_timeout_ms: 2_000,
            wait_timeout_ms: 3_000,
            merge_max: MERGE_MAX,
            isolation: Isolation::ReadCommitted,
            epoch: 0,
        }
    }

    pub(crate) fn session(&self) -> String {
        let isolation = match self.isolation {
            Isolation::ReadCommitted => "read committed",
            Isolation::Serializable => "serializable",
        };
        format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = 10000; SET timezone = 'UTC'; \
             SET default_transaction_isolation = '{isolation}'; \
             SET application_name = 'paydesk'",
            self.statement_timeout_ms, self.lock_timeout_ms
        )
    }
}

/// The URL may hold a password.
impl fmt::Debug for ConnectSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectSettings").field("pool_max", &self.pool_max).finish_non_exhaustive()
    }
}

pub(crate) fn build(settings: &ConnectSettings) -> Result<Pool, StoreError> {
    let session = settings.session();
    let mut config = ManagerConfig::default();
    // A connection whose backend died is found out by its next statement; asking before each
    // checkout would cost a round trip.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| establish(url.to_owned(), session.clone()).boxed());
    let manager =
        AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(&settings.url, config);
    let wait = Duration::from_millis(settings.wait_timeout_ms);
    Pool::builder(manager)
        .max_size(settings.pool_max)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(wait))
        .create_timeout(Some(wait))
        .recycle_timeout(Some(wait))
        .build()
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

pub(crate) fn establish(
    url: String,
    session: String,
) -> BoxFuture<'static, ConnectionResult<AsyncPgConnection>> {
    async move {
        let mut connection = AsyncPgConnection::establish(&url).await?;
        connection
            .batch_execute(&session)
            .await
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }
    .boxed()
}
