//! The store as one node reaches it: the memory store behind a network and faults.
//!
//! Answers what the contract of the ports allows, never more: an unknown commit may have happened,
//! may not have, or may still be on its way.

mod ports;

use crate::kernel::Home;
use crate::marks::Mark;
use crate::matrix::{Fault, Step};
use crate::plan::{Site, Spot};
use crate::tape::Kind;
use crate::time::{MILLI, NodeClock, SECOND};
use crate::world::World;
use domain::changeset::{Changeset, Refusal};
use domain::ledger::BuyerAccount;
use domain::order::Event;
use domain::ports::{CommitAnswer, OrderStore as _, PortFuture, StoreError};
use domain::refund::RefundStatus;
use std::sync::Arc;
use store_memory::MemoryStore;

/// How long a use of a store that is down takes to fail.
const PATIENCE: i64 = 2 * SECOND;
/// How long a failover takes at least: longer than a question lags behind a payment, and than a refund's
/// request is on its way where commits may be lost (`docs/simulation.md`, failovers).
pub(crate) const FAILOVER: i64 = 20 * SECOND;

const ON_COMMIT: [Fault; 13] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::LostAnswer,
    Fault::NeverArrives,
    Fault::Late,
    Fault::Twice,
    Fault::Reordered,
    Fault::Serialization,
    Fault::FailoverUnknown,
    Fault::FailoverLosing,
    Fault::StoreDown,
    Fault::LeaseLost,
    Fault::Second,
];

const ON_USE: [Fault; 7] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::LostAnswer,
    Fault::Late,
    Fault::StoreDown,
    Fault::LeaseLost,
    Fault::Second,
];

/// One node's way to the store.
pub(super) struct SimStore {
    world: Arc<World>,
    node: u32,
    clock: Arc<NodeClock>,
}

impl SimStore {
    pub(super) fn new(world: Arc<World>, node: u32, clock: Arc<NodeClock>) -> SimStore {
        SimStore { world, node, clock }
    }

    fn memory(&self) -> &MemoryStore {
        &self.world.store
    }

    /// Measures the store's clock, as production's connecting and heartbeat do.
    pub(super) async fn ping(&self) -> bool {
        let asked = self.clock.local();
        let answered = self.through(Step::Tx, "ping", || {
            Box::pin(std::future::ready(Ok(domain::ports::Clock::real(&*self.world.store_time))))
        });
        match answered.await {
            Ok(now) => self.clock.measured(asked, now),
            Err(_unavailable) => false,
        }
    }

    /// One use of the store that is no commit.
    async fn through<'a, T: Send + 'a>(
        &'a self,
        step: Step,
        what: &'static str,
        act: impl FnOnce() -> PortFuture<'a, Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.world.meets_the_time(self.node, step);
        let fault = self.world.fault(Kind::Store, Spot { site: Site::Use, step, what }, &ON_USE);
        self.before(fault, step).await.map_err(StoreError::Unavailable)?;
        let answer = act().await;
        if fault == Some(Fault::CrashAfter) {
            self.world.die(self.node, "after using the store").await;
        }
        self.world.kernel.sleep(self.world.store_trip()).await;
        if fault == Some(Fault::LostAnswer) {
            return Err(StoreError::Unavailable("the connection was lost".to_owned()));
        }
        answer
    }

    /// The way to the store, with what stands in it.
    async fn before(&self, fault: Option<Fault>, step: Step) -> Result<(), String> {
        let world = &self.world;
        let trip = world.store_trip();
        match fault {
            Some(Fault::CrashBefore) => world.die(self.node, "before using the store").await,
            Some(Fault::Late) => {
                let wait = i64::from(world.how(Fault::Late, Kind::StoreTime, 10)) + 1;
                world.kernel.sleep(wait * 300 * MILLI).await;
            }
            Some(Fault::StoreDown) => {
                let seconds = i64::from(world.how(Fault::StoreDown, Kind::StoreTime, 8)) + 1;
                world.take_store_down(seconds * SECOND);
            }
            Some(_) | None => {}
        }
        world.kernel.sleep(trip).await;
        if world.kernel.now() < world.down_until() {
            if fault != Some(Fault::StoreDown) {
                world.met(step, Fault::StoreDown);
            }
            world.chronicle.sometimes(Mark::StoreDownMeanwhile);
            world.kernel.sleep(PATIENCE).await;
            return Err("the store is down".to_owned());
        }
        Ok(())
    }

    async fn commit_through(&self, changeset: Changeset) -> CommitAnswer {
        let world = &self.world;
        let step = step_of(&changeset);
        if world.meets_the_time(self.node, step) {
            world.chronicle.sometimes(Mark::ClockCorrected);
        }
        let what = changeset.events.first().map_or("nothing new", Event::name);
        let spot = Spot { site: Site::Commit, step, what };
        let fault = world.fault(Kind::Store, spot, &ON_COMMIT);
        let is_waited_for = fault != Some(Fault::Late);
        let about = world.chronicle.is_verbose().then(|| subject_of(&changeset)).flatten();
        world.oracle.commits(world.kernel.current(), &changeset);
        if is_waited_for && let Err(why) = self.before(fault, step).await {
            return CommitAnswer::RolledBack(why);
        }
        let answer = match fault {
            Some(Fault::Serialization) => {
                CommitAnswer::RolledBack("could not serialize access".to_owned())
            }
            Some(Fault::NeverArrives) => {
                world.chronicle.sometimes(Mark::UnknownAndLost);
                CommitAnswer::OutcomeUnknown("the connection was lost".to_owned())
            }
            Some(Fault::Late) => {
                self.commit_later(changeset.clone());
                CommitAnswer::OutcomeUnknown("the time was up".to_owned())
            }
            Some(Fault::LostAnswer) => {
                let _unseen = self.carry_out(&changeset).await;
                CommitAnswer::OutcomeUnknown("the connection was lost".to_owned())
            }
            Some(Fault::FailoverUnknown) => {
                if world.how(Fault::FailoverUnknown, Kind::Store, 2) == 1 {
                    let _unseen = self.carry_out(&changeset).await;
                } else {
                    world.chronicle.sometimes(Mark::UnknownAndLost);
                }
                world.take_store_down(SECOND + i64::from(world.draw(Kind::StoreTime, 8)) * SECOND);
                CommitAnswer::OutcomeUnknown("the server went away".to_owned())
            }
            Some(Fault::Twin) => CommitAnswer::GuardRefused(Refusal::NumberTaken),
            Some(Fault::Twice) => {
                let _first = self.carry_out(&changeset).await;
                self.carry_out(&changeset).await
            }
            Some(Fault::Reordered) => {
                let wait = i64::from(world.how(Fault::Reordered, Kind::StoreTime, 16)) + 1;
                world.kernel.sleep(wait * 40 * MILLI).await;
                self.carry_out(&changeset).await
            }
            Some(Fault::FailoverLosing) => {
                let answer = self.carry_out(&changeset).await;
                self.lose_soon();
                answer
            }
            Some(_) | None => self.carry_out(&changeset).await,
        };
        if matches!(fault, Some(Fault::LostAnswer)) {
            world.chronicle.sometimes(Mark::UnknownAndCommitted);
        }
        self.note(&answer, step, about.as_deref(), &changeset);
        if fault == Some(Fault::CrashAfter) {
            if changeset.events.iter().any(|event| matches!(event, Event::Settled { .. })) {
                world.chronicle.sometimes(Mark::CrashWhileSettling);
            }
            world.die(self.node, "after a commit").await;
        }
        world.kernel.sleep(world.store_trip()).await;
        answer
    }

    /// What the memory store did, seen by the oracle at that very instant.
    async fn carry_out(&self, changeset: &Changeset) -> CommitAnswer {
        if self.world.kernel.now() < self.world.down_until() {
            return CommitAnswer::OutcomeUnknown("the server went away".to_owned());
        }
        let answer = self.memory().commit(changeset.clone()).await;
        self.world.tell_of_work();
        self.world.oracle.answered(&self.world, self.node, changeset, &answer);
        answer
    }

    /// Soon there is a failover whose standby has not heard of the last commits.
    fn lose_soon(&self) {
        let world = Arc::clone(&self.world);
        let wait = i64::from(world.draw(Kind::StoreTime, 16)) * 100 * MILLI;
        let more = world.how(Fault::FailoverLosing, Kind::Store, 3);
        let commits = usize::try_from(more).unwrap_or(0) + 1;
        let takes = FAILOVER + i64::from(world.draw(Kind::StoreTime, 8)) * 5 * SECOND;
        self.world.outside(async move {
            world.kernel.sleep(wait).await;
            world.fail_over(commits, takes);
        });
    }

    /// The commit is on its way, and nobody waits for it any more.
    fn commit_later(&self, changeset: Changeset) {
        let world = Arc::clone(&self.world);
        let wait = i64::from(world.how(Fault::Late, Kind::StoreTime, 16)) * 250 * MILLI;
        let (node, label) = (self.node, world.kernel.label());
        let failovers = world.failovers();
        world.kernel.clone().spawn(Home::Outside, label, async move {
            world.kernel.sleep(wait).await;
            // It was on its way to a server that is gone.
            if world.failovers() != failovers {
                return;
            }
            if let Some(replay) = &changeset.replay {
                world.oracle.comes_late(&replay.scope);
            }
            let answer = world.store.commit(changeset.clone()).await;
            world.tell_of_work();
            if answer == CommitAnswer::Committed {
                world.chronicle.sometimes(Mark::UnknownAndCommittedLater);
            }
            world.oracle.answered(&world, node, &changeset, &answer);
        });
    }

    fn note(&self, answer: &CommitAnswer, step: Step, about: Option<&str>, changeset: &Changeset) {
        let world = &self.world;
        match answer {
            CommitAnswer::Conflict => world.met(step, Fault::Second),
            CommitAnswer::AlreadyCommitted => world.met(step, Fault::Twin),
            CommitAnswer::GuardRefused(Refusal::Fenced) => {
                world.met(step, Fault::LeaseLost);
                world.chronicle.sometimes(Mark::FencedWrite);
            }
            CommitAnswer::GuardRefused(Refusal::NumberTaken) => {
                world.met(step, Fault::Twin);
                world.chronicle.sometimes(Mark::NumberTaken);
            }
            CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Wallet)) => {
                world.chronicle.sometimes(Mark::WalletTooPoor);
            }
            CommitAnswer::GuardRefused(_)
            | CommitAnswer::Committed
            | CommitAnswer::RolledBack(_)
            | CommitAnswer::OutcomeUnknown(_) => {}
        }
        let node = self.node;
        world.chronicle.say(
            || format!("node {node}"),
            about,
            || {
                let events: Vec<&str> = changeset.events.iter().map(Event::name).collect();
                let what = if events.is_empty() {
                    changeset.audit.cause.clone()
                } else {
                    events.join(" · ")
                };
                format!("commits {what}: {}", said(answer))
            },
        );
    }
}

fn said(answer: &CommitAnswer) -> String {
    match answer {
        CommitAnswer::Committed => "committed".to_owned(),
        CommitAnswer::Conflict => "conflict".to_owned(),
        CommitAnswer::AlreadyCommitted => "committed before".to_owned(),
        CommitAnswer::GuardRefused(refusal) => format!("refused, {refusal:?}"),
        CommitAnswer::RolledBack(why) => format!("rolled back, {why}"),
        CommitAnswer::OutcomeUnknown(why) => format!("unknown, {why}"),
    }
}

/// The order that a commit is about, as far as it or its notification says.
fn subject_of(changeset: &Changeset) -> Option<String> {
    if let Some(write) = &changeset.order {
        return Some(write.order.number.as_str().to_owned());
    }
    let inbox = changeset.inbox.as_ref()?.out_trade_no.as_ref()?;
    Some(super::transport::order_of(inbox.as_str()).to_owned())
}

/// Whether it records what came from outside, or decides: before a call, or with none to come.
fn step_of(changeset: &Changeset) -> Step {
    let applies = |event: &Event| matches!(event, Event::RefundApplied { .. });
    let records = changeset.inbox.is_some()
        || !changeset.events.iter().any(applies)
            && changeset.events.iter().any(|event| match event {
                Event::PaymentPayable { .. }
                | Event::PaymentUnknown { .. }
                | Event::PaymentRejected { .. }
                | Event::PaymentRejectionProven { .. }
                | Event::PaymentClosed { .. }
                | Event::PaymentPaid { .. }
                | Event::PaymentSurplus { .. }
                | Event::PaymentAdopted(_)
                | Event::RefundImported(_)
                | Event::RefundRestated { .. }
                | Event::ApplicationRefused { .. }
                | Event::Settled { .. } => true,
                Event::RefundMoved { to, .. } => match to.status() {
                    RefundStatus::AwaitingApproval
                    | RefundStatus::Declined
                    | RefundStatus::Withdrawn
                    | RefundStatus::Requested
                    | RefundStatus::Sending
                    | RefundStatus::SettledOffline => false,
                    RefundStatus::Unknown
                    | RefundStatus::Processing
                    | RefundStatus::Succeeded
                    | RefundStatus::Abnormal
                    | RefundStatus::Closed
                    | RefundStatus::Rejected => true,
                },
                Event::Placed(_)
                | Event::PaymentStarted(_)
                | Event::PaymentClosing { .. }
                | Event::RefundRequested(_)
                | Event::RefundApplied { .. }
                | Event::CancelRequested { .. }
                | Event::CancelWithdrawn
                | Event::Cancelled { .. }
                | Event::HoldsCommitted { .. }
                | Event::Converted
                | Event::CouponMoved { .. }
                | Event::GoodsReturned { .. }
                | Event::CouponStuck { .. }
                | Event::FeesStuck
                | Event::PayerReported(_)
                | Event::Shipped(_)
                | Event::Delivered { .. }
                | Event::Completed { .. } => false,
            });
    if records { Step::TxPlus } else { Step::Tx }
}
