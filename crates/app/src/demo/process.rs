//! One process of the demonstration: this very program with another command, as in production.
//!
//! It dies with its owner, however the owner dies, and never before it was told to.

use crate::playground::api::local_client;
use crate::playground::stopwatch::{Stopwatch, pause};
use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use private_postgres::Leash;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// The sandbox makes three RSA keys when its directory is new, which takes a debug build a while.
const READY_LIMIT: Duration = Duration::from_secs(120);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// A process that was asked to stop finishes what is in hand.
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// How much of a log is shown when its process did not start.
const TAIL_LINES: usize = 8;

/// How a process is started, as often as needed.
pub(super) struct Recipe {
    /// What it is called in messages.
    pub(super) name: &'static str,
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
    /// Where it writes; appended to.
    pub(super) log: PathBuf,
    /// Answers 200 when it is ready.
    pub(super) ready_url: String,
}

/// A process that runs.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    pid: Pid,
    leash: Leash,
}

impl Recipe {
    /// Starts it, and waits until it is ready.
    pub(super) async fn start(&self) -> Result<Process> {
        let mut process = self.spawn()?;
        match self.wait_until_ready(&mut process).await {
            Ok(()) => Ok(process),
            Err(error) => {
                process.kill().await?;
                Err(error)
            }
        }
    }

    fn spawn(&self) -> Result<Process> {
        let (out, err) = (appended(&self.log)?, appended(&self.log)?);
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(out).stderr(err);
        // What configures another deployment must not reach this one: it may name a real database.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PAYDESK_") {
                command.env_remove(name);
            }
        }
        // The stories read the log at its usual level.
        command.env_remove("RUST_LOG").env_remove("DATABASE_URL");
        // Ctrl-C in a terminal is for the owner, which stops everything in its own good time.
        command.process_group(0).kill_on_drop(true);
        let program = self.program.display();
        let child = command.spawn().with_context(|| format!("cannot run {program}"))?;
        let pid = child.id().context("it ended before it had begun")?;
        let leash = Leash::tie(pid).context("cannot run /bin/sh")?;
        let pid = Pid::from_raw(i32::try_from(pid)?);
        Ok(Process { name: self.name, child, pid, leash })
    }

    async fn wait_until_ready(&self, process: &mut Process) -> Result<()> {
        let client = local_client()?;
        let begun = Stopwatch::start();
        loop {
            let answer = client.get(&self.ready_url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let (name, log) = (self.name, self.log.display());
            if let Some(status) = process.child.try_wait()? {
                bail!("{name} ended with {status}; {log} says:\n{}", tail(&self.log));
            }
            if begun.elapsed() > READY_LIMIT {
                bail!("{name} was not ready after {} s; see {log}", READY_LIMIT.as_secs());
            }
            pause(LOOK_AGAIN_AFTER).await;
        }
    }
}

impl Process {
    /// `kill -9`.
    pub(super) async fn kill(mut self) -> Result<()> {
        self.child.kill().await.with_context(|| format!("cannot kill {}", self.name))?;
        self.leash.untie();
        Ok(())
    }

    /// Asks it to stop, and waits for that; kills what does not.
    pub(super) async fn stop(mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            kill(self.pid, Signal::SIGTERM)?;
        }
        match tokio::time::timeout(STOP_LIMIT, self.child.wait()).await {
            Ok(ended) => {
                let status = ended?;
                self.leash.untie();
                if !status.success() {
                    bail!("{} ended with {status}", self.name);
                }
                Ok(())
            }
            Err(_still_running) => {
                let name = self.name;
                self.kill().await?;
                bail!("{name} did not stop within {} s and was killed", STOP_LIMIT.as_secs());
            }
        }
    }

    /// Does it still run?
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

fn appended(log: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(log);
    opened.with_context(|| format!("cannot write {}", log.display()))
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
