//! `cargo xtask torture`: builds the service and its torturer, and runs them.
//!
//! What is tortured is the program itself, as three processes; docs/torture.md says what is done to it
//! and how to read the report.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo;
use crate::repository::Repository;

/// How long, and from which seed.
#[derive(Args)]
pub(crate) struct Choices {
    /// How many minutes of trouble; everything around it takes one to three more
    #[arg(long, default_value_t = 1)]
    minutes: u64,
    /// What everything is drawn from; without it a new one is drawn and printed
    #[arg(long)]
    seed: Option<u64>,
    /// A new buyer comes about every so many milliseconds
    #[arg(long, value_name = "MS")]
    buyer_every_ms: Option<u64>,
}

/// What every run of the tests plays: a minute of trouble from a seed of its own.
const BRIEF: Choices = Choices { minutes: 1, seed: None, buyer_every_ms: None };

/// Fails when there is any difference.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let words = ["build", "--locked", "--package", "app", "--package", "torture"];
    cargo::step(repository, &words)?;
    play(repository, choices)
}

/// The same with the programs that `cargo test --workspace` has just built: both have tests that start
/// them. Others would differ in a feature of a dependency, and be built for minutes.
pub(crate) fn play_what_was_tested(repository: &Repository) -> Result<ExitCode> {
    play(repository, &BRIEF)
}

fn play(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let programs = repository.target().join("debug");
    let mut command = Command::new(programs.join("paydesk-torture"));
    command.arg("--paydesk").arg(programs.join("paydesk"));
    command.arg("--folder").arg(repository.target().join("torture"));
    command.args(["--minutes", &choices.minutes.to_string()]);
    if let Some(seed) = choices.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    if let Some(millis) = choices.buyer_every_ms {
        command.args(["--buyer-every-ms", &millis.to_string()]);
    }
    eprintln!("== paydesk-torture");
    if !cargo::run(&mut command)?.success() {
        eprintln!("error: the torture found differences, or did not come to its end");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
