//! What the ledger leaves in the tables besides its own.

use crate::support;
use domain::ports::CommitAnswer;
use serde_json::{Value, json};
use store_postgres::Isolation;
use testkit::conformance::ledger;

/// Who takes points from a buyer, and why, is in the audit: no order has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_that_are_spent_are_in_the_audit() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let buyer = ledger::rich(&stores, 1, 0, 10).await;
    let client = guard.database.client().await;
    let rows = "SELECT actor, cause, events::text FROM audit WHERE order_id IS NULL AND subject = 'spend:a'";
    assert!(client.query(rows, &[]).await.unwrap().is_empty());
    assert_eq!(ledger::spend(&stores, "a", buyer, 4).await, CommitAnswer::Committed);
    // Once; and what is refused leaves nothing.
    assert_eq!(ledger::spend(&stores, "a", buyer, 4).await, CommitAnswer::AlreadyCommitted);
    assert_ne!(ledger::spend(&stores, "b", buyer, 7).await, CommitAnswer::Committed);
    let found = client.query(rows, &[]).await.unwrap();
    let [row] = found.as_slice() else { panic!("{} rows", found.len()) };
    let (actor, cause): (String, String) = (row.get(0), row.get(1));
    let audit = testkit::sample::intent("a").audit;
    assert_eq!((actor, cause), (audit.actor, audit.cause));
    let events: Value = serde_json::from_str(row.get(2)).unwrap();
    let [event] = events.as_array().unwrap().as_slice() else { panic!("{events}") };
    assert_eq!((&event["event"], &event["kind"]), (&json!("transfer_posted"), &json!("spend")));
    assert_eq!(event["entries"][0]["amount"], json!(-4));
    let all = "SELECT count(*) FROM audit WHERE subject LIKE 'spend:%'";
    assert_eq!(client.query_one(all, &[]).await.unwrap().get::<_, i64>(0), 1);
}
