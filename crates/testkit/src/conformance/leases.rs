//! Keeping a lease, and clients that wait for a job.

use super::Stores;
use crate::sample;
use domain::Timestamp;
use domain::changeset::Changeset;
use domain::job::{JobChange, JobId, JobKind};
use domain::ports::{CommitAnswer, Finish, LeasedJob};

const LONG_MS: u64 = 600_000;
/// Over as soon as it is given.
const NONE_MS: u64 = 0;

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

fn job() -> JobId {
    JobId { kind: JobKind::FollowPayment, subject: "JOB-0001".to_owned() }
}

async fn ensure(stores: &Stores, due_at: Timestamp, name: &str) {
    let mut changeset = Changeset::without_order(sample::intent(name), sample::start());
    changeset.jobs = vec![JobChange::Ensure { id: job(), due_at }];
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
}

async fn claim(stores: &Stores, now: Timestamp, lease_ms: u64) -> LeasedJob {
    let mut claimed = stores.jobs.claim(now, 9, lease_ms).await.unwrap();
    assert_eq!(claimed.len(), 1, "one job, and it is due");
    claimed.remove(0)
}

pub async fn a_renewed_lease_is_kept_under_its_token(stores: &Stores) {
    ensure(stores, at(0), "a").await;
    let held = claim(stores, at(0), LONG_MS).await;
    assert!(stores.jobs.renew(&held.fence, LONG_MS).await.unwrap());
    assert!(stores.jobs.claim(at(0), 9, LONG_MS).await.unwrap().is_empty(), "it is taken");
    // The lease lasts from now, for as long as was said last.
    assert!(stores.jobs.renew(&held.fence, NONE_MS).await.unwrap());
    let next = claim(stores, at(0), LONG_MS).await;
    assert!(next.fence.token > held.fence.token);
    assert_eq!(next.attempts, 2, "renewing is no attempt");
    assert!(stores.jobs.finish(&next.fence, Finish::Done).await.unwrap());
}

pub async fn a_lost_lease_is_not_renewed(stores: &Stores) {
    ensure(stores, at(0), "a").await;
    let slow = claim(stores, at(0), NONE_MS).await;
    let before = stores.dump().await;
    assert!(!stores.jobs.renew(&slow.fence, LONG_MS).await.unwrap(), "it ran out");
    assert_eq!(stores.dump().await, before);
    let fresh = claim(stores, at(0), LONG_MS).await;
    let before = stores.dump().await;
    assert!(!stores.jobs.renew(&slow.fence, LONG_MS).await.unwrap(), "it is another's");
    assert_eq!(stores.dump().await, before);
    assert!(stores.jobs.finish(&fresh.fence, Finish::Again(at(60))).await.unwrap());
    assert!(!stores.jobs.renew(&fresh.fence, LONG_MS).await.unwrap(), "it was given back");
    let last = claim(stores, at(60), LONG_MS).await;
    assert!(stores.jobs.finish(&last.fence, Finish::Done).await.unwrap());
    assert!(!stores.jobs.renew(&last.fence, LONG_MS).await.unwrap(), "it is gone");
}

pub async fn a_hastened_job_is_wanted_until_it_is_finished(stores: &Stores) {
    ensure(stores, at(100), "a").await;
    let finishes = [
        Finish::Again(at(100)),
        Finish::Retry(at(100)),
        Finish::Park("it fails and fails".to_owned()),
    ];
    for (n, finish) in finishes.into_iter().enumerate() {
        stores.jobs.hasten(&job(), at(5)).await.unwrap();
        let lost = claim(stores, at(5), NONE_MS).await;
        assert!(lost.wanted, "hastened");
        let held = claim(stores, at(5), LONG_MS).await;
        assert!(held.wanted, "a lost lease is no answer");
        assert!(stores.jobs.finish(&held.fence, finish).await.unwrap());
        // Wakes the parked one.
        ensure(stores, at(100), &format!("again-{n}")).await;
        let next = claim(stores, at(100), LONG_MS).await;
        assert!(!next.wanted, "nobody asked since it was finished");
        assert!(stores.jobs.finish(&next.fence, Finish::Again(at(100))).await.unwrap());
    }
}

pub async fn whoever_hastens_a_job_that_is_due_or_in_hand_waits_for_it_too(stores: &Stores) {
    ensure(stores, at(0), "a").await;
    stores.jobs.hasten(&job(), at(50)).await.unwrap();
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(0)), "never later");
    let held = claim(stores, at(0), LONG_MS).await;
    assert!(held.wanted);
    stores.jobs.hasten(&job(), at(9)).await.unwrap();
    stores.jobs.hasten(&job(), at(7)).await.unwrap();
    stores.jobs.hasten(&job(), at(8)).await.unwrap();
    assert!(stores.jobs.finish(&held.fence, Finish::Done).await.unwrap());
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(7)), "not done after all");
    assert!(!claim(stores, at(7), LONG_MS).await.wanted, "until it is next finished");
}
