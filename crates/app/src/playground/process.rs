//! One process of the demonstration or of a test: this very program with another command, as in
//! production.
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
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::process::{Child, Command};

/// The sandbox makes three RSA keys when its directory is new, which takes a debug build a while.
const READY_LIMIT: Duration = Duration::from_secs(120);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// A process that was asked to stop finishes what is in hand.
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// Below what systems usually give to outgoing connections.
const FIRST_PORT: u16 = 20_000;
const PORTS: u32 = 12_000;
/// More than one process needs.
const PORTS_APART: u32 = 61;
/// How much of a log is shown when its process did not start.
const TAIL_LINES: usize = 8;

static TURN: AtomicU32 = AtomicU32::new(0);

/// How a process is started, as often as needed.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What it is called in messages.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where it writes; appended to.
    pub log: PathBuf,
    /// Answers 200 when it is ready.
    pub ready_url: String,
}

/// A process that runs.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    pid: Pid,
    leash: Leash,
}

impl Recipe {
    /// `paydesk serve` with the configuration in `file`, which says that it listens at `addr`.
    #[must_use]
    pub fn serve(program: PathBuf, file: &Path, addr: SocketAddr, log: PathBuf) -> Recipe {
        Recipe {
            name: "paydesk serve",
            program,
            arguments: vec!["serve".into(), "--config".into(), file.into()],
            log,
            ready_url: format!("http://{addr}/readyz"),
        }
    }

    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be started or ends at once, with the end of its log.
    pub async fn start(&self) -> Result<Process> {
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
            let (name, log) = (self.name, self.log.display());
            // First, because somebody else may answer there when it could not have the port.
            if let Some(status) = process.child.try_wait()? {
                bail!("{name} ended with {status}; {log} says:\n{}", tail(&self.log));
            }
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
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
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.with_context(|| format!("cannot kill {}", self.name))?;
        self.leash.untie();
        Ok(())
    }

    /// `kill -STOP`: it holds everything it has and does nothing, until it is resumed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn suspend(&self) -> Result<()> {
        kill(self.pid, Signal::SIGSTOP).with_context(|| format!("cannot suspend {}", self.name))
    }

    /// `kill -CONT`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn resume(&self) -> Result<()> {
        kill(self.pid, Signal::SIGCONT).with_context(|| format!("cannot resume {}", self.name))
    }

    /// Asks it to stop, and waits for that; kills what does not.
    ///
    /// # Errors
    /// When it did not stop in time or ended badly.
    pub async fn stop(mut self) -> Result<()> {
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
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// A port that is free now and that nobody else here is given. A service must have the same one before
/// and after it is killed, since WeChat Pay knows it; so it is none that the system gives to outgoing
/// connections meanwhile.
///
/// # Errors
/// When all are taken.
pub fn free_address() -> Result<SocketAddr> {
    for _ in 0..PORTS {
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        // Processes that begin together do not look at the same ports.
        let nth = std::process::id().wrapping_mul(PORTS_APART).wrapping_add(turn) % PORTS;
        let port = FIRST_PORT.saturating_add(u16::try_from(nth)?);
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(addr).is_ok() {
            return Ok(addr);
        }
    }
    bail!("no port is free from {FIRST_PORT} on");
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
