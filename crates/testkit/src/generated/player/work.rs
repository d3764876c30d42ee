//! Promised work.

use super::{Player, at, pick};
use domain::job::{JobChange, JobId, JobKind};
use domain::ports::{Finish, LeasedJob};

const LONG_MS: u64 = 600_000;
/// More than there are: which of several that are due at one instant come first is nobody's promise.
const LIMIT: u32 = 500;

/// A job about nothing in particular.
pub(super) fn made_up(which: u8) -> JobId {
    let kind = JobKind::ALL[usize::from(which) % JobKind::ALL.len()];
    JobId { kind, subject: format!("JOB-{which}") }
}

fn sorted(mut ids: Vec<JobId>) -> Vec<String> {
    ids.sort();
    ids.iter().map(ToString::to_string).collect()
}

fn lease_ms(long: bool) -> u64 {
    // Over as soon as it is given.
    if long { LONG_MS } else { 0 }
}

impl Player<'_> {
    pub(super) fn know_jobs(&mut self, promised: &[JobChange]) {
        for change in promised {
            let (JobChange::Ensure { id, .. } | JobChange::Remove { id }) = change;
            if !self.jobs.contains(id) {
                self.jobs.push(id.clone());
            }
        }
    }

    pub(super) async fn claim(&mut self, when: u16, long: bool) {
        let claimed = self.stores.jobs.claim(at(when), LIMIT, lease_ms(long)).await.unwrap();
        let mut tokens: Vec<i64> = claimed.iter().map(|job| job.fence.token).collect();
        tokens.sort_unstable();
        tokens.dedup();
        assert_eq!(tokens.len(), claimed.len(), "each its own token");
        let newest = self.leases.iter().map(|job| job.fence.token).max();
        assert!(
            tokens.first().copied() > newest.filter(|_| !tokens.is_empty()) || tokens.is_empty()
        );
        let describe = |job: &LeasedJob| {
            format!("{} attempt {} wanted {}", job.fence.job, job.attempts, job.wanted)
        };
        let mut told: Vec<String> = claimed.iter().map(describe).collect();
        told.sort();
        self.answer("claim", &told);
        let mut claimed = claimed;
        claimed.sort_by(|a, b| a.fence.job.cmp(&b.fence.job));
        self.leases.extend(claimed);
    }

    pub(super) async fn finish_job(&mut self, lease: u8, how: u8, when: u16) {
        let Some(job) = self.newest(lease) else { return self.nothing() };
        let finish = match how {
            0 => Finish::Done,
            1 => Finish::Again(at(when)),
            2 => Finish::PutOff(at(when)),
            3 => Finish::Retry(at(when)),
            _ => Finish::Park("it fails and fails".to_owned()),
        };
        let done = self.stores.jobs.finish(&job.fence, finish).await;
        self.answer("finish", &done);
    }

    pub(super) async fn renew(&mut self, lease: u8, long: bool) {
        let Some(job) = self.newest(lease) else { return self.nothing() };
        let renewed = self.stores.jobs.renew(&job.fence, lease_ms(long)).await;
        self.answer("renew", &renewed);
    }

    /// Counted from the last one.
    fn newest(&self, lease: u8) -> Option<LeasedJob> {
        let newest: Vec<&LeasedJob> = self.leases.iter().rev().collect();
        pick(&newest, lease).map(|&job| job.clone())
    }

    pub(super) async fn hasten(&mut self, job: u8, when: u16) {
        let id = pick(&self.jobs, job).cloned().unwrap_or_else(|| made_up(job));
        let hastened = self.stores.jobs.hasten(&id, at(when)).await;
        self.answer("hasten", &hastened);
        self.next_due().await;
    }

    pub(super) async fn rouse(&mut self, when: u16) {
        let roused = self.stores.jobs.rouse(at(when)).await;
        self.answer("rouse", &roused);
        self.next_due().await;
    }

    pub(super) async fn sweep(&mut self, when: u16) {
        let found = self.stores.jobs.sweep(at(when), LIMIT).await.unwrap();
        for id in &found {
            self.know_jobs(&[JobChange::Ensure { id: id.clone(), due_at: at(when) }]);
        }
        self.answer("sweep", &sorted(found));
    }

    pub(super) async fn next_due(&mut self) {
        let next = self.stores.jobs.next_due().await;
        self.answer("next due", &next);
    }
}
