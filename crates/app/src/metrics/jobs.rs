//! The job queue, counted; and when it was last asked for work, which is how one knows that the
//! scheduler lives.
//!
//! May not change an answer.

use super::{LastLook, MeteredJobs, Meters};
use domain::Timestamp;
use domain::changeset::Fence;
use domain::job::{JobId, JobKind};
use domain::ports::{Finish, JobQueue, LeasedJob, PortFuture, StoreError};
use std::sync::Arc;
use tokio::time::Instant;

impl MeteredJobs {
    pub(crate) fn new(inner: Arc<dyn JobQueue>, meters: &Arc<Meters>) -> MeteredJobs {
        for kind in JobKind::ALL {
            let kind = kind.name();
            meters.add("paydesk_sweep_found_total", &[("kind", kind)], 0);
            let labels = [("kind", kind), ("result", "parked")];
            meters.add("paydesk_jobs_finished_total", &labels, 0);
        }
        MeteredJobs { inner, meters: Arc::clone(meters), last_look: LastLook::new(None) }
    }

    /// When it was last asked for work, and could answer.
    pub(crate) fn last_look(&self) -> Option<Instant> {
        *self.last_look.borrow()
    }
}

impl JobQueue for MeteredJobs {
    fn claim(
        &self,
        now: Timestamp,
        limit: u32,
        lease_ms: u64,
    ) -> PortFuture<'_, Result<Vec<LeasedJob>, StoreError>> {
        Box::pin(async move {
            let claimed = self.inner.claim(now, limit, lease_ms).await;
            if let Ok(jobs) = &claimed {
                self.last_look.send_replace(Some(Instant::now()));
                for job in jobs {
                    let kind = job.fence.job.kind.name();
                    self.meters.count("paydesk_jobs_claimed_total", &[("kind", kind)]);
                }
            }
            claimed
        })
    }

    fn renew<'a>(
        &'a self,
        lease: &'a Fence,
        lease_ms: u64,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let renewed = self.inner.renew(lease, lease_ms).await;
            let result = match &renewed {
                Ok(true) => "renewed",
                Ok(false) => "lease_lost",
                Err(_) => "not_recorded",
            };
            let labels = [("kind", lease.job.kind.name()), ("result", result)];
            self.meters.count("paydesk_leases_renewed_total", &labels);
            renewed
        })
    }

    fn finish<'a>(
        &'a self,
        lease: &'a Fence,
        finish: Finish,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let meant = match finish {
                Finish::Done => "done",
                Finish::Again(_) => "again",
                Finish::PutOff(_) => "put_off",
                Finish::Retry(_) => "retry",
                Finish::Park(_) => "parked",
            };
            let finished = self.inner.finish(lease, finish).await;
            let result = match &finished {
                Ok(true) => meant,
                Ok(false) => "lease_lost",
                Err(_) => "not_recorded",
            };
            let labels = [("kind", lease.job.kind.name()), ("result", result)];
            self.meters.count("paydesk_jobs_finished_total", &labels);
            finished
        })
    }

    fn hasten<'a>(
        &'a self,
        job: &'a JobId,
        at: Timestamp,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        self.inner.hasten(job, at)
    }

    fn rouse(&self, now: Timestamp) -> PortFuture<'_, Result<u64, StoreError>> {
        self.inner.rouse(now)
    }

    fn next_due(&self) -> PortFuture<'_, Result<Option<Timestamp>, StoreError>> {
        self.inner.next_due()
    }

    fn sweep(&self, now: Timestamp, limit: u32) -> PortFuture<'_, Result<Vec<JobId>, StoreError>> {
        Box::pin(async move {
            let found = self.inner.sweep(now, limit).await;
            for job in found.iter().flatten() {
                let kind = job.kind.name();
                self.meters.count("paydesk_sweep_found_total", &[("kind", kind)]);
            }
            found
        })
    }
}
