//! Plays many seeds, on every core, and adds up what happened.

use crate::marks::Mark;
use crate::matrix::Counts;
use crate::mistakes::Mistake;
use crate::run::{Outcome, Play, play};
use crate::setup::Variant;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// One seed in so many is played twice, and must be the same.
const TWICE: u64 = 100;
/// So many failing seeds are enough to look at.
pub const FAILURES_MAX: usize = 20;

/// What to play.
#[derive(Clone, Debug)]
pub struct Bulk {
    /// Which seeds.
    pub seeds: Range<u64>,
    /// In which world; drawn where it is not said.
    pub variant: Option<Variant>,
    /// On how many threads.
    pub threads: usize,
    /// Whether one seed in a hundred fails on purpose.
    pub canary: bool,
    /// The mistake that production makes on purpose.
    pub mistake: Option<Mistake>,
    /// With so many failing seeds it ends.
    pub enough: usize,
}

/// Everything together.
#[derive(Debug, Default)]
pub struct Totals {
    /// How many seeds were played.
    pub seeds: u64,
    /// How many of them were played twice.
    pub twice: u64,
    /// How many orders lived.
    pub lifetimes: u64,
    /// How many times a task was polled.
    pub events: u64,
    /// Virtual seconds.
    pub seconds: u64,
    /// Nanoseconds of computing, of all threads together; without second plays, whose orders are not counted either.
    pub cpu_nanos: u64,
    again_nanos: u64,
    /// How often each mark was met.
    pub marks: BTreeMap<Mark, u64>,
    /// How often each cell was met.
    pub cells: Counts,
    /// Seeds in which a promise was broken, with what was seen.
    pub failures: Vec<(u64, crate::chronicle::Violation)>,
    /// Seeds whose second play was another one.
    pub unequal: Vec<u64>,
}

/// Plays all of it; stops early when enough has failed.
#[must_use]
pub fn bulk(work: &Bulk) -> Totals {
    let next = AtomicU64::new(work.seeds.start);
    let enough = AtomicBool::new(false);
    let totals = Mutex::new(Totals::default());
    std::thread::scope(|scope| {
        for _ in 0..work.threads.max(1) {
            scope.spawn(|| {
                let mut mine = Totals::default();
                let began = cpu_nanos();
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= work.seeds.end {
                        break;
                    }
                    mine.play(work, seed);
                    if mine.failures.len() + mine.unequal.len() >= work.enough {
                        enough.store(true, Ordering::Relaxed);
                    }
                }
                let again = mine.again_nanos;
                mine.cpu_nanos = cpu_nanos().saturating_sub(began).saturating_sub(again);
                totals.lock().unwrap_or_else(PoisonError::into_inner).add(mine);
            });
        }
    });
    let mut totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    totals.failures.sort_by_key(|(seed, _)| *seed);
    totals.unequal.sort_unstable();
    totals
}

impl Totals {
    fn play(&mut self, work: &Bulk, seed: u64) {
        let wanted = Play {
            seed,
            variant: work.variant,
            canary: work.canary,
            mistake: work.mistake,
            ..Play::default()
        };
        let outcome = play(&wanted);
        if seed % TWICE == TWICE / 2 {
            self.twice += 1;
            let began = cpu_nanos();
            if play(&wanted).hash != outcome.hash {
                self.unequal.push(seed);
            }
            self.again_nanos += cpu_nanos().saturating_sub(began);
        }
        self.take(seed, outcome);
    }

    fn take(&mut self, seed: u64, outcome: Outcome) {
        self.seeds += 1;
        self.lifetimes += outcome.lifetimes;
        self.events += outcome.events;
        self.seconds += u64::try_from(outcome.micros / 1_000_000).unwrap_or(0);
        for (mark, count) in outcome.marks {
            *self.marks.entry(mark).or_default() += count;
        }
        for (cell, count) in outcome.cells {
            *self.cells.entry(cell).or_default() += count;
        }
        self.failures.extend(outcome.violation.map(|violation| (seed, violation)));
    }

    fn add(&mut self, other: Totals) {
        self.seeds += other.seeds;
        self.twice += other.twice;
        self.lifetimes += other.lifetimes;
        self.events += other.events;
        self.seconds += other.seconds;
        self.cpu_nanos += other.cpu_nanos;
        for (mark, count) in other.marks {
            *self.marks.entry(mark).or_default() += count;
        }
        for (cell, count) in other.cells {
            *self.cells.entry(cell).or_default() += count;
        }
        self.failures.extend(other.failures);
        self.unequal.extend(other.unequal);
    }
}

/// How long this thread has computed. Other programs on the machine do not count; where the system
/// does not say, nothing counts.
fn cpu_nanos() -> u64 {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    said.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
}
