//! Keeping a lease, and clients that wait for a job.

use super::Stores;
use crate::sample;
use domain::Timestamp;
use domain::changeset::Changeset;
use domain::job::{JobChange, JobId, JobKind};
use domain::ports::{CommitAnswer, Finish, LeasedJob};
use futures_util::future::join_all;
use std::collections::BTreeSet;

const LONG_MS: u64 = 600_000;
/// Over as soon as it is given.
const NONE_MS: u64 = 0;

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

fn job() -> JobId {
    numbered(1)
}

fn numbered(n: u64) -> JobId {
    JobId { kind: JobKind::FollowPayment, subject: format!("JOB-{n:04}") }
}

async fn ensure(stores: &Stores, due_at: Timestamp, name: &str) {
    ensure_one(stores, job(), due_at, name).await;
}

async fn ensure_one(stores: &Stores, id: JobId, due_at: Timestamp, name: &str) {
    let mut changeset = Changeset::without_order(sample::intent(name), sample::start());
    changeset.jobs = vec![JobChange::Ensure { id, due_at }];
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

pub async fn a_job_that_was_put_off_is_still_wanted_and_has_not_failed(stores: &Stores) {
    ensure(stores, at(0), "a").await;
    stores.jobs.hasten(&job(), at(0)).await.unwrap();
    for _ in 0..3 {
        let held = claim(stores, at(0), LONG_MS).await;
        assert_eq!((held.wanted, held.attempts), (true, 1), "nothing was begun");
        assert!(stores.jobs.finish(&held.fence, Finish::PutOff(at(0))).await.unwrap());
    }
    // An earlier time that was asked for meanwhile is kept, as always.
    let held = claim(stores, at(0), LONG_MS).await;
    stores.jobs.hasten(&job(), at(20)).await.unwrap();
    assert!(stores.jobs.finish(&held.fence, Finish::PutOff(at(60))).await.unwrap());
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(20)));
    assert!(!stores.jobs.finish(&held.fence, Finish::PutOff(at(0))).await.unwrap(), "given back");
    let held = claim(stores, at(20), LONG_MS).await;
    assert!(held.wanted);
    assert!(stores.jobs.finish(&held.fence, Finish::Again(at(20))).await.unwrap());
    assert!(!claim(stores, at(20), LONG_MS).await.wanted, "it was answered");
}

/// However many wait and are put off again and again: what is older is claimed all the same.
pub async fn a_job_that_was_put_off_takes_its_turn_with_all_others(stores: &Stores) {
    for n in 1..4 {
        ensure_one(stores, numbered(n), at(10), &format!("e{n}")).await;
        stores.jobs.hasten(&numbered(n), at(10)).await.unwrap();
    }
    ensure_one(stores, numbered(9), at(11), "other").await;
    let first = stores.jobs.claim(at(20), 3, LONG_MS).await.unwrap();
    assert!(first.iter().all(|job| job.wanted), "{first:?}");
    for job in &first {
        assert!(stores.jobs.finish(&job.fence, Finish::PutOff(at(12))).await.unwrap());
    }
    let next = stores.jobs.claim(at(20), 1, LONG_MS).await.unwrap();
    assert_eq!(next[0].fence.job, numbered(9), "older than they are now");
    let rest = stores.jobs.claim(at(20), 3, LONG_MS).await.unwrap();
    assert!(rest.len() == 3 && rest.iter().all(|job| job.wanted), "still waited for");
}

pub async fn a_job_that_nobody_waits_for_is_not_wanted_when_it_was_put_off(stores: &Stores) {
    ensure(stores, at(0), "a").await;
    let held = claim(stores, at(0), LONG_MS).await;
    assert!(stores.jobs.finish(&held.fence, Finish::PutOff(at(5))).await.unwrap());
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(5)));
    assert!(!claim(stores, at(5), LONG_MS).await.wanted);
}

pub async fn what_a_client_waits_for_is_claimed_before_what_is_older(stores: &Stores) {
    for n in 0..6 {
        let due = i64::try_from(n).unwrap();
        ensure_one(stores, numbered(n), at(due), &format!("e{n}")).await;
    }
    // Waited for, but not due yet: it takes nobody's place.
    ensure_one(stores, numbered(9), at(99), "later").await;
    for n in [9, 5, 3] {
        stores.jobs.hasten(&numbered(n), at(99)).await.unwrap();
    }
    let mut claimed = Vec::new();
    for limit in [1, 2, 9, 9] {
        let jobs = stores.jobs.claim(at(50), limit, LONG_MS).await.unwrap();
        claimed.push(jobs.into_iter().map(|leased| leased.fence.job).collect::<Vec<_>>());
    }
    let expected = [&[3][..], &[5, 0], &[1, 2, 4], &[]];
    assert_eq!(claimed, expected.map(|jobs| jobs.iter().map(|n| numbered(*n)).collect::<Vec<_>>()));
}

pub async fn two_claimers_never_share_what_clients_wait_for(stores: &Stores) {
    const JOBS: u64 = 60;
    for n in 0..JOBS {
        ensure_one(stores, numbered(n), at(0), &format!("e{n}")).await;
    }
    // While half of them come to be waited for, so that jobs change sides.
    let impatient = join_all((0..JOBS).step_by(2).map(|n| async move {
        let job = numbered(n);
        while stores.jobs.hasten(&job, at(0)).await.is_err() {}
    }));
    let claims = join_all((0..20).map(|_| stores.jobs.claim(at(0), 4, LONG_MS)));
    let (_, claims) = tokio::join!(impatient, claims);
    let mut seen = BTreeSet::new();
    let claimed = claims.into_iter().flat_map(Result::unwrap_or_default);
    for leased in claimed {
        assert!(seen.insert(leased.fence.job.clone()), "{} twice", leased.fence.job);
    }
    // Claimers that met each other may have left some; nobody else has them.
    loop {
        let rest = stores.jobs.claim(at(0), 4, LONG_MS).await.unwrap();
        if rest.is_empty() {
            break;
        }
        for leased in rest {
            assert!(seen.insert(leased.fence.job.clone()), "{} twice", leased.fence.job);
        }
    }
    assert_eq!(seen.len(), usize::try_from(JOBS).unwrap());
}
