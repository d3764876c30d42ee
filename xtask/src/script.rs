//! Runs a script and hands on its lines as they come.
//!
//! What it says on standard error goes where ours goes. A script that falls silent is ended.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Each step is a few calls on this machine; the longest wait within a script is 60 s.
const SILENT_MAX: Duration = Duration::from_secs(180);
/// The sandbox is on this machine, so nothing between may be asked for the way.
const PROXIES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

/// Whether it ended with 0.
pub(crate) fn run(mut command: Command, mut on_line: impl FnMut(&str)) -> Result<bool> {
    for name in PROXIES {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    let shown = command.get_program().display().to_string();
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {shown}"))?;
    let out = process.stdout.take().context("its output was asked for")?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    loop {
        match lines.recv_timeout(SILENT_MAX) {
            Ok(line) => on_line(&line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                process.kill()?;
                process.wait()?;
                bail!("{shown} said nothing for {} s and was ended", SILENT_MAX.as_secs());
            }
        }
    }
    Ok(process.wait()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (bool, Vec<String>) {
        let mut command = Command::new("sh");
        command.args(["-c", script]).env("HTTP_PROXY", "http://192.0.2.1:1");
        let mut lines = Vec::new();
        let ended_well = run(command, |line| lines.push(line.to_owned())).unwrap();
        (ended_well, lines)
    }

    #[test]
    fn lines_and_the_exit_code_are_told() {
        assert_eq!(shell("echo a; echo b"), (true, vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(shell("echo a; exit 3"), (false, vec!["a".to_owned()]));
    }

    #[test]
    fn no_proxy_stands_between() {
        assert_eq!(shell("echo ${HTTP_PROXY:-none}"), (true, vec!["none".to_owned()]));
    }
}
