//! Shipments in small worlds of their own: the real application over the memory store, the real client over a network
//! that loses, delays and refuses, the sandbox's shipping management at the other end; each world from one seed.
//!
//! Beside the large worlds, because nothing of it meets money: who paid is given here, and what is asked is only what
//! WeChat is told of the packages.
#![cfg(test)]

mod desk;
mod mistakes;
mod outside;
mod world;

use mistakes::Mistake;
use world::{Seen, World};

const WORLDS: u64 = 300;

/// Plays one world: trouble, then none, then what must be true.
fn play(seed: u64, mistake: Option<Mistake>) -> (Vec<String>, Seen) {
    let mut world = World::new(seed, mistake);
    for _ in 0..40 {
        world.step();
    }
    world.calm_down();
    (world.broken_promises(), world.seen)
}

#[test]
fn whatever_is_shipped_is_told_once_or_a_person_knows() {
    let mut all = Seen::default();
    for seed in 0..WORLDS {
        let (broken, seen) = play(seed, None);
        assert!(broken.is_empty(), "seed {seed}: {broken:#?}");
        all.add(&seen);
    }
    // Worlds in which little happens would say little.
    let few: Vec<_> = all.reached().into_iter().filter(|(_, times)| *times < 20).collect();
    assert!(few.is_empty(), "seldom seen: {few:?} of {all:?}");
}

#[test]
fn the_same_seed_is_the_same_world() {
    for seed in [3, 77] {
        assert_eq!(play(seed, None), play(seed, None));
    }
}

/// Each mistake is found, by the promise that it breaks.
#[test]
fn planted_mistakes_are_found_by_name() {
    for mistake in Mistake::ALL {
        let found = (0..WORLDS).find_map(|seed| {
            let (broken, _) = play(seed, Some(mistake));
            broken.into_iter().find(|promise| promise.contains(mistake.breaks()))
        });
        assert!(found.is_some(), "{mistake:?} is not found");
    }
}
