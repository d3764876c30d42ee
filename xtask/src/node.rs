//! The pinned npm packages, below the target folder.
//!
//! Nothing is installed outside of that folder, nothing again that is there already, and no script of a
//! package is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo;

/// The oldest that the scripts were tried with.
const OLDEST: u32 = 20;
const LOCK: &str = "package-lock.json";

/// The folder of the packages, after everything that the lock file in `sources` pins is there.
pub(crate) fn modules(folder: &Path, sources: &Path) -> Result<PathBuf> {
    let home = folder.join("node");
    let modules = home.join("node_modules");
    let wanted = read(&sources.join(LOCK))?;
    is_new_enough()?;
    let stamp = home.join("installed-package-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(modules);
    }
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    for name in ["package.json", LOCK] {
        fs::copy(sources.join(name), home.join(name))
            .with_context(|| format!("cannot copy {name} into {}", home.display()))?;
    }
    eprintln!("== npm ci in {}", home.display());
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    let installed = cargo::run(npm.current_dir(&home))
        .context("npm is not here: it comes with Node.js, on Debian as the package npm")?;
    if !installed.success() {
        bail!(
            "the packages of {} cannot be installed (npm's reason stands above): the npm registry has \
             to be reachable the first time",
            sources.display()
        );
    }
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(modules)
}

fn is_new_enough() -> Result<()> {
    let output = Command::new("node")
        .arg("--version")
        .output()
        .with_context(|| format!("node is not here: install Node.js {OLDEST} or newer"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if major(&version).is_none_or(|major| major < OLDEST) {
        bail!("node {version} is too old: install Node.js {OLDEST} or newer");
    }
    Ok(())
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_begins_with_its_major() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("20"), None);
        assert_eq!(major(""), None);
    }

    #[test]
    fn the_lock_files_name_no_host_and_have_a_sum_for_every_package() {
        for sources in ["sdks/node", "page", "page/chromium"] {
            let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join(sources);
            let lock: serde_json::Value =
                serde_json::from_str(&read(&sources.join(LOCK)).unwrap()).unwrap();
            let packages = lock["packages"].as_object().unwrap();
            assert!(packages.len() > 1);
            for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
                assert!(package["integrity"].is_string(), "{name} has no sum");
                let from = package["resolved"].as_str().unwrap_or("https://registry.npmjs.org/");
                assert!(
                    from.starts_with("https://registry.npmjs.org/"),
                    "{name} comes from {from}"
                );
            }
        }
    }
}
