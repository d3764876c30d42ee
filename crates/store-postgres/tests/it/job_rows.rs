//! A commit that brings a job forward while somebody else has its row in hand.

use crate::support::{self, Guard};
use domain::Timestamp;
use domain::changeset::Changeset;
use domain::job::{JobChange, JobId, JobKind};
use domain::ports::{CommitAnswer, OrderStore as _};
use store_postgres::Isolation;
use testkit::conformance::{Stores, placing};
use testkit::sample;
use tokio_postgres::Client;

/// How often a moment may be missed that lasts 60 ms, on a machine that has much to do.
const ROUNDS: i64 = 20;

/// Until the commit waits for whoever runs this: asleep before it looks again, or for its end.
const UNTIL_MET: &str = "DO $$ BEGIN FOR look IN 1..20000 LOOP \
        PERFORM pg_stat_clear_snapshot(); \
        EXIT WHEN EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
            AND query LIKE '%paydesk_commit(%' AND pid <> pg_backend_pid() \
            AND wait_event IN ('PgSleep', 'transactionid')); \
    END LOOP; END $$; COMMIT";

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

fn ensure(due_at: Timestamp) -> Changeset {
    let name = format!("ensure-{}", due_at.micros());
    let mut changeset = Changeset::without_order(sample::intent(&name), sample::start());
    let id = JobId { kind: JobKind::FollowPayment, subject: "JOB-1".to_owned() };
    changeset.jobs = vec![JobChange::Ensure { id, due_at }];
    changeset
}

/// A job that is due late, and somebody beside the store.
async fn job_and_somebody() -> (Stores, Guard, Client) {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    assert_eq!(stores.orders.commit(ensure(at(9_000))).await, CommitAnswer::Committed);
    let somebody = guard.database.client().await;
    (stores, guard, somebody)
}

/// As a claimer does first. It may take a few rounds to let go within the time that the commit
/// gives: once is enough, for who passes over the row at once never wins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_locked_for_a_moment_is_still_brought_forward() {
    let (stores, guard, somebody) = job_and_somebody().await;
    for round in 1..=ROUNDS {
        somebody.batch_execute("BEGIN; SELECT 1 FROM jobs FOR UPDATE").await.unwrap();
        let due = at(9_000 - round);
        let letting_go = somebody.batch_execute(UNTIL_MET);
        let (answer, let_go) = tokio::join!(guard.store.commit(ensure(due)), letting_go);
        let_go.unwrap();
        assert_eq!(answer, CommitAnswer::Committed);
        if stores.jobs.next_due().await.unwrap() == Some(due) {
            return;
        }
    }
    panic!("passed over {ROUNDS} times");
}

/// As a claimer does next: its changes are seen, and the job in hand remembers the earlier time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_being_claimed_remembers_the_earlier_time() {
    let (_stores, guard, somebody) = job_and_somebody().await;
    let claim = "BEGIN; UPDATE jobs SET lease_token = 7, hastened_at = NULL, \
                 lease_until = clock_timestamp() + interval '1 hour'";
    somebody.batch_execute(claim).await.unwrap();
    let letting_go = somebody.batch_execute(UNTIL_MET);
    let (answer, let_go) = tokio::join!(guard.store.commit(ensure(at(60))), letting_go);
    let_go.unwrap();
    assert_eq!(answer, CommitAnswer::Committed);
    let remembered = "SELECT (lease_token || ' ' || (hastened_at = due_at)) FROM jobs";
    assert_eq!(guard.database.query_text(remembered).await, ["7 true"]);
    let sql = "SELECT extract(epoch FROM due_at)::bigint::text FROM jobs";
    let due = guard.database.query_text(sql).await;
    assert_eq!(due, [(at(60).micros() / 1_000_000).to_string()]);
}

/// As a commit under a lease does, which may be waiting for this very commit's order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_stays_locked_is_passed_over_by_who_has_an_order() {
    let (stores, guard, somebody) = job_and_somebody().await;
    let sku = stores.sku("tea", 100, 5).await;
    let placement = sample::placement(1, stores.buyer(1).await, &[(&sku, 1)]);
    let mut changeset = placing(&placement, sample::intent("places"));
    changeset.jobs.extend(ensure(at(60)).jobs);
    somebody.batch_execute("BEGIN; SELECT 1 FROM jobs FOR UPDATE").await.unwrap();
    let answer = guard.store.commit(changeset).await;
    assert_eq!(answer, CommitAnswer::Committed, "while the row is still locked");
    somebody.batch_execute("ROLLBACK").await.unwrap();
    let due = "SELECT extract(epoch FROM due_at)::bigint::text FROM jobs WHERE subject = 'JOB-1'";
    let late = (at(9_000).micros() / 1_000_000).to_string();
    assert_eq!(guard.database.query_text(due).await, [late], "due when it was due");
}

/// News of a number, kept to be applied later: there is no order by which the other would see them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_order_waits_for_a_job_however_long_it_is_locked() {
    let (stores, guard, somebody) = job_and_somebody().await;
    somebody.batch_execute("BEGIN; SELECT 1 FROM jobs FOR UPDATE").await.unwrap();
    let letting_go = somebody.batch_execute("SELECT pg_sleep(0.4); COMMIT");
    let (answer, let_go) = tokio::join!(guard.store.commit(ensure(at(60))), letting_go);
    let_go.unwrap();
    assert_eq!(answer, CommitAnswer::Committed);
    assert_eq!(stores.jobs.next_due().await.unwrap(), Some(at(60)), "brought forward");
}
