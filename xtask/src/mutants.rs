//! `cargo xtask mutants`: changes the inner crates one expression at a time, and asks whether their
//! own tests notice (`docs/mutants.md`).
//!
//! The changes are those of `cargo-mutants`, which nothing else of the project needs. They are built
//! together and switched on one at a time (`together.rs`): a build takes longer than the tests. What
//! cannot be switched is left to `cargo-mutants` itself, which builds each of them anew. A change that
//! no test can notice is named in `.cargo/mutants.toml`, with the reason; every other one that lives
//! is a test that is missing.

mod change;
mod together;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::cargo;
use crate::repository::Repository;
use change::Change;
use together::Fate;

/// Few histories are enough here: what a change breaks, it breaks in most of them.
const HISTORIES: &str = "32";
/// A change with which no test ends for so many seconds is noticed.
const TIMEOUT_S: u64 = 60;

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
    std::fs::create_dir_all(&folder)?;
    let changes = listed(repository, package, choices)?;
    eprintln!("== {} changes of {}", changes.len(), package.name());
    let mut fates = together::run(repository, package.name(), &changes)?;
    let alone: Vec<&Change> =
        changes.iter().zip(&fates).filter(|(_, f)| **f == Fate::Alone).map(|(c, _)| c).collect();
    if !alone.is_empty() {
        eprintln!("== {} of them one by one", alone.len());
        let found = one_by_one(repository, package, &alone, &folder)?;
        for (change, fate) in changes.iter().zip(&mut fates).filter(|(_, f)| **f == Fate::Alone) {
            let known = found.iter().find(|(name, _)| *name == change.name);
            *fate = known.map(|(_, fate)| *fate).context(change.name.clone())?;
        }
    }
    report(package, &changes, &fates, &folder)
}

/// The changes, as `cargo-mutants` lists them.
fn listed(repository: &Repository, package: Package, choices: &Choices) -> Result<Vec<Change>> {
    let mut command = cargo::command(repository);
    command.args(["mutants", "--list", "--json", "--diff", "--package", package.name()]);
    for file in &choices.file {
        command.args(["--file", file]);
    }
    if let Some(shard) = &choices.shard {
        command.args(["--shard", shard]);
    }
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("`cargo mutants --list` failed");
    }
    Change::all(&serde_json::from_slice(&output.stdout)?)
}

/// By `cargo-mutants` itself: a build for each.
fn one_by_one(
    repository: &Repository,
    package: Package,
    changes: &[&Change],
    folder: &Path,
) -> Result<Vec<(String, Fate)>> {
    let mut command = cargo::command(repository);
    command.args(["mutants", "--package", package.name(), "--baseline", "skip"]);
    command.arg("--timeout").arg(TIMEOUT_S.to_string()).arg("--output").arg(folder);
    // The filter does not reach left-out fields: cargo-mutants 27 builds all of those besides.
    for change in changes {
        command.arg("--re").arg(change.as_regex());
    }
    command.args(["--", "--lib"]);
    command.env("PROPTEST_CASES", HISTORIES).env("PROPTEST_MAX_SHRINK_ITERS", "1");
    // What one change has broken is no history of the next.
    command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
    // It fails when one lives; which one is in its lists.
    cargo::run(&mut command)?;
    let mut found = Vec::new();
    for (list, fate) in [
        ("caught.txt", Fate::Noticed),
        ("timeout.txt", Fate::RanForEver),
        ("unviable.txt", Fate::NotBuilt),
        ("missed.txt", Fate::Lived),
    ] {
        let path = folder.join("mutants.out").join(list);
        let names = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        found.extend(names.lines().map(|name| (name.to_owned(), fate)));
    }
    Ok(found)
}

/// Says how many came to what, and which ones live.
fn report(package: Package, changes: &[Change], fates: &[Fate], folder: &Path) -> Result<bool> {
    let named = |wanted: Fate| {
        let theirs = changes.iter().zip(fates).filter(move |(_, fate)| **fate == wanted);
        theirs.map(|(change, _)| change.name.as_str()).collect::<Vec<_>>()
    };
    let (lived, for_ever) = (named(Fate::Lived), named(Fate::RanForEver));
    eprintln!(
        "== {}: {} changes, {} noticed by a test that fails, {} by one that does not end, {} do not compile, {} live",
        package.name(),
        changes.len(),
        named(Fate::Noticed).len(),
        for_ever.len(),
        named(Fate::NotBuilt).len(),
        lived.len()
    );
    for name in &for_ever {
        eprintln!("does not end: {name}");
    }
    for name in &lived {
        eprintln!("lives: {name}");
    }
    std::fs::write(folder.join("lives.txt"), lived.join("\n"))?;
    std::fs::write(folder.join("does-not-end.txt"), for_ever.join("\n"))?;
    std::fs::write(folder.join("does-not-compile.txt"), named(Fate::NotBuilt).join("\n"))?;
    Ok(lived.is_empty())
}

fn is_installed(repository: &Repository) -> bool {
    let mut command: Command = cargo::command(repository);
    command.args(["mutants", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
