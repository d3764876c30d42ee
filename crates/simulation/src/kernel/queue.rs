//! Who goes on when: a heap ordered by instant, tie and sequence.

use super::TaskId;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// A task goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// When, in microseconds.
    pub(super) at: i64,
    /// Its place among those of one instant.
    pub(super) tie: u32,
    /// First come, first served among equals.
    pub(super) sequence: u64,
    /// Which.
    pub(super) task: TaskId,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    last: u64,
}

impl Queue {
    pub(super) fn add(&mut self, at: i64, tie: u32, task: TaskId) {
        self.last = self.last.saturating_add(1);
        self.push(Entry { at, tie, sequence: self.last, task });
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.heap.push(Reverse(entry));
    }

    /// Those of `tasks` that were put off until `until` come at `at`. They are moved, not added: who
    /// waits twice wakes twice, and goes on to wait twice.
    pub(super) fn bring_forward(&mut self, tasks: &BTreeSet<TaskId>, until: i64, at: i64) {
        if tasks.is_empty() {
            return;
        }
        let sooner = |Reverse(entry): Reverse<Entry>| {
            let is_meant = entry.at == until && tasks.contains(&entry.task);
            Reverse(if is_meant { Entry { at, ..entry } } else { entry })
        };
        self.heap = std::mem::take(&mut self.heap).into_iter().map(sooner).collect();
    }

    /// The first one that is not later than `until`.
    pub(super) fn pop_by(&mut self, until: i64) -> Option<Entry> {
        let first = self.heap.peek().filter(|Reverse(entry)| entry.at <= until)?.0;
        self.heap.pop();
        Some(first)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}
