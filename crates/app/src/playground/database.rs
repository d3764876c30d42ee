//! A private PostgreSQL in a data folder: started and stopped beside asynchronous code.

use anyhow::{Context as _, Result};
use private_postgres::{Durability, Options, PrivatePostgres, RunningPostgres};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Starts a server below `data`, telling what takes time.
pub(crate) async fn start(data: &Path, durability: Durability) -> Result<RunningPostgres> {
    let directory = data.join("postgres");
    tokio::task::spawn_blocking(move || start_blocking(directory, durability)).await?
}

fn start_blocking(directory: PathBuf, durability: Durability) -> Result<RunningPostgres> {
    let progress = |line: &str| eprintln!("database: {line}");
    let options = Options::from_environment(directory, "paydesk", durability, &progress);
    PrivatePostgres::start(&options)
        .context("no database could be started (another place is chosen with --data)")
}

/// Stops it. What goes wrong is said; there is nothing more to be done about it.
pub(crate) async fn stop(postgres: RunningPostgres) {
    let stopped = tokio::task::spawn_blocking(move || postgres.stop());
    match tokio::time::timeout(STOP_LIMIT, stopped).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => eprintln!("the database did not stop cleanly: {error}"),
        Ok(Err(_)) | Err(_) => eprintln!("the database did not stop in time"),
    }
}
