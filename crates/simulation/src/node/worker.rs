//! What production's `scheduler` does, on the machine: claim what is due, perform it side by side,
//! renew leases, look for work that nobody promised; and the heartbeat that measures the clock.

use super::{Serving, label};
use crate::kernel::{Home, Woken, letter};
use crate::marks::Mark;
use crate::matrix::Flow;
use crate::setup::Variant;
use crate::time::{MILLI, SECOND};
use domain::job::JobKind;
use domain::ports::LeasedJob;

const HEARTBEAT: i64 = 10 * SECOND;
const SWEEP: i64 = 60 * SECOND;
/// As production: who looks for work waits at least so long.
const SOONEST: i64 = 5 * MILLI;
/// Who has nothing to do looks at least so often, also when there is nothing to be found. The same
/// faults meet the heartbeat and the sweep, on the same way.
const LOOK_ANYWAY: i64 = SWEEP;

/// Starts working.
pub(super) fn start(serving: &Serving) {
    let home = Home::Node { node: serving.node, life: serving.life };
    let kernel = &serving.world.kernel;
    let (claims, sweeps, beats) = (serving.clone(), serving.clone(), serving.clone());
    kernel.spawn(home, label(0, Flow::None), async move { claims.claim_for_ever().await });
    kernel.spawn(home, label(0, Flow::None), async move { sweeps.sweep_for_ever().await });
    kernel.spawn(home, label(0, Flow::None), async move { beats.beat_for_ever().await });
}

impl Serving {
    async fn claim_for_ever(self) {
        let setup = &self.world.setup;
        loop {
            let free = setup.parallel.saturating_sub(self.in_hand());
            if free == 0 {
                self.rest(setup.idle).await;
                continue;
            }
            let limit = u32::try_from(free).unwrap_or(u32::MAX);
            let now = self.desk.clock.now();
            self.world.turn_to(Flow::Follow);
            let claimed = self.desk.jobs.claim(now, limit, setup.lease_ms).await;
            self.world.turn_to(Flow::None);
            match claimed {
                Ok(jobs) if jobs.is_empty() => self.rest_until_due(self.wait().await).await,
                Ok(jobs) => jobs.into_iter().for_each(|job| self.begin(job)),
                Err(_unavailable) => self.rest(SECOND).await,
            }
            if setup.variant == Variant::SlowWorkers {
                self.world.kernel.sleep(setup.idle).await;
            }
        }
    }

    /// Until the next job is due, or until it is time to look anyway.
    async fn wait(&self) -> i64 {
        let idle = self.world.idle();
        match self.desk.jobs.next_due().await {
            Ok(Some(due)) => {
                let wait = due.micros().saturating_sub(self.desk.clock.now().micros());
                wait.clamp(SOONEST, idle.max(SOONEST))
            }
            Ok(None) | Err(_) => idle,
        }
    }

    async fn rest(&self, micros: i64) {
        let _woken = self.bell.wait(&self.world.kernel, micros).await;
    }

    /// Rests for `micros`, and then until a look would find something (`looks.rs`). One is made now and
    /// then all the same, for the faults that meet it.
    async fn rest_until_due(&self, micros: i64) {
        let kernel = &self.world.kernel;
        let first = kernel.now().saturating_add(micros);
        let anyway = kernel.now().saturating_add(LOOK_ANYWAY);
        loop {
            let now = kernel.now();
            let idle = self.world.idle().max(SOONEST);
            let next = next_of(first, idle, now);
            let found = now.saturating_add(self.nothing_for()).min(anyway).max(next);
            let until = next_of(next, idle, found.saturating_sub(1));
            if until > next {
                self.world.looks.rests(self.node, until, &self.bell);
            }
            match self.bell.wait(kernel, until.saturating_sub(now)).await {
                Woken::Rang => return,
                Woken::Nudged => {}
                Woken::Slept if until >= anyway || self.would_claim() => return,
                Woken::Slept => {}
            }
        }
    }

    /// Whether a claim that is made now would find a job.
    fn would_claim(&self) -> bool {
        self.world.next_due().is_some_and(|due| due <= self.desk.clock.now())
    }

    /// How long there is nothing to claim by this node's clock, as far as is known now.
    fn nothing_for(&self) -> i64 {
        let work = self.world.next_work();
        let wait = |due: domain::Timestamp| {
            due.micros().saturating_sub(self.desk.clock.now().micros()).max(0)
        };
        work.map_or(LOOK_ANYWAY, wait)
    }

    fn begin(&self, job: LeasedJob) {
        let kernel = &self.world.kernel;
        let home = Home::Node { node: self.node, life: self.life };
        let about = label(self.world.oracle.whose(&job.fence.job.subject), flow_of(self, &job));
        self.count(1);
        let (done, end) = letter();
        let (performing, kept) = (self.clone(), job.clone());
        kernel.spawn(home, about, async move {
            let skipped = performing.world.setup.variant == Variant::NoPolling
                && kept.fence.job.kind == JobKind::FollowPayment
                && performing.world.oracle.is_open(&kept.fence.job.subject);
            if skipped {
                let later = performing.desk.clock.now().plus_seconds(30);
                let put_off = domain::ports::Finish::PutOff(later);
                let _lost = performing.desk.jobs.finish(&kept.fence, put_off).await;
            } else {
                Box::pin(performing.desk.perform(&kept)).await;
            }
            performing.count(-1);
            performing.bell.ring();
            done.send(());
        });
        if self.world.setup.variant != Variant::ShortLeases {
            let keeping = self.clone();
            kernel.spawn(home, about, async move { keeping.keep(&job, end).await });
        }
    }

    /// Renews the lease of a job for as long as it is performed.
    async fn keep(&self, job: &LeasedJob, end: crate::kernel::Letter<()>) {
        let third = i64::try_from(self.world.setup.lease_ms / 3).unwrap_or(0);
        loop {
            let ended = end.clone().wait(&self.world.kernel, third.saturating_mul(MILLI)).await;
            if ended.is_some() {
                return;
            }
            let lease_ms = self.world.setup.lease_ms;
            if let Ok(true) = self.desk.jobs.renew(&job.fence, lease_ms).await {
                self.world.chronicle.sometimes(Mark::LeaseRenewed);
            }
        }
    }

    async fn sweep_for_ever(self) {
        loop {
            if let Ok(found) = Box::pin(self.desk.sweep()).await
                && found > 0
            {
                self.world.oracle.swept(&self.world, found);
            }
            self.world.kernel.sleep(self.world.idle().max(SWEEP)).await;
        }
    }

    async fn beat_for_ever(self) {
        loop {
            // Where nothing goes wrong any more, no clock is wrong for long.
            let every = if self.world.is_stormy() { HEARTBEAT } else { SWEEP };
            self.world.kernel.sleep(self.world.idle().max(every)).await;
            self.store.ping().await;
        }
    }

    fn in_hand(&self) -> usize {
        let node = self.world.node(self.node);
        node.map_or(0, |node| usize::try_from(node.life().in_hand).unwrap_or(0))
    }

    fn count(&self, by: i32) {
        if let Some(node) = self.world.node(self.node) {
            let mut life = node.life();
            life.in_hand = life.in_hand.saturating_add_signed(by);
        }
    }
}

/// The first of the instants `first`, `first + step`, … after `now`; `first` itself where that is later.
fn next_of(first: i64, step: i64, now: i64) -> i64 {
    if now < first {
        return first;
    }
    let past = now.saturating_sub(first).checked_rem(step).unwrap_or(0);
    now.saturating_add(step.saturating_sub(past))
}

/// A payment that is being closed is asked about for the sake of the close.
fn flow_of(serving: &Serving, job: &LeasedJob) -> Flow {
    match job.fence.job.kind {
        JobKind::FollowPayment if serving.world.oracle.is_closing(&job.fence.job.subject) => {
            Flow::Close
        }
        JobKind::FollowPayment => Flow::Follow,
        JobKind::ExpireOrder => Flow::Close,
        JobKind::FollowRefund => Flow::Refund,
        JobKind::ResolveOrphan => Flow::Orphan,
        JobKind::CompleteOrder | JobKind::ReportShipment => Flow::Act,
    }
}
