//! Statements that nobody answers: no caller waits for ever, and nobody inherits their connection.

use crate::proxy::{Cut, Proxy};
use crate::support;
use domain::changeset::{Changeset, Fence};
use domain::job::{JobId, JobKind};
use domain::ports::{
    Access as _, BuyerBook as _, CaseBook as _, CaseList, Catalogue as _, CommitAnswer, Finish,
    JobQueue as _, OrderKey, OrderStore as _, StoreError,
};
use domain::{CommandId, OrderId};
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use std::time::Duration;
use store_postgres::{ConnectSettings, Isolation, PostgresStore};
use testkit::conformance::listing::everybodys;
use testkit::conformance::placing;
use testkit::sample;
use tokio::time::timeout;

/// Far more than the limit of these tests, 1.5 s, however slow the machine.
const FOR_EVER: Duration = Duration::from_secs(30);

type Asked<'a> = BoxFuture<'a, Result<(), StoreError>>;

/// Every kind of statement, by name.
fn everything<'a>(
    store: &'a PostgresStore,
    fence: &'a Fence,
    key: &'a OrderKey,
) -> Vec<(&'static str, Asked<'a>)> {
    let now = sample::start();
    let buyer = sample::user(1);
    let asked = |name, asking: Asked<'a>| (name, asking);
    vec![
        asked("load", async { store.load(key).await.map(drop) }.boxed()),
        asked("list", async { store.list(&everybodys()).await.map(drop) }.boxed()),
        asked(
            "replay",
            async { store.replay(&sample::replay("k", None).scope).await.map(drop) }.boxed(),
        ),
        asked("claim", async move { store.claim(now, 1, 1).await.map(drop) }.boxed()),
        asked("renew", async { store.renew(fence, 1).await.map(drop) }.boxed()),
        asked("finish done", async { store.finish(fence, Finish::Done).await.map(drop) }.boxed()),
        asked(
            "finish again",
            async move { store.finish(fence, Finish::Again(now)).await.map(drop) }.boxed(),
        ),
        asked(
            "finish park",
            async { store.finish(fence, Finish::Park(String::new())).await.map(drop) }.boxed(),
        ),
        asked("hasten", async move { store.hasten(&fence.job, now).await }.boxed()),
        asked("next due", async { store.next_due().await.map(drop) }.boxed()),
        asked("sweep", async move { store.sweep(now, 1).await.map(drop) }.boxed()),
        asked("cases", async { store.cases(&CaseList::default()).await.map(drop) }.boxed()),
        asked(
            "case",
            async { store.case(domain::CaseId::new(uuid::Uuid::nil())).await.map(drop) }.boxed(),
        ),
        asked("session", async { store.session([0; 32]).await.map(drop) }.boxed()),
        asked("addresses", async move { store.addresses(buyer).await.map(drop) }.boxed()),
        asked("items", async move { store.items(buyer).await.map(drop) }.boxed()),
        asked("on sale", async { store.on_sale(None, 1).await.map(drop) }.boxed()),
        asked("clock", async { store.ping().await }.boxed()),
        asked("fitness", async { store.fitness().await.map(drop) }.boxed()),
        asked("backlog", async move { store.backlog(now).await.map(drop) }.boxed()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_link_holds_nobody_for_ever_and_its_connections_are_given_up() {
    let guard = support::guard(Isolation::ReadCommitted).await;
    let proxy = Proxy::start(&guard.database.url(), Cut::HalfOpen);
    let settings = ConnectSettings {
        pool_max: 32,
        statement_timeout_ms: 500,
        wait_timeout_ms: 20_000,
        ..ConnectSettings::new(proxy.url(&guard.database.url()))
    };
    let store = PostgresStore::connect(settings).await.unwrap();
    let job = JobId { kind: JobKind::FollowPayment, subject: "JOB-1".to_owned() };
    let fence = Fence { job, token: 1 };
    let key = OrderKey::Id(OrderId::new(uuid::Uuid::nil()));
    // A commit besides: it has answers of its own.
    let wanted = everything(&store, &fence, &key).len() + 1;
    // All at once, so that each opens a connection; one that is given back early is used again.
    for _ in 0..50 {
        if store.pool_use().idle >= wanted {
            break;
        }
        join_all((0..wanted * 2).map(|_| store.ping())).await;
    }
    assert!(store.pool_use().idle >= wanted, "{:?}", store.pool_use());
    proxy.begin();
    let lost = Changeset::without_order(sample::intent("lost"), sample::start());
    let commit = timeout(FOR_EVER, store.commit(lost));
    let asked = everything(&store, &fence, &key)
        .into_iter()
        .map(|(name, asking)| async move { (name, timeout(FOR_EVER, asking).await) });
    let (answers, committed) = tokio::join!(join_all(asked), commit);
    let late = StoreError::Unavailable("the database did not answer in time".to_owned());
    for (name, answer) in answers {
        assert_eq!(answer, Ok(Err(late.clone())), "{name}");
    }
    assert!(matches!(committed, Ok(CommitAnswer::OutcomeUnknown(_))), "{committed:?}");
    let left = store.pool_use();
    assert_eq!(left.in_use, 0, "{left:?}");
    proxy.end();
    // Whoever comes next opens anew, and is not kept waiting by what was swallowed.
    let name = CommandId::stored("lost".to_owned());
    assert_eq!(timeout(FOR_EVER, store.committed(&name)).await, Ok(Ok(false)));
    for (name, answer) in everything(&store, &fence, &key) {
        assert_eq!(timeout(FOR_EVER, answer).await, Ok(Ok(())), "{name}");
    }
}

/// The question after an unknown outcome has a connection of its own, which may be half open too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_an_outcome_over_a_half_open_link_ends() {
    let guard = support::guard(Isolation::ReadCommitted).await;
    let proxy = Proxy::start(&guard.database.url(), Cut::HalfOpen);
    let settings = ConnectSettings {
        statement_timeout_ms: 500,
        wait_timeout_ms: 500,
        ..ConnectSettings::new(proxy.url(&guard.database.url()))
    };
    let store = PostgresStore::connect(settings).await.unwrap();
    proxy.begin();
    let name = CommandId::stored("lost".to_owned());
    let answer = timeout(FOR_EVER, store.committed(&name)).await;
    assert!(matches!(answer, Ok(Err(StoreError::Unavailable(_)))), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_nobody_waits_for_any_more_keeps_nobody_else_waiting() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let settings = ConnectSettings {
        pool_max: 1,
        statement_timeout_ms: 120_000,
        lock_timeout_ms: 120_000,
        wait_timeout_ms: 20_000,
        ..ConnectSettings::new(guard.database.url())
    };
    let store = PostgresStore::connect(settings).await.unwrap();
    let client = guard.database.client().await;
    client.batch_execute("BEGIN; SELECT 1 FROM skus FOR UPDATE").await.unwrap();
    let placement = sample::placement(1, buyer, &[(&sku, 1)]);
    let watcher = guard.database.client().await;
    let waiting = async {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND query LIKE '%paydesk_commit%' AND wait_event_type = 'Lock'";
        while watcher.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = store.commit(placing(&placement, sample::intent("dropped"))) => {
            panic!("it waits for the SKU's row: {answer:?}")
        }
        () = waiting => {}
    }
    assert_eq!(timeout(FOR_EVER, store.ping()).await, Ok(Ok(())));
    client.batch_execute("ROLLBACK").await.unwrap();
}
