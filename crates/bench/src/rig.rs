//! Everything that has to run before anything can be measured: PostgreSQL, the sandbox, the service.

use crate::database::Database;
use crate::service::{Recipe, Service};
use anyhow::{Context as _, Result, ensure};
use private_postgres::{Durability, Options, PrivatePostgres, RunningPostgres};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use wechatpay_sim::keys::folder::{Identity, StoredKeys};
use wechatpay_sim::{RunningSandbox, Sandbox, SandboxOptions};

const DATABASE: &str = "bench";

/// What is running.
pub(crate) struct Rig {
    // Dropped in this order: the service before what it stands on.
    pub(crate) service: Service,
    pub(crate) database: Database,
    pub(crate) sandbox: RunningSandbox,
    pub(crate) postgres: RunningPostgres,
    pub(crate) keys: StoredKeys,
    pub(crate) url: String,
    pub(crate) recipe: Recipe,
}

impl Rig {
    /// Starts everything on an empty database; what is kept between runs is in `folder`.
    pub(crate) async fn start(folder: &Path, program: PathBuf) -> Result<Rig> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let postgres = start_postgres(folder.join("postgres")).await?;
        Database::make_anew(&postgres.maintenance_url(), DATABASE).await?;
        let url = with_database(&postgres.maintenance_url(), DATABASE)?;
        let database = Database::connect(&url).await?;
        refuse_unsafe_settings(&database).await?;

        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let sandbox_folder = folder.join("sandbox");
        let sandbox = Sandbox::start(SandboxOptions::new(any, &sandbox_folder)).await?;
        // The sandbox has made them; the time would only matter for new ones.
        let made = OffsetDateTime::UNIX_EPOCH;
        let keys = StoredKeys::open(&sandbox_folder, &Identity::default(), made)?;
        let recipe = Recipe { program, folder };
        recipe.write(&sandbox, &sandbox_folder, &url)?;
        let service = recipe.start().await?;
        Ok(Rig { service, database, sandbox, postgres, keys, url, recipe })
    }

    /// Stops the service and starts it again: a new process on a database that is migrated.
    pub(crate) async fn restart_service(self) -> Result<Rig> {
        let Rig { service, database, sandbox, postgres, keys, url, recipe } = self;
        service.stop().await?;
        let service = recipe.start().await?;
        Ok(Rig { service, database, sandbox, postgres, keys, url, recipe })
    }

    /// Puts another process in its place, with these variables in its environment. Both run for a moment:
    /// only one of them may have a listener whose address is fixed.
    pub(crate) async fn restart_service_with(&mut self, variables: &[(&str, &str)]) -> Result<()> {
        let fresh = self.recipe.start_with(variables).await?;
        std::mem::replace(&mut self.service, fresh).stop().await
    }

    /// Stops everything.
    pub(crate) async fn stop(self) -> Result<()> {
        let Rig { service, database, sandbox, postgres, .. } = self;
        service.stop().await?;
        drop(database);
        sandbox.stop().await;
        tokio::task::spawn_blocking(move || postgres.stop()).await??;
        Ok(())
    }
}

async fn start_postgres(directory: PathBuf) -> Result<RunningPostgres> {
    let starting = move || {
        let progress = |line: &str| eprintln!("   {line}");
        let options =
            Options::from_environment(directory, "paydesk", Durability::Durable, &progress);
        PrivatePostgres::start(&options)
    };
    tokio::task::spawn_blocking(starting).await?.context("cannot start a PostgreSQL")
}

/// A figure without durability would be worth nothing.
async fn refuse_unsafe_settings(database: &Database) -> Result<()> {
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let row = database.row("SELECT current_setting($1)", &[&setting]).await?;
        let value: String = row.try_get(0)?;
        ensure!(value == "on", "{setting} is {value}: these figures would be worth nothing");
    }
    Ok(())
}

fn with_database(url: &str, name: &str) -> Result<String> {
    let (server, _) = url.rsplit_once('/').context("a URL without a database")?;
    Ok(format!("{server}/{name}"))
}
