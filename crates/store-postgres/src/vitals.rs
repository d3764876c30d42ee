//! How the database is: whether it can be written to, has our schema, and what waits in it.
//!
//! For probes and metrics. Reads little, by the partial indexes alone, and never counts further
//! than it needs to.

use crate::migrate::MIGRATIONS;
use crate::patience::Failure;
use crate::prepared::prepared;
use crate::{PostgresStore, whole};
use diesel::QueryableByName;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::result::Error;
use diesel::sql_types::{Array, BigInt, Bool, Double, Text, Timestamptz};
use domain::Timestamp;
use domain::ports::StoreError;

/// Whether money could be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fitness {
    /// It is not a standby, and not set to read only.
    pub writable: bool,
    /// Every migration that this program knows was applied. One that it does not know is no
    /// harm: a newer program may run beside it.
    pub migrated: bool,
}

/// What waits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backlog {
    /// Jobs that are due and nobody's, at most [`COUNT_MAX`].
    pub jobs_overdue: i64,
    /// How long the oldest of them has been due, in seconds; 0 when there is none.
    pub oldest_overdue_s: f64,
    /// Jobs that were set aside for a person, at most [`COUNT_MAX`].
    pub jobs_parked: i64,
    /// Open cases, by kind.
    pub open_cases: Vec<(String, i64)>,
}

/// The connections of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// The most there may be.
    pub max: usize,
    /// In somebody's hand.
    pub in_use: usize,
    /// Ready to be taken.
    pub idle: usize,
    /// Callers who wait for one.
    pub waiting: usize,
}

/// Beyond this nobody needs to know how many.
pub const COUNT_MAX: i64 = 10_000;

const READ_ONLY: &str = "SELECT current_setting('transaction_read_only')::bool AS yes";

const APPLIED: &str = "\
    SELECT count(*) AS n FROM __diesel_schema_migrations WHERE version = ANY($1)";

const BACKLOG: &str = "\
    SELECT 'overdue' AS what, '' AS kind, count(*) AS n, \
           coalesce(extract(epoch FROM $1 - min(due_at)), 0)::float8 AS oldest_s \
    FROM (SELECT due_at FROM jobs \
          WHERE parked_at IS NULL AND due_at <= $1 \
            AND (lease_until IS NULL OR lease_until <= clock_timestamp()) \
          ORDER BY due_at LIMIT $2) overdue \
    UNION ALL \
    SELECT 'parked', '', count(*), 0 \
    FROM (SELECT 1 FROM jobs WHERE parked_at IS NOT NULL LIMIT $2) parked \
    UNION ALL \
    SELECT 'case', kind, count(*), 0 FROM cases \
    WHERE status NOT IN ('resolved', 'accepted') GROUP BY kind";

#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Double)]
    oldest_s: f64,
}

impl PostgresStore {
    /// Whether money could be recorded in it.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn fitness(&self) -> Result<Fitness, StoreError> {
        let read_only: Flag = self.rows(prepared(READ_ONLY)).await.and_then(whole::one)?;
        let known = known_versions()?;
        let expected = i64::try_from(known.len()).unwrap_or(i64::MAX);
        let statement = prepared(APPLIED).bind::<Array<Text>, _>(known);
        let applied: Result<Count, _> = self.rows(statement).await.and_then(whole::one);
        let migrated = match applied {
            Ok(applied) => applied.n == expected,
            // The server says no: without a single migration there is not even that table.
            Err(Failure::Said(Error::DatabaseError(..))) => false,
            Err(failure) => return Err(failure.into()),
        };
        Ok(Fitness { writable: !read_only.yes, migrated })
    }

    /// What waits in it at `now`, business time.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        let statement =
            prepared(BACKLOG).bind::<Timestamptz, _>(now.to_offset()).bind::<BigInt, _>(COUNT_MAX);
        let rows: Vec<Waiting> = self.rows(statement).await?;
        let mut backlog = Backlog::default();
        for row in rows {
            match row.what.as_str() {
                "overdue" => {
                    (backlog.jobs_overdue, backlog.oldest_overdue_s) = (row.n, row.oldest_s);
                }
                "parked" => backlog.jobs_parked = row.n,
                _ => backlog.open_cases.push((row.kind, row.n)),
            }
        }
        Ok(backlog)
    }

    /// How the pool of this process is used. Asks nobody.
    #[must_use]
    pub fn pool_use(&self) -> PoolUse {
        let status = self.pool.status();
        PoolUse {
            max: status.max_size,
            in_use: status.size.saturating_sub(status.available),
            idle: status.available,
            waiting: status.waiting,
        }
    }
}

fn known_versions() -> Result<Vec<String>, StoreError> {
    let unreadable = |why: &dyn std::fmt::Display| StoreError::Corrupt(why.to_string());
    let known = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(|why| unreadable(&why))?;
    Ok(known.iter().map(|migration| migration.name().version().to_string()).collect())
}
