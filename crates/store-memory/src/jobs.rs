//! Promised work.

use crate::MemoryStore;
use crate::state::{Job, Lease, State, Wanted};
use domain::case::{CaseKind, CaseOpening};
use domain::changeset::Fence;
use domain::job::{JobChange, JobId, JobKind};
use domain::order::OrderStatus;
use domain::ports::{Finish, JobQueue, LeasedJob, PortFuture, StoreError};
use domain::{OrderNumber, OutRefundNo, OutTradeNo, Timestamp};
use std::collections::BTreeMap;
use std::future::ready;

impl JobQueue for MemoryStore {
    fn claim(
        &self,
        now: Timestamp,
        limit: u32,
        lease_ms: u64,
    ) -> PortFuture<'_, Result<Vec<LeasedJob>, StoreError>> {
        Box::pin(async move {
            let real = self.clock.real();
            let until = real.plus_millis(i64::try_from(lease_ms).unwrap_or(i64::MAX));
            Ok(self.state()?.claim(now, limit, real, until))
        })
    }

    fn renew<'a>(
        &'a self,
        lease: &'a Fence,
        lease_ms: u64,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let real = self.clock.real();
            let until = real.plus_millis(i64::try_from(lease_ms).unwrap_or(i64::MAX));
            Ok(self.state()?.renew(lease, real, until))
        })
    }

    fn finish<'a>(
        &'a self,
        lease: &'a Fence,
        finish: Finish,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let now = self.clock.real();
            Ok(self.state()?.finish(lease, finish, now))
        })
    }

    fn hasten<'a>(
        &'a self,
        job: &'a JobId,
        at: Timestamp,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if let Some(job) = self.state()?.jobs.get_mut(job)
                && job.parked.is_none()
            {
                job.hasten(at);
            }
            Ok(())
        })
    }

    fn rouse(&self, now: Timestamp) -> PortFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.state()?.rouse(now)) })
    }

    fn next_due(&self) -> PortFuture<'_, Result<Option<Timestamp>, StoreError>> {
        let now = self.clock.real();
        let next = self.state().map(|state| {
            let free = state.jobs.values().filter(|job| job.is_free(now));
            free.map(|job| job.due_at).min()
        });
        Box::pin(ready(next))
    }

    fn sweep(&self, now: Timestamp, limit: u32) -> PortFuture<'_, Result<Vec<JobId>, StoreError>> {
        Box::pin(async move { Ok(self.state()?.sweep(now, limit)) })
    }
}

/// Carries out a change to promised work.
pub(crate) fn change(jobs: &mut BTreeMap<JobId, Job>, change: &JobChange) {
    match change {
        JobChange::Remove { id } => {
            jobs.remove(id);
        }
        JobChange::Ensure { id, due_at } => match jobs.get_mut(id) {
            Some(job) => job.ensure(*due_at),
            None => {
                jobs.insert(id.clone(), Job::due(*due_at));
            }
        },
    }
}

impl Job {
    fn due(due_at: Timestamp) -> Job {
        Job {
            due_at,
            attempts: 0,
            lease: None,
            hastened_at: None,
            wanted: Wanted::No,
            parked: None,
        }
    }

    /// Free to be claimed: nobody's, or its lease has ended.
    fn is_free(&self, now: Timestamp) -> bool {
        self.parked.is_none() && self.lease.is_none_or(|lease| lease.until <= now)
    }

    /// Due at the earlier of both; in hand, it remembers to be looked at again.
    /// Wakes a parked job: new intent.
    fn ensure(&mut self, at: Timestamp) {
        if self.parked.take().is_some() {
            *self = Job::due(at);
            return;
        }
        self.due_at = self.due_at.min(at);
        if self.lease.is_some() {
            self.hastened_at = Some(self.hastened_at.map_or(at, |known| known.min(at)));
        }
    }

    /// Earlier, never later.
    fn hasten(&mut self, at: Timestamp) {
        if self.wanted == Wanted::No {
            self.wanted = Wanted::First;
        }
        if self.lease.is_some() {
            self.hastened_at = Some(self.hastened_at.map_or(at, |known| known.min(at)));
        } else {
            self.due_at = self.due_at.min(at);
        }
    }

    fn give_back(&mut self, due_at: Timestamp) {
        self.due_at = self.hastened_at.map_or(due_at, |hastened| hastened.min(due_at));
        self.hastened_at = None;
        self.wanted = Wanted::No;
        self.lease = None;
    }
}

impl State {
    pub(crate) fn holds_lease(&self, fence: &Fence, now: Timestamp) -> bool {
        self.jobs
            .get(&fence.job)
            .and_then(|job| job.lease)
            .is_some_and(|lease| lease.token == fence.token && lease.until > now)
    }

    fn renew(&mut self, fence: &Fence, now: Timestamp, until: Timestamp) -> bool {
        if !self.holds_lease(fence, now) {
            return false;
        }
        if let Some(job) = self.jobs.get_mut(&fence.job) {
            job.lease = Some(Lease { token: fence.token, until });
        }
        true
    }

    fn claim(
        &mut self,
        now: Timestamp,
        limit: u32,
        real: Timestamp,
        until: Timestamp,
    ) -> Vec<LeasedJob> {
        let due = self.jobs.iter().filter(|(_, job)| job.due_at <= now && job.is_free(real));
        // Those that a client waits for come first.
        let mut due: Vec<(bool, Timestamp, JobId)> =
            due.map(|(id, job)| (job.wanted != Wanted::First, job.due_at, id.clone())).collect();
        due.sort();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut claimed = Vec::with_capacity(due.len());
        for (_, _, id) in due {
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            self.last_token = self.last_token.saturating_add(1);
            job.attempts = job.attempts.saturating_add(1);
            job.lease = Some(Lease { token: self.last_token, until });
            job.hastened_at = None;
            let fence = Fence { job: id, token: self.last_token };
            claimed.push(LeasedJob {
                fence,
                attempts: job.attempts,
                wanted: job.wanted != Wanted::No,
            });
        }
        claimed
    }

    fn finish(&mut self, fence: &Fence, finish: Finish, now: Timestamp) -> bool {
        if !self.holds_lease(fence, now) {
            return false;
        }
        let Some(job) = self.jobs.get_mut(&fence.job) else { return false };
        match finish {
            Finish::Done => match job.hastened_at {
                Some(again) => {
                    job.attempts = 0;
                    job.give_back(again);
                }
                None => {
                    self.jobs.remove(&fence.job);
                }
            },
            Finish::Again(at) => {
                job.attempts = 0;
                job.give_back(at);
            }
            Finish::PutOff(at) => {
                let wanted = job.wanted;
                job.attempts = 0;
                job.give_back(at);
                if wanted != Wanted::No {
                    job.wanted = Wanted::InTurn;
                }
            }
            Finish::Retry(at) => job.give_back(at),
            Finish::Park(why) => {
                job.lease = None;
                job.wanted = Wanted::No;
                job.parked = Some(why.clone());
                let subject = fence.job.to_string();
                let case = CaseOpening { kind: CaseKind::Stuck, subject, detail: why };
                let order = self.order_of(&fence.job);
                self.open_case(&case, order, now);
            }
        }
        true
    }

    /// Everything about a payment or a refund that we know. Whose an orphan is has its own patience.
    fn rouse(&mut self, now: Timestamp) -> u64 {
        let about_money =
            |id: &JobId| matches!(id.kind, JobKind::FollowPayment | JobKind::FollowRefund);
        let jobs = self.jobs.iter_mut().filter(|(id, job)| about_money(id) && job.parked.is_none());
        let mut roused = 0;
        for (_, job) in jobs {
            if job.lease.is_none() && job.due_at > now {
                job.due_at = now;
                roused += 1;
            } else if job.lease.is_some() && job.hastened_at.is_none_or(|at| at > now) {
                job.hastened_at = Some(now);
                roused += 1;
            }
        }
        roused
    }

    /// The subject of a job is the number of an order, of a payment or of a refund.
    fn order_of(&self, job: &JobId) -> Option<OrderNumber> {
        let by_number = OrderNumber::parse(&job.subject);
        let by_payment = OutTradeNo::parse(&job.subject);
        let by_refund = OutRefundNo::parse(&job.subject);
        let id = by_number
            .and_then(|number| self.numbers.get(&number))
            .or_else(|| by_payment.and_then(|number| self.out_trade_nos.get(&number)))
            .or_else(|| by_refund.and_then(|number| self.out_refund_nos.get(&number)))?;
        self.orders.get(id).map(|order| order.number.clone())
    }

    fn sweep(&mut self, now: Timestamp, limit: u32) -> Vec<JobId> {
        let mut missing = Vec::new();
        for order in self.orders.values() {
            let live = order.payments.iter().filter(|payment| payment.is_live());
            missing.extend(live.map(|payment| JobId::follow(payment.out_trade_no())));
            let live = order.refunds.iter().filter(|refund| refund.is_live());
            missing.extend(live.map(|refund| JobId::refund(&refund.out_refund_no)));
            if order.status == OrderStatus::PendingPayment && order.pay_deadline.is_some() {
                missing.push(JobId::expire(&order.number));
            }
            if order.status == OrderStatus::Delivered {
                missing.push(JobId::complete(&order.number));
            }
        }
        missing.retain(|id| !self.jobs.contains_key(id));
        missing.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        for id in &missing {
            self.jobs.insert(id.clone(), Job::due(now));
        }
        missing
    }
}
