//! `paydesk-speed`: how fast the protocol is, as ratios to bare cryptography in the same run.
//!
//! `cargo xtask bench --only verify` builds and starts it; docs/benchmarks.md says what the figures mean.
#![allow(clippy::print_stdout, reason = "a command talks on standard output")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use protocol::speed::ordering::Ordering;
use protocol::speed::taking_in::TakingIn;
use protocol::speed::{Plan, ordering, shown, taking_in};

/// Verifying, opening and parsing; and ordering at the sandbox.
#[derive(Debug, Parser)]
#[command(name = "paydesk-speed", version)]
struct Arguments {
    /// Where the sandbox's keys are kept from run to run.
    #[arg(long)]
    folder: PathBuf,
    /// A few seconds; the figures say less.
    #[arg(long)]
    quick: bool,
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
    let plan = if arguments.quick {
        Plan { turns: 3, turn: Duration::from_millis(400) }
    } else {
        Plan { turns: 9, turn: Duration::from_secs(2) }
    };
    let TakingIn { ours, bare, ratio } = taking_in::measure(plan)?;
    println!(
        "notification verified, opened and read: {} µs, bare {} µs, ratio {} (goal ≤ 1.300)",
        micros(ours),
        micros(bare),
        shown(ratio)
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let measured = runtime.block_on(ordering::measure(plan, &arguments.folder))?;
    let Ordering { per_second, limit_per_second, ratio, times, cpu, cores, cores_used } = measured;
    println!(
        "prepays at the sandbox: {per_second} a second, limit {limit_per_second}, ratio {} (goal ≥ 0.700)",
        shown(ratio)
    );
    println!(
        "  one signature {} µs, one verification {} µs, one prepay {} µs of CPU time with the load; of {cores} cores {} were \
         used by ours, {} by the limit",
        micros(times.0),
        micros(times.1),
        micros(cpu),
        hundredths(cores_used.0),
        hundredths(cores_used.1),
    );
    Ok(())
}

/// `1.97`
fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

/// `24.7`
fn micros(time: Duration) -> String {
    let tenths = time.as_nanos() / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}
