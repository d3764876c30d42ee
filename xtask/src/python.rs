//! Python environments of our own, below the target folder, with what a list of requirements pins.
//!
//! Nothing is installed outside of that folder, and nothing again that is there already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo;

/// Below it, what is pinned does not install.
const OLDEST: &str = "import sys; sys.exit(sys.version_info < (3, 10))";

/// The folder of the environment's programs, after everything of `requirements` is there.
pub(crate) fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let wanted = fs::read_to_string(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let venv = folder.join("venv");
    let stamp = venv.join("installed-requirements.txt");
    let programs = venv.join("bin");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    make(&venv)?;
    install(&programs, requirements)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(programs)
}

fn make(venv: &Path) -> Result<()> {
    let python = |words: &[&str]| {
        let mut command = Command::new("python3");
        command.args(words);
        command
    };
    let is_new_enough = python(&["-c", OLDEST])
        .status()
        .context("python3 is not here: install Python 3.10 or newer (with its venv module)")?;
    if !is_new_enough.success() {
        bail!("python3 is too old: install Python 3.10 or newer");
    }
    eprintln!("== python3 -m venv {}", venv.display());
    if !cargo::run(python(&["-m", "venv", "--clear"]).arg(venv))?.success() {
        bail!("python3 has no venv module: on Debian and Ubuntu install python3-venv");
    }
    Ok(())
}

fn install(programs: &Path, requirements: &Path) -> Result<()> {
    eprintln!("== pip install --requirement {}", requirements.display());
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    if !cargo::run(pip.arg("--requirement").arg(requirements))?.success() {
        bail!(
            "{} cannot be installed (pip's reason stands above): PyPI, or the mirror in \
             PIP_INDEX_URL, has to be reachable the first time",
            requirements.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_already_is_not_installed_again() {
        let folder = std::env::temp_dir().join(format!("paydesk-python-{}", std::process::id()));
        let venv = folder.join("venv");
        fs::create_dir_all(&venv).unwrap();
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, "a==1\n").unwrap();
        fs::write(venv.join("installed-requirements.txt"), "a==1\n").unwrap();
        let found = environment(&folder, &requirements);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.unwrap(), venv.join("bin"));
    }
}
