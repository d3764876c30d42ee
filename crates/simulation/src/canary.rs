//! A failure on purpose, so that it is known that one would be found, replayed and made small.

use crate::tape::{Kind, below};
use crate::world::World;

/// What the first buyer has to draw at least. A seed always does, a tape only if it names it.
const SINGS: u32 = 300;

/// Fails, unless the first buyer draws little.
pub(crate) fn sing(world: &World) {
    let loud = |chance: u64| SINGS + below(chance, SINGS);
    if world.kernel.choose(Kind::Actor, 1, 2 * SINGS, loud) >= SINGS {
        let seen = "a seed in a hundred fails on purpose".to_owned();
        world.chronicle.violated("C1", "the canary is silent", seen);
    }
}
