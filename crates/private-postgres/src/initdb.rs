//! Makes a data directory. One that carries the final name is complete, always.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::command;
use crate::error::{StartError, failed};
use crate::options::Durability;
use crate::places::Places;
use crate::query::USER;

const LIMIT: Duration = Duration::from_secs(180);
const UNFINISHED: &str = "data.new.";

/// The major version that made the existing data, if there is data.
pub(crate) fn existing_major(data: &Path) -> Result<Option<u32>, StartError> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => text.trim().parse().map(Some).map_err(|error| {
            failed("read the version in", &file)(std::io::Error::new(ErrorKind::InvalidData, error))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", &file)(error)),
    }
}

/// Makes the data under another name and renames it when it is whole.
pub(crate) fn create(
    places: &Places,
    binaries: &Binaries,
    account: Account,
    durability: Durability,
    progress: &dyn Fn(&str),
) -> Result<(), StartError> {
    remove_unfinished(&places.home)?;
    // A name of our own: an `initdb` whose launcher was killed may still be writing to another.
    let unfinished = places.home.join(format!("{UNFINISHED}{}", std::process::id()));
    DirBuilder::new()
        .mode(0o700)
        .create(&unfinished)
        .map_err(failed("make the folder", &unfinished))?;
    account.give(&unfinished)?;
    let mut initdb = binaries.command("initdb", account);
    initdb.arg("-D").arg(&unfinished).args(["-U", USER]).args([
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",
        "--data-checksums",
        "--no-instructions",
    ]);
    if !durability.is_guarded() {
        initdb.arg("--no-sync");
    }
    let output = command::run(&mut initdb, &places.home, LIMIT, progress)
        .map_err(failed("run initdb for", &unfinished))?;
    if !output.is_success() {
        return Err(StartError::Program { program: "initdb", output: output.complaint() });
    }
    fs::rename(&unfinished, &places.data).map_err(failed("rename", &unfinished))?;
    File::open(&places.home).and_then(|home| home.sync_all()).map_err(failed("sync", &places.home))
}

/// Removes what a killed launcher left. Only folders of exactly our naming.
fn remove_unfinished(home: &Path) -> Result<(), StartError> {
    for entry in fs::read_dir(home).map_err(failed("list", home))? {
        let path = entry.map_err(failed("list", home))?.path();
        let is_ours = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix(UNFINISHED))
            .is_some_and(|pid| pid.parse::<u32>().is_ok());
        if is_ours {
            fs::remove_dir_all(&path).map_err(failed("remove", &path))?;
        }
    }
    Ok(())
}
