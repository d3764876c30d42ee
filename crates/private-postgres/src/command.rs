//! Runs one program to its end, with a time limit and a line of progress when it takes long.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::wait;

/// How much of a program's output is shown to a person.
const TAIL_LINES: usize = 12;
/// How often a long wait says that it still goes on.
const REMINDER: Duration = Duration::from_secs(10);

/// What a program that ended said.
#[derive(Debug)]
pub(crate) struct Output {
    status: ExitStatus,
    /// Its standard output.
    pub(crate) stdout: String,
    stderr: String,
}

impl Output {
    /// Did it end with status 0?
    pub(crate) fn is_success(&self) -> bool {
        self.status.success()
    }

    /// The last lines it said, errors before all, for a message.
    pub(crate) fn complaint(&self) -> String {
        let said = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        let said = tail(said);
        if said.is_empty() { self.status.to_string() } else { said }
    }
}

/// Runs `command`. Its output goes through files in `scratch`, so that no full pipe can block it.
pub(crate) fn run(
    command: &mut Command,
    scratch: &Path,
    limit: Duration,
    progress: &dyn Fn(&str),
) -> io::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let (stdout, stderr) = (scratch.join("stdout"), scratch.join("stderr"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(private_file(&stdout)?)
        .stderr(private_file(&stderr)?)
        .spawn()?;
    let begun = wait::now();
    let mut next_reminder = REMINDER;
    let ended = wait::until(limit, || {
        if begun.elapsed() >= next_reminder {
            progress(&format!("  still waiting for {name} ({} s)", begun.elapsed().as_secs()));
            next_reminder = next_reminder.saturating_add(REMINDER);
        }
        child.try_wait().transpose()
    });
    let Some(status) = ended else {
        child.kill()?;
        child.wait()?;
        let message = format!("{name} did not end within {} s", limit.as_secs());
        return Err(io::Error::new(io::ErrorKind::TimedOut, message));
    };
    Ok(Output { status: status?, stdout: take(&stdout)?, stderr: take(&stderr)? })
}

/// Reads a file and removes it.
fn take(path: &Path) -> io::Result<String> {
    let said = fs::read(path)?;
    fs::remove_file(path)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// The last lines of a text.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// A program in one of the folders of `PATH`.
pub(crate) fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
