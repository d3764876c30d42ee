//! A process that dies or freezes with work in hand: another finishes it when the lease has ended, and
//! what the first one still writes is refused.

use crate::processes::books::assert_settled;
use crate::processes::deployment::{Deployment, Instance, PATIENCE, stock_up};
use crate::processes::phone::Phone;
use app::playground::process::Process;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::TestDatabase;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const QUERIES: &str = "/v3/pay/transactions/out-trade-no/*";
const ORDERS: usize = 6;
const LEASE_MS: i64 = 4_000;
const SHORT_LEASE_MS: u64 = 2_000;

/// The jobs that somebody has in hand, and when the last of them is free again.
const LEASED: &str = "SELECT jsonb_build_array(subject, extract(epoch FROM lease_until))::text
    FROM jobs WHERE kind = 'follow_payment' AND lease_until > clock_timestamp() ORDER BY 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_had_in_hand_is_finished_by_another_when_its_lease_ends() {
    let database = TestDatabase::create().await.unwrap();
    let deployment = Deployment::new("killed-with-leases", database.url()).await;
    let leases = |settings: &mut Value| {
        settings["wechat_pay"]["timeout_ms"] = json!(LEASE_MS / 4);
        settings["jobs"]["lease_ms"] = json!(LEASE_MS);
    };
    let (a, b) = (deployment.instance("a", leases), deployment.instance("b", leases));
    let (first, second) = (a.start().await, b.start().await);
    second.suspend().unwrap();
    paid_and_unheard(&deployment, &a, json!([slow_queries(900)])).await;

    let leased = freeze_with_work(&deployment, &first).await;
    first.kill().await.unwrap();
    let ledger = deployment.sandbox.ledger().await.unwrap();
    let asked_before = ledger.log().count();
    deployment.sandbox.faults(json!([unheard()])).await.unwrap();
    second.resume().unwrap();
    until_paid(&deployment).await;

    let ledger = deployment.sandbox.ledger().await.unwrap();
    for lease in &leased {
        let lease: Value = serde_json::from_str(lease).unwrap();
        let number = lease[0].as_str().unwrap();
        let mut since = ledger.log().skip(asked_before);
        let asked = since.find(|call| call["kind"] == "query" && call["out_trade_no"] == number);
        let at = asked.expect("somebody asked")["at"].as_str().unwrap();
        let at = OffsetDateTime::parse(at, &Rfc3339).unwrap().unix_timestamp();
        let until = lease[1].as_number().unwrap().to_string();
        let until: i64 = until.split('.').next().unwrap().parse().unwrap();
        assert!(at >= until, "{number} was asked about at {at}, and leased until {until}");
    }
    assert_eq!(assert_settled(&deployment).await, ORDERS);
    second.kill().await.unwrap();
    deployment.stop().await;
    database.drop_now().await;
}

/// The worst moment to freeze: WeChat Pay has answered, and the commit is on its way. A lock holds the
/// commits back until the leases have ended, as a slow database would.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_frozen_process_still_writes_is_refused_and_nothing_happens_twice() {
    let database = TestDatabase::create().await.unwrap();
    let deployment = Deployment::new("frozen", database.url()).await;
    let leases = |settings: &mut Value| {
        settings["wechat_pay"]["timeout_ms"] = json!(SHORT_LEASE_MS / 4);
        settings["jobs"]["lease_ms"] = json!(SHORT_LEASE_MS);
        settings["database"]["statement_timeout_ms"] = json!(20_000);
    };
    let (a, b) = (deployment.instance("a", leases), deployment.instance("b", leases));
    let (first, second) = (a.start().await, b.start().await);
    second.suspend().unwrap();
    paid_and_unheard(&deployment, &a, json!([])).await;
    let locker = database.client().await;
    locker.batch_execute("BEGIN; LOCK TABLE effects IN SHARE MODE").await.unwrap();
    let held_back = "SELECT pid::text FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
          AND query LIKE '%paydesk_commit%'";
    deployment.until_none("a commit that waits", &fewer_than(1, held_back)).await;

    first.suspend().unwrap();
    let frozen = Instant::now();
    let waiting = deployment.rows(held_back).await.len();
    assert!(waiting > 0, "it froze with nothing on its way");
    deployment.until_none("leases of a frozen process", LEASED).await;
    locker.batch_execute("ROLLBACK").await.unwrap();
    deployment.until_none("commits on their way", held_back).await;
    let settled = "SELECT order_number FROM orders WHERE payment_status = 'paid'";
    assert_eq!(deployment.rows(settled).await, Vec::<String>::new(), "its lease had ended");

    second.resume().unwrap();
    until_paid(&deployment).await;
    let versions = "SELECT order_number || ' ' || version || ' ' || status FROM orders ORDER BY 1";
    let after_b = deployment.rows(versions).await;
    let three_leases = Duration::from_millis(3 * SHORT_LEASE_MS);
    tokio::time::sleep(three_leases.saturating_sub(frozen.elapsed())).await;
    first.resume().unwrap();
    until_lost(&a, u64::try_from(waiting).unwrap()).await;
    assert_eq!(deployment.rows(versions).await, after_b, "nothing changed any more");
    let twice = "SELECT order_id::text FROM audit WHERE events::text LIKE '%payment_succeeded%'
        OR events::text LIKE '%order_paid%' GROUP BY order_id HAVING count(*) > 1";
    assert_eq!(deployment.rows(twice).await, Vec::<String>::new());
    assert_eq!(assert_settled(&deployment).await, ORDERS);
    for process in [first, second] {
        process.kill().await.unwrap();
    }
    deployment.stop().await;
    database.drop_now().await;
}

/// Freezes the process when it has payments in hand about which it has asked, and no answer: their
/// leases.
async fn freeze_with_work(deployment: &Deployment, process: &Process) -> Vec<String> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        deployment.until_none("work in hand", &fewer_than(1, LEASED)).await;
        process.suspend().unwrap();
        // What it has sent to the database is carried out all the same.
        let on_its_way = "SELECT query FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
        deployment.until_none("statements on their way", on_its_way).await;
        let leased = deployment.rows(LEASED).await;
        if !leased.is_empty() {
            return leased;
        }
        process.resume().unwrap();
    }
    panic!("it never had anything in hand");
}

/// Orders by one process, paid at once; no notification tells of it. Then these faults.
async fn paid_and_unheard(deployment: &Deployment, at: &Instance, then: Value) {
    let operator = deployment.operator(&[at]).await;
    stock_up(&operator, "tea", 10).await;
    let mut faults = vec![unheard()];
    faults.extend(then.as_array().unwrap().iter().cloned());
    deployment.sandbox.faults(json!(faults)).await.unwrap();
    let buy = |number: usize| {
        let phone = Phone::at(&[at]);
        async move { phone.buyer(&format!("buyer-{number}"), "tea").await.check_out().await }
    };
    let offers = futures_util::future::join_all((0..ORDERS).map(buy)).await;
    for offer in offers {
        deployment.sandbox.pay(&offer.out_trade_no).await.unwrap();
    }
}

fn unheard() -> Value {
    json!({"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"})
}

fn slow_queries(ms: u64) -> Value {
    json!({"match": {"path": QUERIES}, "action": "delay_ms", "value": ms})
}

/// A query with rows for as long as another one has fewer than this.
fn fewer_than(count: usize, sql: &str) -> String {
    format!("SELECT 'only ' || count(*) FROM ({sql}) found HAVING count(*) < {count}")
}

async fn until_paid(deployment: &Deployment) {
    let unpaid = "SELECT order_number || ' ' || status FROM orders WHERE payment_status = 'unpaid'";
    deployment.until_none("not paid", unpaid).await;
}

/// The process that was frozen finds out that its leases are lost.
async fn until_lost(instance: &Instance, jobs: u64) {
    let begun = Instant::now();
    let lost = "paydesk_jobs_finished_total{kind=\"follow_payment\",result=\"lease_lost\"}";
    while instance.metric(lost).await < jobs {
        assert!(begun.elapsed() < PATIENCE, "it never found out");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
