//! Performs promised work, one leased job at a time, and looks for work that nobody promised.

#[cfg(test)]
mod tests;

use crate::{Paydesk, TransactError};
use domain::changeset::{Audit, Fence, Intent, Refusal};
use domain::job::{JobId, JobKind};
use domain::ports::{Finish, LeasedJob, StoreError};
use domain::{CommandId, OrderNumber, OutRefundNo, OutTradeNo};

/// A job that failed this often in a row is set aside with a case.
const ATTEMPTS_MAX: u32 = 30;
/// So is one of which nobody was heard again who began it, so often. More than that other number: storms of
/// lost leases and dying processes look the same, and in those the job is not what is wrong.
const UNHEARD_MAX: u32 = 60;
/// What is set aside with this was asked about each time.
const NOTHING_HEARD: &str = "asked again and again, and WeChat Pay says nothing that could be used: it does not know \
                             the number, or will not answer";
/// The longest pause between two attempts, in seconds.
const PAUSE_MAX_S: i64 = 60;
/// The most that one sweep repairs.
const SWEEP_MAX: u32 = 200;

/// One step of a leased job: refused once its lease is lost, and one intention however often its
/// answer is lost.
pub(crate) fn step_of(fence: &Fence, step: &str, cause: String) -> Intent {
    let token = fence.token.unsigned_abs();
    Intent {
        command_id: CommandId::of_step(step, &fence.job.subject, token),
        audit: Audit { actor: "scheduler".to_owned(), cause, request_id: None },
        inbox: None,
        fence: Some(fence.clone()),
        replay: None,
    }
}

impl Paydesk {
    /// Performs one job and says what becomes of it. Never fails: what goes wrong is the job's.
    pub async fn perform(&self, job: &LeasedJob) {
        let finish = match self.before_beginning(job) {
            Some(finish) => finish,
            None => match self.step(job).await {
                // It was heard of, and counts all the same: nothing came of asking.
                Ok(Finish::Retry(_)) if is_tried_enough(job) => Self::park(job, NOTHING_HEARD),
                Ok(finish) => finish,
                Err(TransactError::Refused(Refusal::Fenced)) => self.fenced_out(),
                Err(error) => self.after_failure(job, &error),
            },
        };
        self.finish(job, finish).await;
    }

    /// What becomes of a job that never even came to an end: whoever had it is not heard of again. Every
    /// other time it is put off, so that it comes alone: the one that kills its process does not always take
    /// the same others with it, which have done nothing.
    fn before_beginning(&self, job: &LeasedJob) -> Option<Finish> {
        let unheard = job.attempts.checked_sub(ATTEMPTS_MAX).filter(|unheard| *unheard > 0)?;
        if job.attempts > UNHEARD_MAX {
            tracing::error!(job.id = %job.fence.job, attempts = job.attempts, "job parked");
            return Some(Finish::Park("it was begun again and again and never ended".to_owned()));
        }
        if unheard.is_multiple_of(2) {
            return None;
        }
        tracing::warn!(job.id = %job.fence.job, attempts = job.attempts,
            "nobody who began the job was heard of again: put off");
        Some(self.in_a_while(PAUSE_MAX_S))
    }

    /// What a worker says whose write was refused because its lease had ended. If that is so, it
    /// changes nothing: another worker goes on. But leases end by the store's clock, and a clock that
    /// is set back gives a lease back that had ended: then nothing was done, and it is this worker's to
    /// do. Never that the job is done.
    pub(crate) fn fenced_out(&self) -> Finish {
        Finish::Again(self.clock.now())
    }

    async fn finish(&self, job: &LeasedJob, finish: Finish) {
        match self.jobs.finish(&job.fence, finish).await {
            Ok(true) => {}
            Ok(false) => tracing::debug!(job.id = %job.fence.job, "the lease had ended"),
            Err(error) => {
                // The lease runs out and somebody claims the job again.
                tracing::warn!(job.id = %job.fence.job, error = %error, "job not finished");
            }
        }
    }

    async fn step(&self, job: &LeasedJob) -> Result<Finish, TransactError> {
        let JobId { kind, subject } = &job.fence.job;
        match kind {
            JobKind::FollowPayment => match OutTradeNo::parse(subject) {
                Some(out_trade_no) => self.follow_payment(&out_trade_no, job).await,
                None => Ok(Finish::Park("not an out_trade_no".to_owned())),
            },
            JobKind::ExpireOrder => match OrderNumber::parse(subject) {
                Some(number) => self.expire_order(&number, &job.fence).await,
                None => Ok(Finish::Park("not an order number".to_owned())),
            },
            JobKind::CompleteOrder => match OrderNumber::parse(subject) {
                Some(number) => self.complete_order(&number, &job.fence).await,
                None => Ok(Finish::Park("not an order number".to_owned())),
            },
            JobKind::FollowRefund => match OutRefundNo::stated(subject) {
                Some(out_refund_no) => self.follow_refund(&out_refund_no, job).await,
                None => Ok(Finish::Park("not an out_refund_no".to_owned())),
            },
            JobKind::ReportShipment => match OrderNumber::parse(subject) {
                Some(number) => self.report_shipment(&number, job).await,
                None => Ok(Finish::Park("not an order number".to_owned())),
            },
            JobKind::ResolveOrphan => match OutTradeNo::stated(subject) {
                Some(out_trade_no) => self.resolve_orphan(&out_trade_no, job).await,
                None => Ok(Finish::Park("not an out_trade_no".to_owned())),
            },
        }
    }

    /// Says what becomes of a job that ended in a panic: tried again later, and set aside in the
    /// end, like any other that fails.
    pub async fn after_panic(&self, job: &LeasedJob) {
        let finish = self.after_failure(job, &"it panicked; see the log");
        self.finish(job, finish).await;
    }

    fn after_failure(&self, job: &LeasedJob, error: &dyn core::fmt::Display) -> Finish {
        if is_tried_enough(job) {
            return Self::park(job, &error.to_string());
        }
        tracing::warn!(job.id = %job.fence.job, attempts = job.attempts, error = %error,
            "job failed, will be tried again");
        self.in_a_while(i64::from(job.attempts).saturating_mul(2).min(PAUSE_MAX_S))
    }

    fn park(job: &LeasedJob, why: &str) -> Finish {
        tracing::error!(job.id = %job.fence.job, error = why, "job parked");
        Finish::Park(why.to_owned())
    }

    fn in_a_while(&self, seconds: i64) -> Finish {
        let now = self.clock.now();
        Finish::Retry(self.jittered(now, self.settings.pace.after(now, seconds)))
    }

    /// Looks for live payments and refunds, waiting orders and delivered ones that no job looks
    /// after. Takes no input. What it finds is the trace of a bug, and it says so. Also notices a
    /// database that has lost commits.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        self.watch_epoch().await?;
        let found = self.jobs.sweep(self.clock.now(), SWEEP_MAX).await?;
        if !found.is_empty() {
            let jobs: Vec<String> = found.iter().map(JobId::to_string).collect();
            tracing::error!(count = found.len(), ?jobs, "sweep.found: work that no job promised");
        }
        Ok(found.len())
    }
}

/// Whether it is set aside when nothing comes of it now. Between the two it is here for being unheard of, and may
/// fail once.
fn is_tried_enough(job: &LeasedJob) -> bool {
    job.attempts == ATTEMPTS_MAX || job.attempts >= UNHEARD_MAX
}
