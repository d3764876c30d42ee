//! Ends the server when its owner dies, however it dies.
//!
//! A pipe that only the owner holds, and a small shell that waits for its end: when the owner is
//! killed, the kernel closes the pipe, and the shell stops the server in good order.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::account::Account;

/// A line on the pipe says that the server was stopped already: its process id means nothing any more.
/// The shell itself is deaf to what a closing terminal sends, since that is when it is needed.
const WATCH: &str = "trap '' HUP INT TERM; read -r stopped || kill -INT \"$1\"";

/// Held by the owner for as long as its server runs.
#[derive(Debug)]
pub(crate) struct Leash {
    watcher: Child,
}

impl Leash {
    /// Watches over `server`, as the user that runs it: another could not signal it.
    pub(crate) fn tie(server: u32, account: Account) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", WATCH, "sh", &server.to_string()])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        account.apply(&mut command);
        Ok(Self { watcher: command.spawn()? })
    }

    /// Lets go of a server that was stopped. The watcher may have been killed; then nobody has to be
    /// told.
    pub(crate) fn untie(mut self) {
        if let Some(mut pipe) = self.watcher.stdin.take() {
            pipe.write_all(b"stopped\n").unwrap_or_default();
        }
        self.watcher.wait().map(drop).unwrap_or_default();
    }
}
