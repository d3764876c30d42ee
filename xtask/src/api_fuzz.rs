//! `cargo xtask api-fuzz`: schemathesis calls the running service with whatever its OpenAPI document
//! allows and forbids, and checks every answer against that document.
//!
//! Everything it starts and installs is below the target folder; docs/api-fuzz.md says what a run
//! shows.

mod http;
mod keys;
mod python;
mod report;
mod shop;
mod stage;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo;
use crate::repository::Repository;
use http::Caller;
use keys::Key;
use report::Report;
use shop::Opening;
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
    key: Held,
    operations: &'static [&'static str],
}

/// Whose API key is shown where one is needed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Operator,
    Approver,
    Backend,
}

const PARTS: [Part; 5] = [
    Part {
        name: "buyers, and everybody",
        slug: "buyers",
        key: Held::Operator,
        operations: &[
            "--include-tag=buyers",
            "--include-tag=wechat_pay",
            "--include-tag=operations",
        ],
    },
    Part {
        name: "operators",
        slug: "operators",
        key: Held::Operator,
        operations: &[
            "--include-tag=back_office",
            "--exclude-operation-id=make_api_key",
            "--exclude-operation-id=revoke_api_key",
            "--exclude-operation-id=settle_refund_offline",
        ],
    },
    // What a wrong word refuses never comes to the order; here every request is well formed.
    Part {
        name: "orders, by well-formed requests alone",
        slug: "orders",
        key: Held::Operator,
        operations: &[
            "--mode=positive",
            "--phases=examples,fuzzing,stateful",
            "--include-operation-id=prepay_from_checkout",
            "--include-operation-id=pay_order",
            "--include-operation-id=report_payment",
            "--include-operation-id=confirm_receipt",
            "--include-operation-id=ship_order",
            "--include-operation-id=deliver_order",
            "--include-operation-id=complete_order",
            "--include-operation-id=refund_order",
            "--include-operation-id=withdraw_refund",
            "--include-operation-id=refund_back_office_order",
            "--include-operation-id=approve_refund",
            "--include-operation-id=decline_refund",
            "--include-operation-id=retry_refund",
        ],
    },
    Part {
        name: "backends",
        slug: "backends",
        key: Held::Backend,
        operations: &["--include-tag=backends"],
    },
    // Who may approve may look, say yes, and make and revoke keys; acting is the operators'.
    Part {
        name: "approvers",
        slug: "approvers",
        key: Held::Approver,
        operations: &[
            "--include-tag=back_office",
            "--exclude-path-regex=/(stock|ship|deliver|complete|cancel|refunds|retry|sync)$",
            "--exclude-operation-id=put_sku",
        ],
    },
];

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
    for name in CONFIGURATION {
        fs::copy(sources.join(name), folder.join(name))
            .with_context(|| format!("cannot copy {name} into {}", folder.display()))?;
    }
    let stage = Stage::set(&folder, repository.target().join("debug").join("paydesk"))?;
    let (operator, approver) = (stage.key("operator")?, stage.key("approver")?);
    let backend = stage.key("service")?;
    let (folder, programs) = (folder.as_path(), programs.as_path());
    let fuzz = Fuzz { folder, programs, stage: &stage, operator, approver, backend };
    let begun = now();
    let (failed, report) = fuzz.call_all(choices)?;
    let seconds = begun.elapsed().as_secs();
    stage.strike()?;
    let mut refused = report.never_successful();
    refused.retain(|operation| !NEEDS_WECHAT_PAY.contains(operation));
    let is_clean = failed.is_empty() && refused.is_empty();
    eprintln!(
        "== api-fuzz: {}; {} operations, {} requests, {seconds} s, --seed {} --max-examples {}",
        if is_clean { "clean" } else { "NOT clean" },
        report.operations(),
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
    stage: &'a Stage,
    operator: Key,
    approver: Key,
    backend: Key,
}

impl Fuzz<'_> {
    /// The parts that were not clean, and what was reached in all.
    fn call_all(&self, choices: &Choices) -> Result<(Vec<&'static str>, Report)> {
        let (mut failed, mut report) = (Vec::new(), Report::default());
        let everybody = Caller::anybody(self.stage.api);
        let opening = Opening {
            everybody: &everybody,
            sandbox: &Caller::anybody(self.stage.sandbox),
            operator: &everybody.with_token(&self.operator.plain),
            folder: self.folder,
        };
        for part in &PARTS {
            // Its own, so that a part does not depend on what the part before did to its orders.
            let buyer = opening
                .open(part.slug)
                .context("the shop that is to be called cannot be set up")?;
            let written = format!("report-{}.ndjson", part.slug);
            if !self.call(part, &buyer, &written, choices)? {
                failed.push(part.name);
            }
            report.add(&self.folder.join(written))?;
        }
        Ok((failed, report))
    }

    /// Whether every answer agreed with the document.
    fn call(&self, part: &Part, buyer: &str, report: &str, choices: &Choices) -> Result<bool> {
        eprintln!("== schemathesis: {}", part.name);
        let key = match part.key {
            Held::Operator => &self.operator,
            Held::Approver => &self.approver,
            Held::Backend => &self.backend,
        };
        let mut command = Command::new(self.programs.join("schemathesis"));
        command.current_dir(self.folder).arg("--config-file=schemathesis.toml").arg("run");
        command.arg(format!("http://{}/openapi.json", self.stage.api)).args(part.operations);
        command.arg(format!("--seed={}", choices.seed));
        command.arg(format!("--max-examples={}", choices.max_examples));
        command.arg(format!("--report-ndjson-path={report}"));
        command.env("PAYDESK_FUZZ_BUYER", buyer).env("PAYDESK_FUZZ_KEY", &key.plain);
        let own = [&self.operator, &self.approver, &self.backend].map(|key| key.id.as_str());
        command.env(OWN_KEYS_VARIABLE, own.join(","));
        Ok(cargo::run(&mut command)?.success())
    }
}

#[expect(clippy::disallowed_methods, reason = "a person wants to know how long it took")]
fn now() -> Instant {
    Instant::now()
}
