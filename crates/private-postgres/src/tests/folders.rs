//! Directories for tests: short paths, reachable by the server's user, removed afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A directory that disappears with its content.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// One directory per name and test process.
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pp-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        set_mode(&path, 0o755);
        Self(path.canonicalize().unwrap())
    }

    /// One that is there already.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
