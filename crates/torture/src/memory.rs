//! How much memory and how many files the service that is never killed has, in the course of a run.

use crate::clock::pause_ms;
use crate::stage::node::Node;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

const EVERY_MS: u64 = 1_000;

/// One look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) resident_kib: u64,
    pub(crate) files: usize,
}

/// All looks so far, one a second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<Look>>>);

impl Memory {
    /// Looks until the run ends.
    pub(crate) async fn watch(self, node: Node) {
        loop {
            pause_ms(EVERY_MS).await;
            if let Some(look) = look(node.pid()) {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).push(look);
            }
        }
    }

    /// After warming up for half of the time, and the last.
    pub(crate) fn warm_and_last(&self) -> Option<(Look, Look)> {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some((*looks.get(looks.len() / 2)?, *looks.last()?))
    }
}

/// By how much `last` is more than `first`, in thousandths.
pub(crate) fn growth_permille(first: u64, last: u64) -> u64 {
    last.saturating_sub(first).saturating_mul(1_000).checked_div(first).unwrap_or(0)
}

fn look(pid: u32) -> Option<Look> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(Look { resident_kib: line.split_whitespace().next()?.parse().ok()?, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_files() {
        let look = look(std::process::id()).unwrap();
        assert!(look.resident_kib > 0 && look.files > 0);
    }

    #[test]
    fn growth_is_counted_in_thousandths() {
        assert_eq!(growth_permille(1_000, 1_050), 50);
        assert_eq!(growth_permille(1_000, 900), 0);
        assert_eq!(growth_permille(0, 900), 0);
    }
}
