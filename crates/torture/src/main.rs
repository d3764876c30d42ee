//! `paydesk-torture`: the shipped program as three processes, a real PostgreSQL and the sandbox, under
//! kills, stops, cuts and delays, while buyers buy; in the end plain SQL against the sandbox's ledger.
//!
//! Meets the service as a process and in SQL; may not link any part of it. `cargo xtask torture` builds
//! and starts it; docs/torture.md says what it does and how to read it. Start reading at `run.rs`.
#![allow(clippy::print_stdout, reason = "a command talks on standard output")]

mod background;
mod books;
mod chance;
mod chaos;
mod clock;
mod converge;
mod crowd;
mod findings;
mod http;
mod logs;
mod memory;
mod plan;
mod proxy;
mod report;
mod run;
mod secrets;
mod sql;
mod stage;
mod tally;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use plan::Plan;
use report::Report;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Torture of the real parts.
#[derive(Debug, Parser)]
#[command(name = "paydesk-torture", version)]
pub(crate) struct Arguments {
    /// The `paydesk` to be tortured.
    #[arg(long)]
    paydesk: PathBuf,
    /// Where the database, the logs and the configuration are kept.
    #[arg(long)]
    folder: PathBuf,
    /// How many minutes of trouble.
    #[arg(long, default_value_t = 1, conflicts_with = "seconds")]
    minutes: u64,
    /// How many seconds of trouble, for a shorter run.
    #[arg(long)]
    seconds: Option<u64>,
    /// What everything is drawn from; a new one is drawn when none is given.
    #[arg(long)]
    seed: Option<u64>,
    /// A new buyer comes about every so many milliseconds.
    #[arg(long, default_value_t = 250)]
    buyer_every_ms: u64,
}

impl Arguments {
    fn seconds(&self) -> u64 {
        self.seconds.unwrap_or(self.minutes.saturating_mul(60))
    }
}

fn main() -> ExitCode {
    match begin(&Arguments::parse()) {
        Ok(report) if report.has_passed() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn begin(arguments: &Arguments) -> Result<Report> {
    let plan = Plan::of(arguments)?;
    eprintln!("== torture, seed {}", plan.seed);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        // Whatever runs is stopped when the run is dropped.
        tokio::select! {
            report = run::run(&plan) => report,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
        }
    });
    let report = report.with_context(|| format!("seed {}", plan.seed))?;
    let text = report.to_string();
    std::fs::write(plan.folder.join("report.txt"), &text)?;
    std::fs::write(plan.folder.join("report.json"), report.to_json().to_string())?;
    println!("{text}");
    Ok(report)
}
