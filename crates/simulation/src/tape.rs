//! The tape: every choice of a run, by name.
//!
//! A choice is one draw of one *stream* (a kind of choice, and whose it is). 0 always means the
//! tame one: no fault, first in the queue, the shortest delay, the happy buyer. What is not on a
//! given tape is 0, so a shorter tape is a simpler run, and taking one choice away moves no other
//! stream. Without a given tape, choices follow from the seed, the stream and the count alone.

mod text;

pub use text::{TapeError, Written};

use std::collections::BTreeMap;

/// A kind of choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What kind of world it is.
    Swarm,
    /// What an actor wants and does.
    Actor,
    /// Which of the tasks that are ready goes first.
    Queue,
    /// How long a message travels.
    Travel,
    /// What happens to a message between a client and a node.
    Client,
    /// What happens to a notification on its way.
    Notice,
    /// What happens to a call to WeChat Pay.
    Call,
    /// How long the store takes.
    StoreTime,
    /// What happens to a use of the store.
    Store,
    /// Whether a node dies, or stops for a while, at this very place.
    Node,
    /// Jitter that production code asks for.
    Jitter,
    /// When trouble comes to a whole part: the store, a node, a clock.
    Weather,
    /// What is special about a purchase: hurry, a coupon; and what the merchant changes meanwhile.
    Wish,
    /// What the back office does, and what buyers look at before they order.
    Shop,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Kind; 14] = [
        Kind::Swarm,
        Kind::Actor,
        Kind::Queue,
        Kind::Travel,
        Kind::Client,
        Kind::Notice,
        Kind::Call,
        Kind::StoreTime,
        Kind::Store,
        Kind::Node,
        Kind::Jitter,
        Kind::Weather,
        Kind::Wish,
        Kind::Shop,
    ];

    /// Its name on a tape.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Swarm => "swarm",
            Kind::Actor => "actor",
            Kind::Queue => "queue",
            Kind::Travel => "travel",
            Kind::Client => "client",
            Kind::Notice => "notice",
            Kind::Call => "call",
            Kind::StoreTime => "store_time",
            Kind::Store => "store",
            Kind::Node => "node",
            Kind::Jitter => "jitter",
            Kind::Weather => "weather",
            Kind::Wish => "wish",
            Kind::Shop => "shop",
        }
    }

    fn index(self) -> usize {
        match self {
            Kind::Swarm => 0,
            Kind::Actor => 1,
            Kind::Queue => 2,
            Kind::Travel => 3,
            Kind::Client => 4,
            Kind::Notice => 5,
            Kind::Call => 6,
            Kind::StoreTime => 7,
            Kind::Store => 8,
            Kind::Node => 9,
            Kind::Jitter => 10,
            Kind::Weather => 11,
            Kind::Wish => 12,
            Kind::Shop => 13,
        }
    }
}

/// Where a choice is drawn: its kind, and whose it is (an actor, a node, 0 for the world).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stream {
    /// What is chosen.
    pub kind: Kind,
    /// Whose choice it is.
    pub whose: u32,
}

/// One choice: the `count`-th of its stream, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Where it is drawn.
    pub stream: Stream,
    /// The how manieth draw it is.
    pub count: u32,
}

/// Choices that are not 0.
pub type Choices = BTreeMap<Place, u32>;

/// Gives choices, and remembers them when asked to.
#[derive(Debug)]
pub struct Tape {
    seed: u64,
    given: Option<Choices>,
    counts: Vec<Vec<u32>>,
    drawn: Option<Choices>,
}

impl Tape {
    /// Choices that follow from `seed`.
    #[must_use]
    pub fn of_seed(seed: u64) -> Tape {
        Tape { seed, given: None, counts: vec![Vec::new(); Kind::ALL.len()], drawn: None }
    }

    /// Given choices. `seed` still makes ids and numbers, which are no choices.
    #[must_use]
    pub fn given(seed: u64, choices: Choices) -> Tape {
        Tape { given: Some(choices), ..Tape::of_seed(seed) }
    }

    /// The same, and remembers what it gave.
    #[must_use]
    pub fn remembering(self) -> Tape {
        Tape { drawn: Some(Choices::new()), ..self }
    }

    /// What was drawn and is not 0, if it was remembered.
    #[must_use]
    pub fn drawn(&self) -> Choices {
        self.drawn.clone().unwrap_or_default()
    }

    /// The next choice of `stream`, below `bound`. `pick` makes it of chance, where no tape is
    /// given.
    pub fn choose(&mut self, stream: Stream, bound: u32, pick: impl FnOnce(u64) -> u32) -> u32 {
        let count = self.count(stream);
        let value = match &self.given {
            Some(given) => given.get(&Place { stream, count }).copied().unwrap_or(0),
            None => pick(chance(self.seed, stream, count)),
        };
        let value = value.min(bound.saturating_sub(1));
        if let Some(drawn) = &mut self.drawn
            && value > 0
        {
            drawn.insert(Place { stream, count }, value);
        }
        value
    }

    fn count(&mut self, stream: Stream) -> u32 {
        let Some(counts) = self.counts.get_mut(stream.kind.index()) else { return 0 };
        let whose = usize::try_from(stream.whose).unwrap_or(0);
        if counts.len() <= whose {
            counts.resize(whose.saturating_add(1), 0);
        }
        let Some(count) = counts.get_mut(whose) else { return 0 };
        let now = *count;
        *count = count.saturating_add(1);
        now
    }
}

fn chance(seed: u64, stream: Stream, count: u32) -> u64 {
    let kind = u64::try_from(stream.kind.index()).unwrap_or(0);
    let place = (kind << 56) ^ (u64::from(stream.whose) << 32) ^ u64::from(count);
    mix(mix(seed) ^ place)
}

/// SplitMix64's step: every bit of the answer depends on every bit of the question.
#[must_use]
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in `0..bound` of chance.
#[must_use]
pub fn below(chance: u64, bound: u32) -> u32 {
    let scaled = u128::from(chance).wrapping_mul(u128::from(bound)) >> 64;
    u32::try_from(scaled).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTOR: Stream = Stream { kind: Kind::Actor, whose: 3 };
    const OTHER: Stream = Stream { kind: Kind::Store, whose: 3 };

    fn ten(tape: &mut Tape, stream: Stream) -> Vec<u32> {
        (0..10).map(|_| tape.choose(stream, 100, |chance| below(chance, 100))).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_choices_whatever_other_streams_draw() {
        let mut alone = Tape::of_seed(7);
        let mut among = Tape::of_seed(7);
        let _others = ten(&mut among, OTHER);
        assert_eq!(ten(&mut alone, ACTOR), ten(&mut among, ACTOR));
        assert_ne!(ten(&mut Tape::of_seed(8), ACTOR), ten(&mut Tape::of_seed(7), ACTOR));
    }

    #[test]
    fn a_remembered_tape_gives_the_same_again_and_what_is_missing_is_tame() {
        let mut first = Tape::of_seed(7).remembering();
        let drawn = ten(&mut first, ACTOR);
        let mut choices = first.drawn();
        assert_eq!(ten(&mut Tape::given(7, choices.clone()), ACTOR), drawn);
        let place = *choices.keys().next().unwrap();
        choices.remove(&place);
        let again = ten(&mut Tape::given(7, choices), ACTOR);
        let differing: Vec<usize> = (0..10).filter(|i| again[*i] != drawn[*i]).collect();
        assert_eq!(differing, [usize::try_from(place.count).unwrap()]);
        assert_eq!(again[differing[0]], 0);
    }

    #[test]
    fn no_choice_reaches_its_bound() {
        let place = Place { stream: ACTOR, count: 0 };
        let mut tape = Tape::given(1, Choices::from([(place, 99)]));
        assert_eq!(tape.choose(ACTOR, 5, |_| 0), 4);
    }
}
