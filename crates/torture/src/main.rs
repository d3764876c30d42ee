//! `paydesk-torture`: the shipped program as several processes, a real PostgreSQL and the sandbox. Two
//! plays: trouble (kills, stops, cuts and delays while buyers buy) and a sale (a thousand buyers want a
//! hundred things at one moment); in the end plain SQL against the sandbox's ledger.
//!
//! Meets the service as a process and in SQL; may not link any part of it. `cargo xtask torture` and
//! `cargo xtask sale` build and start it; docs/torture.md says what it does and how to read it. Start
//! reading at `torture.rs` and `sale.rs`.
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
mod sale;
mod scene;
mod secrets;
mod sql;
mod stage;
mod tally;
mod torture;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Parser, Subcommand};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use plan::Plan;
use report::Report;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use torture::Times;

/// Torture of the real parts.
#[derive(Debug, Parser)]
#[command(name = "paydesk-torture", version)]
struct Arguments {
    #[command(subcommand)]
    play: Play,
}

/// What is played.
#[derive(Debug, Subcommand)]
enum Play {
    /// Three services, the database and every link in trouble while buyers buy
    Trouble(Trouble),
    /// Two services, and many buyers at once of a hundred things; processes are killed in the middle
    Sale(Sale),
}

#[derive(Debug, Args)]
struct Trouble {
    #[command(flatten)]
    place: Place,
    /// How many minutes of trouble.
    #[arg(long, default_value_t = 1, conflicts_with = "seconds")]
    minutes: u64,
    /// How many seconds of trouble, for a shorter run.
    #[arg(long)]
    seconds: Option<u64>,
    /// A new buyer comes about every so many milliseconds.
    #[arg(long, default_value_t = 250)]
    buyer_every_ms: u64,
}

#[derive(Debug, Args)]
struct Sale {
    #[command(flatten)]
    place: Place,
    /// How many buyers come.
    #[arg(long, default_value_t = 1_000)]
    buyers: u64,
}

/// With which program, where, and from which seed.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The `paydesk` to be tortured.
    #[arg(long)]
    paydesk: PathBuf,
    /// Where the database, the logs and the configuration are kept.
    #[arg(long)]
    folder: PathBuf,
    /// What everything is drawn from; a new one is drawn when none is given.
    #[arg(long)]
    seed: Option<u64>,
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
    raise_open_files();
    match &arguments.play {
        Play::Trouble(trouble) => {
            let seconds = trouble.seconds.unwrap_or(trouble.minutes.saturating_mul(60));
            let lasts = Duration::from_secs(seconds);
            let times = Times { lasts, buyer_every_ms: trouble.buyer_every_ms.max(1) };
            let plan = Plan::of_trouble(&trouble.place, lasts)?;
            play(&plan, torture::run(&plan, times))
        }
        Play::Sale(sale) => {
            let plan = Plan::of_a_sale(&sale.place, sale.buyers)?;
            play(&plan, sale::run(&plan, sale.buyers))
        }
    }
}

fn play(plan: &Plan, run: impl Future<Output = Result<Report>>) -> Result<Report> {
    eprintln!("== {}, seed {}", plan.command, plan.seed);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        // Whatever runs is stopped when the run is dropped.
        tokio::select! {
            report = run => report,
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

/// A thousand buyers are some thousand connections. What cannot be raised stays: they would come later.
fn raise_open_files() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap_or_default();
    }
}
