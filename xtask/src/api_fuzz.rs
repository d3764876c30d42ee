//! `cargo xtask api-fuzz`: schemathesis calls the running service with whatever its OpenAPI document
//! allows and forbids, and checks every answer against that document.
//!
//! Everything it starts and installs is below the target folder; docs/api-fuzz.md says what a run
//! shows.

mod back_office;
mod buyer;
mod http;
mod keys;
mod numbers;
mod parts;
mod report;
mod shop;
mod stage;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::repository::Repository;
use crate::{cargo, python};
use http::Caller;
use keys::Key;
use parts::{Operation, Part};
use report::Report;
use shop::{Opened, Opening};
use stage::Stage;

/// Where the configuration of schemathesis is, and what it is made of.
const SOURCES: &str = "xtask/api-fuzz";
const CONFIGURATION: &str = "schemathesis.toml";
const HOOKS: &str = "hooks.py";
/// Who calls, beside them.
const PARTS: &str = "parts.json";
/// The roles of API keys that parts call with.
const ROLES: [&str; 3] = ["operator", "approver", "service"];
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

/// WeChat Pay alone can sign what this takes; the sandbox does, in the tests and at every purchase.
const NEEDS_WECHAT_PAY: [&str; 2] =
    ["POST /api/mini/wechat-pay/notify", "POST /api/mini/wechat-pay/refund-notify"];

/// Fails when an answer did not agree with the document, or an operation refused everything.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let folder = repository.target().join("api-fuzz");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let sources = repository.root().join(SOURCES);
    let programs = python::environment(&folder, &sources.join("requirements.txt"))?;
    cargo::step(repository, &["build", "--locked", "--package", "app"])?;
    fs::copy(sources.join(HOOKS), folder.join(HOOKS))
        .with_context(|| format!("cannot copy {HOOKS} into {}", folder.display()))?;
    let configuration = read(&sources.join(CONFIGURATION))?;
    let parts = Part::read(&read(&sources.join(PARTS))?)?;
    let stage = Stage::set(&folder, repository.target().join("debug").join("paydesk"))?;
    let document = Caller::anybody(stage.api).get("/openapi.json")?;
    let operations = parts::operations(&document)?;
    parts::check(&parts, &operations)?;
    let keys = ROLES.iter().map(|role| Ok((*role, stage.key(role)?)));
    let keys = keys.collect::<Result<Vec<_>>>()?;
    let (folder, programs) = (folder.as_path(), programs.as_path());
    let fuzz =
        Fuzz { folder, programs, configuration, stage: &stage, operations: &operations, keys };
    let begun = now();
    let (failed, report) = fuzz.call_all(&parts, choices)?;
    let seconds = begun.elapsed().as_secs();
    let called = operations.iter().map(|operation| operation.name.as_str());
    let mut refused = report.never_successful(called);
    refused.retain(|operation| !NEEDS_WECHAT_PAY.contains(operation));
    stage.strike()?;
    let is_clean = failed.is_empty() && refused.is_empty();
    eprintln!(
        "== api-fuzz: {}; {} operations, {} requests, {seconds} s, --seed {} --max-examples {}",
        if is_clean { "clean" } else { "NOT clean" },
        operations.len(),
        report.requests(),
        choices.seed,
        choices.max_examples,
    );
    for part in failed {
        eprintln!("   answers that disagree with the document: {part} (shown above)");
    }
    for operation in refused {
        eprintln!("   refused every request, so its successes were not looked at: {operation}");
    }
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Fuzz<'a> {
    folder: &'a Path,
    programs: &'a Path,
    /// Of schemathesis, without the numbers of a shop.
    configuration: String,
    stage: &'a Stage,
    operations: &'a [Operation],
    /// By their role.
    keys: Vec<(&'static str, Key)>,
}

impl Fuzz<'_> {
    /// The parts that were not clean, and what was reached in all.
    fn call_all<'p>(&self, parts: &'p [Part], choices: &Choices) -> Result<(Vec<&'p str>, Report)> {
        let (mut failed, mut report) = (Vec::new(), Report::default());
        let everybody = Caller::anybody(self.stage.api);
        let opening = Opening {
            everybody: &everybody,
            sandbox: &Caller::anybody(self.stage.sandbox),
            operator: &everybody.with_token(&self.key("operator")?.plain),
            folder: self.folder,
        };
        for part in parts {
            // Its own, so that a part does not depend on what the part before did to its orders.
            let shop = opening
                .open(&part.slug)
                .context("the shop that is to be called cannot be set up")?;
            let written = format!("report-{}.ndjson", part.slug);
            if !self.call(part, &shop, &written, choices)? {
                failed.push(part.name.as_str());
            }
            report.add(&self.folder.join(written))?;
        }
        Ok((failed, report))
    }

    /// Whether every answer agreed with the document.
    fn call(&self, part: &Part, shop: &Opened, report: &str, choices: &Choices) -> Result<bool> {
        eprintln!("== schemathesis: {}", part.name);
        let configuration = self.folder.join(CONFIGURATION);
        fs::write(&configuration, shop.numbers.fill(&self.configuration)?)
            .with_context(|| format!("cannot write {}", configuration.display()))?;
        // schemathesis wants one; without a role no operation of the part needs it.
        let key = self.key(part.role().unwrap_or("operator"))?;
        let mut command = Command::new(self.programs.join("schemathesis"));
        command.current_dir(self.folder).arg(format!("--config-file={CONFIGURATION}")).arg("run");
        command.arg(format!("http://{}/openapi.json", self.stage.api));
        command.args(part.arguments(self.operations));
        command.arg(format!("--seed={}", choices.seed));
        command.arg(format!("--max-examples={}", choices.max_examples));
        command.arg(format!("--report-ndjson-path={report}"));
        command.env("PAYDESK_FUZZ_BUYER", &shop.token).env("PAYDESK_FUZZ_KEY", &key.plain);
        let own: Vec<&str> = self.keys.iter().map(|(_, key)| key.id.as_str()).collect();
        command.env(OWN_KEYS_VARIABLE, own.join(","));
        Ok(cargo::run(&mut command)?.success())
    }

    fn key(&self, role: &str) -> Result<&Key> {
        let found = self.keys.iter().find(|(held, _)| *held == role);
        found.map(|(_, key)| key).with_context(|| format!("there is no key of the role {role}"))
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[expect(clippy::disallowed_methods, reason = "a person wants to know how long it took")]
fn now() -> Instant {
    Instant::now()
}
