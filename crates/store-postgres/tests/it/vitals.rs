//! How the database says that it is, for probes and metrics.

use crate::support;
use domain::Timestamp;
use store_postgres::{Backlog, ConnectSettings, Fitness, Isolation, PostgresStore};
use testkit::TestDatabase;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_database_is_writable_and_not_migrated() {
    let database = TestDatabase::create().await.unwrap();
    let store = PostgresStore::connect(ConnectSettings::new(database.url())).await.unwrap();
    let empty = Fitness { writable: true, migrated: false };
    assert_eq!(store.fitness().await.unwrap(), empty);
    store.migrate().await.unwrap();
    assert_eq!(store.fitness().await.unwrap(), Fitness { writable: true, migrated: true });
    let client = database.client().await;
    client.batch_execute("DELETE FROM __diesel_schema_migrations").await.unwrap();
    assert_eq!(store.fitness().await.unwrap(), empty);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_set_to_read_only_is_not_writable() {
    let guard = support::guard(Isolation::ReadCommitted).await;
    let url = guard.database.url();
    let name = url.rsplit('/').next().unwrap();
    let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    guard.database.client().await.batch_execute(&sql).await.unwrap();
    // For new connections, as after a failover.
    let store = PostgresStore::connect(ConnectSettings::new(&url)).await.unwrap();
    assert_eq!(store.fitness().await.unwrap(), Fitness { writable: false, migrated: true });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_counted() {
    let guard = support::guard(Isolation::ReadCommitted).await;
    let now = Timestamp::from_seconds(1_800_000_000);
    assert_eq!(guard.store.backlog(now).await.unwrap(), Backlog::default());
    let client = guard.database.client().await;
    let sql = "INSERT INTO jobs (kind, subject, due_at, lease_until, parked_at) VALUES \
        ('follow_payment', 'overdue', to_timestamp(1800000000 - 90), NULL, NULL), \
        ('follow_payment', 'barely', to_timestamp(1800000000), NULL, NULL), \
        ('follow_payment', 'later', to_timestamp(1800000000 + 1), NULL, NULL), \
        ('follow_payment', 'in hand', to_timestamp(1800000000 - 500), \
            clock_timestamp() + interval '1 hour', NULL), \
        ('expire_order', 'parked', to_timestamp(1800000000 - 900), NULL, clock_timestamp()); \
        INSERT INTO cases (kind, subject, detail, status, opened_at) VALUES \
        ('stuck', 'a', '', 'open', now()), ('stuck', 'b', '', 'needs_human', now()), \
        ('stuck', 'c', '', 'resolved', now()), ('surplus', 'd', '', 'open', now())";
    client.batch_execute(sql).await.unwrap();
    let mut found = guard.store.backlog(now).await.unwrap();
    found.open_cases.sort();
    let open_cases = vec![("stuck".to_owned(), 2), ("surplus".to_owned(), 1)];
    let expected = Backlog { jobs_overdue: 2, oldest_overdue_s: 90.0, jobs_parked: 1, open_cases };
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pool_says_how_it_is_used() {
    let guard = support::guard(Isolation::ReadCommitted).await;
    guard.store.ping().await.unwrap();
    let used = guard.store.pool_use();
    assert_eq!((used.max, used.in_use, used.waiting), (8, 0, 0));
    assert!(used.idle >= 1, "{used:?}");
}
