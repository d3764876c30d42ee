//! How fast the protocol is, as ratios to bare cryptography in the same run.
//!
//! `cargo xtask bench --only verify` builds and starts it; docs/benchmarks.md says what the figures mean. Ours and the limit take
//! turns, and the ratio is that of the middle turn.

mod bare;
pub mod ordering;
pub mod taking_in;
mod watch;

use std::time::Duration;

pub(crate) use bare::public_key;

/// How long it is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How often ours and the limit take turns.
    pub turns: u32,
    /// How long one turn of each is.
    pub turn: Duration,
}

/// Thousandths: 1.234 is 1234.
#[must_use]
pub(crate) fn thousandths(ours: Duration, limit: Duration) -> u64 {
    let ratio = ours.as_nanos().saturating_mul(1_000).checked_div(limit.as_nanos());
    ratio.and_then(|ratio| u64::try_from(ratio).ok()).unwrap_or(u64::MAX)
}

/// The one in the middle.
pub(crate) fn middle<T: Ord + Copy>(mut all: Vec<T>) -> Option<T> {
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

/// `1.234`
#[must_use]
pub fn shown(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_whole_thousandths() {
        let micros = Duration::from_micros;
        assert_eq!(shown(thousandths(micros(25), micros(20))), "1.250");
        assert_eq!(shown(thousandths(micros(1), micros(3))), "0.333");
        assert_eq!(thousandths(micros(1), micros(0)), u64::MAX);
        assert_eq!(middle(vec![3, 1, 2]), Some(2));
        assert_eq!(middle::<u64>(Vec::new()), None);
    }
}
