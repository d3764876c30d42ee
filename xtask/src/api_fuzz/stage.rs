//! What is called: a new database, and `paydesk dev` on it as a process, sandbox included.
//!
//! May not reach another deployment: whatever the environment says of Paydesk is left out. Both end
//! with this process, however it ends.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::keys::{Key, Keys};
use anyhow::{Context, Result, bail};
use private_postgres::{Durability, Leash, Options, PrivatePostgres, RunningPostgres, StartError};

/// The sandbox makes three RSA keys when its folder is new, which takes a debug build a while.
const READY_WITHIN: Duration = Duration::from_secs(120);
const STOP_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What `paydesk dev` prints when its purchase ended right and everything serves.
const READY: &str = "Paydesk is running.";
/// How much of the log is shown when it does not start.
const TAIL_LINES: usize = 12;

/// Everything that runs.
pub(super) struct Stage {
    folder: PathBuf,
    program: PathBuf,
    postgres: RunningPostgres,
    service: Child,
    leash: Leash,
    pub(super) api: SocketAddr,
    pub(super) sandbox: SocketAddr,
}

impl Stage {
    /// Starts it and waits until it serves.
    pub(super) fn set(folder: &Path, program: PathBuf) -> Result<Self> {
        let postgres = postgres(folder)?;
        // Free now; should another program take one before the service does, the start says so.
        let (api, sandbox) = (free_address()?, free_address()?);
        let log = folder.join("service.log");
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = command(&program);
        command.arg("dev").arg("--data").arg(folder.join("data"));
        command.arg("--database-url").arg(postgres.url());
        command.arg("--http").arg(api.to_string()).arg("--sandbox").arg(sandbox.to_string());
        // Ctrl-C in a terminal is for us; the leash tells the service in good time.
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
        eprintln!("== paydesk dev on {api}; its log is {}", log.display());
        let service =
            command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
        let leash = Leash::tie(service.id()).context("cannot run /bin/sh")?;
        let folder = folder.to_owned();
        let mut stage = Self { folder, program, postgres, service, leash, api, sandbox };
        stage.wait_until_ready(&log)?;
        Ok(stage)
    }

    fn wait_until_ready(&mut self, log: &Path) -> Result<()> {
        let begun = now();
        loop {
            let said = fs::read_to_string(log).unwrap_or_default();
            if said.contains(READY) {
                return Ok(());
            }
            if let Some(status) = self.service.try_wait()? {
                bail!("paydesk dev ended with {status}; it said:\n{}", tail(&said));
            }
            if begun.elapsed() > READY_WITHIN {
                bail!("paydesk dev was not ready in time; it said:\n{}", tail(&said));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Makes a key with this role.
    pub(super) fn key(&self, role: &str) -> Result<Key> {
        let sandbox = self.folder.join("data").join("sandbox");
        let keys = Keys::of(&self.folder, &sandbox, &self.postgres.url())?;
        keys.make(command(&self.program), role)
    }

    /// Asks the service to stop, as an operator does; then the database.
    pub(super) fn strike(mut self) -> Result<()> {
        if let Some(status) = self.service.try_wait()? {
            bail!("the service ended by itself with {status}; see service.log");
        }
        let pid = self.service.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().context("cannot run kill")?;
        let begun = now();
        let status = loop {
            if let Some(status) = self.service.try_wait()? {
                break status;
            }
            if begun.elapsed() > STOP_WITHIN {
                self.service.kill()?;
                bail!("the service did not stop within {} s", STOP_WITHIN.as_secs());
            }
            std::thread::sleep(LOOK_EVERY);
        };
        self.leash.untie();
        self.postgres.stop()?;
        if !status.success() {
            bail!("the service stopped with {status}; see service.log");
        }
        Ok(())
    }
}

/// Its data is made anew at each start.
fn postgres(folder: &Path) -> Result<RunningPostgres> {
    let progress = |line: &str| eprintln!("   {line}");
    let directory = folder.join("postgres");
    let options = Options::from_environment(directory, "paydesk", Durability::TestsOnly, &progress);
    match PrivatePostgres::start(&options) {
        Err(StartError::InUse { .. }) => {
            bail!("another `cargo xtask api-fuzz` is going on in this target folder")
        }
        started => started.context("cannot start a PostgreSQL for the service"),
    }
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAYDESK_") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG").env_remove("DATABASE_URL");
    command
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    Ok(listener.local_addr()?)
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[expect(clippy::disallowed_methods, reason = "a process that does not get ready is given up")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_shown() {
        let text: Vec<String> = (0..20).map(|line| line.to_string()).collect();
        assert!(tail(&text.join("\n")).starts_with("8\n9\n"));
        assert_eq!(tail("one"), "one");
    }
}
