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
    /// Only this path: start, notifications, prepays, hot or reads; may be given several times
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

/// Fails when the answers were wrong, not when a goal was missed.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let mut words = vec!["build", "--locked", "--package", "app", "--package", "bench"];
    let folder = match choices.profile {
        Profile::Release => {
            words.push("--release");
            "release"
        }
        Profile::Debug => "debug",
    };
    cargo::step(repository, &words)?;
    let programs = repository.target().join(folder);
    let mut command = Command::new(programs.join("paydesk-bench"));
    command.arg("--paydesk").arg(programs.join("paydesk"));
    command.arg("--folder").arg(repository.target().join("xtask-bench"));
    if choices.quick {
        command.arg("--quick");
    }
    for name in &choices.only {
        command.args(["--only", name]);
    }
    if let Some(file) = &choices.json {
        command.arg("--json").arg(file);
    }
    eprintln!("== paydesk-bench");
    if !cargo::run(&mut command)?.success() {
        bail!("the benchmarks failed");
    }
    Ok(ExitCode::SUCCESS)
}
