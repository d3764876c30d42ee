//! What can happen beside a step while it is under way, rather than to it: the node stands still,
//! somebody else does the same, the store goes away, WeChat Pay changes its key.
//!
//! Nothing is drawn here but how long and in which way; whether it happens, a seed or a plan says.

use crate::kernel::Home;
use crate::matrix::{Fault, Flow, Step};
use crate::node::{Ask, Notification, again, notify_other};
use crate::plan::{Site, Spot};
use crate::tape::Kind;
use crate::time::{MILLI, SECOND};
use crate::world::World;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// For how long a node waits for another one to claim what it works on, in microseconds.
const RACE_MAX: i64 = 60 * SECOND;
/// Where commits may be lost no node stands still for longer: who calls WeChat Pay after a failover
/// because it was decided before it is taken not to happen (`docs/simulation.md`, failovers).
pub(crate) const PAUSE_MAX: i64 = 9 * 500 * MILLI;
/// For longer than a link to a bill is good, in microseconds.
const LINK: i64 = 330 * SECOND;
/// A clock that is off by more is wrong.
const WRONG: i64 = 10 * SECOND;

/// What has to be remembered so that somebody else can do the same.
#[derive(Default)]
pub(crate) struct Beside {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// The last request of each actor.
    asks: BTreeMap<u32, Ask>,
    /// The last notification about what each actor bought.
    notices: BTreeMap<u32, Notification>,
    /// Nodes that wait for another one to claim a job.
    racing: BTreeMap<u32, Home>,
}

impl Beside {
    /// A client asks.
    pub(crate) fn asks(&self, whose: u32, ask: &Ask) {
        self.inside().asks.insert(whose, ask.clone());
    }

    /// A notification comes.
    pub(crate) fn notifies(&self, whose: u32, notification: &Notification) {
        self.inside().notices.insert(whose, notification.clone());
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn last_ask(&mut self, whose: u32, stays: bool) -> Option<Ask> {
        if stays { self.asks.get(&whose).cloned() } else { self.asks.remove(&whose) }
    }

    fn last_notice(&mut self, whose: u32, stays: bool) -> Option<Notification> {
        if stays { self.notices.get(&whose).cloned() } else { self.notices.remove(&whose) }
    }
}

impl World {
    /// Has a drawn fault happen beside the step, where that is its nature; else the step itself
    /// brings it about, and hears of it. What comes to nothing is not counted.
    pub(crate) fn has_happen(
        self: &Arc<World>,
        kind: Kind,
        spot: Spot,
        fault: Fault,
    ) -> Option<Fault> {
        let happened = match (spot.site, fault) {
            (Site::Request | Site::Notice | Site::Call, Fault::StoreDown) => {
                let seconds = i64::from(self.how(Fault::StoreDown, kind, 8)) + 1;
                self.take_store_down(seconds * SECOND);
                true
            }
            (Site::Call, Fault::UnknownKey) => self.wechat.rotate(),
            (Site::Notice, Fault::UnknownKey) if !self.wechat.can_rotate() => false,
            (Site::Use | Site::Commit | Site::Call, Fault::LeaseLost) => self.stand_still(),
            (Site::Request | Site::Notice, Fault::Second) => self.same_elsewhere(),
            (Site::Use | Site::Commit | Site::Call, Fault::Second) => match self.flow() {
                Flow::Checkout | Flow::Door | Flow::Pay | Flow::Look | Flow::Notice => {
                    self.same_elsewhere()
                }
                Flow::Bill => self.same_bill_elsewhere(),
                Flow::Follow | Flow::Orphan | Flow::None => self.race(),
                Flow::Close | Flow::Refund | Flow::Act => {
                    // A person's request, or a job that was promised with it.
                    match self.draw(kind, 2) {
                        0 => self.same_elsewhere(),
                        _ => self.race(),
                    }
                }
            },
            _ => {
                self.met(spot.step, fault);
                return Some(fault);
            }
        };
        if happened {
            self.met(spot.step, fault);
        }
        None
    }

    /// The node that the running task lives on stands still for longer than a lease, or than the link
    /// to a bill is good for; whether there is one that may.
    pub(crate) fn stand_still(&self) -> bool {
        if self.flow() == Flow::Bill {
            return self.stand_still_for(LINK);
        }
        let lease = i64::try_from(self.setup.lease_ms).unwrap_or(0).saturating_mul(MILLI);
        let micros = self.at_most(lease + self.setup.idle + 2 * SECOND);
        micros > lease && self.stand_still_for(micros)
    }

    fn stand_still_for(&self, micros: i64) -> bool {
        let home = self.kernel.home();
        if home == Home::Outside {
            return false;
        }
        let until = self.kernel.now().saturating_add(micros);
        self.kernel.hold(home, until);
        if let Some(plan) = self.plan() {
            plan.lasts_until(until);
        }
        self.say_of_home("stands still");
        true
    }

    /// The node that the running task lives on stands still until another one has claimed a job, then
    /// goes on beside it; whether there is another.
    pub(crate) fn race(&self) -> bool {
        let home = self.kernel.home();
        let Home::Node { node, .. } = home else { return false };
        if self.other_door(node).is_none() {
            return false;
        }
        self.beside.inside().racing.insert(node, home);
        self.say_of_home("stands still until another node claims its job");
        let until = self.kernel.now().saturating_add(self.at_most(RACE_MAX));
        self.kernel.hold(home, until);
        true
    }

    /// A node claimed jobs: whoever waited for another one to do so goes on.
    pub(crate) fn claimed_by(&self, node: u32) {
        let mut inside = self.beside.inside();
        let of_node = inside.racing.remove(&node);
        for home in std::mem::take(&mut inside.racing).into_values() {
            self.kernel.let_go(home);
        }
        inside.racing.extend(of_node.map(|home| (node, home)));
    }

    /// What the running task was asked comes to another node at this instant, too; whether anything
    /// was, and there is another.
    pub(crate) fn same_elsewhere(self: &Arc<World>) -> bool {
        if self.flow() == Flow::Bill {
            return self.same_bill_elsewhere();
        }
        let whose = self.kernel.label().whose;
        // Where it is drawn, once for each: what comes twice would come twice again, without an end.
        let stays = self.plan().is_some();
        let here = match self.kernel.home() {
            Home::Node { node, .. } => node,
            Home::Outside => 0,
        };
        if self.flow() == Flow::Notice {
            let notification = self.beside.inside().last_notice(whose, stays);
            return notification.is_some_and(|known| notify_other(self, known, here));
        }
        let ask = self.beside.inside().last_ask(whose, stays);
        ask.is_some_and(|ask| again(self, ask, here))
    }

    /// Counts that the clock of `node` is wrong at this step, if it is.
    pub(crate) fn meets_the_time(&self, node: u32, step: Step) -> bool {
        let ahead = self.node(node).map_or(0, |node| node.machine.ahead());
        let is_wrong = ahead.abs() > WRONG;
        if is_wrong {
            self.met(step, Fault::Skewed);
        }
        is_wrong
    }

    /// As long as a node may stand still in this world.
    fn at_most(&self, micros: i64) -> i64 {
        // A plan rules out itself what cannot meet a failover.
        if self.plan().is_none() && self.may_lose_commits() {
            micros.min(PAUSE_MAX)
        } else {
            micros
        }
    }
}
