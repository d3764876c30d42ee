//! What it is worth to lock a SKU's row last, and to write its buyers together: measured, not asserted.
//!
//! `cargo test --release -p store-postgres --test it -- --ignored hot_sku --nocapture`. The three forms do
//! the same work, one after the other on one durable server, so that their ratios can be compared;
//! `commit_delay` makes each flush cost as much more, as on a volume in another building. Whatever was
//! sold is counted afterwards.

use crate::support;
use domain::changeset::Changeset;
use domain::ports::{CommitAnswer, OrderStore as _};
use futures_util::future::join_all;
use private_postgres::{Durability, Options, PrivatePostgres, RunningPostgres};
use std::sync::Arc;
use std::time::Instant;
use store_postgres::{ConnectSettings, MERGE_MAX, PostgresStore};
use testkit::conformance::placing;
use testkit::sample;

/// Buyers of one form, and how many come at once.
const BUYERS: u64 = 640;
const AT_ONCE: usize = 32;
/// What each flush costs besides, in microseconds.
const DELAYS: [u32; 3] = [0, 1_000, 4_000];

/// Whoever wants the goods has the row first, and keeps it for as long as the order takes.
const LOCK_FIRST: &str = "\
    ALTER FUNCTION paydesk_commit(jsonb) RENAME TO paydesk_commit_last; \
    CREATE FUNCTION paydesk_commit(c jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN \
        PERFORM 1 FROM skus s WHERE s.id IN (SELECT r->>'sku_id' \
            FROM jsonb_array_elements(c->'stock') r) ORDER BY s.id FOR UPDATE; \
        RETURN paydesk_commit_last(c); END $$";

#[derive(Clone, Copy, Debug)]
enum Form {
    LockFirst,
    LockLast,
    Together,
}

fn server() -> RunningPostgres {
    let folder = std::env::temp_dir().join(format!("paydesk-hot-sku-{}", std::process::id()));
    let quiet = |_: &str| {};
    let options = Options::from_environment(folder, "postgres", Durability::OneRun, &quiet);
    PrivatePostgres::start(&options).expect("a server")
}

async fn database(
    server: &RunningPostgres,
    name: &str,
    delay: u32,
) -> (tokio_postgres::Client, String) {
    let client = |url: String| async move {
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a connection");
        #[expect(clippy::disallowed_methods, reason = "drives the connection of a test")]
        let _driver = tokio::spawn(connection);
        client
    };
    let maintenance = client(server.maintenance_url()).await;
    maintenance.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
    let set = format!(
        "ALTER DATABASE {name} SET commit_delay = {delay}; ALTER DATABASE {name} SET commit_siblings = 0"
    );
    maintenance.batch_execute(&set).await.expect("set");
    let url = server.maintenance_url();
    let (base, _) = url.rsplit_once('/').expect("a URL names a database");
    let url = format!("{base}/{name}");
    (client(url.clone()).await, url)
}

async fn changesets(store: &Arc<PostgresStore>) -> Vec<Changeset> {
    let stores = support::ports(store);
    let sku = stores.sku("tea", 100, 1_000_000).await;
    let mut all = Vec::new();
    for n in 1..=BUYERS {
        let placement = sample::placement(n, stores.buyer(n).await, &[(&sku, 1)]);
        all.push(placing(&placement, sample::intent(&format!("hot-{n}"))));
    }
    all
}

async fn rate(server: &RunningPostgres, form: Form, delay: u32, round: u32) -> u128 {
    let name = format!("hot_{form:?}_{delay}_{round}").to_lowercase();
    let (client, url) = database(server, &name, delay).await;
    let settings = ConnectSettings {
        pool_max: 16,
        merge_max: if matches!(form, Form::Together) { MERGE_MAX } else { 1 },
        wait_timeout_ms: 60_000,
        statement_timeout_ms: 60_000,
        lock_timeout_ms: 60_000,
        ..ConnectSettings::new(url)
    };
    let store = Arc::new(PostgresStore::connect(settings).await.expect("a store"));
    store.migrate().await.expect("migrations");
    if matches!(form, Form::LockFirst) {
        client.batch_execute(LOCK_FIRST).await.expect("the naive form");
    }
    let mut shares: Vec<Vec<Changeset>> = (0..AT_ONCE).map(|_| Vec::new()).collect();
    for (n, changeset) in changesets(&store).await.into_iter().enumerate() {
        shares[n % AT_ONCE].push(changeset);
    }
    #[expect(clippy::disallowed_methods, reason = "measures")]
    let begun = Instant::now();
    let buying = shares.into_iter().map(|share| {
        let store = Arc::clone(&store);
        async move {
            for changeset in share {
                assert_eq!(store.commit(changeset).await, CommitAnswer::Committed);
            }
        }
    });
    join_all(buying).await;
    let micros = begun.elapsed().as_micros().max(1);
    let sold: i64 = client
        .query_one("SELECT held FROM skus WHERE id = 'tea'", &[])
        .await
        .expect("a level")
        .get(0);
    assert_eq!(u64::try_from(sold), Ok(BUYERS), "each of them once");
    u128::from(BUYERS) * 1_000_000 / micros
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
#[expect(clippy::print_stdout, reason = "says what it measured")]
async fn hot_sku_orders_per_second_in_three_forms() {
    let server = server();
    for round in 1..=2 {
        for delay in DELAYS {
            let mut rates = Vec::new();
            for form in [Form::LockFirst, Form::LockLast, Form::Together] {
                rates.push(rate(&server, form, delay, round).await);
            }
            println!("flush +{delay} µs, orders a second: lock first, last, together: {rates:?}");
        }
    }
}
