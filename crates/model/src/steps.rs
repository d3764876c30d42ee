//! What can happen next in a world: every step of every worker, of WeChat Pay, of the payer, of
//! time, and every fault.
//!
//! A use case is cut where something can come between: at each call and at each commit. Loading,
//! deciding and committing are one step, because the store refuses a changeset whose version
//! moved; a commit that arrives late is a step of its own.

mod buyer;
mod caller;
mod faults;
mod follower;
mod wechat;

use crate::book::Book;
use crate::heal::Patient;
use crate::promise::{self, Broken};
use crate::{Bounds, Caller, Deed, Flaw, Late, OrderRef, Payer, Phase, Truth, Undurable, Which, World};
use core::fmt;
use domain::order::Order;
use domain::payment::Payment;
use std::collections::BTreeMap;

/// The protocol within bounds.
#[derive(Debug)]
pub struct Model {
    pub(crate) bounds: Bounds,
    pub(crate) flaw: Option<Flaw>,
    pub(crate) book: Book,
    pub(crate) healed: BTreeMap<Patient, Result<(), Broken>>,
    opening: OrderRef,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Time goes on.
    Reaches(Phase),
    /// A command takes effect.
    Commits(Deed),
    /// A command finds nothing to do.
    FindsNothing(Deed),
    /// A command is decided; its worker hears no answer of the store, and its commit may come late.
    IsCutOff(Deed),
    /// The commit that was cut off arrives.
    LateCommitLands,
    /// A request is about to order a number at WeChat Pay.
    TurnsTo(Which),
    /// A request sends the close of what its payment replaces.
    SendsClose(Which),
    /// The prepay call of a request ends.
    Calls(Which, CallEnds),
    /// The follower is answered.
    Asks(Which, crate::Says),
    /// A request that nobody waits for arrives at WeChat Pay.
    PrepayArrives(Which),
    /// A close arrives at WeChat Pay.
    CloseArrives(Which),
    /// The payer pays.
    Pays(Which),
    /// A worker dies, or its lease ends.
    Forgets(Which),
    /// The store loses this many of the last commits.
    FailsOver(i8),
}

/// How a prepay call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnds {
    /// With an answer.
    Answered(crate::Answer),
    /// It was executed, and the answer is lost.
    AnswerLost,
    /// The request is lost, or will arrive late.
    Unheard,
}

/// What can happen next, with the world after it.
pub type Steps = Vec<(Step, Result<World, Broken>)>;

impl Model {
    /// The protocol within `bounds`, with or without a flaw.
    #[must_use]
    pub fn new(bounds: Bounds, flaw: Option<Flaw>) -> Model {
        let (book, opening) = Book::new(flaw);
        Model { bounds, flaw, book, healed: BTreeMap::new(), opening }
    }

    /// Where everything begins.
    #[must_use]
    pub fn opening(&self) -> World {
        World::opening(self.opening)
    }

    /// The orders that were met.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Everything that can happen next.
    pub fn steps(&mut self, world: World) -> Steps {
        let mut steps = Steps::new();
        self.time(world, &mut steps);
        self.buyer(world, &mut steps);
        for which in Which::BOTH {
            self.caller(world, which, &mut steps);
            self.follower(world, which, &mut steps);
            self.wechat(world, which, &mut steps);
        }
        self.faults(world, &mut steps);
        for (_, world) in &mut steps {
            if let Ok(world) = world {
                self.forget_what_cannot_matter(world);
            }
        }
        steps
    }

    /// Whether a world is as it must be, now and in the end.
    ///
    /// # Errors
    /// The invariant that is broken.
    pub fn check(&mut self, world: &World) -> Result<(), Broken> {
        promise::of_world(world, self.book.order(world.order), &self.bounds)?;
        self.heals(world)
    }

    fn time(&self, world: World, steps: &mut Steps) {
        let Some(next) = world.phase.next() else { return };
        let is_kept = self.flaw == Some(Flaw::AnswersKeep);
        let later = world.with(|world| {
            world.phase = next;
            if next == Phase::PastHorizon {
                for number in &mut world.numbers {
                    // What was sent before has arrived or never will. The lease of whoever holds an
                    // answer that old has ended: leases are shorter than the horizon.
                    number.is_prepay_on_wire = false;
                    number.heard = number.heard.filter(|_| is_kept);
                    if let Caller::Clearing | Caller::Calling = number.caller {
                        number.caller = Caller::Idle;
                    }
                }
            }
        });
        steps.push((Step::Reaches(next), Ok(later)));
    }

    /// `deed` is committed, or finds nothing to do, or is cut off from its answer. `world` is the one
    /// in which its worker has nothing in hand any more; `then` is what the worker does next,
    /// knowing the order as it is after the commit.
    fn commit(
        &mut self,
        deed: Deed,
        world: World,
        steps: &mut Steps,
        then: impl FnOnce(&Order, World) -> World,
    ) {
        let (step, after) = match self.book.decide(world.order, deed, world.phase) {
            Err(broken) => return steps.push((Step::Commits(deed), Err(broken))),
            Ok(None) => (Step::FindsNothing(deed), world),
            Ok(Some(after)) => {
                if self.bounds.has_late_commits && world.late.is_none() {
                    let late = Some(Late { after, ahead: 0 });
                    steps.push((Step::IsCutOff(deed), Ok(World { late, ..world })));
                }
                (Step::Commits(deed), world.committed(after))
            }
        };
        steps.push((step, Ok(then(self.book.order(after.order), after))));
    }

    /// The order's record of one of the payments.
    pub(crate) fn payment(&self, world: &World, which: Which) -> Option<&Payment> {
        promise::payment(self.book.order(world.order), which)
    }

    /// Worlds that differ only in what can never matter again are one world.
    fn forget_what_cannot_matter(&self, world: &mut World) {
        let can_fail_over = world.failovers < self.bounds.failovers;
        if !can_fail_over {
            world.undurable = Undurable::default();
            world.late = world.late.filter(|late| {
                late.ahead <= 0 || self.flaw == Some(Flaw::VersionIgnored)
            });
        }
        for which in Which::BOTH {
            let payment = self.payment(world, which);
            // Whoever asks is shown it, as often as they ask.
            let is_shown = payment.is_some_and(|p| p.is_open() && p.credential().is_some());
            let is_settled = payment.is_some_and(|payment| payment.receipt().is_some());
            let is_past = world.phase == Phase::PastHorizon;
            let number = world.number_mut(which);
            number.is_offered |= is_shown;
            if let Truth::Paid | Truth::Closed = number.truth {
                number.is_offered = false;
                number.is_close_on_wire = false;
            }
            if is_past || self.bounds.payer == Payer::KnowsEveryNumber {
                number.is_offered = false;
            }
            number.is_prepay_on_wire &= number.truth == Truth::Absent;
            if is_settled && !can_fail_over {
                number.heard = None;
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Reaches(Phase::Open) => write!(f, "the order can be paid"),
            Step::Reaches(Phase::Overdue) => write!(f, "the deadline passes"),
            Step::Reaches(Phase::PastHorizon) => write!(f, "the horizon passes"),
            Step::Commits(deed) => write!(f, "{deed}"),
            Step::FindsNothing(deed) => write!(f, "{deed}; that changes nothing"),
            Step::IsCutOff(deed) => write!(f, "{deed}; no answer, the commit may come late"),
            Step::LateCommitLands => write!(f, "the late commit reaches the store"),
            Step::TurnsTo(which) => write!(f, "{which}: a request takes it in hand"),
            Step::SendsClose(which) => write!(f, "{which}: its close is sent"),
            Step::Calls(which, ends) => write!(f, "{which}: prepay {ends}"),
            Step::Asks(which, says) => write!(f, "{which}: a query is answered {says}"),
            Step::PrepayArrives(which) => write!(f, "{which}: a late prepay reaches WeChat Pay"),
            Step::CloseArrives(which) => write!(f, "{which}: a close reaches WeChat Pay"),
            Step::Pays(which) => write!(f, "{which}: the payer pays"),
            Step::Forgets(which) => write!(f, "{which}: a worker dies"),
            Step::FailsOver(lost) => write!(f, "the store fails over and loses {lost} commits"),
        }
    }
}

impl fmt::Display for CallEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallEnds::Answered(answer) => write!(f, "is {answer}"),
            CallEnds::AnswerLost => write!(f, "is executed, the answer is lost"),
            CallEnds::Unheard => write!(f, "is given up and may arrive late"),
        }
    }
}
