//! `cargo xtask sweep`: builds the simulation with optimisation, and strikes every place of every
//! script with everything that can strike it.
//!
//! What it takes is the sweep's own business: everything is handed on to it (`docs/sweep.md`).

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::cargo;
use crate::repository::Repository;

/// The cargo profile: optimised, with every check on.
const PROFILE: &str = "sim";

/// Ends as the sweep ends.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> Result<ExitCode> {
    let package = ["--package", "simulation", "--bin", "sweep"];
    let mut build = vec!["build", "--locked", "--quiet", "--profile", PROFILE];
    build.extend(package);
    cargo::step(repository, &build)?;
    let mut command = Command::new(repository.target().join(PROFILE).join("sweep"));
    command.current_dir(repository.root()).args(arguments);
    let succeeded = cargo::run(&mut command)?.success();
    Ok(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
