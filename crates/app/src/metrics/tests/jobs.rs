//! Jobs, over the memory store.

use super::{meters, value};
use crate::metrics::MeteredJobs;
use domain::job::JobKind;
use domain::ports::{CommitAnswer, Finish, JobQueue as _, OrderStore as _};
use std::sync::Arc;
use store_memory::MemoryStore;
use testkit::conformance::placing;
use testkit::{TestClock, sample};

#[tokio::test]
async fn claims_results_and_finds_are_counted_by_kind() {
    let store = Arc::new(MemoryStore::new(Arc::new(TestClock::at(sample::start()))));
    let sku = sample::sku("tea", 100, 1);
    let placement = sample::placement(1, sample::user(1), &[(&sku, 1)]);
    // Its stock is of no interest here.
    let mut changeset = placing(&placement, sample::intent("place"));
    changeset.stock.clear();
    changeset.guards.clear();
    assert_eq!(store.commit(changeset).await, CommitAnswer::Committed);
    let meters = meters();
    let jobs = MeteredJobs::new(store, &meters);
    assert!(jobs.last_look().is_none());
    let later = sample::start().plus_seconds(3_600);
    let claimed = jobs.claim(later, 10, 60_000).await.unwrap();
    assert!(jobs.last_look().is_some());
    let count = |what: &str| value(&meters, what).unwrap_or(0.0);
    let follow = "{kind=\"follow_payment\"";
    assert_eq!(count(&format!("paydesk_jobs_claimed_total{follow}}}")), 1.0);
    assert_eq!(count("paydesk_jobs_claimed_total{kind=\"expire_order\"}"), 1.0);
    let followers = |kind: JobKind| kind == JobKind::FollowPayment;
    let job = claimed.iter().find(|job| followers(job.fence.job.kind)).unwrap();
    assert_eq!(jobs.finish(&job.fence, Finish::Done).await, Ok(true));
    assert_eq!(jobs.finish(&job.fence, Finish::Done).await, Ok(false));
    let finished =
        |result: &str| count(&format!("paydesk_jobs_finished_total{follow},result=\"{result}\"}}"));
    assert_eq!((finished("done"), finished("lease_lost"), finished("parked")), (1.0, 1.0, 0.0));
    assert_eq!(count(&format!("paydesk_sweep_found_total{follow}}}")), 0.0);
    assert_eq!(jobs.sweep(later, 10).await.unwrap().len(), 1, "the follower that was done away");
    assert_eq!(count(&format!("paydesk_sweep_found_total{follow}}}")), 1.0);
}
