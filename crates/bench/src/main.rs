//! `paydesk-bench`: how fast the service is, as ratios to what was measured beside it in the same run.
//!
//! Meets the service as a process, over HTTP and in SQL; may not link any part of it. Durability stays
//! on, and a fast wrong answer ends the run. `cargo xtask bench` builds and starts it;
//! docs/benchmarks.md says what the figures mean.
#![allow(clippy::print_stdout, reason = "a command talks on standard output")]

mod bench;
mod ceiling;
mod client;
mod database;
mod figures;
mod floor;
mod load;
mod meter;
mod notices;
mod pgbench;
mod phases;
mod plan;
mod procfs;
mod report;
mod rig;
mod run;
mod service;
mod stage;
mod stopwatch;
mod usual;
mod verify;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Benchmarks of Paydesk, with ratios taken side by side.
#[derive(Debug, Parser)]
#[command(name = "paydesk-bench", version)]
pub(crate) struct Arguments {
    /// The `paydesk` to be measured.
    #[arg(long)]
    paydesk: PathBuf,
    /// Where the database and the sandbox's keys are kept from run to run.
    #[arg(long)]
    folder: PathBuf,
    /// Under two minutes; the figures say less.
    #[arg(long)]
    quick: bool,
    /// Only this path; may be given several times.
    #[arg(long)]
    only: Vec<Path>,
    /// Also writes the figures here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Path {
    /// Start and idle memory.
    Start,
    /// P1: notifications.
    Notifications,
    /// P2: prepays.
    Prepays,
    /// P3: one SKU that everybody wants.
    Hot,
    /// P5: reads.
    Reads,
}

impl Arguments {
    fn wants(&self, path: Path) -> bool {
        self.only.is_empty() || self.only.contains(&path)
    }
}

fn main() -> ExitCode {
    match begin(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn begin(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        // Whatever runs is stopped when the run is dropped.
        tokio::select! {
            report = run::run(arguments) => report,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
        }
    })?;
    println!("{}", report.table());
    if let Some(file) = &arguments.json {
        let text = serde_json::to_string_pretty(&report.json())?;
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
