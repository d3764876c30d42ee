//! The server process: started with settings that cannot drift, on a leash, and stopped.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::command::tail;
use crate::error::{StartError, StopError, failed};
use crate::leash::Leash;
use crate::options::Durability;
use crate::pidfile;
use crate::places::Places;
use crate::process;
use crate::wait;

/// Recovery after a crash reads the write-ahead log first; that may take a while.
const READY_LIMIT: Duration = Duration::from_secs(300);
const FAST_STOP_LIMIT: Duration = Duration::from_secs(20);
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(10);

/// A started server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Gone when the server was stopped.
    leash: Option<Leash>,
    data: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Starts the process. It is not ready yet.
    pub(crate) fn launch(
        places: &Places,
        binaries: &Binaries,
        account: Account,
        durability: Durability,
    ) -> Result<Self, StartError> {
        keep_one_older(&places.log);
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&places.log)
            .map_err(failed("open", &places.log))?;
        let log_too = log.try_clone().map_err(failed("open", &places.log))?;
        let mut command = binaries.command("postgres", account);
        command.arg("-D").arg(&places.data);
        for setting in settings(&places.socket, durability) {
            command.arg("-c").arg(setting);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_too)
            // Ctrl-C in a terminal is for the owner, which stops the server in its own good time.
            .process_group(0)
            .spawn()
            .map_err(failed("start", &binaries.folder.join("postgres")))?;
        let (data, log) = (places.data.clone(), places.log.clone());
        // Made before anything can fail: dropping it stops the process.
        let mut server = Self { child, leash: None, data, log };
        let leash = Leash::tie_as(server.pid(), account);
        server.leash = Some(leash.map_err(failed("run", Path::new("/bin/sh")))?);
        Ok(server)
    }

    /// Waits until connections are accepted.
    pub(crate) fn wait_until_ready(&mut self) -> Result<(), StartError> {
        let pid = self.child.id();
        let answer = wait::until(READY_LIMIT, || {
            if !self.is_running() {
                return Some(false);
            }
            let file = pidfile::read(&self.data)?;
            (file.pid == pid && file.ready).then_some(true)
        });
        match answer {
            Some(true) => Ok(()),
            Some(false) | None => {
                let said = fs::read_to_string(&self.log).unwrap_or_default();
                Err(StartError::Program { program: "postgres", output: tail(&said) })
            }
        }
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Does the process still run?
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Stops it: at once but in order; then at once; then by force. Committed data is safe in all three.
    pub(crate) fn stop(&mut self) -> Result<(), StopError> {
        let tries = [
            (Signal::SIGINT, FAST_STOP_LIMIT),
            (Signal::SIGQUIT, IMMEDIATE_STOP_LIMIT),
            (Signal::SIGKILL, IMMEDIATE_STOP_LIMIT),
        ];
        for (signal, limit) in tries {
            if self.is_running() {
                process::send(self.pid(), signal);
            }
            if wait::until_true(limit, || !self.is_running()) {
                if let Some(leash) = self.leash.take() {
                    leash.untie();
                }
                return Ok(());
            }
        }
        Err(StopError { pid: self.pid() })
    }
}

impl Drop for Server {
    /// Nothing is to be done about a process that cannot even be killed.
    fn drop(&mut self) {
        self.stop().unwrap_or_default();
    }
}

fn settings(socket: &Path, durability: Durability) -> Vec<String> {
    let safe = if durability.is_guarded() { "on" } else { "off" };
    let mut settings: Vec<String> = ["fsync", "full_page_writes", "synchronous_commit"]
        .into_iter()
        .map(|name| format!("{name}={safe}"))
        .collect();
    let fixed = [
        "listen_addresses=",
        "port=5432",
        "unix_socket_permissions=0700",
        "max_connections=200",
        "lc_messages=C",
        "timezone=UTC",
        "log_timezone=UTC",
        "logging_collector=off",
        "log_destination=stderr",
        // Compiling short statements costs more than it saves, and its library is 100 MB.
        "jit=off",
    ];
    settings.extend(fixed.map(str::to_owned));
    settings.push(format!("unix_socket_directories={}", quoted(socket)));
    settings
}

/// The setting is a list: a folder with a comma or a space in its name must be quoted.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('"', "\"\""))
}

/// One log per start, and the one before for looking back; losing it is no reason not to start.
fn keep_one_older(log: &Path) {
    let mut older = log.as_os_str().to_owned();
    older.push(".1");
    fs::rename(log, older).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_durable_server_keeps_every_guard_against_power_loss() {
        for durability in [Durability::Durable, Durability::OneRun] {
            let settings = settings(Path::new("/s"), durability);
            for guard in ["fsync=on", "full_page_writes=on", "synchronous_commit=on"] {
                assert!(settings.iter().any(|setting| setting == guard), "{durability:?}: {guard}");
            }
        }
    }

    #[test]
    fn no_server_listens_on_the_network() {
        for durability in [Durability::Durable, Durability::OneRun, Durability::TestsOnly] {
            assert!(
                settings(Path::new("/s"), durability).contains(&"listen_addresses=".to_owned())
            );
        }
    }
}
