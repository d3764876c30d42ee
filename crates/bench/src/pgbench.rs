//! `pgbench`, PostgreSQL's own load generator: how fast the same statements can be at all.

use crate::figures::Rate;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// More threads than this would take the server's cores away.
const THREADS_MAX: usize = 2;

/// A `pgbench` that runs here, or why there is none.
pub(crate) enum Pgbench {
    Found { program: PathBuf, folder: PathBuf, url: String },
    Missing { why: String },
}

/// How long a script is driven.
pub(crate) enum Extent {
    /// So many transactions by each client.
    Each(u64),
    For(Duration),
}

/// One run of a script.
pub(crate) struct Script<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) clients: usize,
    pub(crate) extent: Extent,
    /// Variables that the script starts with.
    pub(crate) variables: &'a [(&'a str, i64)],
}

/// What it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Driven {
    pub(crate) count: u64,
    pub(crate) rate: Rate,
}

impl Pgbench {
    /// Looks beside the server's programs. Scripts are kept in `folder`.
    pub(crate) async fn find(programs: &Path, folder: &Path, url: String) -> Pgbench {
        let program = programs.join("pgbench");
        let asked = Command::new(&program).arg("--version").output().await;
        match asked {
            Ok(output) if output.status.success() => {
                Pgbench::Found { program, folder: folder.to_owned(), url }
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Pgbench::Missing { why: format!("{} does not run: {said}", program.display()) }
            }
            Err(error) => {
                Pgbench::Missing { why: format!("{} cannot be run: {error}", program.display()) }
            }
        }
    }

    /// Drives a script; `None` when there is no `pgbench`.
    pub(crate) async fn drive(&self, script: &Script<'_>) -> Result<Option<Driven>> {
        let Pgbench::Found { program, folder, url } = self else { return Ok(None) };
        let file = folder.join(format!("{}.sql", script.name));
        std::fs::write(&file, script.text)?;
        let mut command = Command::new(program);
        command.args(["--no-vacuum", "--protocol=prepared"]).arg("--file").arg(&file);
        command.args(["--client", &script.clients.to_string()]);
        command.args(["--jobs", &script.clients.min(THREADS_MAX).to_string()]);
        match script.extent {
            Extent::Each(count) => command.args(["--transactions", &count.to_string()]),
            Extent::For(time) => command.args(["--time", &time.as_secs().max(1).to_string()]),
        };
        for (name, value) in script.variables {
            command.args(["--define", &format!("{name}={value}")]);
        }
        let run = command.arg(url).stdin(Stdio::null()).kill_on_drop(true).output();
        let output = run.await.context("cannot run pgbench")?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("pgbench ({}) failed: {}{}", script.name, said.trim(), errors.trim());
        }
        read(&said).map(Some).with_context(|| format!("pgbench said: {said}"))
    }
}

fn read(said: &str) -> Option<Driven> {
    let after = |start: &str| said.lines().find_map(|line| line.strip_prefix(start));
    let count = after("number of transactions actually processed: ")?;
    let count = count.split('/').next()?.trim().parse().ok()?;
    let rate = Rate::parse(after("tps = ")?.split_whitespace().next()?)?;
    Some(Driven { count, rate })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_answer_is_read() {
        let said = "pgbench (15.18)\nnumber of clients: 8\n\
            number of transactions actually processed: 800/800\n\
            number of failed transactions: 0 (0.000%)\nlatency average = 4.1 ms\n\
            initial connection time = 9 ms\ntps = 1940.250000 (without initial connection time)\n";
        let driven = read(said).unwrap();
        assert_eq!((driven.count, driven.rate.thousandths()), (800, 1_940_250));
        assert_eq!(read("pgbench: error"), None);
    }
}
