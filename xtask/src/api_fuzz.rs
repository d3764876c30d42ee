//! `cargo xtask api-fuzz`: schemathesis calls the running service with whatever its OpenAPI document
//! allows and forbids, and checks every answer against that document.
//!
//! Everything it starts and installs is below the target folder; docs/api-fuzz.md says what a run
//! shows.

mod http;
mod keys;
mod python;
mod shop;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo;
use crate::repository::Repository;
use http::Caller;
use keys::Key;
use stage::Stage;

/// Where the configuration of schemathesis is, and what it is made of.
const SOURCES: &str = "xtask/api-fuzz";
const CONFIGURATION: [&str; 2] = ["schemathesis.toml", "hooks.py"];
/// A key that asks, and that nothing of this run may revoke.
const OWN_KEYS_VARIABLE: &str = "PAYDESK_FUZZ_OWN_KEYS";

/// What is drawn.
#[derive(Args)]
pub(crate) struct Choices {
    /// The same seed draws the same requests
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// At most so many requests are drawn for each operation, in each phase
    #[arg(long, value_name = "N", default_value_t = 40)]
    max_examples: u32,
}

/// One run of schemathesis: some operations, called by somebody.
struct Part {
    name: &'static str,
    /// Of its report.
    slug: &'static str,
    key: Caused,
    operations: &'static [&'static str],
}

/// Whose API key is shown where one is needed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caused {
    ByOperator,
    ByApprover,
}

const PARTS: [Part; 3] = [
    Part {
        name: "buyers, and everybody",
        slug: "buyers",
        key: Caused::ByOperator,
        operations: &[
            "--include-tag=buyers",
            "--include-tag=wechat_pay",
            "--include-tag=operations",
        ],
    },
    Part {
        name: "operators",
        slug: "operators",
        key: Caused::ByOperator,
        operations: &[
            "--include-tag=back_office",
            "--exclude-operation-id=make_api_key",
            "--exclude-operation-id=revoke_api_key",
        ],
    },
    // Who may approve may look, and make and revoke keys; acting is the operators'.
    Part {
        name: "approvers",
        slug: "approvers",
        key: Caused::ByApprover,
        operations: &[
            "--include-tag=back_office",
            "--exclude-path-regex=/(stock|ship|deliver|complete|cancel)$",
            "--exclude-operation-id=put_sku",
        ],
    },
];

/// Who calls.
struct Callers {
    buyer: String,
    operator: Key,
    approver: Key,
}

/// Fails when an answer did not agree with the document.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let folder = repository.target().join("api-fuzz");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let sources = repository.root().join(SOURCES);
    let programs = python::environment(&folder, &sources.join("requirements.txt"))?;
    cargo::step(repository, &["build", "--locked", "--package", "app"])?;
    for name in CONFIGURATION {
        fs::copy(sources.join(name), folder.join(name))
            .with_context(|| format!("cannot copy {name} into {}", folder.display()))?;
    }
    let stage = Stage::set(&folder, repository.target().join("debug").join("paydesk"))?;
    let callers = set_up(&stage, &folder)?;
    let begun = now();
    let fuzz = Fuzz { folder: &folder, programs: &programs, stage: &stage, callers: &callers };
    let mut failed = Vec::new();
    for part in &PARTS {
        if !fuzz.call(part, choices)? {
            failed.push(part.name);
        }
    }
    let seconds = begun.elapsed().as_secs();
    stage.strike()?;
    let seed = choices.seed;
    if failed.is_empty() {
        eprintln!("== api-fuzz: clean, seed {seed}, {seconds} s");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("== api-fuzz: NOT clean ({}), seed {seed}, {seconds} s", failed.join("; "));
    Ok(ExitCode::FAILURE)
}

fn set_up(stage: &Stage, folder: &Path) -> Result<Callers> {
    let (operator, approver) = (stage.key("operator")?, stage.key("approver")?);
    let everybody = Caller::anybody(stage.api);
    let sandbox = Caller::anybody(stage.sandbox);
    let merchant = everybody.with_token(&operator.plain);
    let buyer = shop::open(&everybody, &sandbox, &merchant, folder)
        .context("the shop that is to be called cannot be set up")?;
    Ok(Callers { buyer, operator, approver })
}

struct Fuzz<'a> {
    folder: &'a Path,
    programs: &'a Path,
    stage: &'a Stage,
    callers: &'a Callers,
}

impl Fuzz<'_> {
    /// Whether every answer agreed with the document.
    fn call(&self, part: &Part, choices: &Choices) -> Result<bool> {
        eprintln!("== schemathesis: {}", part.name);
        let Callers { buyer, operator, approver } = self.callers;
        let key = match part.key {
            Caused::ByOperator => operator,
            Caused::ByApprover => approver,
        };
        let mut command = Command::new(self.program());
        command.current_dir(self.folder).arg("--config-file=schemathesis.toml").arg("run");
        command.arg(format!("http://{}/openapi.json", self.stage.api)).args(part.operations);
        command.arg(format!("--seed={}", choices.seed));
        command.arg(format!("--max-examples={}", choices.max_examples));
        command.arg(format!("--report-ndjson-path=report-{}.ndjson", part.slug));
        command.env("PAYDESK_FUZZ_BUYER", buyer).env("PAYDESK_FUZZ_KEY", &key.plain);
        command.env(OWN_KEYS_VARIABLE, format!("{},{}", operator.id, approver.id));
        Ok(cargo::run(&mut command)?.success())
    }

    fn program(&self) -> PathBuf {
        self.programs.join("schemathesis")
    }
}

#[expect(clippy::disallowed_methods, reason = "a person wants to know how long it took")]
fn now() -> Instant {
    Instant::now()
}
