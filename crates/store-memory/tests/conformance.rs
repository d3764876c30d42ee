//! The memory store keeps the ports' contracts.
#![allow(clippy::expect_used, reason = "tests may")]

use domain::changeset::Changeset;
use domain::job::{JobChange, JobId, JobKind};
use domain::ports::{CommitAnswer, JobQueue as _, OrderStore as _};
use std::sync::Arc;
use store_memory::MemoryStore;
use testkit::conformance::Stores;
use testkit::{TestClock, sample};

async fn make() -> (Stores, ()) {
    let store = Arc::new(MemoryStore::new(Arc::new(TestClock::default())));
    let (looked, noticed, told) = (Arc::clone(&store), Arc::clone(&store), Arc::clone(&store));
    let stores = Stores {
        orders: store.clone(),
        jobs: store.clone(),
        catalogue: store.clone(),
        rules: store.clone(),
        packages: store.clone(),
        ledger: store.clone(),
        coupons: store.clone(),
        book: store.clone(),
        access: store.clone(),
        cases: store,
        dump: Arc::new(move || Box::pin(std::future::ready(looked.dump().expect("a look")))),
        inbox: Arc::new(move || {
            let look = noticed.look().expect("a look");
            let row = |e: &domain::changeset::InboxEntry| {
                format!("{} {:?} {}", e.event_id, e.status, e.fact_hash)
                    .replace("Applied", "applied")
            };
            Box::pin(std::future::ready(look.inbox.iter().map(row).collect()))
        }),
        outbox: Arc::new(move || {
            let rows = told.view(|view| {
                let number = |id| {
                    let order = view.order(&domain::ports::OrderKey::Id(id)).expect("its order");
                    order.number.clone()
                };
                let row = |(order, _, told): &(_, _, domain::outgoing::Outgoing)| {
                    let subject = told.subject.as_deref().unwrap_or_default();
                    format!("{} {} {subject}", number(*order), told.kind.name())
                };
                view.outbox().iter().map(row).collect()
            });
            Box::pin(std::future::ready(rows.expect("a look")))
        }),
    };
    (stores, ())
}

testkit::conformance!(make);

/// What the suite cannot show: it has no say over the time of a real server.
#[tokio::test]
async fn a_renewed_lease_outlives_the_first_one() {
    let clock = Arc::new(TestClock::default());
    let store = MemoryStore::new(clock.clone());
    let mut promise = Changeset::without_order(sample::intent("promise"), sample::start());
    let id = JobId { kind: JobKind::FollowPayment, subject: "JOB-1".to_owned() };
    promise.jobs = vec![JobChange::Ensure { id, due_at: sample::start() }];
    assert_eq!(store.commit(promise).await, CommitAnswer::Committed);
    let held = store.claim(sample::start(), 1, 10_000).await.expect("a claim").remove(0);
    clock.advance_s(9);
    assert_eq!(store.renew(&held.fence, 10_000).await, Ok(true));
    clock.advance_s(9);
    assert_eq!(store.claim(sample::start(), 1, 10_000).await, Ok(Vec::new()), "still held");
    clock.advance_s(1);
    assert_eq!(store.renew(&held.fence, 10_000).await, Ok(false), "it ended now");
    assert_eq!(store.claim(sample::start(), 1, 10_000).await.expect("a claim").len(), 1);
}
