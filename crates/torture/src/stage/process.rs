//! One process of the program under torture: started, signalled, waited for.
//!
//! It dies with its owner, however the owner dies. May not judge how it ended: that is in `node.rs`.

use crate::clock::{Stopwatch, pause, within};
use crate::http::client::Request;
use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use private_postgres::Leash;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOK_LIMIT: Duration = Duration::from_secs(1);
/// Making the sandbox's keys takes a debug build a while.
const ALIVE_WITHIN: Duration = Duration::from_secs(120);
const TAIL_BYTES: usize = 1_500;

/// How a process is started, as often as needed.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// Where it writes; appended to.
    pub(crate) log: PathBuf,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    /// Answered as soon as it listens.
    pub(crate) alive_path: &'static str,
}

/// A process that runs.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    leash: Option<Leash>,
    pub(crate) pid: u32,
}

impl Recipe {
    /// Starts it. It may not listen yet.
    pub(crate) fn spawn(&self) -> Result<Process> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null());
        command.stdout(appended(&self.log)?).stderr(appended(&self.log)?);
        // What configures another deployment must not reach this one: it may name a real database.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PAYDESK_") {
                command.env_remove(name);
            }
        }
        command.env_remove("RUST_LOG").env_remove("DATABASE_URL");
        // Ctrl-C in a terminal is for the owner, which stops everything in its own good time.
        command.process_group(0).kill_on_drop(true);
        let program = self.program.display();
        let child = command.spawn().with_context(|| format!("cannot run {program}"))?;
        let pid = child.id().context("it ended before it had begun")?;
        let leash = Some(Leash::tie(pid).context("cannot run /bin/sh")?);
        Ok(Process { child, leash, pid })
    }

    /// Waits until it listens: `None`; or until it has ended: how. One that does neither for too long
    /// has ended as far as anybody can tell.
    pub(crate) async fn wait_until_alive(&self, process: &mut Process) -> Option<String> {
        let begun = Stopwatch::start();
        loop {
            if let Some(status) = process.ended() {
                return Some(status);
            }
            let asked = Request::get(self.alive_path).send(self.addr, LOOK_LIMIT).await;
            if asked.is_ok_and(|answer| answer.is_success()) {
                return None;
            }
            if begun.elapsed() > ALIVE_WITHIN {
                return Some(format!("it was silent for {} s", ALIVE_WITHIN.as_secs()));
            }
            pause(LOOK_EVERY).await;
        }
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let from = text.len().saturating_sub(TAIL_BYTES);
        String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned()
    }
}

impl Process {
    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| status.to_string())
    }

    /// Waits for its end.
    pub(crate) async fn wait(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        // It may be frozen, or have ended: either way it is gone afterwards.
        self.child.kill().await.unwrap_or_default();
        self.untie();
    }

    /// Asks it to stop and waits: how it ended, or `None` when it had to be killed.
    pub(crate) async fn stop(mut self, limit: Duration) -> Option<ExitStatus> {
        self.signal(Signal::SIGTERM);
        let ended = within(limit, self.child.wait()).await;
        if let Ok(Ok(status)) = ended {
            self.untie();
            return Some(status);
        }
        self.kill().await;
        None
    }

    /// `kill -STOP`.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// `kill -CONT`.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        send(self.pid, signal);
    }

    fn untie(&mut self) {
        if let Some(leash) = self.leash.take() {
            leash.untie();
        }
    }
}

/// Sends a signal. A process that is gone already needs none.
pub(crate) fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        kill(Pid::from_raw(pid), signal).unwrap_or_default();
    }
}

fn appended(log: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(log);
    opened.with_context(|| format!("cannot write {}", log.display()))
}
