//! Promised work: leases, fences, due times.

use super::{Stores, deciding};
use crate::sample;
use domain::Timestamp;
use domain::changeset::{Changeset, Refusal};
use domain::job::{JobChange, JobId};
use domain::order::{CancelCause, Command};
use domain::ports::{CommitAnswer, Finish};
use futures_util::future::join_all;
use std::collections::BTreeSet;

const LONG_MS: u64 = 600_000;

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

fn job(n: u64) -> JobId {
    JobId { kind: domain::job::JobKind::FollowPayment, subject: format!("JOB-{n:04}") }
}

async fn ensure(stores: &Stores, id: &JobId, due_at: Timestamp, name: &str) {
    let mut changeset = Changeset::without_order(sample::intent(name), sample::start());
    changeset.jobs = vec![JobChange::Ensure { id: id.clone(), due_at }];
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
}

pub async fn two_claimers_never_share_and_tokens_rise(stores: &Stores) {
    for n in 0..60 {
        ensure(stores, &job(n), at(0), &format!("e{n}")).await;
    }
    let claims = join_all((0..12).map(|_| stores.jobs.claim(at(0), 5, LONG_MS))).await;
    let mut seen = BTreeSet::new();
    for claimed in claims.into_iter().map(|c| c.unwrap_or_default()) {
        for leased in claimed {
            assert!(seen.insert(leased.fence.job.clone()), "{} twice", leased.fence.job);
        }
    }
    // Claimers that met each other may have left some; nobody else has them.
    loop {
        let rest = stores.jobs.claim(at(0), 5, LONG_MS).await.unwrap();
        if rest.is_empty() {
            break;
        }
        for leased in rest {
            assert!(seen.insert(leased.fence.job.clone()));
        }
    }
    assert_eq!(seen.len(), 60);
    ensure(stores, &job(99), at(0), "one").await;
    ensure(stores, &job(100), at(0), "two").await;
    let first = stores.jobs.claim(at(0), 1, LONG_MS).await.unwrap().remove(0);
    let second = stores.jobs.claim(at(0), 1, LONG_MS).await.unwrap().remove(0);
    assert!(second.fence.token > first.fence.token);
}

pub async fn only_what_is_due_is_claimed_oldest_first(stores: &Stores) {
    for (n, due) in [(1, 30), (2, 10), (3, 20), (4, 999)] {
        ensure(stores, &job(n), at(due), &format!("e{n}")).await;
    }
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(10)));
    assert!(stores.jobs.claim(at(9), 10, LONG_MS).await.unwrap().is_empty());
    let two = stores.jobs.claim(at(30), 2, LONG_MS).await.unwrap();
    let claimed: Vec<_> = two.into_iter().map(|leased| leased.fence.job).collect();
    assert_eq!(claimed, [job(2), job(3)]);
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(30)));
}

pub async fn a_lease_that_ended_is_claimed_again_and_its_holder_is_fenced(stores: &Stores) {
    ensure(stores, &job(1), at(0), "e").await;
    let slow = stores.jobs.claim(at(0), 1, 0).await.unwrap().remove(0);
    let fresh = stores.jobs.claim(at(0), 1, LONG_MS).await.unwrap().remove(0);
    assert!(fresh.fence.token > slow.fence.token);
    assert!(!stores.jobs.finish(&slow.fence, Finish::Done).await.unwrap(), "fenced");
    assert!(stores.jobs.finish(&fresh.fence, Finish::Done).await.unwrap());
    assert!(!stores.jobs.finish(&fresh.fence, Finish::Done).await.unwrap(), "it is gone");
    assert_eq!(stores.jobs.next_due().await.unwrap(), None);
}

pub async fn an_earlier_time_wins_whoever_says_it(stores: &Stores) {
    ensure(stores, &job(1), at(100), "a").await;
    ensure(stores, &job(1), at(50), "b").await;
    ensure(stores, &job(1), at(80), "c").await;
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(50)));
    stores.jobs.hasten(&job(1), at(70)).await.unwrap();
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(50)), "never later");
    stores.jobs.hasten(&job(1), at(20)).await.unwrap();
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(20)));
    stores.jobs.hasten(&job(2), at(0)).await.unwrap();
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(20)), "makes no job");
}

pub async fn work_asked_for_while_in_hand_is_not_lost(stores: &Stores) {
    ensure(stores, &job(1), at(0), "a").await;
    let leased = stores.jobs.claim(at(0), 1, LONG_MS).await.unwrap().remove(0);
    ensure(stores, &job(1), at(7), "b").await;
    assert!(stores.jobs.finish(&leased.fence, Finish::Again(at(60))).await.unwrap());
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(7)));
    let leased = stores.jobs.claim(at(7), 1, LONG_MS).await.unwrap().remove(0);
    ensure(stores, &job(1), at(9), "c").await;
    assert!(stores.jobs.finish(&leased.fence, Finish::Done).await.unwrap());
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(9)), "not done after all");
    let leased = stores.jobs.claim(at(9), 1, LONG_MS).await.unwrap().remove(0);
    stores.jobs.hasten(&job(1), at(11)).await.unwrap();
    assert!(stores.jobs.finish(&leased.fence, Finish::Again(at(60))).await.unwrap());
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(11)), "hastened while in hand");
}

/// Renewing takes a moment, in which the job is somebody's: whoever asks then is heard too.
pub async fn work_asked_for_while_its_lease_is_renewed_is_not_lost(stores: &Stores) {
    ensure(stores, &job(1), at(0), "a").await;
    for round in 0..30 {
        let due = at(500 - round);
        let held = stores.jobs.claim(at(9_000), 1, LONG_MS).await.unwrap().remove(0);
        let mut changeset =
            Changeset::without_order(sample::intent(&format!("e{round}")), sample::start());
        changeset.jobs = vec![JobChange::Ensure { id: job(1), due_at: due }];
        let asking = async {
            // Rolled back by a store that cannot tell who was first: the caller comes again.
            while let CommitAnswer::RolledBack(_) = stores.orders.commit(changeset.clone()).await {}
        };
        let renewing = join_all((0..5).map(|_| stores.jobs.renew(&held.fence, LONG_MS)));
        let ((), _) = tokio::join!(asking, renewing);
        assert!(stores.jobs.finish(&held.fence, Finish::Again(at(9_000))).await.unwrap());
        assert_eq!(stores.jobs.next_due().await.unwrap(), Some(due), "round {round}");
    }
}

pub async fn attempts_count_until_it_goes_well(stores: &Stores) {
    ensure(stores, &job(1), at(0), "a").await;
    for expected in 1..=3 {
        let leased = stores.jobs.claim(at(0), 1, LONG_MS).await.unwrap().remove(0);
        assert_eq!(leased.attempts, expected);
        assert!(stores.jobs.finish(&leased.fence, Finish::Retry(at(0))).await.unwrap());
    }
    let leased = stores.jobs.claim(at(0), 1, LONG_MS).await.unwrap().remove(0);
    assert!(stores.jobs.finish(&leased.fence, Finish::Again(at(0))).await.unwrap());
    let leased = stores.jobs.claim(at(0), 1, LONG_MS).await.unwrap().remove(0);
    assert_eq!(leased.attempts, 1);
}

pub async fn a_parked_job_rests_with_a_case(stores: &Stores) {
    ensure(stores, &job(1), at(0), "a").await;
    let leased = stores.jobs.claim(at(0), 1, LONG_MS).await.unwrap().remove(0);
    let why = "it fails and fails".to_owned();
    assert!(stores.jobs.finish(&leased.fence, Finish::Park(why)).await.unwrap());
    assert!(stores.jobs.claim(at(9_999), 9, LONG_MS).await.unwrap().is_empty());
    assert_eq!(stores.jobs.next_due().await.unwrap(), None);
    assert!(stores.dump().await.contains("it fails and fails"));
    stores.jobs.hasten(&job(1), at(0)).await.unwrap();
    assert_eq!(stores.jobs.next_due().await.unwrap(), None, "impatience does not wake it");
    ensure(stores, &job(1), at(40), "again").await;
    let woken = stores.jobs.claim(at(40), 1, LONG_MS).await.unwrap().remove(0);
    assert_eq!(woken.attempts, 1, "a new intent does");
}

pub async fn the_sweep_finds_work_that_nobody_promised_once(stores: &Stores) {
    let order = stores.open_order(1).await;
    assert!(stores.jobs.sweep(at(0), 100).await.unwrap().is_empty(), "all work is promised");
    let mut lost = Changeset::without_order(sample::intent("lose"), sample::start());
    let follow = JobId::follow(&sample::out_trade_no(&order));
    let expire = JobId::expire(&order.number);
    lost.jobs =
        vec![JobChange::Remove { id: follow.clone() }, JobChange::Remove { id: expire.clone() }];
    assert_eq!(stores.orders.commit(lost).await, CommitAnswer::Committed);
    let mut found = stores.jobs.sweep(at(3), 100).await.unwrap();
    found.sort();
    assert_eq!(found, [follow, expire]);
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(3)));
    assert!(stores.jobs.sweep(at(3), 100).await.unwrap().is_empty());
}

pub async fn a_commit_under_a_lost_lease_writes_nothing(stores: &Stores) {
    let order = stores.open_order(1).await;
    let follow = JobId::follow(&sample::out_trade_no(&order));
    stores.jobs.hasten(&follow, at(0)).await.unwrap();
    let slow = stores.jobs.claim(at(0), 1, 0).await.unwrap().remove(0);
    let fresh = stores.jobs.claim(at(0), 1, LONG_MS).await.unwrap().remove(0);
    let before = stores.dump().await;
    let cancel = Command::Cancel(CancelCause::Buyer);
    let mut intent = sample::intent("slow");
    intent.fence = Some(slow.fence);
    let late = stores.orders.commit(deciding(&order, &cancel, intent)).await;
    assert_eq!(late, CommitAnswer::GuardRefused(Refusal::Fenced));
    assert_eq!(stores.dump().await, before);
    let mut intent = sample::intent("fresh");
    intent.fence = Some(fresh.fence);
    let answer = stores.orders.commit(deciding(&order, &cancel, intent)).await;
    assert_eq!(answer, CommitAnswer::Committed);
}
