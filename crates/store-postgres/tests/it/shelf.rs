//! Many buyers of one thing are written together: never more than there is, each with an answer of
//! their own, also when the server is killed in the middle.

use crate::support;
use domain::CommandId;
use domain::changeset::Refusal;
use domain::ports::{CommitAnswer, Invariants as _, OrderStore as _};
use futures_util::future::join_all;
use std::sync::Arc;
use store_postgres::{Isolation, PostgresStore};
use testkit::conformance::{Stores, placing};
use testkit::sample;

/// Each of `buyers` orders one of `sku` under a name of their own; what each was answered.
async fn rush(store: &Arc<PostgresStore>, stores: &Stores, buyers: u64) -> Vec<CommitAnswer> {
    let sku = stores.catalogue.sku(&sample::sku_id("tea")).await.unwrap().unwrap();
    let mut placements = Vec::new();
    for n in 1..=buyers {
        let buyer = stores.buyer(n).await;
        placements.push(sample::placement(n, buyer, &[(&sku, 1)]));
    }
    let commits = (1..).zip(&placements).map(|(n, placement): (u64, _)| {
        let changeset = placing(placement, sample::intent(&format!("rush-{n}")));
        let store = Arc::clone(store);
        async move { store.commit(changeset).await }
    });
    join_all(commits).await
}

fn count(answers: &[CommitAnswer], wanted: &CommitAnswer) -> usize {
    answers.iter().filter(|answer| *answer == wanted).count()
}

async fn number(guard: &support::Guard, sql: &str) -> i64 {
    guard.database.client().await.query_one(sql, &[]).await.unwrap().get(0)
}

async fn nothing_is_broken(store: &PostgresStore) {
    for report in store.check(domain::Pace::DESIGNED).await.unwrap() {
        assert!(report.holds(), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_buyers_of_fifty_pieces_are_fifty_orders() {
    for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
        let (stores, guard) = support::make(isolation).await;
        stores.sku("tea", 100, 50).await;
        let answers = rush(&guard.store, &stores, 200).await;
        assert_eq!(count(&answers, &CommitAnswer::Committed), 50, "{isolation:?}");
        let gone = CommitAnswer::GuardRefused(Refusal::Stock(sample::sku_id("tea")));
        assert_eq!(count(&answers, &gone), 150, "{isolation:?}");
        let level = stores.catalogue.sku(&sample::sku_id("tea")).await.unwrap().unwrap().stock;
        assert_eq!((level.available, level.held), (0, 50));
        assert_eq!(number(&guard, "SELECT count(*) FROM orders").await, 50);
        nothing_is_broken(&guard.store).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyers_who_can_all_be_served_are_a_few_transactions() {
    for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
        let (stores, guard) = support::make(isolation).await;
        stores.sku("tea", 100, 100).await;
        let answers = rush(&guard.store, &stores, 64).await;
        assert_eq!(count(&answers, &CommitAnswer::Committed), 64, "{isolation:?}");
        let transactions = "SELECT count(DISTINCT xmin::text) FROM orders";
        let few = number(&guard, transactions).await;
        assert!(few <= 16, "{few} transactions, {isolation:?}");
        // What an order has beside itself, it has as if it had been written alone.
        for table in ["stock_holds", "stock_moves", "audit"] {
            let of_orders = "SELECT count(order_id) FROM ";
            assert_eq!(number(&guard, &[of_orders, table].concat()).await, 64, "{table}");
        }
        nothing_is_broken(&guard.store).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_those_who_are_written_together_has_an_answer_of_their_own() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let sku = stores.sku("tea", 100, 50).await;
    let (one, two, three) = (stores.buyer(1).await, stores.buyer(2).await, stores.buyer(3).await);
    let first = sample::placement(1, one, &[(&sku, 1)]);
    let much = sample::placement(2, two, &[(&sku, 60)]);
    let dearer = domain::catalogue::Sku { price_version: 7, ..sku.clone() };
    let moved = sample::placement(3, three, &[(&dearer, 1)]);
    let twin = sample::placement(1, one, &[(&sku, 1)]);
    // Somebody has the row, so that all of the others gather behind the first.
    let client = guard.database.client().await;
    client.batch_execute("BEGIN; SELECT 1 FROM skus FOR UPDATE").await.unwrap();
    let commit = |placement: &_, name: &str| {
        let (store, changeset) = (guard.store.clone(), placing(placement, sample::intent(name)));
        async move { store.commit(changeset).await }
    };
    let ahead = sample::placement(9, stores.buyer(9).await, &[(&sku, 1)]);
    let letting_go = async {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%paydesk_commit%' \
                     AND wait_event_type = 'Lock' AND datname = current_database()";
        while number(&guard, waits).await == 0 {
            tokio::task::yield_now().await;
        }
        client.batch_execute("ROLLBACK").await.unwrap();
    };
    let (ahead, a, b, c, d, e, ()) = tokio::join!(
        commit(&ahead, "ahead"),
        commit(&first, "one"),
        commit(&much, "two"),
        commit(&moved, "three"),
        commit(&first, "one"),
        commit(&twin, "one-by-another-name"),
        letting_go,
    );
    assert_eq!(ahead, CommitAnswer::Committed);
    assert_eq!(a, CommitAnswer::Committed);
    assert_eq!(b, CommitAnswer::GuardRefused(Refusal::Stock(sku.id.clone())));
    assert_eq!(c, CommitAnswer::GuardRefused(Refusal::PriceMoved(sku.id.clone())));
    assert_eq!(d, CommitAnswer::AlreadyCommitted);
    assert_eq!(e, CommitAnswer::GuardRefused(Refusal::NumberTaken));
    assert_eq!(number(&guard, "SELECT count(*) FROM orders").await, 2);
    nothing_is_broken(&guard.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_the_middle_has_sold_what_it_says_and_no_more() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    stores.sku("tea", 100, 40).await;
    let killer = guard.database.client().await;
    let done = std::sync::atomic::AtomicBool::new(false);
    let killing = async {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE query LIKE '%paydesk_commit_each%' AND state = 'active' \
                     AND datname = current_database() AND pid <> pg_backend_pid()";
        let mut killed = 0;
        while !done.load(std::sync::atomic::Ordering::Relaxed) && killed < 3 {
            killed += killer.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
            tokio::task::yield_now().await;
        }
        killed
    };
    let rushing = async {
        let answers = rush(&guard.store, &stores, 120).await;
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        answers
    };
    let (answers, killed) = tokio::join!(rushing, killing);
    assert!(killed > 0, "nothing was killed");
    let unknown = answers.iter().filter(|a| matches!(a, CommitAnswer::OutcomeUnknown(_))).count();
    assert!(unknown > 1, "whoever was written together does not know together: {answers:?}");
    // Who does not know asks, and is told the truth.
    let mut sold = 0;
    for (n, answer) in (1..).zip(&answers) {
        let name = CommandId::stored(format!("rush-{n}"));
        let committed = guard.store.committed(&name).await.unwrap();
        match answer {
            CommitAnswer::Committed => assert!(committed),
            CommitAnswer::GuardRefused(_) => assert!(!committed),
            CommitAnswer::OutcomeUnknown(_) | CommitAnswer::RolledBack(_) => {}
            CommitAnswer::Conflict | CommitAnswer::AlreadyCommitted => panic!("{answer:?}"),
        }
        sold += i64::from(committed);
    }
    let level = stores.catalogue.sku(&sample::sku_id("tea")).await.unwrap().unwrap().stock;
    assert_eq!((level.held, level.available), (sold, 40 - sold));
    nothing_is_broken(&guard.store).await;
    // The pool and the shelf go on.
    let again = rush(&guard.store, &stores, 5).await;
    let known = |a: &CommitAnswer| !matches!(a, CommitAnswer::OutcomeUnknown(_));
    assert!(again.iter().all(known), "{again:?}");
}
