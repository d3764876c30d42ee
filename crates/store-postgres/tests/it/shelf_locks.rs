//! Buyers who are written together lock in the one order that everybody keeps: nobody waits for somebody who
//! waits for them, however often they click and whoever else writes for them.

use crate::support;
use domain::UserId;
use domain::catalogue::Sku;
use domain::ports::{CommitAnswer, Invariants as _, OrderStore as _};
use futures_util::future::join_all;
use std::sync::Arc;
use store_postgres::{ConnectSettings, Isolation, MERGE_MAX, PostgresStore};
use testkit::conformance::placing;
use testkit::{TestDatabase, sample};

const BUYERS: u64 = 24;
const ROUNDS: u64 = 6;

/// As another process would have it.
async fn process(database: &TestDatabase, merge_max: usize) -> Arc<PostgresStore> {
    let settings = ConnectSettings {
        pool_max: 8,
        wait_timeout_ms: 30_000,
        statement_timeout_ms: 20_000,
        lock_timeout_ms: 15_000,
        merge_max,
        isolation: Isolation::ReadCommitted,
        ..ConnectSettings::new(database.url())
    };
    Arc::new(PostgresStore::connect(settings).await.unwrap())
}

/// The first of `round`, which everybody's group has with it, so that no group can be written as one.
fn name(round: u64, order: u64) -> String {
    if order == 1 { "taken".to_owned() } else { format!("click-{round}-{order}") }
}

/// Everybody orders at each of the processes at once; what each was answered.
async fn everybody_clicks(
    processes: &[Arc<PostgresStore>],
    (round, buyers, sku): (u64, &[UserId], &Sku),
) -> Vec<CommitAnswer> {
    let mut clicks = Vec::new();
    for (at, store) in (0..).zip(processes) {
        // Each process hears of them in an order of its own.
        for nth in 0..BUYERS {
            let who = (nth * (2 * at + 1) + round) % BUYERS;
            let order = round * 1_000 + at * 100 + who + 1;
            let buyer = buyers[usize::try_from(who).unwrap()];
            let placement = sample::placement(order, buyer, &[(sku, 1)]);
            let name = name(round, if nth % 5 == 0 { 1 } else { order });
            let changeset = placing(&placement, sample::intent(&name));
            let store = Arc::clone(store);
            clicks.push(async move { store.commit(changeset).await });
        }
    }
    join_all(clicks).await
}

/// Counted when whoever saw them has gone.
async fn deadlocks(database: &TestDatabase) -> String {
    let others = "SELECT count(*)::text FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid() \
                    AND backend_type = 'client backend'";
    while database.query_text(others).await != ["0"] {
        tokio::task::yield_now().await;
    }
    let counted = "SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()";
    database.query_text(counted).await.pop().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_that_cannot_be_written_as_one_lock_nobody_out() {
    let (stores, support::Guard { database, store }) =
        support::make(Isolation::ReadCommitted).await;
    let salt = stores.sku("salt", 1, 1).await;
    let taken = sample::placement(999_999, stores.buyer(999_999).await, &[(&salt, 1)]);
    assert_eq!(stores.place(&taken, "taken").await, CommitAnswer::Committed);
    let processes = [
        process(&database, MERGE_MAX).await,
        process(&database, MERGE_MAX).await,
        process(&database, 1).await,
    ];
    for round in 1..=ROUNDS {
        let sku = stores.sku(&format!("tea-{round}"), 100, 1_000).await;
        let mut buyers = Vec::new();
        for n in 1..=BUYERS {
            buyers.push(stores.buyer(round * 1_000 + n).await);
        }
        for answer in everybody_clicks(&processes, (round, &buyers, &sku)).await {
            let is_known =
                matches!(answer, CommitAnswer::Committed | CommitAnswer::AlreadyCommitted);
            assert!(is_known, "{answer:?}");
        }
    }
    for report in store.check(domain::Pace::DESIGNED).await.unwrap() {
        assert!(report.holds(), "{report:?}");
    }
    drop((stores, store, processes));
    assert_eq!(deadlocks(&database).await, "0");
}
