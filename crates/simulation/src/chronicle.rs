//! What happened in one world: the timeline for people, the marks, the matrix, and what was violated.
//!
//! Lines are only written where somebody will read them; a run in bulk counts and folds.

use crate::kernel::Kernel;
use crate::marks::Mark;
use crate::matrix::{Cell, Counts};
use crate::tape::mix;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Microseconds since the world began.
    pub at: i64,
    /// Who did it.
    pub who: String,
    /// The order that it is about, where it is about one.
    pub order: Option<String>,
    /// What happened, in words.
    pub what: String,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Such as `I2`.
    pub id: &'static str,
    /// What should hold.
    pub sentence: &'static str,
    /// What was seen instead.
    pub seen: String,
    /// The order that it is about, where it is about one.
    pub order: Option<String>,
    /// When, in microseconds since the world began.
    pub at: i64,
}

/// Everything noted of one world.
#[derive(Debug)]
pub struct Chronicle {
    kernel: Arc<Kernel>,
    verbose: bool,
    /// Asked after every event.
    is_violated: AtomicBool,
    inside: Mutex<Inside>,
}

/// What is left when the world is gone.
#[derive(Debug, Default)]
pub struct Inside {
    /// The timeline; empty unless it was asked for.
    pub lines: Vec<Line>,
    /// How often each mark was met.
    pub marks: BTreeMap<Mark, u64>,
    /// How often each cell was met.
    pub cells: Counts,
    /// The first violation.
    pub violation: Option<Violation>,
}

impl Chronicle {
    /// An empty one; `verbose` ones write a timeline.
    #[must_use]
    pub fn new(kernel: Arc<Kernel>, verbose: bool) -> Chronicle {
        Chronicle { kernel, verbose, is_violated: AtomicBool::new(false), inside: Mutex::default() }
    }

    /// Notes what `who` did to `order`. The words are made only when somebody reads them.
    pub fn say(
        &self,
        who: impl FnOnce() -> String,
        order: Option<&str>,
        what: impl FnOnce() -> String,
    ) {
        if self.verbose {
            let line = Line {
                at: self.kernel.now(),
                who: who(),
                order: order.map(str::to_owned),
                what: what(),
            };
            self.inside().lines.push(line);
        }
    }

    /// Whether there is a timeline.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// It happened this time.
    pub fn sometimes(&self, mark: Mark) {
        let mut inside = self.inside();
        let count = inside.marks.entry(mark).or_default();
        *count = count.saturating_add(1);
    }

    /// The fault met this step.
    pub fn met(&self, cell: Cell) {
        self.kernel.fold(mix(cell.2.index().try_into().unwrap_or(0)));
        let mut inside = self.inside();
        let count = inside.cells.entry(cell).or_default();
        *count = count.saturating_add(1);
    }

    /// A promise was broken. The first one counts.
    pub fn violated(&self, id: &'static str, sentence: &'static str, seen: String) {
        self.violated_by(id, sentence, None, seen);
    }

    /// A promise about an order was broken. The first one counts.
    pub fn violated_by(
        &self,
        id: &'static str,
        sentence: &'static str,
        order: Option<&str>,
        seen: String,
    ) {
        let at = self.kernel.now();
        let mut inside = self.inside();
        self.is_violated.store(true, Ordering::Relaxed);
        if inside.violation.is_none() {
            let order = order.map(str::to_owned);
            inside.violation = Some(Violation { id, sentence, seen, order, at });
        }
    }

    /// Whether a promise was broken.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.is_violated.load(Ordering::Relaxed)
    }

    /// Takes everything out.
    #[must_use]
    pub fn close(&self) -> Inside {
        std::mem::take(&mut *self.inside())
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
