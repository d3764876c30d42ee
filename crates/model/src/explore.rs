//! Breadth first through all worlds: the first violation that is met is one that needs the fewest
//! steps.

use crate::{Broken, Model, Step, Story, World};
use core::fmt;
use indexmap::IndexMap;

/// What a run came to.
#[derive(Debug)]
pub struct Explored {
    /// Different worlds.
    pub worlds: usize,
    /// Steps between them.
    pub steps: usize,
    /// Different orders.
    pub orders: usize,
    /// How an invariant can be broken, if it can.
    pub violation: Option<Story>,
}

/// Worlds in the order in which they were met, each with the one that it was met from.
type Met = IndexMap<World, usize>;

/// Goes everywhere, or to the first violation.
pub fn explore(model: &mut Model) -> Explored {
    let opening = model.opening();
    let mut met = Met::from_iter([(opening, 0)]);
    let mut steps = 0;
    let mut violation = None;
    let mut at = 0;
    while let (Some((world, _)), None) = (met.get_index(at), &violation) {
        let world = *world;
        for (step, next) in model.steps(world) {
            steps += 1;
            let end = next.and_then(|next| {
                let is_new = met.insert_full_if_new(next, at);
                if is_new { model.check(&next) } else { Ok(()) }
            });
            if let Err(broken) = end {
                violation = Some(tell(model, &met, at, step, broken));
                break;
            }
        }
        at += 1;
    }
    Explored { worlds: met.len(), steps, orders: model.book().len(), violation }
}

trait InsertIfNew {
    fn insert_full_if_new(&mut self, world: World, from: usize) -> bool;
}

impl InsertIfNew for Met {
    fn insert_full_if_new(&mut self, world: World, from: usize) -> bool {
        let len = self.len();
        self.entry(world).or_insert(from);
        self.len() > len
    }
}

/// The way to `at`, and the step that breaks something there.
fn tell(model: &mut Model, met: &Met, mut at: usize, step: Step, broken: Broken) -> Story {
    let mut way = vec![at];
    while let Some((_, from)) = met.get_index(at).filter(|_| at != 0) {
        at = *from;
        way.push(at);
    }
    way.reverse();
    let worlds: Vec<World> =
        way.iter().filter_map(|index| met.get_index(*index)).map(|(world, _)| *world).collect();
    Story::of(model, &worlds, step, broken)
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} worlds, {} steps, {} orders", self.worlds, self.steps, self.orders)
    }
}
