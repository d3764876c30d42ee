//! System calls of the database that fail: a disk that cannot be written, a disk that is full.
//!
//! `strace` makes them fail, which needs the right to trace another user's processes. Without it these
//! acts are left out, and that is said.

use crate::clock::{pause_ms, within};
use crate::stage::Stage;
use anyhow::{Context as _, Result};
use std::process::{Command as Program, Stdio};
use std::time::Duration;
use tokio::process::Command;

/// Which calls fail, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Injection {
    /// `fdatasync` answers EIO.
    SyncFails,
    /// Writing answers ENOSPC.
    DiskFull,
}

impl Injection {
    const ALL: [Injection; 2] = [Injection::SyncFails, Injection::DiskFull];

    fn name(self) -> &'static str {
        match self {
            Injection::SyncFails => "fdatasync failed",
            Injection::DiskFull => "disk full",
        }
    }

    /// What strace is told: which calls it sees, and what it makes of them.
    fn words(self) -> [&'static str; 2] {
        match self {
            Injection::SyncFails => {
                ["trace=fdatasync,fsync", "inject=fdatasync,fsync:error=EIO:when=1+7"]
            }
            Injection::DiskFull => {
                ["trace=pwrite64,pwritev", "inject=pwrite64,pwritev:error=ENOSPC:when=1+5"]
            }
        }
    }
}

/// The injections that can be made here; says which are left out, and why.
pub(super) fn announce(stage: &Stage) -> std::vec::IntoIter<Injection> {
    match why_not() {
        None => Injection::ALL.to_vec(),
        Some(why) => {
            for injection in Injection::ALL {
                let name = injection.name();
                eprintln!("   skipped: {name} ({why})");
                stage.watch.tally.count(format!("skipped: {name} ({why})"));
            }
            Vec::new()
        }
    }
    .into_iter()
}

fn why_not() -> Option<&'static str> {
    if !nix::unistd::geteuid().is_root() {
        return Some("needs root");
    }
    // Being root is not enough in some containers.
    let tried = Program::new("strace")
        .args(["-qq", "-e", "trace=none", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match tried {
        Ok(status) if status.success() => None,
        Ok(_) => Some("strace may not trace here"),
        Err(_not_found) => Some("there is no strace"),
    }
}

/// Lets calls of all processes of the database fail for a while, and waits until it answers again.
pub(super) async fn inject(stage: &Stage, injection: Injection, ms: u64) -> Result<()> {
    let mut database = stage.database.lock().await;
    let [trace, inject] = injection.words();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", trace, "-e", inject]);
    for pid in database.pids()? {
        command.args(["-p", &pid.to_string()]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut strace = command.spawn().context("cannot run strace")?;
    pause_ms(ms).await;
    // It lets go of everything when it is asked to end, and not when it is killed.
    let pid = strace.id().context("strace ended by itself")?;
    crate::stage::process::send(pid, nix::sys::signal::Signal::SIGINT);
    if within(Duration::from_secs(5), strace.wait()).await.is_err() {
        strace.kill().await?;
    }
    stage.watch.tally.count(format!("database: {}", injection.name()));
    database.recover().await
}
