//! Every pair of blows: after each first one the places are numbered anew, as that run meets them,
//! and each later one is struck.

use super::cases::{Case, once};
use super::crew::{Gathered, spread};
use super::scripts::Script;
use crate::mistakes::Mistake;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// First blows of one script, with everything that can follow them.
pub struct Part {
    /// What is played.
    pub script: &'static Script,
    /// The first blows.
    pub firsts: Vec<Case>,
    /// The number of the first one of them, among those of every script.
    pub number: usize,
    mistake: Option<Mistake>,
}

/// The first blows of `scripts` whose numbers are in `range`. A script that breaks a promise without
/// any fault has none.
#[must_use]
pub fn parts(
    scripts: &[&'static Script],
    range: &Range<usize>,
    mistake: Option<Mistake>,
) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut next = 0_usize;
    for script in scripts {
        let calm = Case::calm(script).play(mistake, false);
        if calm.violation.is_some() {
            continue;
        }
        let all = once(script, &calm);
        let begin = next;
        next = next.saturating_add(all.len());
        let numbered = (begin..).zip(all).filter(|(number, _)| range.contains(number));
        let number = begin.max(range.start);
        let firsts: Vec<Case> = numbered.map(|(_, case)| case).collect();
        if !firsts.is_empty() {
            parts.push(Part { script, firsts, number, mistake });
        }
    }
    parts
}

impl Part {
    /// How many pairs there are; every first blow is played for that.
    #[must_use]
    pub fn count(&self, threads: usize) -> usize {
        let pairs = AtomicUsize::new(0);
        let _nothing = spread(&self.firsts, threads, &|_| {}, |_, case, _| {
            let count = case.deeper(&case.play(self.mistake, false)).len();
            pairs.fetch_add(count, Ordering::Relaxed);
        });
        pairs.into_inner()
    }

    /// Plays one pair of every `thin`, evenly; all of them for 1. A first blow that breaks a promise
    /// by itself is told, and nothing follows it.
    #[must_use]
    pub fn play(&self, threads: usize, thin: usize, tell: &(dyn Fn(usize) + Sync)) -> Gathered {
        spread(&self.firsts, threads, tell, |number, case, gathered| {
            let first = case.play(self.mistake, false);
            if first.violation.is_some() {
                gathered.take(number, case, &first.clone(), first);
                return;
            }
            let pairs = case.deeper(&first).into_iter().enumerate();
            let is_played = |index: usize| index.saturating_add(number).is_multiple_of(thin.max(1));
            for (_, pair) in pairs.filter(|(index, _)| is_played(*index)) {
                gathered.take(number, &pair, &first, pair.play(self.mistake, false));
            }
        })
    }
}
