//! PostgreSQL under torture: stopped at once, started again, frozen, one of its processes killed.
//!
//! Every guard against losing commits is on, as in production.

use crate::clock::{Stopwatch, pause_ms};
use crate::sql::Connection;
use crate::stage::process::send;
use crate::tally::Journal;
use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;
use private_postgres::{Durability, Options, PrivatePostgres, RunningPostgres};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The one database.
pub(crate) const DATABASE: &str = "torture";
/// A server that cannot write its log ends all its processes and recovers.
const RECOVERED_WITHIN: Duration = Duration::from_secs(30);
const SOCKET: &str = ".s.PGSQL.5432";

/// A server that is stopped and started.
pub(crate) struct Database {
    running: Option<RunningPostgres>,
    folder: PathBuf,
    /// All that every start of it said.
    log: PathBuf,
    journal: Journal,
}

impl Database {
    /// Starts a server whose data is in `folder`.
    pub(crate) async fn start(
        folder: PathBuf,
        log: PathBuf,
        journal: &Journal,
    ) -> Result<Database> {
        let running = Some(start(folder.clone()).await?);
        Ok(Database { running, folder, log, journal: journal.clone() })
    }

    /// Where the checks connect: at the server itself.
    pub(crate) fn url(&self) -> Result<String> {
        Ok(self.running()?.url())
    }

    /// From where the database is made anew.
    pub(crate) fn maintenance_url(&self) -> Result<String> {
        Ok(self.running()?.maintenance_url())
    }

    /// What it is, for the report.
    pub(crate) fn version(&self) -> String {
        self.running.as_ref().map(RunningPostgres::version).unwrap_or_default()
    }

    /// Where the server listens.
    pub(crate) fn socket(&self) -> Result<PathBuf> {
        let url = self.running()?.url();
        let host = url.split('@').nth(1).and_then(|rest| rest.split('/').next());
        let host = percent_decoded(host.context("a URL without a host")?);
        Ok(PathBuf::from(host).join(SOCKET))
    }

    /// As `pg_ctl stop -m immediate`, and started again so many milliseconds later.
    pub(crate) async fn stop_at_once(&mut self, down_ms: u64) -> Result<()> {
        let Some(running) = self.running.take() else { return Ok(()) };
        let log = running.log();
        send(running.pid(), Signal::SIGQUIT);
        // Waits for its end.
        tokio::task::spawn_blocking(move || drop(running)).await?;
        self.keep_log(&log);
        self.journal.note("the database is stopped");
        pause_ms(down_ms).await;
        self.running = Some(start(self.folder.clone()).await?);
        self.journal.note("the database runs again");
        Ok(())
    }

    /// All its processes stand still for so long.
    pub(crate) async fn freeze(&self, for_ms: u64) -> Result<()> {
        let pids = self.pids()?;
        for pid in &pids {
            send(*pid, Signal::SIGSTOP);
        }
        pause_ms(for_ms).await;
        for pid in &pids {
            send(*pid, Signal::SIGCONT);
        }
        Ok(())
    }

    /// `kill -9` of one process that serves a client: the server ends all others and recovers.
    pub(crate) fn kill_backend(&self, nth: usize) -> Result<bool> {
        let backends: Vec<u32> =
            self.pids()?.into_iter().filter(|pid| serves_a_client(*pid)).collect();
        let chosen = nth.checked_rem(backends.len()).and_then(|index| backends.get(index));
        if let Some(pid) = chosen {
            send(*pid, Signal::SIGKILL);
        }
        Ok(chosen.is_some())
    }

    /// The server's process, and its children's.
    pub(crate) fn pids(&self) -> Result<Vec<u32>> {
        let parent = self.running()?.pid();
        let mut pids = vec![parent];
        for entry in fs::read_dir("/proc")?.flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(pid) = pid.filter(|pid| parent_of(*pid) == Some(parent)) {
                pids.push(pid);
            }
        }
        Ok(pids)
    }

    /// Waits until it takes connections again after it was made to fail; starts it when it gave up.
    pub(crate) async fn recover(&mut self) -> Result<()> {
        let begun = Stopwatch::start();
        while Connection::open(&self.url()?).await.is_err() {
            if has_ended(self.running()?.pid()) {
                self.journal.note("the database gave up");
                return self.stop_at_once(0).await;
            }
            ensure!(begun.elapsed() < RECOVERED_WITHIN, "the database did not recover");
            pause_ms(100).await;
        }
        Ok(())
    }

    /// Stops it in good order.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let Some(running) = self.running.take() else { return Ok(()) };
        let log = running.log();
        tokio::task::spawn_blocking(move || running.stop()).await??;
        self.keep_log(&log);
        Ok(())
    }

    /// Each start begins a log of its own; all of them are looked through in the end. One that cannot
    /// be read is as good as none.
    fn keep_log(&self, log: &Path) {
        let said = fs::read(log).unwrap_or_default();
        let opened = fs::OpenOptions::new().create(true).append(true).open(&self.log);
        opened.and_then(|mut kept| kept.write_all(&said)).unwrap_or_default();
    }

    fn running(&self) -> Result<&RunningPostgres> {
        self.running.as_ref().context("the database does not run")
    }
}

async fn start(folder: PathBuf) -> Result<RunningPostgres> {
    let starting = tokio::task::spawn_blocking(move || {
        let progress = |line: &str| eprintln!("   {line}");
        let options = Options::from_environment(folder, DATABASE, Durability::Durable, &progress);
        PrivatePostgres::start(&options)
    });
    starting.await?.context("PostgreSQL does not start")
}

fn parent_of(pid: u32) -> Option<u32> {
    stat(pid)?.split(' ').nth(1)?.parse().ok()
}

/// Gone, or ended with nobody yet having asked how.
fn has_ended(pid: u32) -> bool {
    stat(pid).is_none_or(|stat| stat.starts_with('Z'))
}

/// `/proc/…/stat` from the state letter on.
fn stat(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program is in parentheses, and may hold anything.
    stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned())
}

/// A backend says whom it serves: `postgres: paydesk torture [local] idle`.
fn serves_a_client(pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains(&format!(" {DATABASE} "))
}

fn percent_decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.extend(code);
        bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_is_read_from_a_url() {
        assert_eq!(percent_decoded("%2Ftmp%2Fa%20b-1"), "/tmp/a b-1");
        assert_eq!(percent_decoded("plain"), "plain");
    }

    #[test]
    fn this_process_has_a_parent() {
        assert!(parent_of(std::process::id()).is_some());
        assert!(!has_ended(std::process::id()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        while !has_ended(child.id()) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(has_ended(child.id()));
        assert!(!serves_a_client(std::process::id()));
    }
}
