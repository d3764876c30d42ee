//! A failure on purpose, so that it is known that one would be found, replayed and made small.

use crate::tape::{Kind, below};
use crate::world::World;

/// It takes so many choices together to fail.
const VOICES: usize = 3;
/// What each of them is at least. A seed always draws so much, a tape only where it says so.
const LOUD: u32 = 300;
/// Whose choices they are: nobody else's, so that no other choice moves them.
const CANARY: u32 = 0;

/// Fails, unless one of the voices is not loud.
pub(crate) fn sing(world: &World) {
    let loud = |chance: u64| LOUD + below(chance, LOUD);
    let voices = (0..VOICES).map(|_| world.kernel.choose(Kind::Actor, CANARY, 2 * LOUD, loud));
    if voices.filter(|voice| *voice >= LOUD).count() == VOICES {
        let seen = "a seed in a hundred fails on purpose".to_owned();
        world.chronicle.violated("C1", "the canary is silent", seen);
    }
}
