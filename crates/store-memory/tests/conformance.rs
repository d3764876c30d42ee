//! The memory store keeps the ports' contracts.
#![allow(clippy::expect_used, reason = "tests may")]

use std::sync::Arc;
use store_memory::MemoryStore;
use testkit::TestClock;
use testkit::conformance::Stores;

async fn make() -> (Stores, ()) {
    let store = Arc::new(MemoryStore::new(Arc::new(TestClock::default())));
    let (looked, noticed) = (Arc::clone(&store), Arc::clone(&store));
    let stores = Stores {
        orders: store.clone(),
        jobs: store.clone(),
        catalogue: store.clone(),
        book: store.clone(),
        access: store.clone(),
        cases: store,
        dump: Arc::new(move || {
            let look = format!("{:?}", looked.look().expect("a look"));
            Box::pin(std::future::ready(look))
        }),
        inbox: Arc::new(move || {
            let look = noticed.look().expect("a look");
            let row = |e: &domain::changeset::InboxEntry| {
                format!("{} {:?} {}", e.event_id, e.status, e.fact_hash)
                    .replace("Applied", "applied")
            };
            Box::pin(std::future::ready(look.inbox.iter().map(row).collect()))
        }),
    };
    (stores, ())
}

testkit::conformance!(make);
