//! Another process that owns a server, so that a test can kill it.
//!
//! It is this test program again, told by an environment variable to be the owner.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Folder, WRITE, ask, start_in};
use crate::Durability;
use crate::pidfile;
use crate::wait::until;

const DIRECTORY: &str = "PRIVATE_POSTGRES_TEST_OWNER";
/// The test that such a process begins with.
const BODY: &str = "tests::deaths::owner_and_server_killed_together_lose_nothing";

/// A running owner whose server has one committed row.
pub(super) struct Owner {
    process: Child,
    server_pid: u32,
}

impl Owner {
    pub(super) fn start(folder: &Folder) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", BODY, "--nocapture"])
            .env(DIRECTORY, folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let written = folder.path().join("written");
        let server_pid = until(Duration::from_secs(60), || {
            assert!(process.try_wait().unwrap().is_none(), "the owner ended");
            written.exists().then(|| pidfile::read(&folder.path().join("data")))?
        });
        Self { server_pid: server_pid.unwrap().pid, process }
    }

    pub(super) fn server_pid(&self) -> u32 {
        self.server_pid
    }

    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.process.kill().unwrap_or_default();
        self.process.wait().map(drop).unwrap_or_default();
    }
}

/// In the process that was told to be an owner: is one until it is killed. In any other: nothing.
pub(super) fn be_one_if_told() -> bool {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return false };
    let folder = std::mem::ManuallyDrop::new(Folder::at(directory.clone()));
    let server = start_in(&folder, Durability::Durable).unwrap();
    ask(&server, WRITE);
    std::fs::write(directory.join("written"), "").unwrap();
    // Until it is killed, or the test that started it is.
    std::io::Read::read_to_end(&mut std::io::stdin(), &mut Vec::new()).unwrap();
    true
}
