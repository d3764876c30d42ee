//! Makes a failing tape small: takes choices away, whole streams first, then chunks, then one by
//! one, and lowers what is left, for as long as the same promise is broken.

use crate::run::{Play, play};
use crate::tape::{Choices, Kind, Place};
use std::time::{Duration, Instant};

/// Small enough to be read.
pub const SMALL: usize = 15;

/// The smaller tape, and how many plays it took.
#[must_use]
pub fn shrink(failing: &Play, choices: &Choices, within: Duration) -> (Choices, usize) {
    let Some(broken) = broken(failing, choices) else { return (choices.clone(), 1) };
    #[expect(clippy::disallowed_methods, reason = "limits the search, not a world")]
    let end = Instant::now() + within;
    let mut search = Search { failing, broken, best: choices.clone(), plays: 1, end };
    search.without_kinds();
    let mut before = usize::MAX;
    while search.best.len() < before && !search.is_over() {
        before = search.best.len();
        search.without_chunks();
    }
    search.lower();
    (search.best, search.plays)
}

struct Search<'a> {
    failing: &'a Play,
    broken: &'static str,
    best: Choices,
    plays: usize,
    end: Instant,
}

/// The promise that these choices break.
fn broken(failing: &Play, choices: &Choices) -> Option<&'static str> {
    let again =
        Play { tape: Some(choices.clone()), verbose: false, remember: false, ..failing.clone() };
    play(&again).violation.map(|violation| violation.id)
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "limits the search, not a world")]
        let now = Instant::now();
        now >= self.end
    }

    /// Keeps `smaller` if it still fails.
    fn keeps(&mut self, smaller: Choices) -> bool {
        if self.is_over() || smaller.len() > self.best.len() {
            return false;
        }
        self.plays += 1;
        let fails = broken(self.failing, &smaller) == Some(self.broken);
        if fails {
            self.best = smaller;
        }
        fails
    }

    fn without_kinds(&mut self) {
        let tame_first = [
            Kind::Queue,
            Kind::Travel,
            Kind::StoreTime,
            Kind::Jitter,
            Kind::Weather,
            Kind::Node,
            Kind::Notice,
            Kind::Client,
            Kind::Store,
            Kind::Call,
            Kind::Wish,
            Kind::Swarm,
            Kind::Actor,
        ];
        for kind in tame_first {
            let mut rest = self.best.clone();
            rest.retain(|place, _| place.stream.kind != kind);
            if rest.len() < self.best.len() {
                self.keeps(rest);
            }
        }
        let streams: std::collections::BTreeSet<_> =
            self.best.keys().map(|place| place.stream).collect();
        for stream in streams {
            let mut rest = self.best.clone();
            rest.retain(|place, _| place.stream != stream);
            self.keeps(rest);
        }
    }

    fn without_chunks(&mut self) {
        let mut size = self.best.len() / 2;
        while size > 0 && !self.is_over() {
            let mut at = 0;
            while at < self.best.len() && !self.is_over() {
                let taken: Vec<Place> = self.best.keys().skip(at).take(size).copied().collect();
                let mut rest = self.best.clone();
                rest.retain(|place, _| !taken.contains(place));
                if !self.keeps(rest) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    fn lower(&mut self) {
        let places: Vec<(Place, u32)> =
            self.best.iter().map(|(place, value)| (*place, *value)).collect();
        for (place, value) in places {
            for lower in [1, value / 4, value / 2, value.saturating_sub(1)] {
                if lower == 0 || lower >= value {
                    continue;
                }
                let mut smaller = self.best.clone();
                smaller.insert(place, lower);
                if self.keeps(smaller) {
                    break;
                }
            }
        }
    }
}
