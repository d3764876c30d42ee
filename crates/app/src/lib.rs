//! `paydesk`, the program: reads the configuration, wires every part, starts and stops them.
//!
//! Holds no rule of the business. The only crate that knows every other.
#![allow(clippy::print_stdout, reason = "a command talks on standard output")]

pub mod cli;
pub mod demo;
pub mod dev;
mod fanout;
mod ids;
mod keys;
mod ledger;
pub mod limits;
mod metrics;
pub mod playground;
mod serve;
pub mod service;
pub mod settings;
pub mod telemetry;

use anyhow::{Result, anyhow};
use cli::{Cli, Command};
use std::time::Duration;
use telemetry::LogFormat;

/// Runs what the command line says.
///
/// # Errors
/// With a reason for a person.
pub fn run(cli: Cli) -> Result<()> {
    // Before any client is built. A second start in one process (tests) finds it installed.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("the TLS provider was installed before");
    }
    limits::raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(perform(cli.command));
    runtime.shutdown_timeout(LEFTOVERS);
    ended.map_err(|error| anyhow!("{error:#}"))
}

async fn perform(command: Command) -> Result<()> {
    match command {
        Command::Dev(args) => {
            telemetry::start(LogFormat::Lines, "warn");
            dev::run(args).await
        }
        Command::Demo(args) => {
            telemetry::start(LogFormat::Lines, "warn");
            demo::run(args).await
        }
        Command::Serve(args) => {
            telemetry::start(LogFormat::Json, "info");
            serve::serve(&args).await
        }
        Command::Migrate(args) => {
            telemetry::start(LogFormat::Lines, "warn");
            serve::migrate(&args).await
        }
        Command::Keys(args) => {
            telemetry::start(LogFormat::Lines, "warn");
            keys::run(args).await
        }
        Command::Ledger(args) => {
            telemetry::start(LogFormat::Lines, "warn");
            ledger::run(&args).await
        }
        Command::Sandbox(args) => {
            telemetry::start(LogFormat::Lines, "info");
            serve::sandbox(&args).await
        }
    }
}

/// What is still begun when we end (a download, a start-up) is not waited for longer.
const LEFTOVERS: Duration = Duration::from_secs(2);
