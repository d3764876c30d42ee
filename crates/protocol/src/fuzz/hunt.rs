//! The loop: take an input, change it, give it to the reader, keep it if it was answered as nothing before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::execution::{Execution, Fault, Limits, Memory, execute};
use super::mutate::Mutator;
use super::target::Reader;

/// So many inputs are kept to be changed again.
const POOL_MAX: usize = 4_096;

/// A hunt through one reader.
pub struct Hunt {
    reader: Reader,
    input_max: usize,
    limits: Limits,
    memory: Memory,
    mutator: Mutator,
    pool: Vec<Vec<u8>>,
    began: Instant,
    figures: Figures,
}

/// What a hunt has seen so far.
#[derive(Debug, Default)]
pub struct Figures {
    /// How many inputs were tried.
    pub executions: u64,
    /// How many of them were taken for what they say that they are.
    pub taken: u64,
    /// What readers have said, and how often.
    pub verdicts: BTreeMap<String, u64>,
    /// The input that took most CPU time, and how much.
    pub slowest: (Duration, Vec<u8>),
    /// The input that held most memory, and how many bytes.
    pub largest: (usize, Vec<u8>),
    /// What must not happen, each with the first input that made it happen. A place that panics is one finding.
    pub found: Vec<(Fault, Vec<u8>)>,
    seen: BTreeSet<String>,
}

impl Hunt {
    /// Through a reader, which is given nothing longer than so many bytes. Begins with the inputs of a corpus, which are
    /// not tried yet.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a hunt lasts for real time")]
    pub fn new(
        (reader, input_max): (Reader, usize),
        seed: u64,
        corpus: Vec<Vec<u8>>,
        (limits, memory): (Limits, Memory),
    ) -> Self {
        let mutator = Mutator::new(seed, &corpus);
        let (began, figures) = (Instant::now(), Figures::default());
        Self { reader, input_max, limits, memory, mutator, pool: corpus, began, figures }
    }

    /// What was seen so far.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// How long it has lasted.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// How many inputs are there to be changed.
    #[must_use]
    pub fn pool(&self) -> usize {
        self.pool.len()
    }

    /// Tries every input of the corpus as it is; before that one, so that nothing has to be prepared any more.
    pub fn try_corpus(&mut self, before: &mut impl FnMut(&[u8])) {
        for input in self.pool.clone() {
            before(&input);
            // What is prepared once, such as keys, is no part of what an input costs.
            let _prepared = execute(self.reader, &input, self.limits, self.memory);
            let execution = execute(self.reader, &input, self.limits, self.memory);
            self.take_in(&input, &execution);
        }
    }

    /// Tries one more input. `before` sees it first.
    pub fn try_another(&mut self, before: &mut impl FnMut(&[u8])) {
        let input = self.mutator.another(&self.pool, self.input_max);
        before(&input);
        let execution = execute(self.reader, &input, self.limits, self.memory);
        if self.take_in(&input, &execution) && self.pool.len() < POOL_MAX {
            self.pool.push(input);
        }
    }

    /// Counts, and says whether it was answered as nothing before.
    fn take_in(&mut self, input: &[u8], execution: &Execution) -> bool {
        let figures = &mut self.figures;
        figures.executions = figures.executions.saturating_add(1);
        if execution.cpu > figures.slowest.0 {
            figures.slowest = (execution.cpu, input.to_vec());
        }
        if execution.bytes > figures.largest.0 {
            figures.largest = (execution.bytes, input.to_vec());
        }
        if let Some(fault) = execution.fault(self.limits) {
            figures.find(fault, input);
        }
        let Ok(verdict) = &execution.said else { return false };
        figures.taken = figures.taken.saturating_add(u64::from(verdict.is_taken));
        let times = figures.verdicts.entry(verdict.to_string()).or_default();
        *times = times.saturating_add(1);
        *times == 1
    }
}

impl Figures {
    fn find(&mut self, fault: Fault, input: &[u8]) {
        let place = match &fault {
            // The first line names the place; the rest may quote the input.
            Fault::Panic(words) => words.lines().next().unwrap_or_default().to_owned(),
            Fault::Hang(_) | Fault::Memory(_) => fault.kind().to_owned(),
        };
        if self.seen.insert(place) {
            self.found.push((fault, input.to_vec()));
        }
    }
}
