//! `cargo xtask planted`: makes known mistakes in a copy of the committed tree, one at a time, and
//! demands that each is found by the name of the promise that it breaks.
//!
//! The changes are files in `xtask/planted/` (`change.rs` says how they are written). What finds
//! them is in `finding.rs`. The tree itself is never touched (`copy.rs`). See `docs/planted.md`.

mod change;
mod copy;
mod finding;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::repository::Repository;
use change::Change;
use copy::Copy;
use finding::Finding;

pub(crate) use change::check;

/// Which changes, and how long they are looked for.
#[derive(Args)]
pub(crate) struct Choices {
    /// Names of changes; all of them when none is said
    names: Vec<String>,
    /// Names them, with what finds them, and does nothing else
    #[arg(long)]
    list: bool,
    /// How many simulated worlds are played before a change counts as not found
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    seeds: u64,
    /// Threads of the simulation; one, because the others may be wanted elsewhere
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: u16,
}

/// What became of one change.
struct Row {
    name: String,
    found_by: &'static str,
    expected: String,
    found: Option<Finding>,
    seconds: u64,
}

/// Fails when a change is not found, or by another name than it should.
pub(crate) fn run(repository: &Repository, choices: &Choices) -> Result<ExitCode> {
    let tree = repository.tree()?;
    let all = change::read(&tree)?;
    let chosen = chosen(all, &choices.names)?;
    if choices.list {
        for change in &chosen {
            say(&format!("{}\n    {} ({})", change.name, change.what, change.found_by.name()));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let copy = Copy::of_committed(repository)?;
    let mut rows = Vec::new();
    for change in &chosen {
        eprintln!("== {}: {}", change.name, change.what);
        let row = plant(&copy, change, choices)?;
        eprintln!("   {}", line(&row));
        rows.push(row);
    }
    say(&table(&rows));
    let missed = rows.iter().filter(|row| !row.is_as_expected()).count();
    if missed > 0 {
        say(&format!("{missed} of {} were not found as they should be", rows.len()));
        return Ok(ExitCode::FAILURE);
    }
    say(&format!("all {} were found", rows.len()));
    Ok(ExitCode::SUCCESS)
}

fn chosen(all: Vec<Change>, names: &[String]) -> Result<Vec<Change>> {
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|one| one.name == **name)) {
        bail!("no change is called {unknown}; `cargo xtask planted --list` names them");
    }
    Ok(all.into_iter().filter(|one| names.is_empty() || names.contains(&one.name)).collect())
}

/// Makes the change, looks for it, and takes it back.
fn plant(copy: &Copy, change: &Change, choices: &Choices) -> Result<Row> {
    let begun = now();
    copy.apply(change).with_context(|| change.name.clone())?;
    let found = finding::look(copy, change, (choices.seeds, choices.threads));
    copy.restore()?;
    // What does not compile or does not end is not found; the others are looked for all the same.
    let found = found.unwrap_or_else(|why| {
        eprintln!("   {why:#}");
        None
    });
    Ok(Row {
        name: change.name.clone(),
        found_by: change.found_by.name(),
        expected: change.promises.join(" or "),
        found,
        seconds: begun.elapsed().as_secs(),
    })
}

impl Row {
    fn is_as_expected(&self) -> bool {
        self.found.as_ref().is_some_and(|found| {
            self.expected.split(" or ").any(|promise| promise == found.promise)
        })
    }
}

/// As a row of `docs/planted.md`.
fn line(row: &Row) -> String {
    let (found, place) = match &row.found {
        Some(found) => (found.promise.as_str(), found.place.as_str()),
        None => ("**not found**", ""),
    };
    let found = if row.found.is_some() && !row.is_as_expected() {
        format!("**{found}**, should be {}", row.expected)
    } else {
        found.to_owned()
    };
    format!("| `{}` | {} | {found} | {place} | {} |", row.name, row.found_by, row.seconds)
}

fn table(rows: &[Row]) -> String {
    let mut text = "| change | found by | promise | where | s |\n|---|---|---|---|---:|".to_owned();
    for row in rows {
        text.push('\n');
        text.push_str(&line(row));
    }
    text
}

fn say(words: &str) {
    // Who reads no more, wants no more.
    let _closed = writeln!(std::io::stdout().lock(), "{words}");
}

#[expect(clippy::disallowed_methods, reason = "how long it took, for a table that people read")]
fn now() -> Instant {
    Instant::now()
}
