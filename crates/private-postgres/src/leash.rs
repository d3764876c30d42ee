//! Ends a process when its owner dies, however it dies.
//!
//! A pipe that only the owner holds, and a small shell that waits for its end: when the owner is
//! killed, the kernel closes the pipe, and the shell interrupts the process, which stops in good order.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::account::Account;

/// A line on the pipe says that the process has ended already: its id means nothing any more.
/// The shell itself is deaf to what a closing terminal sends, since that is when it is needed.
const WATCH: &str = "trap '' HUP INT TERM; read -r stopped || kill -INT \"$1\"";

/// Held by the owner for as long as its process runs. Dropping it interrupts the process.
#[derive(Debug)]
pub struct Leash {
    watcher: Child,
}

impl Leash {
    /// Watches over a child process of ours, which runs as the same user.
    ///
    /// # Errors
    /// When `/bin/sh` cannot be run.
    pub fn tie(process: u32) -> io::Result<Self> {
        Self::watch(process, |_| {})
    }

    /// Watches over a process that runs as `account`, as that user: another could not signal it.
    pub(crate) fn tie_as(process: u32, account: Account) -> io::Result<Self> {
        Self::watch(process, |command| account.apply(command))
    }

    fn watch(process: u32, prepare: impl FnOnce(&mut Command)) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", WATCH, "sh", &process.to_string()])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        prepare(&mut command);
        Ok(Self { watcher: command.spawn()? })
    }

    /// Lets go of a process that has ended. The watcher may have been killed; then nobody has to be
    /// told.
    pub fn untie(mut self) {
        if let Some(mut pipe) = self.watcher.stdin.take() {
            pipe.write_all(b"stopped\n").unwrap_or_default();
        }
        self.watcher.wait().map(drop).unwrap_or_default();
    }
}
