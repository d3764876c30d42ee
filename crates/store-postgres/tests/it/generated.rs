//! The memory store, Postgres, and Postgres at SERIALIZABLE, asked the same at random.

mod memory_rows;
mod postgres_rows;

use crate::support::{self, Guard};
use std::sync::Arc;
use store_memory::MemoryStore;
use store_postgres::Isolation;
use testkit::TestClock;
use testkit::conformance::Stores;
use testkit::generated::{Subject, compare};
use tokio::runtime::Handle;

/// Some ten seconds on two idle cores; what the sequences reach is shown by the memory store's own test.
const CASES: u32 = 32;

fn memory() -> Subject {
    let store = Arc::new(MemoryStore::new(Arc::new(TestClock::default())));
    let (cleared, looked) = (Arc::clone(&store), Arc::clone(&store));
    Subject {
        name: "memory",
        stores: Stores::of(&store),
        reset: Arc::new(move || {
            cleared.clear().expect("a store");
            Box::pin(std::future::ready(()))
        }),
        rows: Arc::new(move || {
            let rows = looked.view(memory_rows::all).expect("a store");
            Box::pin(std::future::ready(rows))
        }),
    }
}

async fn postgres(name: &'static str, isolation: Isolation) -> (Subject, Guard) {
    let guard = support::guard(isolation).await;
    let client = Arc::new(guard.database.client().await);
    let looking = Arc::clone(&client);
    let subject = Subject {
        name,
        stores: Stores::of(&guard.store),
        reset: Arc::new(move || {
            let client = Arc::clone(&client);
            Box::pin(
                async move { client.batch_execute(postgres_rows::RESET).await.expect("reset") },
            )
        }),
        rows: Arc::new(move || {
            let client = Arc::clone(&looking);
            Box::pin(async move { postgres_rows::all(&client).await })
        }),
    };
    (subject, guard)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_is_answered_alike_by_every_store() {
    let (committed, _one) = postgres("READ COMMITTED", Isolation::ReadCommitted).await;
    let (serializable, _other) = postgres("SERIALIZABLE", Isolation::Serializable).await;
    let subjects = [memory(), committed, serializable];
    let runtime = Handle::current();
    let played = tokio::task::spawn_blocking(move || compare(&runtime, &subjects, CASES));
    let tally = played.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()));
    let commits = ["Committed", "Conflict", "AlreadyCommitted"];
    let cases = ["case changed", "case replayed", "case moved"];
    for kind in ["claim", "load", "row"].into_iter().chain(commits).chain(cases) {
        assert!(tally.contains_key(kind), "never {kind}: {tally:?}");
    }
    assert_eq!(tally.get("OutcomeUnknown"), None, "nothing was lost on the way");
}
