//! A failure on purpose, so that it is known that one would be found, replayed and made small.

use crate::tape::Kind;
use crate::world::World;

/// Fails, if the first buyer drew something.
pub(crate) fn sing(world: &World) {
    if world.kernel.draw(Kind::Actor, 1, 1_000) >= 300 {
        let seen = "a seed in a hundred fails on purpose".to_owned();
        world.chronicle.violated("C1", "the canary is silent", seen);
    }
}
