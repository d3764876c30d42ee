//! `cargo xtask page`: the sandbox's page in a real Chromium without a window.
//!
//! The course (`xtask/page/course.js`) does what a person does, looks at the sandbox's ledger after each step, and takes
//! screenshots. May not judge what the page did, the course does; but it demands that everything was shown.

mod chromium;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::repository::Repository;
use crate::sandbox::Sandbox;
use crate::{cargo, node, script};

/// What the course is, and what it is made of.
const SOURCES: &str = "xtask/page";
/// The page's own words, which the course reads.
const PAGE: &str = "crates/wechatpay-sim/src/http/page";
/// Everything that the course has to come to.
const STEPS: [&str; 18] = [
    "empty",
    "order",
    "code",
    "harmless",
    "typing",
    "refused",
    "fail",
    "pay",
    "resend",
    "refund",
    "clock",
    "abnormal",
    "faults",
    "expired",
    "products",
    "other-site",
    "languages",
    "phone",
];

/// What is run.
#[derive(Args)]
pub(crate) struct Choices {
    /// Takes the paydesk that the last build left in the target folder
    #[arg(long)]
    no_build: bool,
    /// Where no Chromium can be had, says so and ends well
    #[arg(long)]
    if_possible: bool,
}

/// The same with the program that `cargo test --workspace` has just built, where there is a Chromium.
pub(crate) fn run_with_what_was_tested(repository: &Repository) -> Result<ExitCode> {
    run(repository, &Choices { no_build: true, if_possible: true })
}

/// Fails when the page did something wrong, or the course did not come to everything.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let (folder, sources) = (repository.target().join("page"), repository.root().join(SOURCES));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let browser = match chromium::find_or_obtain(&folder, &sources) {
        Ok(browser) => browser,
        Err(error) if choices.if_possible => {
            eprintln!("== page: SKIPPED, NOTHING WAS SHOWN: {error:#}");
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => return Err(error),
    };
    let modules = node::modules(&folder, &sources)?;
    if !choices.no_build {
        cargo::step(repository, &["build", "--locked", "--package", "app"])?;
    }
    let begun = now();
    let sandbox = Sandbox::start(
        &repository.target().join("debug").join("paydesk"),
        &folder.join("of-the-sandbox"),
    )?;
    eprintln!("== page, with a sandbox at {} in {}", sandbox.url, browser.version);
    let pictures = folder.join("screenshots");
    let mut command = Command::new("node");
    command.env("NODE_PATH", &modules).arg(sources.join("course.js")).arg(&sandbox.url);
    command.arg(&browser.program).arg(&pictures).arg(repository.root().join(PAGE));
    let shown = play(command)?;
    sandbox.stop()?;
    let wrong = shown.wrong();
    eprintln!(
        "== page: {}; {} of {} steps, {} s; screenshots in {}",
        if wrong.is_empty() { "all is well" } else { "NOT well" },
        shown.steps.len(),
        STEPS.len(),
        begun.elapsed().as_secs(),
        pictures.display(),
    );
    for line in &wrong {
        eprintln!("   {line}");
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn play(command: Command) -> Result<Shown> {
    let mut shown = Shown::default();
    let ended_well = script::run(command, |line| {
        eprintln!("   {line}");
        shown.note(line);
    })?;
    if !ended_well {
        shown.failed.get_or_insert_with(|| "the course ended with an error (above)".to_owned());
    }
    Ok(shown)
}

/// What the course said: `ok STEP: …` for each thing that it showed, and `FAILED …` at the first that is wrong. Silence
/// is no consent: what is not shown is missing.
#[derive(Debug, Default)]
struct Shown {
    steps: BTreeSet<String>,
    failed: Option<String>,
}

impl Shown {
    fn note(&mut self, line: &str) {
        if let Some((step, _)) = line.strip_prefix("ok ").and_then(|rest| rest.split_once(": ")) {
            self.steps.insert(step.to_owned());
        } else if let Some(what) = line.strip_prefix("FAILED ") {
            self.failed = Some(what.to_owned());
        }
    }

    /// What failed; or else what was not shown.
    fn wrong(&self) -> Vec<String> {
        if let Some(what) = &self.failed {
            return vec![what.clone()];
        }
        let missing = STEPS.iter().filter(|step| !self.steps.contains(**step));
        missing.map(|step| format!("{step} was not shown")).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "a person wants to know how long it took")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Shown {
        let mut shown = Shown::default();
        for step in STEPS {
            shown.note(&format!("ok {step}: as it should be"));
        }
        shown
    }

    #[test]
    fn everything_shown_is_well() {
        assert_eq!(all().wrong(), Vec::<String>::new());
    }

    #[test]
    fn what_was_not_shown_is_missing() {
        let mut shown = all();
        shown.steps.remove("pay");
        assert_eq!(shown.wrong(), ["pay was not shown"]);
        assert_eq!(Shown::default().wrong().len(), STEPS.len());
    }

    #[test]
    fn a_failure_is_told_in_its_own_words() {
        let mut shown = all();
        shown.note("FAILED pay: it says NOTPAY");
        assert_eq!(shown.wrong(), ["pay: it says NOTPAY"]);
    }
}
