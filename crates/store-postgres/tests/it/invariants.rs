//! What the invariants say of many random histories.

use crate::support;
use domain::ports::Invariants as _;
use store_postgres::Isolation;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_histories_contradict_no_invariant() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    testkit::conformance::histories::what_is_loaded_is_what_was_committed(&stores).await;
    let reports = guard.store.check(domain::Pace::DESIGNED).await.unwrap();
    let wrong: Vec<_> = reports.iter().filter(|report| !report.holds()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
