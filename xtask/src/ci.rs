//! `cargo xtask ci`: everything that must hold before a change lands.

use std::process::ExitCode;

use anyhow::Result;

use crate::repository::Repository;
use crate::{cargo, page, sdks, test};

/// `test` begins with tidy and the formatter, and takes longest by far.
pub(crate) fn run(repository: &Repository) -> Result<ExitCode> {
    let lints =
        ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-Dwarnings"];
    cargo::step(repository, &lints)?;
    if test::run(repository, &[])? != ExitCode::SUCCESS {
        return Ok(ExitCode::FAILURE);
    }
    if sdks::run_with_what_was_tested(repository)? != ExitCode::SUCCESS {
        return Ok(ExitCode::FAILURE);
    }
    page::run_with_what_was_tested(repository)
}
