//! A copy of the committed tree, in which mistakes may be made. It has a target folder of its own,
//! so that only what a change touches is built again.
//!
//! Files that are as they should be are left alone: cargo sees by their times what changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::change::Change;
use crate::cargo;
use crate::repository::Repository;

/// Where a copy is, and where it is built.
pub(super) struct Copy {
    /// The folder of the copied workspace.
    tree: PathBuf,
    build: PathBuf,
    index: PathBuf,
    git: PathBuf,
}

impl Copy {
    /// The tree as it was committed last.
    pub(super) fn of_committed(repository: &Repository) -> Result<Self> {
        let folder = std::path::absolute(repository.target().join("planted"))?;
        let git = Command::new("git")
            .args(["rev-parse", "--absolute-git-dir"])
            .current_dir(repository.root())
            .output()
            .context("cannot run git")?;
        let git = String::from_utf8(git.stdout).context("where git keeps its data")?;
        let copy = Self {
            tree: folder.join("tree"),
            build: folder.join("build"),
            index: folder.join("index"),
            git: PathBuf::from(git.trim()),
        };
        fs::create_dir_all(&copy.tree)?;
        copy.git(&["read-tree", "--reset", "-u", "HEAD"])?;
        copy.restore()?;
        Ok(copy)
    }

    /// Makes a change; nothing is written when a part of it does not apply.
    pub(super) fn apply(&self, change: &Change) -> Result<()> {
        let mut texts = std::collections::BTreeMap::new();
        for edit in &change.edits {
            let path = self.tree.join(&edit.path);
            let text = match texts.get(&path) {
                Some(changed) => String::clone(changed),
                None => fs::read_to_string(&path).with_context(|| path.display().to_string())?,
            };
            texts.insert(path, edit.applied(&text)?);
        }
        for (path, text) in texts {
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }

    /// The committed tree again.
    pub(super) fn restore(&self) -> Result<()> {
        self.git(&["checkout-index", "--all", "--force", "--index"])
    }

    /// `cargo` in the copy.
    pub(super) fn cargo(&self) -> Command {
        let mut command = cargo::anywhere();
        command.current_dir(&self.tree);
        command.env("CARGO_TARGET_DIR", &self.build);
        // A change of one line is built in seconds, where what was built before need not be optimised again.
        command.env("CARGO_INCREMENTAL", "1");
        command.env("CARGO_PROFILE_SIM_LTO", "off");
        command.env("CARGO_PROFILE_SIM_CODEGEN_UNITS", "16");
        command
    }

    /// Where programs of a profile are.
    pub(super) fn programs(&self, profile: &str) -> PathBuf {
        self.build.join(profile)
    }

    /// The folder of the copy.
    pub(super) fn root(&self) -> &Path {
        &self.tree
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(&self.tree);
        command.env("GIT_DIR", &self.git);
        command.env("GIT_WORK_TREE", &self.tree);
        // An index of its own: that of the repository knows nothing of this.
        command.env("GIT_INDEX_FILE", &self.index);
        if !cargo::run(&mut command)?.success() {
            bail!("`git {}` failed", arguments.join(" "));
        }
        Ok(())
    }
}
