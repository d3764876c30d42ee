//! `cargo xtask tidy`: the architecture rules that no compiler checks.
//!
//! Each rule is a pure function from texts to violations, in a file of its own with the tests that
//! would fail without it. This file reads the texts, and prints.

mod dependencies;
mod docs;
mod licences;
mod migrations;
mod requirements;
mod sources;

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::repository::Repository;
use crate::{cargo, coverage, planted};

/// Must it be repaired before the change can land?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Error,
    Warning,
}

/// One line of a file that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    weight: Weight,
    message: String,
}

impl Violation {
    pub(crate) fn error(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, weight: Weight::Error, message: message.into() }
    }

    fn warning(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, ..Self::error(path, line, message) }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.weight {
            Weight::Error => "",
            Weight::Warning => "warning: ",
        };
        write!(f, "{}:{}: {kind}{}", self.path, self.line, self.message)
    }
}

/// Checks everything and prints what it found.
pub(crate) fn run(repository: &Repository) -> Result<ExitCode> {
    eprintln!("== tidy");
    let tree = repository.tree()?;
    let packages = dependencies::packages(&cargo::metadata(repository)?)?;
    let mut found = dependencies::check(&tree, &packages);
    found.extend(licences::check(&tree, &packages));
    found.extend(sources::check(&tree));
    found.extend(docs::check(&tree));
    found.extend(migrations::check(&tree));
    found.extend(requirements::check(&tree));
    found.extend(planted::check(&tree));
    found.extend(coverage::check(&tree));
    for violation in &found {
        eprintln!("{violation}");
    }
    let errors = found.iter().filter(|violation| violation.weight == Weight::Error).count();
    if errors > 0 {
        eprintln!("tidy: {errors} violations");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The number of the first line with this text; line 1 when there is none.
fn line_with(text: &str, wanted: impl Fn(&str) -> bool) -> usize {
    numbered(text).find(|(_, line)| wanted(line)).map_or(1, |(number, _)| number)
}

/// Lines with the numbers that editors show.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}
