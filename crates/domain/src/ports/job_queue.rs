//! Promised work, and who is doing it.

use super::PortFuture;
use super::order_store::StoreError;
use crate::Timestamp;
use crate::changeset::Fence;
use crate::job::JobId;

/// Durable jobs with fenced leases.
///
/// Business time says when a job is due; the store's own real time says when a lease ends.
pub trait JobQueue: Send + Sync {
    /// Takes up to `limit` jobs that are due at `now` and not leased: those that a client waits for
    /// first, then the oldest.
    ///
    /// # Contract
    /// Two claimers never get the same job while its lease lasts. Each claim draws a new token,
    /// larger than all before; `attempts` counts claims since the last success.
    fn claim(
        &self,
        now: Timestamp,
        limit: u32,
        lease_ms: u64,
    ) -> PortFuture<'_, Result<Vec<LeasedJob>, StoreError>>;

    /// Makes a lease last `lease_ms` from now, under the same token.
    ///
    /// # Contract
    /// Changes nothing and answers `false` when the lease is lost: who let it run out does not
    /// get it back.
    fn renew<'a>(
        &'a self,
        lease: &'a Fence,
        lease_ms: u64,
    ) -> PortFuture<'a, Result<bool, StoreError>>;

    /// Says what becomes of a leased job. A job that was due again meanwhile (somebody ensured an
    /// earlier time) keeps that earlier time.
    ///
    /// # Contract
    /// Changes nothing and answers `false` when the lease is lost.
    fn finish<'a>(
        &'a self,
        lease: &'a Fence,
        finish: Finish,
    ) -> PortFuture<'a, Result<bool, StoreError>>;

    /// Makes a job due at `at` if it would be due later, and marks it as waited for by a client
    /// until it is next finished (but not merely put off). Changes nothing if there is none.
    fn hasten<'a>(
        &'a self,
        job: &'a JobId,
        at: Timestamp,
    ) -> PortFuture<'a, Result<(), StoreError>>;

    /// Makes every job about a payment or a refund that would be due later due at `now`, gives one to
    /// every refund that waits for a person and has none, and says how many: after the database has
    /// lost commits everything is asked for again.
    fn rouse(&self, now: Timestamp) -> PortFuture<'_, Result<u64, StoreError>>;

    /// When the next job that is not leased is due.
    fn next_due(&self) -> PortFuture<'_, Result<Option<Timestamp>, StoreError>>;

    /// Finds live payments and refunds without a follower, waiting orders without a deadline job and delivered
    /// orders without their last day, and gives them a job, due at `now`. Takes no input but the time and a limit; what it finds is
    /// somebody's bug.
    ///
    /// # Contract
    /// Work proportional to what is live, at most `limit` jobs. Running it twice finds nothing
    /// the second time.
    fn sweep(&self, now: Timestamp, limit: u32) -> PortFuture<'_, Result<Vec<JobId>, StoreError>>;
}

/// A job that is ours until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedJob {
    /// The job and the token of this lease.
    pub fence: Fence,
    /// How often it was claimed since it last succeeded, this time included.
    pub attempts: u32,
    /// Whether a client waits for it: somebody hastened it since it was last finished.
    pub wanted: bool,
}

/// What becomes of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// Nothing is left to do.
    Done,
    /// It went well, or nobody could be asked; again at this time, and no attempt counts.
    Again(Timestamp),
    /// It was not begun, for want of room; again at this time, and who waits for it still does.
    PutOff(Timestamp),
    /// It failed; again at this time, and the attempts go on counting.
    Retry(Timestamp),
    /// It fails again and again: set aside, with a case for a person.
    Park(String),
}
