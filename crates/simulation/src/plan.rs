//! Faults that are given instead of drawn: a run numbers every place where something outside can
//! fail, and a plan says what strikes at which of them.
//!
//! Where a world has a plan, nothing is drawn for faults. Between two places a task does nothing
//! that another could see, so a place stands for the whole stretch up to the next one; a sleep of
//! production code is therefore no place of its own.

use crate::kernel::{Home, TaskId};
use crate::matrix::{Fault, Flow, Step};
use crate::node::FAILOVER;
use crate::our_keys::First;
use crate::time::SECOND;
use crate::world::World;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long an operator takes to put new keys into the configuration, in microseconds.
pub(crate) const CONFIGURED_AFTER: i64 = 3 * SECOND;

/// The plan of a world, and what it met so far.
#[derive(Default)]
pub struct Plan {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// What is still to strike, in the order of the places.
    strikes: Vec<(u32, Blow)>,
    places: Vec<Place>,
    /// What struck, by the name of the place.
    struck: Vec<(&'static str, Fault)>,
    /// Answers to what a fault asks next: how it comes.
    hows: Vec<(Fault, u32)>,
    /// When the last effect of a strike is over, in microseconds.
    over: i64,
    /// How the first refund ends.
    refunds_end: u32,
    /// Which one that is.
    first_refund: Option<String>,
    /// How often it was sent.
    first_sent: u32,
}

/// A place where something outside can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1, in the order of the run.
    pub number: u32,
    /// When it was met, in microseconds since the world began.
    pub at: i64,
    /// What stands there.
    pub site: Site,
    /// Which flow.
    pub flow: Flow,
    /// Which step of it.
    pub step: Step,
    /// What is done there, in a word.
    pub what: &'static str,
    /// Where the task lives that met it.
    pub home: Home,
    /// Which task met it.
    pub task: Option<TaskId>,
    /// Nothing was done there after all: a worker looked for work and found none.
    pub idle: bool,
}

/// What the code says of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// What stands there.
    pub site: Site,
    /// Which step of its flow it is.
    pub step: Step,
    /// What is done there, in a word.
    pub what: &'static str,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// A client's request on its way.
    Request,
    /// The answer to a client.
    Reply,
    /// A notification on its way.
    Notice,
    /// The answer to a notification.
    NoticeReply,
    /// A use of the store that is no commit.
    Use,
    /// A commit.
    Commit,
    /// A call to WeChat Pay.
    Call,
}

/// What strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blow {
    /// The column of the matrix.
    pub fault: Fault,
    /// What happens.
    pub act: Act,
    /// For how long at most it has an effect of its own, in microseconds.
    pub lasts: i64,
}

/// What a blow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// The place itself fails; the number says how, where there is more than one way.
    Fails(u32),
    /// The store goes down, so many microseconds, at a place that is not the store.
    StoreGone(i64),
    /// The node stands still for longer than a lease, then goes on.
    StandsStill,
    /// The node stands still until another one has claimed its job, then goes on beside it.
    Races,
    /// The same request or notification comes to another node at this instant.
    SameElsewhere,
    /// WeChat Pay signs with a new key from now on.
    Rotates,
    /// WeChat Pay knows another key of ours and takes the old one no longer; the configuration follows.
    ReplacesOurs,
    /// The store fails over, between two commits, and the last so many are lost.
    Loses(u8),
}

impl Plan {
    /// `strikes` at places, by their numbers; none for a run that only counts.
    #[must_use]
    pub fn new(strikes: &[(u32, Blow)]) -> Plan {
        let mut strikes = strikes.to_vec();
        strikes.sort_by_key(|(number, _)| *number);
        Plan { inside: Mutex::new(Inside { strikes, ..Inside::default() }) }
    }

    /// The same, where the first refund ends in another way than well, by the number that
    /// `node/transport.rs` gives it.
    #[must_use]
    pub fn with_refund_end(self, how: u32) -> Plan {
        self.inside().refunds_end = how;
        self
    }

    /// How the refund of this number ends, and how often it was sent before; it is sent now.
    pub(crate) fn refund_end(&self, number: &str) -> (u32, u32) {
        let mut inside = self.inside();
        let first = inside.first_refund.get_or_insert_with(|| number.to_owned()) == number;
        if !first {
            return (0, 0);
        }
        let before = inside.first_sent;
        inside.first_sent = before.saturating_add(1);
        (inside.refunds_end, before)
    }

    /// Every place that was met.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        self.inside().places.clone()
    }

    /// How many strikes have not struck.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.inside().strikes.len()
    }

    /// Whether this fault struck a place of this name.
    #[must_use]
    pub fn has_struck(&self, what: &str, fault: Fault) -> bool {
        self.inside().struck.contains(&(what, fault))
    }

    /// When the last effect of what struck is over, in microseconds since the world began.
    #[must_use]
    pub fn over(&self) -> i64 {
        self.inside().over
    }

    /// A place is met: the fault that the place is to bring about itself.
    pub(crate) fn meet(&self, world: &Arc<World>, spot: Spot) -> Option<Fault> {
        let blow = self.inside().enter(world, spot)?;
        match blow.act {
            Act::Fails(how) => {
                if how > 0 {
                    self.inside().hows.push((blow.fault, how));
                }
                world.met(spot.step, blow.fault);
                return Some(blow.fault);
            }
            Act::StoreGone(micros) => world.take_store_down(micros),
            Act::StandsStill => {
                let _stood_still = world.stand_still();
            }
            Act::Races => {
                let _raced = world.race();
            }
            Act::SameElsewhere => {
                let _came_twice = world.same_elsewhere();
            }
            Act::Rotates => {
                let _rotated = world.wechat.rotate();
            }
            Act::ReplacesOurs => {
                let _replaced = world.replace_our_keys(First::WeChatPay, [CONFIGURED_AFTER, 0]);
            }
            Act::Loses(commits) => {
                world.fail_over(usize::from(commits), FAILOVER);
                // Beside a use of the store it is that step's; what else is under way at that
                // instant is no cell of the table.
                if spot.site != Site::Use {
                    return None;
                }
            }
        }
        world.met(spot.step, blow.fault);
        None
    }

    /// How the fault comes about that struck last, where the place asks.
    pub(crate) fn how(&self, fault: Fault) -> Option<u32> {
        let mut inside = self.inside();
        let index = inside.hows.iter().position(|(known, _)| *known == fault)?;
        Some(inside.hows.remove(index).1)
    }

    /// What struck has an effect until then, in microseconds since the world began.
    pub(crate) fn lasts_until(&self, at: i64) {
        let mut inside = self.inside();
        inside.over = inside.over.max(at);
    }

    /// A node claimed jobs.
    pub(crate) fn claimed(&self, home: Home) {
        let mut inside = self.inside();
        let claim = |place: &&mut Place| place.home == home && place.what == "claim";
        if let Some(place) = inside.places.iter_mut().rev().find(claim) {
            place.idle = false;
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// Numbers the place; what strikes there.
    fn enter(&mut self, world: &World, Spot { site, step, what }: Spot) -> Option<Blow> {
        let number = u32::try_from(self.places.len()).unwrap_or(u32::MAX).saturating_add(1);
        let place = Place {
            number,
            at: world.kernel.now(),
            site,
            flow: world.flow(),
            step,
            what,
            home: world.kernel.home(),
            task: world.kernel.current(),
            idle: what == "claim",
        };
        self.places.push(place);
        let (due, blow) = *self.strikes.first()?;
        if due != number {
            return None;
        }
        self.strikes.remove(0);
        self.struck.push((what, blow.fault));
        self.over = self.over.max(world.kernel.now().saturating_add(blow.lasts));
        Some(blow)
    }
}

impl Place {
    /// The place in words: its number, flow, step, and what is done there.
    #[must_use]
    pub fn words(&self) -> String {
        let Place { number, flow, step, what, .. } = self;
        let at = match self.home {
            Home::Node { node, .. } => format!(" on node {node}"),
            Home::Outside => String::new(),
        };
        format!("place {number} ({}, {}: {what}{at})", flow.name(), step.name())
    }
}
