//! Which life of the database this is: by Postgres' timeline, and by an operator's count.

use crate::support;
use domain::fact::Trade;
use domain::order::{Circumstances, Command, Rejection};
use domain::ports::{OrderKey, OrderStore as _, StoreError};
use private_postgres::{Durability, Options, PrivatePostgres, RunningPostgres};
use std::path::{Path, PathBuf};
use store_postgres::{ConnectSettings, Isolation, PostgresStore};
use testkit::conformance::Stores;
use testkit::sample;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_begins_another_life_by_hand() {
    let guard = support::guard(Isolation::ReadCommitted).await;
    let first = guard.store.epoch().await.unwrap();
    assert_eq!(first.as_str(), "00000001.0");
    let raised = ConnectSettings { epoch: 7, ..ConnectSettings::new(guard.database.url()) };
    let raised = PostgresStore::connect(raised).await.unwrap();
    assert_eq!(raised.epoch().await.unwrap().as_str(), "00000001.7");
    let order = Stores::of(&guard.store).open_order(1).await;
    for (store, epoch) in [(&*guard.store, "00000001.0"), (&raised, "00000001.7")] {
        let loaded = store.load(&OrderKey::Id(order.id)).await.unwrap().unwrap();
        assert_eq!(loaded.epoch.as_str(), epoch);
        assert_eq!(loaded.value.epoch, sample::epoch(), "as it was recorded");
    }
}

/// A server of its own: it is going to be promoted.
fn start(directory: &Path) -> RunningPostgres {
    let quiet = |_: &str| {};
    let options =
        Options::from_environment(directory.to_owned(), "lives", Durability::Durable, &quiet);
    PrivatePostgres::start(&options).expect("a server")
}

/// Beside the programs of the tests; removed when the test is over.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

async fn open(url: String) -> (Stores, PostgresStore) {
    let settings = ConnectSettings { pool_max: 2, ..ConnectSettings::new(url) };
    let store = PostgresStore::connect(settings).await.expect("a store");
    (Stores::of(&std::sync::Arc::new(store.clone())), store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_begins_another_life_and_a_standby_is_never_asked() {
    let program = std::env::current_exe().unwrap();
    let name = format!("store-postgres-lives-{}", std::process::id());
    let directory = Directory(program.ancestors().nth(3).unwrap().join(name));
    let server = start(&directory.0);
    let (stores, store) = open(server.url()).await;
    store.migrate().await.unwrap();
    let order = stores.open_order(1).await;
    assert_eq!(store.epoch().await.unwrap().as_str(), "00000001.0");
    let standby = server.home().join("data/standby.signal");
    drop((stores, store));
    server.stop().unwrap();

    std::fs::write(&standby, "").unwrap();
    let server = start(&directory.0);
    let (_, store) = open(server.url()).await;
    let key = OrderKey::Id(order.id);
    let asked = store.load(&key).await;
    assert!(matches!(asked, Err(StoreError::Unavailable(_))), "{asked:?}");
    assert!(matches!(store.epoch().await, Err(StoreError::Unavailable(_))));
    let promoted =
        testkit::database::rows_as_text(&server.url(), "SELECT pg_promote()::text").await;
    assert_eq!(promoted, ["true"]);

    let (_, store) = open(server.url()).await;
    assert_eq!(store.epoch().await.unwrap().as_str(), "00000002.0");
    let loaded = store.load(&key).await.unwrap().expect("an order");
    assert_eq!(loaded.epoch.as_str(), "00000002.0");
    assert_eq!(loaded.value, order, "recorded in the life before");
    let given = Circumstances::ordinary(sample::start(), &loaded.epoch);
    let said = || sample::fact(&order, Trade::Success(sample::receipt("T-1", order.amounts.total)));
    let heard = order.decide_with(&Command::RecordFact(said()), &given);
    assert_eq!(heard, Err(Rejection::Unconfirmed), "said before this life, for all that we know");
    let asked = Command::RecordFact(said().asked_on(&loaded.epoch));
    assert!(order.decide_with(&asked, &given).is_ok());
    drop(store);
    server.stop().unwrap();
}
