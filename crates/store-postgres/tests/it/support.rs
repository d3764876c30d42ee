//! A migrated database of its own for one test.

use std::sync::Arc;
use store_postgres::{ConnectSettings, Isolation, MERGE_MAX, PostgresStore};
use testkit::TestDatabase;
use testkit::conformance::Stores;

/// The database, for as long as the test lives.
pub struct Guard {
    pub database: TestDatabase,
    pub store: Arc<PostgresStore>,
}

pub async fn guard(isolation: Isolation) -> Guard {
    let database = TestDatabase::create().await.expect("a database");
    let settings = ConnectSettings {
        pool_max: 8,
        wait_timeout_ms: 30_000,
        statement_timeout_ms: 20_000,
        lock_timeout_ms: 15_000,
        // Every rule is kept by those who are written together, too.
        merge_max: MERGE_MAX,
        isolation,
        ..ConnectSettings::new(database.url())
    };
    let store = PostgresStore::connect(settings).await.expect("a store");
    store.migrate().await.expect("migrations");
    Guard { database, store: Arc::new(store) }
}

pub async fn make(isolation: Isolation) -> (Stores, Guard) {
    let guard = guard(isolation).await;
    let url = || guard.database.url();
    let (url, again, told) = (url(), url(), url());
    let stores = Stores {
        dump: Arc::new(move || Box::pin(dump(url.clone()))),
        inbox: Arc::new(move || Box::pin(inbox(again.clone()))),
        outbox: Arc::new(move || Box::pin(outbox(told.clone()))),
        ..Stores::of(&guard.store)
    };
    (stores, guard)
}

async fn inbox(url: String) -> Vec<String> {
    let sql = "SELECT event_id || ' ' || status || ' ' || fact_hash FROM inbox ORDER BY 1";
    testkit::database::rows_as_text(&url, sql).await
}

async fn outbox(url: String) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', o.order_number, x.type, x.subject) FROM outbox x \
        JOIN orders o ON o.id = x.order_id ORDER BY 1";
    testkit::database::rows_as_text(&url, sql).await
}

/// Every row of every table.
async fn dump(url: String) -> String {
    let (client, connection) =
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a connection");
    #[expect(clippy::disallowed_methods, reason = "drives the connection of a test")]
    let driver = tokio::spawn(connection);
    let tables = client
        .query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1", &[])
        .await
        .expect("tables");
    let mut text = String::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!(
            "SELECT coalesce(string_agg(to_jsonb(t)::text, E'\\n' ORDER BY to_jsonb(t)::text), '') \
             FROM {table} t"
        );
        let rows: String = client.query_one(&sql, &[]).await.expect("rows").get(0);
        text += &format!("{table}\n{rows}\n");
    }
    drop(client);
    driver.await.expect("the driver").expect("a clean end");
    text
}
