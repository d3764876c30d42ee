//! Plays many cases on every core, and gathers what came of them in the order of the cases.

use super::cases::{Case, counts};
use super::stage::Played;
use super::verdict::{of_letters, of_places};
use crate::chronicle::Violation;
use crate::marks::Mark;
use crate::matrix::{Counts, Fault, Flow, Step};
use crate::mistakes::Mistake;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What came of many cases.
#[derive(Default)]
pub struct Gathered {
    /// How many were played.
    pub runs: usize,
    /// How often each cell was met.
    pub cells: Counts,
    /// The steps of the flows that scripts have without any fault.
    pub rows: BTreeSet<(Flow, Step)>,
    /// How often each mark was met.
    pub marks: BTreeMap<Mark, u64>,
    /// How often each ending came.
    pub endings: BTreeMap<String, u64>,
    /// Cases that broke a promise, with their place among the cases.
    pub violations: Vec<(usize, Case, Violation)>,
}

impl Gathered {
    /// Adds what came of others.
    pub fn add(&mut self, other: Gathered) {
        self.runs = self.runs.saturating_add(other.runs);
        for (cell, count) in other.cells {
            add(&mut self.cells, cell, count);
        }
        self.rows.extend(other.rows);
        for (mark, count) in other.marks {
            add(&mut self.marks, mark, count);
        }
        for (ending, count) in other.endings {
            add(&mut self.endings, ending, count);
        }
        self.violations.extend(other.violations);
        self.violations.sort_by_key(|(index, _, _)| *index);
    }

    /// Adds one run.
    pub fn take(&mut self, index: usize, case: &Case, calm: &Played, played: Played) {
        let violation = match played.violation.clone() {
            Some(violation) => Some(violation),
            None => of_places(case, &played).or_else(|| of_letters(case, calm, &played)),
        };
        if let Some(violation) = violation {
            self.violations.push((index, case.clone(), violation));
        }
        self.runs = self.runs.saturating_add(1);
        for place in played.places.iter().filter(|place| counts(place)) {
            if case.strikes.is_empty() && case.clocks.is_none() {
                self.rows.insert((place.flow, place.step));
            }
            // Wrong clocks are wrong at every step.
            if case.clocks.is_some() {
                add(&mut self.cells, (place.flow, place.step, Fault::Skewed), 1);
            }
        }
        for (cell, count) in played.cells {
            add(&mut self.cells, cell, count);
        }
        for (mark, count) in played.marks {
            add(&mut self.marks, mark, count);
        }
        add(&mut self.endings, played.ending.words, 1);
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, count: u64) {
    let sum = counts.entry(key).or_default();
    *sum = sum.saturating_add(count);
}

/// How many cases are played at once.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Plays every case on `threads` threads. `calm` is the run without faults; `tell` hears how many
/// are done.
#[must_use]
pub fn play_all(
    cases: &[Case],
    calm: &Played,
    mistake: Option<Mistake>,
    threads: usize,
    tell: &(dyn Fn(usize) + Sync),
) -> Gathered {
    spread(cases, threads, tell, |index, case, gathered| {
        gathered.take(index, case, calm, case.play(mistake, false));
    })
}

/// Has `work` done on every case by `threads` threads, and gathers.
#[must_use]
pub fn spread(
    cases: &[Case],
    threads: usize,
    tell: &(dyn Fn(usize) + Sync),
    work: impl Fn(usize, &Case, &mut Gathered) + Sync,
) -> Gathered {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut gathered = Gathered::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(index) else { return gathered };
            work(index, case, &mut gathered);
            tell(index);
        }
    };
    let mut all = Gathered::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            // A panic inside of a world is caught there; one outside is a mistake of the sweep.
            match worker.join() {
                Ok(gathered) => all.add(gathered),
                Err(why) => std::panic::resume_unwind(why),
            }
        }
    });
    all
}
