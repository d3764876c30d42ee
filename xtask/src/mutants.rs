//! `cargo xtask mutants`: changes the inner crates one expression at a time, and asks whether their
//! own tests notice.
//!
//! Done by `cargo-mutants`, which nothing else of the project needs. A change that no test can
//! notice is named in `.cargo/mutants.toml`, with the reason; every other one that lives is a test
//! that is missing.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::cargo;
use crate::repository::Repository;

/// Few histories are enough here: what a change breaks, it breaks in most of them.
const HISTORIES: &str = "32";
/// A change that makes a test run for so many seconds is noticed.
const TIMEOUT_S: &str = "120";

/// What to change.
#[derive(Args)]
pub(crate) struct Choices {
    /// Of which crate; of both when it is not said
    #[arg(long, short, value_enum, value_name = "CRATE")]
    package: Option<Package>,
    /// Only these files (a glob, such as `crates/domain/src/order/refunds/*.rs`); may be given
    /// several times
    #[arg(long, short, value_name = "GLOB")]
    file: Vec<String>,
    /// Only a part of it, such as `0/8`
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Package {
    Domain,
    Usecases,
}

impl Package {
    fn name(self) -> &'static str {
        match self {
            Package::Domain => "domain",
            Package::Usecases => "usecases",
        }
    }
}

/// Fails when a change lives that is not explained.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    if !is_installed(repository) {
        bail!("cargo-mutants is not installed: `cargo install cargo-mutants --locked`");
    }
    let packages = choices.package.map_or(vec![Package::Domain, Package::Usecases], |p| vec![p]);
    let mut code = ExitCode::SUCCESS;
    for package in packages {
        // Where a test fails already, every change would count as noticed.
        cargo::step(repository, &["test", "--locked", "--package", package.name(), "--lib"])?;
        if !run_one(repository, package, choices)? {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn run_one(repository: &Repository, package: Package, choices: &Choices) -> Result<bool> {
    let folder = repository.target().join("mutants").join(package.name());
    let mut command = cargo::command(repository);
    command.args(["mutants", "--package", package.name(), "--baseline", "skip"]);
    command.args(["--timeout", TIMEOUT_S, "--output"]).arg(&folder);
    for file in &choices.file {
        command.args(["--file", file]);
    }
    if let Some(shard) = &choices.shard {
        command.args(["--shard", shard]);
    }
    command.args(["--", "--lib"]);
    command.env("PROPTEST_CASES", HISTORIES).env("PROPTEST_MAX_SHRINK_ITERS", "1");
    std::fs::create_dir_all(&folder)?;
    eprintln!("== cargo mutants of {}", package.name());
    let is_clean = cargo::run(&mut command)?.success();
    if !is_clean {
        let list = folder.join("mutants.out").join("missed.txt");
        eprintln!("mutants: not all were noticed; they are listed in {}", list.display());
    }
    Ok(is_clean)
}

fn is_installed(repository: &Repository) -> bool {
    let mut command: Command = cargo::command(repository);
    command.args(["mutants", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
