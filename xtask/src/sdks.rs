//! `cargo xtask sdks`: WeChat Pay SDKs of others, as they are published, against `paydesk sandbox`.
//!
//! Each SDK plays its course (`xtask/sdks/`) with a sandbox of its own. May not judge what an SDK did, the
//! course does; but it demands that everything was shown. docs/sandbox.md says how each is pointed at it.

mod table;

use std::fs;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::repository::Repository;
use crate::sandbox::Sandbox;
use crate::{cargo, course, node, python};
use table::Table;

/// What the scripts are, and what they are made of.
const SOURCES: &str = "xtask/sdks";

/// What is run.
#[derive(Args)]
pub(crate) struct Choices {
    /// Takes the paydesk that the last build left in the target folder
    #[arg(long)]
    no_build: bool,
}

/// An SDK and the script that plays its course.
struct Sdk {
    /// As its registry has it.
    name: &'static str,
    script: &'static str,
    language: Language,
    /// What it has no means for; docs/sandbox.md says so, too.
    cannot: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Language {
    Python,
    Node,
}

const SDKS: [Sdk; 3] = [
    Sdk {
        name: "wechatpayv3",
        script: "python/course.py",
        language: Language::Python,
        cannot: &[],
    },
    Sdk {
        name: "wechatpay-axios-plugin",
        script: "node/axios_plugin.js",
        language: Language::Node,
        cannot: &[],
    },
    Sdk {
        name: "wechatpay-node-v3",
        script: "node/node_v3.js",
        language: Language::Node,
        cannot: &["forged-answer", "abnormal-refund"],
    },
];

/// The same with the program that `cargo test --workspace` has just built: another would differ in a
/// feature of a dependency, and be built for minutes.
pub(crate) fn run_with_what_was_tested(repository: &Repository) -> Result<ExitCode> {
    run(repository, &Choices { no_build: true })
}

/// Fails when an SDK met something wrong, or did not come to everything.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let (folder, sources) = (repository.target().join("sdks"), repository.root().join(SOURCES));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let programs = python::environment(&folder, &sources.join("python/requirements.txt"))?;
    let modules = node::modules(&folder, &sources.join("node"))?;
    if !choices.no_build {
        cargo::step(repository, &["build", "--locked", "--package", "app"])?;
    }
    let paydesk = repository.target().join("debug").join("paydesk");
    let begun = now();
    let mut table = Table::default();
    for sdk in &SDKS {
        let own = folder.join(sdk.name);
        let sandbox = Sandbox::start(&paydesk, &own)?;
        eprintln!("== {}, with a sandbox at {}", sdk.name, sandbox.url);
        let mut command = match sdk.language {
            Language::Python => Command::new(programs.join("python")),
            Language::Node => Command::new("node"),
        };
        // Packages are looked for there, and nothing is left beside the sources.
        command.env("NODE_PATH", &modules).env("PYTHONDONTWRITEBYTECODE", "1");
        command.arg(sources.join(sdk.script)).arg(&sandbox.url).arg(own.join("certificates"));
        let shown = course::play(command)?;
        sandbox.stop()?;
        table.add(sdk.name, sdk.cannot, shown);
    }
    eprint!("\n{}\n", table.text());
    let wrong = table.wrong();
    let seconds = begun.elapsed().as_secs();
    let how_much = format!("{} SDKs, {} things shown, {seconds} s", SDKS.len(), table.count());
    let is_well = course::conclude("sdks", &how_much, &wrong);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "a person wants to know how long it took")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_script_is_there() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdks");
        for sdk in &SDKS {
            assert!(sources.join(sdk.script).is_file(), "{}", sdk.script);
        }
    }
}
