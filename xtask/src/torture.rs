//! `cargo xtask torture` and `cargo xtask sale`: builds the service and its torturer, and runs them.
//!
//! What is tortured is the program itself, as two or three processes; docs/torture.md says what is done to
//! it and how to read the report.

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

/// How many buyers, and from which seed.
#[derive(Args)]
pub(crate) struct SaleChoices {
    /// How many buyers come, for a hundred pieces of ten things
    #[arg(long, default_value_t = 1_000)]
    buyers: u64,
    /// What everything is drawn from; without it a new one is drawn and printed
    #[arg(long)]
    seed: Option<u64>,
}

/// What every run of the tests plays: a minute of trouble and a sale, each from a seed of its own.
const BRIEF: Choices = Choices { minutes: 1, seed: None, buyer_every_ms: None };
const SALE: SaleChoices = SaleChoices { buyers: 1_000, seed: None };

/// Fails when there is any difference.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    build(repository)?;
    trouble(repository, choices)
}

/// Fails when there is any difference.
pub(crate) fn run_sale(repository: &Repository, choices: &SaleChoices) -> Result<ExitCode> {
    build(repository)?;
    sale(repository, choices)
}

/// The same with the programs that `cargo test --workspace` has just built: both have tests that start
/// them. Others would differ in a feature of a dependency, and be built for minutes.
pub(crate) fn play_what_was_tested(repository: &Repository) -> Result<ExitCode> {
    trouble(repository, &BRIEF)
}

/// The same of a sale.
pub(crate) fn sell_with_what_was_tested(repository: &Repository) -> Result<ExitCode> {
    sale(repository, &SALE)
}

fn build(repository: &Repository) -> Result<()> {
    cargo::step(repository, &["build", "--locked", "--package", "app", "--package", "torture"])
}

fn trouble(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let mut words = vec!["--minutes".to_owned(), choices.minutes.to_string()];
    if let Some(millis) = choices.buyer_every_ms {
        words.extend(["--buyer-every-ms".to_owned(), millis.to_string()]);
    }
    play(repository, ("trouble", "torture"), choices.seed, &words)
}

fn sale(repository: &Repository, choices: &SaleChoices) -> Result<ExitCode> {
    let words = ["--buyers".to_owned(), choices.buyers.to_string()];
    play(repository, ("sale", "sale"), choices.seed, &words)
}

/// Plays one of the two, and keeps what it leaves in a folder of its own.
fn play(
    repository: &Repository,
    (name, folder): (&str, &str),
    seed: Option<u64>,
    words: &[String],
) -> Result<ExitCode> {
    let programs = repository.target().join("debug");
    let mut command = Command::new(programs.join("paydesk-torture"));
    command.arg(name).arg("--paydesk").arg(programs.join("paydesk"));
    command.arg("--folder").arg(repository.target().join(folder)).args(words);
    if let Some(seed) = seed {
        command.args(["--seed", &seed.to_string()]);
    }
    eprintln!("== paydesk-torture {name}");
    if !cargo::run(&mut command)?.success() {
        eprintln!("error: the {folder} found differences, or did not come to its end");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
