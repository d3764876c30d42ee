//! Chance that can be had again: every stream of draws comes from the run's seed and its own name.
//!
//! Draws of one stream change nothing in another. What real processes make of the same draws differs
//! from run to run all the same.

/// SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream of this name.
    pub(crate) fn of(seed: u64, stream: &str) -> Chance {
        // FNV-1a, so that streams with similar names do not begin alike.
        let named = stream.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        let mut chance = Chance(seed ^ named);
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Between `from` and `to`, without `to`; `from` when there is nothing between.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        let span = to.saturating_sub(from).max(1);
        from.saturating_add(self.next().checked_rem(span).unwrap_or(0))
    }

    /// An index below `length`.
    pub(crate) fn below(&mut self, length: usize) -> usize {
        let drawn = self.between(0, u64::try_from(length).unwrap_or(u64::MAX));
        usize::try_from(drawn).unwrap_or(0)
    }

    /// True in so many of a thousand draws.
    pub(crate) fn permille(&mut self, often: u64) -> bool {
        self.between(0, 1_000) < often
    }

    /// One of them, as often as its weight says; `None` when all weights are 0.
    pub(crate) fn weighted<T: Clone>(&mut self, choices: &[(u64, T)]) -> Option<T> {
        let sum = choices.iter().map(|(weight, _)| *weight).sum();
        let mut drawn = self.between(0, sum);
        for (weight, choice) in choices {
            if drawn < *weight {
                return Some(choice.clone());
            }
            drawn = drawn.saturating_sub(*weight);
        }
        None
    }

    /// Between `from` (at least 1) and `to`, each doubling as likely as any other: mostly short, now
    /// and then very long.
    pub(crate) fn doublings(&mut self, from: u64, to: u64) -> u64 {
        let from = from.max(1);
        let mut steps = 0_u32;
        while from.checked_shl(steps.saturating_add(1)).is_some_and(|next| next < to) {
            steps = steps.saturating_add(1);
        }
        let step = u32::try_from(self.between(0, u64::from(steps).saturating_add(1))).unwrap_or(0);
        let low = from.checked_shl(step).unwrap_or(from);
        self.between(low, low.saturating_mul(2).min(to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_name_draw_the_same() {
        let draw = |seed, name: &str| {
            let mut chance = Chance::of(seed, name);
            (0..5).map(|_| chance.between(0, 1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, "door"), draw(7, "door"));
        assert_ne!(draw(7, "door"), draw(7, "doors"));
        assert_ne!(draw(7, "door"), draw(8, "door"));
    }

    #[test]
    fn what_is_drawn_stays_within_its_bounds() {
        let mut chance = Chance::of(1, "bounds");
        for _ in 0..2_000 {
            assert!((3..9).contains(&chance.between(3, 9)));
            assert!((10..60_000).contains(&chance.doublings(10, 60_000)));
            assert!(chance.below(4) < 4);
        }
        assert_eq!(chance.between(5, 5), 5);
    }

    #[test]
    fn every_doubling_is_met() {
        let mut chance = Chance::of(2, "doublings");
        let drawn: Vec<u64> = (0..2_000).map(|_| chance.doublings(10, 60_000)).collect();
        assert!(drawn.iter().any(|n| *n < 20) && drawn.iter().any(|n| *n > 40_000));
        let short = drawn.iter().filter(|n| **n < 1_000).count();
        assert!((800..1_600).contains(&short), "{short}");
    }

    #[test]
    fn weights_are_kept() {
        let mut chance = Chance::of(3, "weights");
        let drawn: Vec<_> =
            (0..3_000).map(|_| chance.weighted(&[(1, 'a'), (0, 'b'), (2, 'c')]).unwrap()).collect();
        let count = |letter| drawn.iter().filter(|one| **one == letter).count();
        assert_eq!(count('b'), 0);
        assert!((800..1_200).contains(&count('a')), "{}", count('a'));
        assert_eq!(chance.weighted::<char>(&[(0, 'a')]), None);
    }
}
