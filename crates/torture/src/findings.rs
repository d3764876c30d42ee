//! What is wrong: every difference found by anybody, at any time. A run without any has passed.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More of them tell nothing new.
const KEPT_MAX: usize = 500;
/// So many of one rule are shown as they are found.
const SHOWN_MAX: usize = 5;

/// All differences so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings(Arc<Mutex<Vec<String>>>);

impl Findings {
    /// Another one: the rule that is broken, and what shows it.
    pub(crate) fn add(&self, rule: &str, what: impl Display) {
        let line = format!("{rule}: {what}");
        let mut found = self.lock();
        if found.len() >= KEPT_MAX || found.contains(&line) {
            return;
        }
        // At once, because a run that hangs later would never say it; the report has all of them.
        let beginning = format!("{rule}: ");
        if found.iter().filter(|known| known.starts_with(&beginning)).count() < SHOWN_MAX {
            eprintln!("   DIFFERENCE {line}");
        }
        found.push(line);
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
