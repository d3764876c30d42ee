//! `cargo xtask ci`: everything that must hold before a change lands.

use std::process::ExitCode;

use anyhow::Result;

use crate::repository::Repository;
use crate::{cargo, test};

/// The tests come last, because they take longest; `test` begins with tidy and the formatter.
pub(crate) fn run(repository: &Repository) -> Result<ExitCode> {
    let lints =
        ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-Dwarnings"];
    cargo::step(repository, &lints)?;
    test::run(repository, &[])
}
