//! Looks at other processes through `/proc`, and signals them.
//!
//! Where there is no `/proc` every question is answered "not that I know", and Postgres's own checks
//! are what remains.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What became of a process id that was written down earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A living server process of this data directory.
    ServerOfThisData,
    /// Ended, but nobody has collected its exit status: its id still looks alive to Postgres.
    Zombie,
    /// The id now belongs to something else.
    Stranger,
    /// No such process.
    Nothing,
}

/// Is `pid` the server that works in `data`? `data` must be canonical.
pub(crate) fn look_at(pid: u32, data: &Path) -> Found {
    match state(pid) {
        None => Found::Nothing,
        Some('Z' | 'X') => Found::Zombie,
        Some(_) if is_server_in(pid, data) => Found::ServerOfThisData,
        Some(_) => Found::Stranger,
    }
}

/// Living server processes whose working directory is `data`. A shell that someone left there is none.
pub(crate) fn servers_in(data: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| look_at(*pid, data) == Found::ServerOfThisData)
        .collect()
}

/// Sends a signal. A process that is gone already is fine; there is nothing to do about a refusal
/// either, since every caller goes on to wait for the effect.
pub(crate) fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        kill(Pid::from_raw(pid), signal).unwrap_or_default();
    }
}

fn is_server_in(pid: u32, data: &Path) -> bool {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    fs::read_link(folder.join("cwd")).is_ok_and(|cwd| cwd == data)
        && fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.trim() == "postgres")
}

/// The state letter of `/proc/<pid>/stat`, which comes after the command's name in brackets.
fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_is_a_stranger_to_any_data_directory() {
        assert_eq!(look_at(std::process::id(), Path::new("/nowhere")), Found::Stranger);
    }

    #[test]
    fn an_ended_process_nobody_waited_for_is_a_zombie() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let is_zombie = crate::wait::until_true(std::time::Duration::from_secs(10), || {
            look_at(child.id(), Path::new("/nowhere")) == Found::Zombie
        });
        assert!(is_zombie);
        child.wait().unwrap();
        assert_eq!(look_at(child.id(), Path::new("/nowhere")), Found::Nothing);
    }
}
