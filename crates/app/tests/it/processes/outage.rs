//! The database is stopped at once under load and started again: what was acknowledged is there, what
//! was not is asked for again.

use crate::processes::books::{assert_promises, assert_settled};
use crate::processes::deployment::{Deployment, Instance, PATIENCE, stock_up};
use crate::processes::phone::{Offer, Phone};
use app::playground::api::local_client;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use private_postgres::{Durability, Options, PrivatePostgres, RunningPostgres, StartError};
use serde_json::Value;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const BEFORE: usize = 6;
const DURING: usize = 24;
const RUNS_MAX: u32 = 8;

/// What clients were told.
type Acknowledged = Arc<Mutex<Vec<Offer>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stops_under_load_loses_nothing_that_was_acknowledged() {
    let (folder, postgres) = start_somewhere().await;
    let url = postgres.url();
    reset(&postgres.maintenance_url()).await;
    let deployment = Deployment::new("outage", url.clone()).await;
    let instance = deployment.instance("serve", |_| {});
    let process = instance.start().await;
    let operator = deployment.operator(&[&instance]).await;
    stock_up(&operator, "tea", 100).await;

    let known = Acknowledged::default();
    let mut crowd = JoinSet::new();
    arrive(&mut crowd, &instance, 0..BEFORE, &known);
    everybody(&mut crowd).await;
    let before: Vec<Offer> = known.lock().unwrap().clone();
    arrive(&mut crowd, &instance, BEFORE..BEFORE + DURING, &known);
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop_at_once(postgres).await;

    until_ready(&instance, 503, &["database", "schema"]).await;
    for offer in &before {
        deployment.sandbox.pay(&offer.out_trade_no).await.unwrap();
    }
    until_answered(&deployment, &before, 503).await;
    let told: Vec<String> = known.lock().unwrap().iter().map(|one| one.order.clone()).collect();
    let notified = acknowledged_payments(&deployment).await;

    let postgres = start(folder).await.unwrap();
    assert_eq!(postgres.url(), url, "the same database");
    assert_kept(&deployment, &told, &notified).await;
    assert_promises(&deployment, "after the outage").await;
    until_ready(&instance, 200, &[]).await;
    everybody(&mut crowd).await;
    let all: Vec<Offer> = known.lock().unwrap().clone();
    assert_eq!(all.len(), BEFORE + DURING);
    for offer in all.iter().filter(|one| before.iter().all(|old| old.order != one.order)) {
        deployment.sandbox.pay(&offer.out_trade_no).await.unwrap();
    }
    // Past the first rungs of WeChat Pay's ladder: what was answered 503 is sent again.
    deployment.pass(30).await;
    until_answered(&deployment, &before, 204).await;
    let unpaid = "SELECT order_number || ' ' || status FROM orders WHERE payment_status = 'unpaid'";
    deployment.until_none("not paid in the end", unpaid).await;
    assert_eq!(assert_settled(&deployment).await, all.len());
    process.kill().await.unwrap();
    deployment.stop().await;
    tokio::task::spawn_blocking(move || postgres.stop()).await.unwrap().unwrap();
}

/// Buyers come over two seconds, so that the outage falls between them.
fn arrive(
    crowd: &mut JoinSet<()>,
    instance: &Instance,
    numbers: Range<usize>,
    known: &Acknowledged,
) {
    let pause = Duration::from_millis(2_000 / u64::try_from(DURING).unwrap());
    for (index, number) in numbers.enumerate() {
        let (phone, known) = (Phone::at(&[instance]), Arc::clone(known));
        crowd.spawn(async move {
            tokio::time::sleep(pause * u32::try_from(index).unwrap()).await;
            let buyer = phone.buyer(&format!("buyer-{number}"), "tea").await;
            let offer = buyer.check_out().await;
            known.lock().unwrap().push(offer);
        });
    }
}

async fn everybody(crowd: &mut JoinSet<()>) {
    while let Some(joined) = crowd.join_next().await {
        joined.unwrap();
    }
}

/// In the first folder that no other run of the tests has in use.
async fn start_somewhere() -> (PathBuf, RunningPostgres) {
    for slot in 0..RUNS_MAX {
        let name = format!("outage-postgres-{slot}");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        match start(folder.clone()).await {
            Ok(postgres) => return (folder, postgres),
            Err(StartError::InUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("{RUNS_MAX} runs of this test are going on in this target folder already");
}

async fn start(folder: PathBuf) -> Result<RunningPostgres, StartError> {
    let starting = tokio::task::spawn_blocking(move || {
        let progress = |line: &str| eprintln!("database: {line}");
        // Every acknowledged commit survives, as in production.
        let options = Options::from_environment(folder, "outage", Durability::Durable, &progress);
        PrivatePostgres::start(&options)
    });
    starting.await.unwrap()
}

/// The folder is kept from run to run: making a cluster takes longer than making a database.
async fn reset(maintenance_url: &str) {
    for sql in ["DROP DATABASE IF EXISTS outage WITH (FORCE)", "CREATE DATABASE outage"] {
        testkit::database::rows_as_text(maintenance_url, sql).await;
    }
}

/// As `pg_ctl stop -m immediate`: no connection is told, nothing is written any more.
async fn stop_at_once(postgres: RunningPostgres) {
    let pid = Pid::from_raw(i32::try_from(postgres.pid()).unwrap());
    kill(pid, Signal::SIGQUIT).unwrap();
    // Waits for its end.
    tokio::task::spawn_blocking(move || drop(postgres)).await.unwrap();
}

async fn until_ready(instance: &Instance, status: u16, failing: &[&str]) {
    let (client, begun) = (local_client().unwrap(), Instant::now());
    loop {
        let url = format!("http://{}/readyz", instance.addr);
        let answer = client.get(url).send().await.unwrap();
        let (said, body) = (answer.status(), answer.json::<Value>().await.unwrap());
        let checks = body["checks"].as_array().unwrap().iter();
        let failed: Vec<&str> = checks
            .filter(|check| check["ok"] == false)
            .filter_map(|check| check["name"].as_str())
            .collect();
        if said == status && failed == failing {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{said} {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn until_answered(deployment: &Deployment, offers: &[Offer], status: u16) {
    let begun = Instant::now();
    loop {
        let ledger = deployment.sandbox.ledger().await.unwrap();
        let missing = |offer: &&Offer| ledger.answered(&offer.out_trade_no, status) == 0;
        let Some(missing) = offers.iter().find(missing) else { return };
        let attempts = ledger.attempts(&missing.out_trade_no);
        assert!(begun.elapsed() < PATIENCE, "never answered {status}: {attempts:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The payments whose notification was answered with success.
async fn acknowledged_payments(deployment: &Deployment) -> Vec<String> {
    let ledger = deployment.sandbox.ledger().await.unwrap();
    let numbers = ledger.trades().map(|trade| trade["out_trade_no"].as_str().unwrap());
    numbers.filter(|number| ledger.answered(number, 204) > 0).map(str::to_owned).collect()
}

async fn assert_kept(deployment: &Deployment, orders: &[String], payments: &[String]) {
    assert!(orders.len() >= BEFORE, "{orders:?}");
    let found = deployment.rows("SELECT order_number FROM orders").await;
    let lost: Vec<&String> = orders.iter().filter(|one| !found.contains(one)).collect();
    assert!(lost.is_empty(), "orders that were acknowledged and are gone: {lost:?}");
    let paid = "SELECT out_trade_no FROM payments WHERE status = 'paid'";
    let paid = deployment.rows(paid).await;
    let lost: Vec<&String> = payments.iter().filter(|one| !paid.contains(one)).collect();
    assert!(lost.is_empty(), "payments that were acknowledged and are gone: {lost:?}");
}
