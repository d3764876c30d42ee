//! Chance that can be had again: a test draws from one seed, says which, and takes another one from
//! the environment.

use std::time::{SystemTime, UNIX_EPOCH};

/// Where a seed is taken from, to see again what was seen once.
const SEED: &str = "KILL_SEED";

/// SplitMix64.
pub struct Chance(u64);

impl Chance {
    /// From the environment's seed, or from a new one; says which.
    pub fn new(test: &str) -> Chance {
        let given = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            u64::try_from(now.as_micros() % 1_000_000_007).unwrap()
        });
        eprintln!("{test}: {SEED}={seed}");
        Chance(seed)
    }

    /// Between `from` and `to`, without `to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        from + (mixed ^ (mixed >> 31)) % (to - from)
    }
}
