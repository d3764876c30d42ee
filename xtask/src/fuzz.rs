//! `cargo xtask fuzz`: builds the fuzzer with optimisation, and hunts through each reader of what others send.
//!
//! A process that dies instead of telling what it has found is started again with the same seed, and writes each input
//! down before it tries it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo;
use crate::repository::Repository;

const TARGETS: [&str; 4] = ["notification", "resource", "bill", "authorization"];
/// How the fuzzer ends when it has told what it found.
const FOUND: i32 = 1;

/// What to hunt through, and how long.
#[derive(Args)]
pub(crate) struct Choices {
    /// notification, resource, bill or authorization; may be given several times; otherwise all, one after the other
    #[arg(long, value_name = "NAME", value_parser = TARGETS)]
    target: Vec<String>,
    /// For each of them
    #[arg(long, default_value_t = 1)]
    minutes: u64,
    /// The same seed tries the same inputs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Plays this input alone; with one --target
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

/// Fails when anything was found.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let build =
        ["build", "--locked", "--release", "--package", "protocol", "--bin", "paydesk-fuzz"];
    cargo::step(repository, &build)?;
    let chosen: Vec<&str> = match choices.target.as_slice() {
        [] => TARGETS.to_vec(),
        some => some.iter().map(String::as_str).collect(),
    };
    let findings = repository.target().join("xtask-fuzz");
    let mut code = ExitCode::SUCCESS;
    for target in chosen {
        eprintln!("== paydesk-fuzz {target}");
        if !hunt(repository, target, choices, &findings)? {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn hunt(repository: &Repository, target: &str, choices: &Choices, findings: &Path) -> Result<bool> {
    let mut command = fuzzer(repository, target, choices, findings);
    let status = cargo::run(&mut command)?;
    if status.success() || status.code() == Some(FOUND) {
        return Ok(status.success());
    }
    let last = findings.join(format!("{target}-killed"));
    eprintln!(
        "it died ({status}): once more, and each input is written to {} first",
        last.display()
    );
    let again = cargo::run(command.arg("--write-ahead").arg(&last))?;
    eprintln!(
        "the last one is there ({again}); again: cargo xtask fuzz --target {target} --input {}",
        last.display()
    );
    Ok(false)
}

fn fuzzer(repository: &Repository, target: &str, choices: &Choices, findings: &Path) -> Command {
    let mut command = Command::new(repository.target().join("release").join("paydesk-fuzz"));
    command.current_dir(repository.root());
    command.args(["--target", target]).arg("--findings").arg(findings);
    command.args(["--seed", &choices.seed.to_string()]);
    command.args(["--seconds", &choices.minutes.saturating_mul(60).to_string()]);
    if let Some(input) = &choices.input {
        command.arg("--input").arg(input);
    }
    command
}
