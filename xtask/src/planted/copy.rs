//! A copy of the committed tree, in which mistakes may be made. It has a target folder of its own,
//! so that only what a change touches is built again.
//!
//! Files that are as they should be are left alone: cargo sees by their times what changed.

use std::fs;
use std::path::{Component, Path, PathBuf};
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
        Self::of(repository.root(), &std::path::absolute(repository.target().join("planted"))?)
    }

    /// What was committed last in the repository at `root`, in a folder of its own.
    fn of(root: &Path, folder: &Path) -> Result<Self> {
        let git = Command::new("git")
            .args(["rev-parse", "--absolute-git-dir"])
            .current_dir(root)
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
            let inside = Path::new(&edit.path);
            if !inside.components().all(|part| matches!(part, Component::Normal(_))) {
                bail!("{} is not in the copy", edit.path);
            }
            let path = self.tree.join(inside);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::change::parse;

    fn git(root: &Path, arguments: &[&str]) -> String {
        let who = ["-c", "user.name=x", "-c", "user.email=x@localhost"];
        let mut command = Command::new("git");
        // Where git calls this, it says which repository it means.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        let output = command.args(who).args(arguments).current_dir(root).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn change(path: &str) -> Change {
        let text = "what: w\nwhy: y\nfound by: sim\npromise: I1\n\n\
                    in PATH\n--- find\nb();\n--- put\nc();\n--- end\n";
        parse("xtask/planted/a-mistake.planted", &text.replace("PATH", path)).unwrap()
    }

    #[test]
    fn a_mistake_is_made_in_the_copy_and_nowhere_else() {
        let folder = format!("paydesk-planted-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let (root, copies) = (folder.join("repository"), folder.join("copies"));
        fs::create_dir_all(&root).unwrap();
        git(&root, &["init", "--quiet"]);
        fs::write(root.join("a.rs"), "b();\n").unwrap();
        git(&root, &["add", "a.rs"]);
        git(&root, &["commit", "--quiet", "--message", "x"]);
        // Somebody is at work on it, and has prepared half of that.
        fs::write(root.join("a.rs"), "b();\nd();\n").unwrap();
        git(&root, &["add", "a.rs"]);
        fs::write(root.join("a.rs"), "b();\nd();\ne();\n").unwrap();
        let diffs = || (git(&root, &["diff"]), git(&root, &["diff", "--cached"]));
        let before = diffs();

        let copy = Copy::of(&root, &copies).unwrap();
        let copied = || fs::read_to_string(copies.join("tree/a.rs")).unwrap();
        assert_eq!(copied(), "b();\n", "as it was committed");
        copy.apply(&change("a.rs")).unwrap();
        assert_eq!(copied(), "c();\n");
        assert_eq!(diffs(), before);
        // Who was stopped before taking it back begins with the committed tree again.
        let again = Copy::of(&root, &copies).unwrap();
        assert_eq!(copied(), "b();\n");
        for outside in ["../../repository/a.rs", root.join("a.rs").to_str().unwrap()] {
            let refused = again.apply(&change(outside)).unwrap_err().to_string();
            assert!(refused.contains("is not in the copy"), "{refused}");
        }
        again.restore().unwrap();
        assert_eq!(diffs(), before);
        fs::remove_dir_all(&folder).unwrap();
    }
}
