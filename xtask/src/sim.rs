//! `cargo xtask sim`: builds the simulation with optimisation, and plays it.
//!
//! What it takes is the simulation's own business: everything is handed on to it
//! (`docs/simulation.md`).

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::cargo;
use crate::repository::Repository;

/// The cargo profile: optimised, with every check on.
const PROFILE: &str = "sim";

/// Ends as the simulation ends.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> Result<ExitCode> {
    let build = ["build", "--locked", "--quiet", "--profile", PROFILE, "--package", "simulation"];
    cargo::step(repository, &build)?;
    let mut command = Command::new(repository.target().join(PROFILE).join("simulation"));
    command.current_dir(repository.root()).args(arguments);
    let succeeded = cargo::run(&mut command)?.success();
    Ok(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
