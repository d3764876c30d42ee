//! The programs of one PostgreSQL server: where they are, which version, how to run them.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use crate::account::Account;

/// Older servers are not supported by their makers any more.
pub(crate) const OLDEST_MAJOR: u32 = 14;

/// `15.18`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

/// A folder with a `postgres` and an `initdb` that run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) folder: PathBuf,
    pub(crate) version: Version,
}

impl Binaries {
    /// Runs the programs, as the server's user, to see that they can be used; or says why not.
    pub(crate) fn try_in(folder: &Path, account: Account) -> Result<Self, String> {
        let version: Version = said_by(folder, "postgres", account)?.parse()?;
        let initdb: Version = said_by(folder, "initdb", account)?.parse()?;
        if version != initdb {
            return Err(format!("postgres is {version} but initdb is {initdb}"));
        }
        if version.major < OLDEST_MAJOR {
            return Err(format!("version {version} is older than {OLDEST_MAJOR}"));
        }
        Ok(Self { folder: folder.to_owned(), version })
    }

    /// One of the programs, to be run as the server's user.
    pub(crate) fn command(&self, program: &str, account: Account) -> Command {
        command(&self.folder.join(program), &self.folder, account)
    }
}

fn said_by(folder: &Path, program: &str, account: Account) -> Result<String, String> {
    let path = folder.join(program);
    let output = command(&path, folder, account)
        .arg("--version")
        .output()
        .map_err(|error| format!("cannot run {}: {error}", path.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} does not run here: {}", path.display(), said.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn command(program: &Path, folder: &Path, account: Account) -> Command {
    let mut command = Command::new(program);
    // A working directory that any user can enter, and no settings but ours.
    command.current_dir("/").env("LC_ALL", "C").env_remove("TZ");
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    let libraries = library_folders(folder);
    if !libraries.is_empty() {
        let inherited = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let all = libraries.into_iter().chain(std::env::split_paths(&inherited));
        // A folder with a colon in its name cannot be listed; the program then says what it misses.
        command.env("LD_LIBRARY_PATH", std::env::join_paths(all).unwrap_or_default());
    }
    account.apply(&mut command);
    command
}

/// The libraries that were unpacked beside Debian's programs. An installed server needs none.
pub(crate) fn library_folders(folder: &Path) -> Vec<PathBuf> {
    let Some(root) = folder.ancestors().nth(5) else { return Vec::new() };
    if root == Path::new("/") || !folder.starts_with(root.join("usr/lib/postgresql")) {
        return Vec::new();
    }
    ["usr/lib", "lib"]
        .into_iter()
        .filter_map(|lib| fs::read_dir(root.join(lib)).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().and_then(OsStr::to_str).is_some_and(|n| n.contains("-linux-"))
        })
        .collect()
}

impl FromStr for Version {
    type Err = String;

    /// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; a `19beta1` is `19.0`.
    fn from_str(text: &str) -> Result<Self, String> {
        let unreadable = || format!("cannot read a version in {:?}", text.trim());
        let (_, after) = text.split_once("(PostgreSQL) ").ok_or_else(unreadable)?;
        let mut parts = after.split(|c: char| !c.is_ascii_digit());
        let major = parts.next().and_then(|part| part.parse().ok()).ok_or_else(unreadable)?;
        let minor = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
        let is_preview = !after.starts_with(&format!("{major}."));
        Ok(Self { major, minor: if is_preview { 0 } else { minor } })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        let read = |text: &str| text.parse::<Version>().map(|version| version.to_string());
        assert_eq!(
            read("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n").unwrap(),
            "15.18"
        );
        assert_eq!(read("initdb (PostgreSQL) 18.6\n").unwrap(), "18.6");
        assert_eq!(read("postgres (PostgreSQL) 19beta1\n").unwrap(), "19.0");
        assert!(read("postgres: command not found").is_err());
    }

    #[test]
    fn newer_means_the_number_not_the_text() {
        let version = |major, minor| Version { major, minor };
        assert!(version(15, 9) < version(15, 18));
        assert!(version(9, 6) < version(15, 0));
    }

    #[test]
    fn an_installed_server_needs_no_library_folders() {
        assert!(library_folders(Path::new("/usr/lib/postgresql/15/bin")).is_empty());
        assert!(library_folders(Path::new("/opt/pg/bin")).is_empty());
    }

    #[test]
    fn unpacked_libraries_are_found_beside_the_programs() {
        let folder = crate::tests::Folder::new("libs");
        let bin = folder.path().join("usr/lib/postgresql/15/bin");
        let lib = folder.path().join("usr/lib/x86_64-linux-gnu");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(&lib).unwrap();
        assert_eq!(library_folders(&bin), [lib]);
    }
}
