//! A hash for small values that nobody chooses to make collide: quick, and the same in every run.

use std::hash::{BuildHasherDefault, Hasher};

/// Makes maps quick.
pub(crate) type Quick = BuildHasherDefault<Mixer>;

/// Mixes what it is given, word by word.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mixer(u64);

/// An odd number without a pattern (π).
const PI: u64 = 0x517c_c1b7_2722_0a95;

impl Mixer {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(PI);
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.mix(u64::from(*byte)));
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.mix(u64::from(value));
    }

    fn write_isize(&mut self, value: isize) {
        self.mix(value.unsigned_abs().try_into().unwrap_or(u64::MAX));
    }

    fn finish(&self) -> u64 {
        // Maps take their place from the low bits and tell neighbours apart by the high ones.
        self.0 ^ (self.0 >> 32)
    }
}
