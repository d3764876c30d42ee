//! Debian and Ubuntu: downloads the server's package and the libraries it misses, and unpacks them.
//!
//! Uses the system's package lists when it has them, private ones otherwise; never changes the
//! system, so it works without rights.

use std::path::Path;

use super::Workshop;
use crate::binaries::library_folders;
use crate::command::is_on_path;
use crate::search;

/// How deep the libraries of libraries are followed.
const LEVELS_MAX: usize = 5;

/// Only what is unavoidable, and no long silent retries.
const DEPENDENCIES_ONLY: [&str; 6] = [
    "--no-recommends",
    "--no-suggests",
    "--no-conflicts",
    "--no-breaks",
    "--no-replaces",
    "--no-enhances",
];

pub(super) fn unpack(workshop: &Workshop<'_>) -> Result<(), String> {
    for tool in ["apt-get", "apt-cache", "dpkg", "dpkg-query"] {
        if !is_on_path(tool) {
            return Err(format!("this system has no {tool}"));
        }
    }
    // Debian's server reads the system's time zones, at a path that is compiled in.
    if !Path::new("/usr/share/zoneinfo/UTC").exists() {
        return Err("this system has no time zone data (package tzdata)".to_owned());
    }
    let with_lists_here = Apt { workshop, options: Vec::new() };
    with_lists_here
        .unpack_server()
        .or_else(|_outdated_or_missing| Apt::with_private_lists(workshop)?.unpack_server())
}

/// The package tools with the lists they are to use.
struct Apt<'a> {
    workshop: &'a Workshop<'a>,
    options: Vec<String>,
}

impl<'a> Apt<'a> {
    fn with_private_lists(workshop: &'a Workshop<'a>) -> Result<Self, String> {
        let lists = workshop.scratch.join("lists");
        let cache = workshop.scratch.join("cache");
        for folder in [lists.join("partial"), cache.join("archives/partial")] {
            std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        let options = vec![
            format!("-oDir::State::Lists={}", lists.display()),
            format!("-oDir::Cache={}", cache.display()),
            "-oAPT::Sandbox::User=".to_owned(),
            "-oAcquire::Retries=1".to_owned(),
            "-oAcquire::http::Timeout=20".to_owned(),
            "-oAcquire::https::Timeout=20".to_owned(),
            "-oAcquire::Languages=none".to_owned(),
        ];
        let apt = Self { workshop, options };
        workshop.tell("fetching Debian's package lists (kept private, nothing is installed)");
        // One repository of several may be out of reach: what counts is whether the package is known.
        let update = apt.run("apt-get", &["update"])?;
        if apt.server_package().is_err() && !update.is_success() {
            return Err(format!("apt-get update: {}", update.complaint()));
        }
        Ok(apt)
    }

    fn unpack_server(&self) -> Result<(), String> {
        let server = self.server_package()?;
        let mut level = vec![server];
        let mut unpacked = Vec::new();
        for _ in 0..LEVELS_MAX {
            self.download_and_unpack(&level)?;
            if self.missing_libraries()?.is_empty() {
                return Ok(());
            }
            let next = self.libraries_of(&level)?;
            unpacked.append(&mut level);
            level = next.into_iter().filter(|name| !unpacked.contains(name)).collect();
            if level.is_empty() {
                break;
            }
        }
        Err(format!("no package found for {}", self.missing_libraries()?.join(", ")))
    }

    /// `postgresql-15`: the wanted version, or the one that `postgresql` stands for.
    fn server_package(&self) -> Result<String, String> {
        if let Some(major) = self.workshop.major {
            let name = format!("postgresql-{major}");
            let known = self.run_well("apt-cache", &["show", "--no-all-versions", &name])?;
            return if known.stdout.contains("Package:") {
                Ok(name)
            } else {
                Err(format!("{name} is not offered"))
            };
        }
        self.dependencies("postgresql")?
            .into_iter()
            .find(|name| name.starts_with("postgresql-"))
            .ok_or_else(|| "no package named postgresql is offered".to_owned())
    }

    fn download_and_unpack(&self, packages: &[String]) -> Result<(), String> {
        self.workshop.tell(&format!("downloading {}", packages.join(", ")));
        let mut arguments = vec!["download"];
        arguments.extend(packages.iter().map(String::as_str));
        self.run_well("apt-get", &arguments)?;
        for archive in self.workshop.files_ending(".deb")? {
            self.workshop.run_well("dpkg", &["-x", &archive, "package-root"])?;
            std::fs::remove_file(self.workshop.scratch.join(&archive))
                .map_err(|error| format!("cannot remove {archive}: {error}"))?;
        }
        Ok(())
    }

    /// The libraries that these packages need and this system has not. The compiler library is for
    /// `jit`, which stays off, and is larger than everything else together.
    fn libraries_of(&self, packages: &[String]) -> Result<Vec<String>, String> {
        let mut libraries = Vec::new();
        for package in packages {
            for name in self.dependencies(package)? {
                let is_library = name.starts_with("lib") || name == "zlib1g";
                if is_library && !name.starts_with("libllvm") && !self.is_installed(&name)? {
                    libraries.push(name);
                }
            }
        }
        libraries.sort();
        libraries.dedup();
        Ok(libraries)
    }

    fn dependencies(&self, package: &str) -> Result<Vec<String>, String> {
        let mut arguments = vec!["depends"];
        arguments.extend(DEPENDENCIES_ONLY);
        arguments.push(package);
        Ok(depends_lines(&self.run_well("apt-cache", &arguments)?.stdout))
    }

    fn is_installed(&self, package: &str) -> Result<bool, String> {
        let format = "-f=${db:Status-Status}";
        let output = self.workshop.run("dpkg-query", &["-W", format, package])?;
        Ok(output.is_success() && output.stdout == "installed")
    }

    fn missing_libraries(&self) -> Result<Vec<String>, String> {
        let mut missing = Vec::new();
        for folder in search::programs_in(&self.workshop.package) {
            let libraries = library_folders(&folder)
                .iter()
                .map(|path| path.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
                .join(":");
            let setting = format!("LD_LIBRARY_PATH={libraries}");
            for program in ["postgres", "initdb"] {
                let path = folder.join(program).to_string_lossy().into_owned();
                let said = self.workshop.run("env", &[&setting, "ldd", &path])?.stdout;
                missing.extend(libraries_not_found(&said));
            }
        }
        Ok(missing)
    }

    fn run(&self, tool: &str, arguments: &[&str]) -> Result<crate::command::Output, String> {
        self.workshop.run(tool, &self.with_options(arguments))
    }

    fn run_well(&self, tool: &str, arguments: &[&str]) -> Result<crate::command::Output, String> {
        self.workshop.run_well(tool, &self.with_options(arguments))
    }

    fn with_options<'b>(&'b self, arguments: &[&'b str]) -> Vec<&'b str> {
        let mut all = arguments.to_vec();
        all.extend(self.options.iter().map(String::as_str));
        all
    }
}

/// The names after `Depends:` in the answer of `apt-cache depends`, alternatives included.
fn depends_lines(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.trim().trim_start_matches('|').split_once("Depends: "))
        .filter(|(before, name)| matches!(*before, "" | "Pre") && !name.starts_with('<'))
        .map(|(_, name)| name.trim().to_owned())
        .collect()
}

fn libraries_not_found(ldd: &str) -> Vec<String> {
    ldd.lines()
        .filter_map(|line| line.trim().strip_suffix("=> not found"))
        .map(|name| name.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_without_virtual_packages_and_providers() {
        let text = "postgresql-15\n |Depends: locales\n  Depends: <debconf-2.0>\n    cdebconf\n  \
                    Depends: libpq5\n  PreDepends: libc6\n";
        assert_eq!(depends_lines(text), ["locales", "libpq5", "libc6"]);
    }

    #[test]
    fn missing_libraries_are_read_from_ldd() {
        let text = "\tlibicui18n.so.60 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x0)\n";
        assert_eq!(libraries_not_found(text), ["libicui18n.so.60"]);
    }
}
