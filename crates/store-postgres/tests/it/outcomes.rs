//! A commit whose answer never comes: it may have happened, and only the store can say.

use crate::proxy::{Cut, Proxy};
use crate::support;
use domain::CommandId;
use domain::ports::{CommitAnswer, OrderStore as _};
use store_postgres::{ConnectSettings, Isolation, PostgresStore};
use testkit::conformance::placing;
use testkit::sample;

async fn cut_commit(when: Cut) -> (CommitAnswer, bool, PostgresStore) {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let proxy = Proxy::start(&guard.database.url(), when);
    let settings =
        ConnectSettings { pool_max: 2, ..ConnectSettings::new(proxy.url(&guard.database.url())) };
    let store = PostgresStore::connect(settings).await.unwrap();
    let placement = sample::placement(1, buyer, &[(&sku, 1)]);
    let changeset = placing(&placement, sample::intent("cut"));
    // Prepared once with another commit, so that the cut meets the execution alone.
    let warm = sample::placement(2, buyer, &[(&sku, 1)]);
    assert_eq!(store.commit(placing(&warm, sample::intent("warm"))).await, CommitAnswer::Committed);
    proxy.begin();
    let answer = store.commit(changeset.clone()).await;
    proxy.end();
    let name = CommandId::stored("cut".to_owned());
    let committed = store.committed(&name).await.expect("a fresh connection answers");
    // The same command again does it now, or finds that it was done.
    let again = store.commit(changeset).await;
    let expected = if committed { CommitAnswer::AlreadyCommitted } else { CommitAnswer::Committed };
    assert_eq!(again, expected);
    let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
    assert_eq!((level.available, level.held), (7, 2), "once");
    (answer, committed, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_after_the_commit_is_unknown_and_found_committed() {
    let (answer, committed, _) = cut_commit(Cut::BeforeTheAnswer).await;
    assert!(matches!(answer, CommitAnswer::OutcomeUnknown(_)), "{answer:?}");
    assert!(committed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_reached_the_server_is_unknown_and_found_not_committed() {
    let (answer, committed, _) = cut_commit(Cut::BeforeTheServer).await;
    assert!(matches!(answer, CommitAnswer::OutcomeUnknown(_)), "{answer:?}");
    assert!(!committed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_backend_is_killed_is_not_taken_for_done_or_undone() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let client = guard.database.client().await;
    // Somebody holds the SKU's row, so that the commit waits in the middle of its work.
    client.batch_execute("BEGIN; SELECT 1 FROM skus FOR UPDATE").await.unwrap();
    let placement = sample::placement(1, buyer, &[(&sku, 1)]);
    let killer = guard.database.client().await;
    let kill = async {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE query LIKE '%paydesk_commit%' AND wait_event_type = 'Lock'";
        loop {
            let killed: i64 = killer.query_one(sql, &[]).await.unwrap().get(0);
            if killed > 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let commit = guard.store.commit(placing(&placement, sample::intent("killed")));
    let (answer, ()) = tokio::join!(commit, kill);
    assert!(matches!(answer, CommitAnswer::OutcomeUnknown(_)), "{answer:?}");
    client.batch_execute("ROLLBACK").await.unwrap();
    let name = CommandId::stored("killed".to_owned());
    assert_eq!(guard.store.committed(&name).await, Ok(false));
    let again = guard.store.commit(placing(&placement, sample::intent("killed"))).await;
    assert_eq!(again, CommitAnswer::Committed, "the pool goes on");
}

/// In Postgres's protocol the row comes before the commit: only the end of the statement tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_at_its_very_end_is_not_taken_for_done() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let client = guard.database.client().await;
    client
        .batch_execute(
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF NEW.effect_key = 'late' THEN RAISE EXCEPTION 'refused at commit'; END IF; \
                 RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER late AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED \
                 FOR EACH ROW EXECUTE FUNCTION late()",
        )
        .await
        .unwrap();
    let placement = sample::placement(1, buyer, &[(&sku, 1)]);
    let answer = guard.store.commit(placing(&placement, sample::intent("late"))).await;
    assert_ne!(answer, CommitAnswer::Committed);
    let name = CommandId::stored("late".to_owned());
    assert_eq!(guard.store.committed(&name).await, Ok(false));
}

/// A notification settles while a follower has the payment's job in hand: neither waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_does_not_wait_for_a_job_that_somebody_has_in_hand() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let order = stores.open_order(1).await;
    let client = guard.database.client().await;
    client.batch_execute("BEGIN; SELECT 1 FROM jobs FOR UPDATE").await.unwrap();
    let paid = sample::success(&order, "T-1");
    let answer = stores.give(&order, &paid, sample::intent("notice")).await;
    assert_eq!(answer, CommitAnswer::Committed);
    client.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_is_left_inside_a_transaction() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    testkit::conformance::concurrency::a_dropped_commit_leaves_all_or_nothing(&stores).await;
    let idle = guard
        .database
        .query_text(
            "SELECT pid::text FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' \
             AND datname = current_database()",
        )
        .await;
    assert!(idle.is_empty(), "{idle:?}");
}
