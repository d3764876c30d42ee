//! `cargo xtask page`: the sandbox's page in a real Chromium without a window.
//!
//! The course (`xtask/page/course.js`) does what a person does, looks at the sandbox's ledger after each step, and takes
//! screenshots. May not judge what the page did, the course does; but it demands that everything was shown.

mod chromium;

use std::fs;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::repository::Repository;
use crate::sandbox::Sandbox;
use crate::{cargo, course, node};

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
    let shown = course::play(command)?;
    sandbox.stop()?;
    let wrong = shown.wrong(STEPS.iter().map(|step| (*step).to_owned()));
    let (steps, all) = (shown.things.len(), STEPS.len());
    let seconds = begun.elapsed().as_secs();
    let how_much =
        format!("{steps} of {all} steps, {seconds} s; screenshots in {}", pictures.display());
    let is_well = course::conclude("page", &how_much, &wrong);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "a person wants to know how long it took")]
fn now() -> Instant {
    Instant::now()
}
