//! Promised work.

use crate::MemoryStore;
use crate::state::{Job, Lease, State, Wanted};
use domain::case::{CaseKind, CaseOpening};
use domain::changeset::Fence;
use domain::job::{JobChange, JobId, JobKind};
use domain::ports::{Finish, JobQueue, LeasedJob, PortFuture, StoreError};
use domain::{OrderNumber, OutRefundNo, OutTradeNo, Timestamp};
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
            Ok(self.state()?.written(|state| state.claim(now, limit, real, until)))
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
            Ok(self.state()?.written(|state| state.renew(lease, real, until)))
        })
    }

    fn finish<'a>(
        &'a self,
        lease: &'a Fence,
        finish: Finish,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let now = self.clock.real();
            Ok(self.state()?.written(|state| state.finish(lease, finish, now)))
        })
    }

    fn hasten<'a>(
        &'a self,
        job: &'a JobId,
        at: Timestamp,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.state()?.written(|state| state.hasten(job, at));
            Ok(())
        })
    }

    fn rouse(&self, now: Timestamp) -> PortFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.state()?.written(|state| state.rouse(now))) })
    }

    fn next_due(&self) -> PortFuture<'_, Result<Option<Timestamp>, StoreError>> {
        let now = self.clock.real();
        let next = self.state().map(|state| {
            let free = |id: &JobId| state.jobs.get(id).is_some_and(|job| job.is_free(now));
            state.due.iter().find(|((_, id), ())| free(id)).map(|((due_at, _), ())| *due_at)
        });
        Box::pin(ready(next))
    }

    fn sweep(&self, now: Timestamp, limit: u32) -> PortFuture<'_, Result<Vec<JobId>, StoreError>> {
        Box::pin(async move { Ok(self.state()?.written(|state| state.sweep(now, limit))) })
    }
}

impl MemoryStore {
    /// Whether anybody has a job in hand, or had when it died.
    ///
    /// # Errors
    /// When a use of the store panicked.
    pub fn has_leases(&self) -> Result<bool, StoreError> {
        Ok(self.state()?.jobs.iter().any(|(_, job)| job.lease.is_some()))
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
    /// Puts a job where it is found by its name and by when it is due.
    fn put_job(&mut self, id: JobId, job: Job) {
        self.unlist(&id);
        if job.parked.is_none() {
            self.due.put((job.due_at, id.clone()), ());
        }
        self.jobs.put(id, job);
    }

    fn remove_job(&mut self, id: &JobId) {
        self.unlist(id);
        self.jobs.remove(id);
    }

    fn unlist(&mut self, id: &JobId) {
        let due_at = self.jobs.get(id).filter(|job| job.parked.is_none()).map(|job| job.due_at);
        if let Some(due_at) = due_at {
            self.due.remove(&(due_at, id.clone()));
        }
    }

    /// Carries out a change to promised work.
    pub(crate) fn change_job(&mut self, change: JobChange) {
        match change {
            JobChange::Remove { id } => self.remove_job(&id),
            JobChange::Ensure { id, due_at } => {
                let job = match self.jobs.get(&id).cloned() {
                    Some(mut job) => {
                        job.ensure(due_at);
                        job
                    }
                    None => Job::due(due_at),
                };
                self.put_job(id, job);
            }
        }
    }

    fn hasten(&mut self, id: &JobId, at: Timestamp) {
        let Some(job) = self.jobs.get(id).filter(|job| job.parked.is_none()) else { return };
        let mut hastened = job.clone();
        hastened.hasten(at);
        if hastened != *job {
            self.put_job(id.clone(), hastened);
        }
    }

    pub(crate) fn holds_lease(&self, fence: &Fence, now: Timestamp) -> bool {
        self.held(fence, now).is_some()
    }

    fn held(&self, fence: &Fence, now: Timestamp) -> Option<Job> {
        let job = self.jobs.get(&fence.job)?;
        let lease = job.lease?;
        (lease.token == fence.token && lease.until > now).then(|| job.clone())
    }

    fn renew(&mut self, fence: &Fence, now: Timestamp, until: Timestamp) -> bool {
        let held = self.holds_lease(fence, now);
        let lease = Some(Lease { token: fence.token, until });
        held && self.jobs.change(&fence.job, |job| job.lease = lease)
    }

    fn claim(
        &mut self,
        now: Timestamp,
        limit: u32,
        real: Timestamp,
        until: Timestamp,
    ) -> Vec<LeasedJob> {
        let due = self.due.iter().take_while(|((due_at, _), ())| *due_at <= now);
        // Those that a client waits for come first.
        let mut due: Vec<(bool, Timestamp, JobId)> = due
            .filter_map(|((due_at, id), ())| {
                let job = self.jobs.get(id).filter(|job| job.is_free(real))?;
                Some((job.wanted != Wanted::First, *due_at, id.clone()))
            })
            .collect();
        due.sort();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        due.into_iter().filter_map(|(_, _, id)| self.lease(id, until)).collect()
    }

    fn lease(&mut self, id: JobId, until: Timestamp) -> Option<LeasedJob> {
        let token = self.tokens.get(&()).map_or(1, |last| last.saturating_add(1));
        self.tokens.put((), token);
        let mut job = self.jobs.get(&id)?.clone();
        job.attempts = job.attempts.saturating_add(1);
        job.lease = Some(Lease { token, until });
        job.hastened_at = None;
        let (attempts, wanted) = (job.attempts, job.wanted != Wanted::No);
        self.jobs.put(id.clone(), job);
        Some(LeasedJob { fence: Fence { job: id, token }, attempts, wanted })
    }

    fn finish(&mut self, fence: &Fence, finish: Finish, now: Timestamp) -> bool {
        let Some(mut job) = self.held(fence, now) else { return false };
        match finish {
            Finish::Done => match job.hastened_at {
                Some(again) => {
                    job.attempts = 0;
                    job.give_back(again);
                }
                None => {
                    self.remove_job(&fence.job);
                    return true;
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
        self.put_job(fence.job.clone(), job);
        true
    }

    /// Everything about a payment or a refund that we know. Whose an orphan is has its own patience.
    fn rouse(&mut self, now: Timestamp) -> u64 {
        let about_money =
            |id: &JobId| matches!(id.kind, JobKind::FollowPayment | JobKind::FollowRefund);
        let mut roused = Vec::new();
        for (id, job) in self.jobs.iter().filter(|(id, _)| about_money(id)) {
            if job.parked.is_some() {
                continue;
            }
            if job.lease.is_none() && job.due_at > now {
                roused.push((id.clone(), Job { due_at: now, ..job.clone() }));
            } else if job.lease.is_some() && job.hastened_at.is_none_or(|at| at > now) {
                roused.push((id.clone(), Job { hastened_at: Some(now), ..job.clone() }));
            }
        }
        let refunds = self.orders.values().flat_map(|order| &order.refunds);
        let waiting = refunds.filter(|refund| refund.waits_for_a_person());
        let waiting = waiting.map(|refund| JobId::refund(&refund.out_refund_no));
        let forgotten: Vec<JobId> = waiting.filter(|id| self.jobs.get(id).is_none()).collect();
        roused.extend(forgotten.into_iter().map(|id| (id, Job::due(now))));
        let count = u64::try_from(roused.len()).unwrap_or(u64::MAX);
        for (id, job) in roused {
            self.put_job(id, job);
        }
        count
    }

    /// The subject of a job is the number of an order, of a payment or of a refund.
    fn order_of(&self, job: &JobId) -> Option<OrderNumber> {
        let by_number = OrderNumber::parse(&job.subject);
        let by_payment = OutTradeNo::parse(&job.subject);
        let by_refund = OutRefundNo::stored(job.subject.clone());
        let id = by_number
            .and_then(|number| self.numbers.get(&number))
            .or_else(|| by_payment.and_then(|number| self.out_trade_nos.get(&number)))
            .or_else(|| self.out_refund_nos.get(&by_refund))?;
        self.orders.get(id).map(|order| order.number.clone())
    }

    fn sweep(&mut self, now: Timestamp, limit: u32) -> Vec<JobId> {
        let mut missing = Vec::new();
        for (id, ()) in self.live.iter() {
            let Some(order) = self.orders.get(id) else { continue };
            let payments = order.payments.iter().filter(|payment| payment.is_live());
            missing.extend(payments.map(|payment| JobId::follow(payment.out_trade_no())));
            let refunds = order.refunds.iter().filter(|refund| refund.is_live());
            missing.extend(refunds.map(|refund| JobId::refund(&refund.out_refund_no)));
            if order.payable_until().is_some() {
                missing.push(JobId::expire(&order.number));
            }
            if order.is_complete_at().is_some() {
                missing.push(JobId::complete(&order.number));
            }
        }
        missing.retain(|id| !self.jobs.contains(id));
        missing.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        for id in &missing {
            self.put_job(id.clone(), Job::due(now));
        }
        missing
    }
}
