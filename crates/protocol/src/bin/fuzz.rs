//! `paydesk-fuzz`: hunts through one reader for as long as it is told, or plays one input again.
//!
//! `cargo xtask fuzz` builds and starts it; docs/fuzz.md says what it has found.
#![allow(clippy::print_stdout, reason = "a command talks on standard output")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use peak_alloc::PeakAlloc;
use protocol::fuzz::hunt::Hunt;
use protocol::fuzz::{Limits, Memory, Target, corpus, execute, quiet_panics, read_folder};
use ring::digest::{SHA256, digest};

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

const MEMORY: Memory = Memory {
    reset: || COUNTED.reset_peak_usage(),
    held: || COUNTED.current_usage(),
    peak: || COUNTED.peak_usage(),
};

/// How often the clock is looked at.
const BETWEEN_LOOKS: u32 = 64;
const BETWEEN_LINES: Duration = Duration::from_secs(15);

/// Throws bytes at one reader of what others send.
#[derive(Debug, Parser)]
#[command(name = "paydesk-fuzz", version)]
struct Arguments {
    /// notification, resource, bill or authorization.
    #[arg(long)]
    target: String,
    /// How long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The same seed tries the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// More inputs to begin with.
    #[arg(long, value_name = "FOLDER")]
    corpus: Vec<PathBuf>,
    /// Where inputs are kept that did what must not happen.
    #[arg(long, value_name = "FOLDER")]
    findings: PathBuf,
    /// Writes each input here before it is tried: whatever kills the process is left there.
    #[arg(long, value_name = "FILE")]
    write_ahead: Option<PathBuf>,
    /// Plays this input alone, and lets a panic be seen.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

fn main() -> ExitCode {
    match begin(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn begin(arguments: &Arguments) -> Result<ExitCode> {
    let named = Target::ALL.into_iter().find(|target| target.name() == arguments.target);
    let target = named.with_context(|| format!("there is no target {}", arguments.target))?;
    match &arguments.input {
        Some(file) => play(target, file),
        None => hunt(target, arguments),
    }
}

/// One input, with all that can be said of it.
fn play(target: Target, file: &Path) -> Result<ExitCode> {
    let input = fs::read(file).with_context(|| file.display().to_string())?;
    let execution = execute(target.reader(), &input, Limits::USUAL, MEMORY);
    match &execution.said {
        Ok(verdict) => println!("{verdict}"),
        Err(panic) => println!("{panic}"),
    }
    println!("{} µs, {} KiB", execution.cpu.as_micros(), execution.bytes / 1_024);
    if let Some(fault) = execution.fault(Limits::USUAL) {
        bail!("it {fault}");
    }
    Ok(ExitCode::SUCCESS)
}

fn hunt(target: Target, arguments: &Arguments) -> Result<ExitCode> {
    quiet_panics();
    let mut inputs = corpus(target)?;
    for folder in &arguments.corpus {
        inputs.extend(read_folder(folder)?);
    }
    let mut note = |input: &[u8]| {
        if let Some(file) = &arguments.write_ahead {
            // A file that cannot be written is missed when it is looked for.
            let _written = fs::write(file, input);
        }
    };
    let through = (target.reader(), target.input_max());
    let mut hunt = Hunt::new(through, arguments.seed, inputs, (Limits::USUAL, MEMORY));
    hunt.try_corpus(&mut note);
    let mut next_line = BETWEEN_LINES;
    while hunt.elapsed() < Duration::from_secs(arguments.seconds) {
        for _ in 0..BETWEEN_LOOKS {
            hunt.try_another(&mut note);
        }
        if hunt.elapsed() >= next_line {
            next_line = hunt.elapsed().saturating_add(BETWEEN_LINES);
            println!("{}", line(target, &hunt));
        }
    }
    println!("{}", line(target, &hunt));
    tell_verdicts(&hunt);
    keep(target, &hunt, &arguments.findings)
}

/// `notification: 120000 executions, 8000 a second, …`
fn line(target: Target, hunt: &Hunt) -> String {
    let figures = hunt.figures();
    let millis = u64::try_from(hunt.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    format!(
        "{}: {} s, {} executions, {} a second, {} taken, {} answers, pool {}, slowest {} µs ({} bytes), most memory {} KiB ({} bytes), found {}",
        target.name(),
        hunt.elapsed().as_secs(),
        figures.executions,
        figures.executions.saturating_mul(1_000) / millis,
        figures.taken,
        figures.verdicts.len(),
        hunt.pool(),
        figures.slowest.0.as_micros(),
        figures.slowest.1.len(),
        figures.largest.0 / 1_024,
        figures.largest.1.len(),
        figures.found.len(),
    )
}

fn tell_verdicts(hunt: &Hunt) {
    for (verdict, times) in &hunt.figures().verdicts {
        println!("  {times:>10}  {verdict}");
    }
}

/// Writes down what was found, and the slowest and largest inputs.
fn keep(target: Target, hunt: &Hunt, folder: &Path) -> Result<ExitCode> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let figures = hunt.figures();
    fs::write(folder.join(format!("{}-slowest", target.name())), &figures.slowest.1)?;
    fs::write(folder.join(format!("{}-largest", target.name())), &figures.largest.1)?;
    for (fault, input) in &figures.found {
        let hash = hex::encode(digest(&SHA256, input));
        let name = format!("{}-{}-{}", target.name(), fault.kind(), hash.get(..12).unwrap_or("x"));
        let file = folder.join(name);
        fs::write(&file, input).with_context(|| file.display().to_string())?;
        println!("FOUND: an input {fault}");
        println!("  again: cargo xtask fuzz --target {} --input {}", target.name(), file.display());
    }
    Ok(if figures.found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
