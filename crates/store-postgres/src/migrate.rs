//! Applies the migrations that are built into the program.

use diesel_async::{
    AsyncConnection as _, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection as _,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use domain::ports::StoreError;
use tokio::runtime::Handle;

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Names the lock under which processes take turns: "paydesk" in hexadecimal.
const LOCK: &str = "SELECT pg_advisory_lock(x'7061796465736b'::bigint)";

/// Brings the database at `url` up to date. Needs a multi-threaded runtime.
///
/// # Errors
/// When the database cannot be reached or a migration fails; a failed one is rolled back.
pub async fn migrate(url: &str) -> Result<(), StoreError> {
    let (url, runtime) = (url.to_owned(), Handle::current());
    // On a thread of its own: the harness blocks, and a task that blocks inside another's wait
    // swallows that other's wake-ups.
    let applying = tokio::task::spawn_blocking(move || runtime.block_on(apply(&url)));
    applying.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
}

async fn apply(url: &str) -> Result<(), StoreError> {
    let unavailable = |why: String| StoreError::Unavailable(why);
    let mut connection =
        AsyncPgConnection::establish(url).await.map_err(|why| unavailable(why.to_string()))?;
    connection.batch_execute(LOCK).await.map_err(|why| unavailable(why.to_string()))?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let applied =
        harness.run_pending_migrations(MIGRATIONS).map_err(|why| unavailable(why.to_string()))?;
    for version in &applied {
        tracing::info!(migration = %version, "migrated");
    }
    // The lock ends with the connection.
    Ok(())
}
