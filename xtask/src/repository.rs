//! The repository as a value: where it is, and the text of its files. Reads only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold nothing written by us.
const NOT_OURS: [&str; 4] = ["target", ".git", ".paydesk", "node_modules"];
/// Files whose text the rules read.
const TEXTS: [&str; 7] = ["rs", "md", "toml", "sql", "lock", "txt", "planted"];

/// The folder of the workspace.
pub(crate) struct Repository {
    root: PathBuf,
}

/// All paths, with `/`, relative to the root; and the texts of those that are read.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) paths: BTreeSet<String>,
    pub(crate) texts: BTreeMap<String, String>,
}

impl Repository {
    /// The workspace this program was built in.
    pub(crate) fn find() -> Result<Self> {
        // Cargo names the folder again at run time: a moved clone is found without a new build.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask is not in a folder of the workspace")?;
        Ok(Self { root: root.to_owned() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> PathBuf {
        let chosen = std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
        self.root.join(chosen.map_or_else(|| PathBuf::from("target"), PathBuf::from))
    }

    /// Reads the tree, without what is not ours.
    pub(crate) fn tree(&self) -> Result<Tree> {
        let mut tree = Tree::default();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
            for entry in entries {
                let entry = entry?;
                let path = entry.path();
                let kind = entry.file_type()?;
                if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
                    continue;
                }
                tree.add(&self.root, &path, kind.is_file())?;
                if kind.is_dir() {
                    folders.push(path);
                }
            }
        }
        Ok(tree)
    }
}

impl Tree {
    fn add(&mut self, root: &Path, path: &Path, is_file: bool) -> Result<()> {
        let relative = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let is_text = path
            .extension()
            .and_then(|ending| ending.to_str())
            .is_some_and(|ending| TEXTS.contains(&ending));
        if is_file && is_text {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            self.texts.insert(relative.clone(), text);
        }
        self.paths.insert(relative);
        Ok(())
    }

    /// The texts with this ending, in the order of their paths.
    pub(crate) fn texts_ending<'a>(
        &'a self,
        ending: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts
            .iter()
            .filter(move |(path, _)| path.ends_with(ending))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// A small tree for a test of a rule.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.paths.insert((*path).to_owned());
            tree.texts.insert((*path).to_owned(), (*text).to_owned());
        }
        tree
    }
}
