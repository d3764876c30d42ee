//! Ends the server of an earlier start whose owner was killed, and clears away what it left.
//!
//! We hold the directory's lock, so nobody uses that server. It is stopped rather than adopted: it may
//! be about to stop by itself, it may run with other settings, and nothing would end it when we are
//! killed in turn.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::error::{StartError, failed};
use crate::pidfile;
use crate::places::{Places, SOCKET_NAME};
use crate::process::{self, Found};
use crate::wait;

const FAST_STOP_LIMIT: Duration = Duration::from_secs(20);
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(10);

/// Afterwards no process uses the data, and nothing claims that one does.
pub(crate) fn clear(places: &Places, progress: &dyn Fn(&str)) -> Result<(), StartError> {
    let Ok(data) = places.data.canonicalize() else { return Ok(()) };
    let written = pidfile::read(&data).map(|file| file.pid);
    if let Some(pid) = written {
        stop(pid, &data, progress)?;
    }
    // Its children notice that it is gone, but not at once.
    let orphans_are_gone = || process::servers_in(&data).is_empty();
    if !wait::until_true(FAST_STOP_LIMIT, orphans_are_gone) {
        let pid = process::servers_in(&data).first().copied().unwrap_or_default();
        return Err(StartError::Stuck { data, pid });
    }
    match written.map(|pid| process::look_at(pid, &data)) {
        // Its id looks alive although it is not: Postgres would refuse to start.
        Some(Found::Zombie | Found::Stranger) => remove_claims(places, &data),
        // Postgres knows better than we do what to do about a crash.
        Some(Found::Nothing) => Ok(()),
        Some(Found::ServerOfThisData) | None => Ok(()),
    }
}

fn stop(pid: u32, data: &Path, progress: &dyn Fn(&str)) -> Result<(), StartError> {
    let is_gone = || process::look_at(pid, data) != Found::ServerOfThisData;
    if is_gone() {
        return Ok(());
    }
    progress(&format!("ending the PostgreSQL that an earlier start left behind (process {pid})"));
    process::send(pid, Signal::SIGINT);
    if wait::until_true(FAST_STOP_LIMIT, is_gone) {
        return Ok(());
    }
    process::send(pid, Signal::SIGQUIT);
    if wait::until_true(IMMEDIATE_STOP_LIMIT, is_gone) {
        return Ok(());
    }
    Err(StartError::Stuck { data: data.to_owned(), pid })
}

fn remove_claims(places: &Places, data: &Path) -> Result<(), StartError> {
    let socket_lock = places.socket.join(format!("{SOCKET_NAME}.lock"));
    for claim in [data.join("postmaster.pid"), socket_lock] {
        match fs::remove_file(&claim) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed("remove", &claim)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
