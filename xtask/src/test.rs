//! `cargo xtask test`: tidy, formatting, then all tests with one PostgreSQL of their own; then, where no
//! packages were chosen, the ignored tests with optimisation, the simulation, the sweep, a sale and a minute
//! of torture.
//!
//! The server is stopped when this process ends, however it ends (see `private-postgres`); Ctrl-C
//! needs no code here. Test databases are made by the tests, and never survive the run.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use private_postgres::{Durability, Options, PrivatePostgres, RunningPostgres, StartError};

use crate::repository::Repository;
use crate::{cargo, sim, sweep, tidy, torture};

/// The simulated worlds that every run plays; they meet every cell of the fault matrix.
const SEEDS: &str = "0..5000";
/// How many worlds are played that belong to the commit, so that each has others.
const FRESH_SEEDS: u64 = 500;

/// A server on which tests may make databases; `testkit` reads it.
const URL_VARIABLE: &str = "PAYDESK_TEST_POSTGRES_URL";
/// The programs of that server, so that tests which start servers themselves need not search again.
const PROGRAMS_VARIABLE: &str = "PAYDESK_POSTGRES_BIN";
/// How many runs may go on at the same time in one target folder.
const RUNS_MAX: u32 = 8;

/// The exit code is that of `cargo test`.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> Result<ExitCode> {
    let begun = now();
    if tidy::run(repository)? != ExitCode::SUCCESS {
        bail!("tidy found violations (listed above)");
    }
    cargo::step(repository, &["fmt", "--all", "--check"])?;
    let postgres = postgres_for_tests(repository)?;
    let ready_after = begun.elapsed();
    let mut command = cargo::command(repository);
    // All that fails is told, not the first crate alone.
    let mut words = vec!["test", "--locked", "--no-fail-fast"];
    if !names_packages(arguments) {
        words.push("--workspace");
    }
    words.extend(arguments.iter().map(String::as_str));
    command.args(&words);
    if let Some(postgres) = &postgres {
        command.env(URL_VARIABLE, postgres.maintenance_url());
        command.env(PROGRAMS_VARIABLE, postgres.programs());
    }
    eprintln!("== cargo {}", words.join(" "));
    let status = cargo::run(&mut command)?;
    let tested_after = begun.elapsed();
    if let Some(postgres) = postgres {
        postgres.stop()?;
    }
    eprintln!(
        "== tests {}: {} s to get ready, {} s to build and test",
        if status.success() { "passed" } else { "failed" },
        ready_after.as_secs(),
        tested_after.saturating_sub(ready_after).as_secs(),
    );
    // A test process ended by a signal has no code.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    if code != 0 || !arguments.is_empty() {
        return Ok(ExitCode::from(code));
    }
    trials(repository)
}

/// What is played rather than tested: it begins anew in each run, and its report says what it met.
fn trials(repository: &Repository) -> Result<ExitCode> {
    let begun = now();
    eprintln!("== every case there is: every cent, and the model's two largest theorems");
    let exhausted = exhaust(repository)?;
    let exhausted_after = begun.elapsed();
    eprintln!("== simulation, seeds {SEEDS}");
    let simulated = sim::run(repository, &words(&["--seeds", SEEDS, "--require-coverage=1"]))?;
    let fresh = fresh_seeds(repository);
    eprintln!("== simulation, seeds {fresh}");
    let simulated_afresh = sim::run(repository, &words(&["--seeds", &fresh]))?;
    let simulated_after = begun.elapsed();
    eprintln!("== sweep, every fault once");
    let swept = sweep::run(repository, &[])?;
    let swept_after = begun.elapsed();
    eprintln!("== sale, a thousand buyers of a hundred things");
    let sold = torture::sell_with_what_was_tested(repository)?;
    let sold_after = begun.elapsed();
    eprintln!("== torture, a minute of trouble");
    let tortured = torture::play_what_was_tested(repository)?;
    eprintln!(
        "== every case: {} s, simulation: {} s, sweep: {} s, sale: {} s, torture: {} s (builds included)",
        exhausted_after.as_secs(),
        simulated_after.saturating_sub(exhausted_after).as_secs(),
        swept_after.saturating_sub(simulated_after).as_secs(),
        sold_after.saturating_sub(swept_after).as_secs(),
        begun.elapsed().saturating_sub(sold_after).as_secs(),
    );
    let all = [exhausted, simulated, simulated_afresh, swept, sold, tortured];
    let passed = all.iter().all(|code| *code == ExitCode::SUCCESS);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The tests that take minutes without optimisation, and are ignored there.
fn exhaust(repository: &Repository) -> Result<ExitCode> {
    let mut command = cargo::command(repository);
    command.args(["test", "--locked", "--quiet", "--profile", "sim"]);
    command.args(["--package", "domain", "--package", "model", "--", "--ignored"]);
    let passed = cargo::run(&mut command)?.success();
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The same for the same commit, so that who finds something can find it again; without git, the first
/// that no other run plays.
fn fresh_seeds(repository: &Repository) -> String {
    let commit = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(repository.root())
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    let name = commit.as_deref().and_then(|hash| hash.get(..8));
    let number = name.and_then(|name| u64::from_str_radix(name, 16).ok()).unwrap_or(0);
    let first = 100_000_u64.saturating_add(number);
    format!("{first}..{}", first.saturating_add(FRESH_SEEDS))
}

/// Cargo would let `--workspace` win over `-p`. What follows `--` is not for cargo.
fn names_packages(arguments: &[String]) -> bool {
    arguments
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| word.starts_with("--package") || word.starts_with("-p"))
}

/// `None` when the environment names a server already.
fn postgres_for_tests(repository: &Repository) -> Result<Option<RunningPostgres>> {
    if std::env::var_os(URL_VARIABLE).is_some_and(|url| !url.is_empty()) {
        eprintln!("== PostgreSQL: the one in {URL_VARIABLE}");
        return Ok(None);
    }
    let progress = |line: &str| eprintln!("   {line}");
    for run in 0..RUNS_MAX {
        let directory = repository.target().join(directory_name(run));
        let options =
            Options::from_environment(directory, "paydesk", Durability::TestsOnly, &progress);
        match PrivatePostgres::start(&options) {
            Ok(running) => {
                eprintln!("== PostgreSQL {}: {}", running.version(), running.home().display());
                return Ok(Some(running));
            }
            // Another run in this target folder; it has its own server.
            Err(StartError::InUse { .. }) => {}
            Err(error) => return Err(error).context("cannot start a PostgreSQL for the tests"),
        }
    }
    bail!("{RUNS_MAX} test runs are going on in this target folder already")
}

fn directory_name(run: u32) -> PathBuf {
    PathBuf::from(format!("xtask-postgres-{run}"))
}

#[expect(clippy::disallowed_methods, reason = "a person wants to know how long the tests took")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arguments_for_cargo_choose_packages() {
        let chooses = |line: &str| {
            names_packages(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        assert!(chooses("-p domain"));
        assert!(chooses("--release --package=domain"));
        assert!(!chooses("-- -p"));
        assert!(!chooses("late_payments"));
    }
}
