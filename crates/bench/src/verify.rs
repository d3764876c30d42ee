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
}

/// One question and its right answer.
type Question = (&'static str, &'static str, fn(&Expected) -> i64);

const QUESTIONS: [Question; 11] = [
    ("orders", "SELECT count(*) FROM orders", |e| e.orders),
    ("payments", "SELECT count(*) FROM payments", |e| e.orders),
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
