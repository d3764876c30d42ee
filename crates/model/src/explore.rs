//! Breadth first through all worlds: the first violation that is met needs the fewest steps.

use crate::quick::Quick;
use crate::races::RACES;
use crate::{Broken, Model, Step, Story, World};
use core::fmt;
use indexmap::IndexMap;
use indexmap::map::Entry;

/// What a run came to.
#[derive(Debug)]
pub struct Explored {
    /// Different worlds.
    pub worlds: usize,
    /// Steps between them.
    pub steps: usize,
    /// Different orders.
    pub orders: usize,
    /// Different situations from which everything was brought to its end.
    pub healed: usize,
    /// Situations that were met.
    pub races: Vec<&'static str>,
    /// How an invariant can be broken, if it can.
    pub violation: Option<Story>,
}

/// Worlds in the order in which they were met, each with the one that it was met from.
type Met = IndexMap<World, u32, Quick>;

/// Goes everywhere, or to the first violation.
pub fn explore(model: &mut Model) -> Explored {
    let mut met = Met::from_iter([(model.opening(), 0)]);
    let mut is_met = [false; RACES.len()];
    let mut steps = 0;
    let mut violation = None;
    let mut at = 0;
    while let (Some((world, _)), None) = (met.get_index(at), &violation) {
        let world = *world;
        note_races(model, &world, &mut is_met);
        for (step, next) in model.steps(world) {
            steps += 1;
            let end = next.and_then(|next| arrive(model, &mut met, next, at));
            if let Err(broken) = end {
                violation = Some(tell(model, &met, at, step, broken));
                break;
            }
        }
        at += 1;
    }
    let races = RACES.iter().zip(is_met).filter(|(_, is_met)| *is_met);
    Explored {
        worlds: met.len(),
        steps,
        orders: model.book().len(),
        healed: model.healed(),
        races: races.map(|((name, _), _)| *name).collect(),
        violation,
    }
}

/// A world is looked at when it is met for the first time.
fn arrive(model: &mut Model, met: &mut Met, world: World, from: usize) -> Result<(), Broken> {
    match met.entry(world) {
        Entry::Occupied(_) => Ok(()),
        Entry::Vacant(new) => {
            new.insert(u32::try_from(from).unwrap_or(u32::MAX));
            model.check(&world)
        }
    }
}

fn note_races(model: &Model, world: &World, is_met: &mut [bool; RACES.len()]) {
    let order = model.book().order(world.order);
    for (is_met, (_, is_so)) in is_met.iter_mut().zip(RACES) {
        *is_met = *is_met || is_so(world, order);
    }
}

/// The way to `at`, and the step that breaks something there.
fn tell(model: &mut Model, met: &Met, at: usize, step: Step, broken: Broken) -> Story {
    let mut worlds = Vec::new();
    let mut next = Some(at);
    while let Some((world, from)) = next.and_then(|at| met.get_index(at)) {
        worlds.push(*world);
        next = next.filter(|at| *at != 0).and_then(|_| usize::try_from(*from).ok());
    }
    worlds.reverse();
    Story::of(model, &worlds, step, broken)
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explored { worlds, steps, orders, healed, .. } = self;
        write!(f, "{worlds} worlds, {steps} steps, {orders} orders, {healed} brought to their end")
    }
}
