//! Counts of what was done, by name, and the journal that says when.
//!
//! May not judge: what is wrong is said by `differences.rs`.

use crate::clock::Stopwatch;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How often each thing was done. Names are paths of two words: `service: killed`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<Mutex<BTreeMap<String, u64>>>);

impl Tally {
    /// Once more.
    pub(crate) fn count(&self, what: impl Into<String>) {
        self.add(what, 1);
    }

    /// So many more.
    pub(crate) fn add(&self, what: impl Into<String>, more: u64) {
        let mut counts = self.lock();
        let count = counts.entry(what.into()).or_default();
        *count = count.saturating_add(more);
    }

    /// How often so far.
    pub(crate) fn of(&self, what: &str) -> u64 {
        self.lock().get(what).copied().unwrap_or(0)
    }

    /// The sum of everything whose name begins like this.
    pub(crate) fn sum(&self, beginning: &str) -> u64 {
        self.lock().iter().filter(|(name, _)| name.starts_with(beginning)).map(|(_, n)| n).sum()
    }

    /// All of it, by name.
    pub(crate) fn all(&self) -> BTreeMap<String, u64> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line for everything that is done to the processes, with the milliseconds since the start.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    begun: Stopwatch,
    file: Arc<Mutex<File>>,
}

impl Journal {
    /// A new one in this file.
    pub(crate) fn create(path: &Path) -> Result<Journal> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Journal { begun: Stopwatch::start(), file: Arc::new(Mutex::new(file)) })
    }

    /// Writes a line. A journal that cannot be written is no reason to stop.
    pub(crate) fn note(&self, line: &str) {
        let at = self.begun.elapsed().as_millis();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(file, "{at:>8} ms  {line}").unwrap_or_default();
    }
}
