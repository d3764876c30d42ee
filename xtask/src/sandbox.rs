//! `paydesk sandbox` as a process, with new keys, on a port that the system chooses.
//!
//! It ends with this process, however that ends.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use private_postgres::Leash;

/// Making its three RSA keys takes a debug build a while.
const READY_WITHIN: Duration = Duration::from_secs(120);
const STOP_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What it prints before its address when it serves.
const READY: &str = "WeChat Pay sandbox at ";

/// One that serves.
pub(crate) struct Sandbox {
    process: Child,
    leash: Leash,
    /// Such as `http://127.0.0.1:41205`.
    pub(crate) url: String,
}

impl Sandbox {
    /// Starts it with what it keeps in `folder`, which is made anew.
    pub(crate) fn start(paydesk: &Path, folder: &Path) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let log = folder.join("sandbox.log");
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(paydesk);
        command.args(["sandbox", "--listen", "127.0.0.1:0", "--directory"]);
        command.arg(folder.join("sandbox")).env_remove("RUST_LOG");
        // Ctrl-C in a terminal is for us; the leash tells the sandbox in good time.
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
        let mut process =
            command.spawn().with_context(|| format!("cannot run {}", paydesk.display()))?;
        let leash = Leash::tie(process.id()).context("cannot run /bin/sh")?;
        let url = ready(&mut process, &log)?;
        Ok(Self { process, leash, url })
    }

    /// Asks it to stop, as a person at a terminal does.
    pub(crate) fn stop(mut self) -> Result<()> {
        if let Some(status) = self.process.try_wait()? {
            bail!("the sandbox ended by itself with {status}; see sandbox.log");
        }
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().context("cannot run kill")?;
        let begun = now();
        while self.process.try_wait()?.is_none() {
            if begun.elapsed() > STOP_WITHIN {
                self.process.kill()?;
                bail!("the sandbox did not stop within {} s", STOP_WITHIN.as_secs());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        self.leash.untie();
        Ok(())
    }
}

/// Waits for its address.
fn ready(process: &mut Child, log: &Path) -> Result<String> {
    let begun = now();
    loop {
        let said = fs::read_to_string(log).unwrap_or_default();
        if let Some(url) = address(&said) {
            return Ok(url.to_owned());
        }
        if let Some(status) = process.try_wait()? {
            bail!("paydesk sandbox ended with {status}; it said:\n{said}");
        }
        if begun.elapsed() > READY_WITHIN {
            process.kill()?;
            bail!("paydesk sandbox was not ready in time; it said:\n{said}");
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// From the line that says so, once that line is whole.
fn address(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once(READY)?;
    let (line, _) = rest.split_once('\n')?;
    line.split(". ").next()
}

#[expect(clippy::disallowed_methods, reason = "a process that does not get ready is given up")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_a_whole_line() {
        let said = "INFO x\n\nWeChat Pay sandbox at http://127.0.0.1:41205. Ctrl-C stops it.\n";
        assert_eq!(address(said), Some("http://127.0.0.1:41205"));
        assert_eq!(address("WeChat Pay sandbox at http://127.0.0.1:4"), None);
        assert_eq!(address(""), None);
    }
}
