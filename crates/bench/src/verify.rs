//! After each phase: is every payment that was sent paid exactly once, and nothing else? A fast wrong
//! answer ends the run.

use crate::database::Database;
use anyhow::{Result, bail};
use std::ops::Range;

/// What must be in the database by now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected {
    /// Orders whose payment was reported successful.
    pub(crate) settled: i64,
    /// All orders.
    pub(crate) orders: i64,
    /// Those of them that nobody has asked a payment for.
    pub(crate) placed: i64,
}

/// One question and its right answer.
type Question = (&'static str, &'static str, fn(&Expected) -> i64);

const QUESTIONS: [Question; 11] = [
    ("orders", "SELECT count(*) FROM orders", |e| e.orders),
    ("payments", "SELECT count(*) FROM payments", |e| e.orders.saturating_sub(e.placed)),
    ("orders paid exactly as sent", include_str!("verify/exact.sql"), |e| e.settled),
    ("paid orders", "SELECT count(*) FROM orders WHERE payment_status <> 'unpaid'", |e| e.settled),
    ("settlements", "SELECT count(*) FROM settlements", |e| e.settled),
    ("stock sold", "SELECT count(*) FROM stock_moves WHERE kind = 'commit'", |e| e.settled),
    (
        // "Unknown" is what the service says when it does not know; the load counts those.
        "payments that are neither paid, payable nor unknown",
        "SELECT count(*) FROM payments WHERE NOT (status IN ('paid', 'unknown') \
            OR status = 'payable' AND prepay_id IS NOT NULL AND transaction_id IS NULL)",
        |_| 0,
    ),
    ("refunds", "SELECT count(*) FROM refunds", |_| 0),
    ("cases", "SELECT count(*) FROM cases", |_| 0),
    ("parked jobs", "SELECT count(*) FROM jobs WHERE parked_at IS NOT NULL", |_| 0),
    ("SKUs whose stock does not add up", include_str!("verify/stock.sql"), |_| 0),
];

/// Notes that these orders are about to be paid.
pub(crate) async fn will_be_paid(database: &Database, orders: &Range<i32>) -> Result<()> {
    let row = "INSERT INTO bench_paid SELECT generate_series($1::int, $2::int - 1)";
    database.change(row, &[&orders.start, &orders.end]).await.map(|_inserted| ())
}

/// Asks everything; says everything that is wrong.
pub(crate) async fn verify(database: &Database, expected: &Expected) -> Result<()> {
    // The tables have grown since anybody counted them, and the questions join whole tables.
    database.run("ANALYZE").await?;
    let mut wrong = Vec::new();
    for (name, question, right) in QUESTIONS {
        let found: i64 = database.row(question, &[]).await?.try_get(0)?;
        let right = right(expected);
        if found != right {
            wrong.push(format!("{name}: {found} instead of {right}"));
        }
    }
    if !wrong.is_empty() {
        bail!("the answers were fast and wrong: {}", wrong.join("; "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::TestDatabase;

    /// Every migration there is, in order, and the tables of the stage.
    async fn migrated(database: &Database) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        let mut steps: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        steps.sort();
        for step in steps {
            let text = std::fs::read_to_string(step.join("up.sql")).unwrap();
            database.run(&text).await.unwrap();
        }
        database.run(include_str!("stage/names.sql")).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_not_as_expected_is_named() {
        let own = TestDatabase::create().await.unwrap();
        let database = Database::connect(&own.url()).await.unwrap();
        migrated(&database).await;
        verify(&database, &Expected::default()).await.unwrap();

        let sent = Expected { settled: 1, ..Expected::default() };
        let said = verify(&database, &sent).await.unwrap_err().to_string();
        assert!(said.contains("orders paid exactly as sent: 0 instead of 1"), "{said}");
        assert!(said.contains("settlements: 0 instead of 1"), "{said}");

        let unbalanced = "SET session_replication_role = replica; \
            INSERT INTO stock_holds (order_id, line_no, sku_id, quantity, status) \
                VALUES (gen_random_uuid(), 1, 'tea', 1, 'held'); \
            INSERT INTO skus (id, title, price_fen, cost_price_fen, status, stocked, available, \
                created_at) VALUES ('tea', 'Tea', 1, 1, 'on_sale', 5, 5, now()); \
            INSERT INTO cases (kind, subject, detail, opened_at) \
                VALUES ('stuck', 'x', 'y', now())";
        database.run(unbalanced).await.unwrap();
        let said = verify(&database, &Expected::default()).await.unwrap_err().to_string();
        assert!(said.contains("cases: 1 instead of 0"), "{said}");
        assert!(said.contains("SKUs whose stock does not add up: 1 instead of 0"), "{said}");
        drop(database);
        own.drop_now().await;
    }
}
