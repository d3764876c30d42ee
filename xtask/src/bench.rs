//! `cargo xtask bench`: builds the service and its benchmarks, and runs them.
//!
//! What is measured is the program that is shipped, as a process of its own; docs/benchmarks.md says
//! what the figures mean.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::cargo;
use crate::repository::Repository;

/// How to measure.
#[derive(Args)]
pub(crate) struct Choices {
    /// Under two minutes after the build; the figures say less
    #[arg(long)]
    quick: bool,
    /// Only this path: verify, start, notifications, prepays, hot or reads; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Also writes the figures into this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How the service and the benchmarks are built; figures of `debug` are worth nothing
    #[arg(long, value_enum, default_value = "release", hide = true)]
    profile: Profile,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Profile {
    Release,
    Debug,
}

/// What is measured without a database, by a program of its own.
const VERIFY: &str = "verify";

/// Fails when the answers were wrong, not when a goal was missed.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let all = choices.only.is_empty();
    if all || choices.only.iter().any(|name| name == VERIFY) {
        verify(repository, choices)?;
    }
    if all || choices.only.iter().any(|name| name != VERIFY) {
        service(repository, choices)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The protocol alone: what the client does with a notification, and the sandbox with a prepay.
fn verify(repository: &Repository, choices: &Choices) -> Result<()> {
    let programs = build(repository, choices, &["protocol"])?;
    let mut command = Command::new(programs.join("paydesk-speed"));
    command.arg("--folder").arg(repository.target().join("xtask-bench").join("speed"));
    if choices.quick {
        command.arg("--quick");
    }
    eprintln!("== paydesk-speed");
    if !cargo::run(&mut command)?.success() {
        bail!("the benchmark of the protocol failed");
    }
    Ok(())
}

/// Where the programs are.
fn build(repository: &Repository, choices: &Choices, packages: &[&str]) -> Result<PathBuf> {
    let mut words = vec!["build", "--locked"];
    words.extend(packages.iter().flat_map(|package| ["--package", package]));
    let folder = match choices.profile {
        Profile::Release => {
            words.push("--release");
            "release"
        }
        Profile::Debug => "debug",
    };
    cargo::step(repository, &words)?;
    Ok(repository.target().join(folder))
}

fn service(repository: &Repository, choices: &Choices) -> Result<()> {
    let programs = build(repository, choices, &["app", "bench"])?;
    let mut command = Command::new(programs.join("paydesk-bench"));
    command.arg("--paydesk").arg(programs.join("paydesk"));
    command.arg("--folder").arg(repository.target().join("xtask-bench"));
    if choices.quick {
        command.arg("--quick");
    }
    for name in choices.only.iter().filter(|name| *name != VERIFY) {
        command.args(["--only", name]);
    }
    if let Some(file) = &choices.json {
        command.arg("--json").arg(file);
    }
    eprintln!("== paydesk-bench");
    if !cargo::run(&mut command)?.success() {
        bail!("the benchmarks failed");
    }
    Ok(())
}
