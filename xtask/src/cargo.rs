//! Runs cargo itself, as if from a terminal, and says how it ended.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};

use crate::repository::Repository;

/// What `cargo run` tells this program about this program. Build scripts would take a change of these
/// for a change of their own and build again, at every turn from `cargo` to `cargo xtask` and back.
const OF_XTASK_ONLY: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// `cargo`, in the root of the repository.
pub(crate) fn command(repository: &Repository) -> Command {
    let mut command = anywhere();
    command.current_dir(repository.root());
    command
}

/// `cargo`, wherever it is run.
pub(crate) fn anywhere() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let is_of_xtask = name
            .to_str()
            .is_some_and(|name| OF_XTASK_ONLY.iter().any(|prefix| name.starts_with(prefix)));
        if is_of_xtask {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a step that has to succeed. Its output goes where ours goes.
pub(crate) fn step(repository: &Repository, arguments: &[&str]) -> Result<()> {
    let shown = format!("cargo {}", arguments.join(" "));
    eprintln!("== {shown}");
    let status = run(command(repository).args(arguments))?;
    if !status.success() {
        bail!("`{shown}` failed");
    }
    Ok(())
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("cannot run {}", command.get_program().display()))
}

/// The output of `cargo metadata`.
pub(crate) fn metadata(repository: &Repository) -> Result<serde_json::Value> {
    let output = command(repository)
        .args(["metadata", "--format-version=1", "--locked"])
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("cannot read the answer of cargo metadata")
}
