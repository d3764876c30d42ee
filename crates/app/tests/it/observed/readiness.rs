//! Ready means: money can be taken.

use super::logs::Logs;
use crate::world::World;
use reqwest::StatusCode;
use serde_json::Value;
use std::time::{Duration, Instant};
use testkit::database::rows_as_text;

/// Every check, in order.
const CHECKS: [&str; 6] =
    ["database", "schema", "wechat_pay_keys", "clock", "scheduler", "accepting"];

async fn ask(world: &World, url: &str) -> (StatusCode, Vec<(String, bool)>) {
    let answer = world.client.get(url).send().await.unwrap();
    let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap());
    let checks = body["checks"].as_array().unwrap_or_else(|| panic!("no checks in {body}"));
    let check = |check: &Value| {
        let members: Vec<&String> = check.as_object().unwrap().keys().collect();
        assert_eq!(members, ["name", "ok"], "the outside is told no more");
        (check["name"].as_str().unwrap().to_owned(), check["ok"].as_bool().unwrap())
    };
    (status, checks.iter().map(check).collect())
}

fn failing(checks: &[(String, bool)]) -> Vec<&str> {
    checks.iter().filter(|(_, ok)| !ok).map(|(name, _)| name.as_str()).collect()
}

/// Asks both listeners until both say so.
async fn until(world: &World, status: u16, failed: &[&str]) {
    let operations = world.service.ops_addr().unwrap();
    let began = Instant::now();
    for url in [world.api("/readyz"), format!("http://{operations}/readyz")] {
        loop {
            let (said, checks) = ask(world, &url).await;
            if said == status && failing(&checks) == failed {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{said} {checks:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_is_named_until_it_is_back() {
    let logs = Logs::start();
    let world = World::new().await;
    until(&world, 200, &[]).await;
    let (_, checks) = ask(&world, &world.api("/readyz")).await;
    assert_eq!(checks.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), CHECKS);

    let url = world.database.url();
    let (server, name) = url.rsplit_once('/').unwrap();
    let (postgres, name) = (format!("{server}/postgres"), name.to_owned());
    let allow = |yes: bool| format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {yes}");
    rows_as_text(&postgres, &allow(false)).await;
    let cut = format!(
        "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '{name}'"
    );
    rows_as_text(&postgres, &cut).await;
    until(&world, 503, &["database", "schema"]).await;
    let operations = world.service.ops_addr().unwrap();
    let alive = world.client.get(format!("http://{operations}/healthz")).send().await.unwrap();
    assert_eq!(alive.status(), 200, "restarting it would not help");
    let scraped = world.client.get(format!("http://{operations}/metrics")).send().await.unwrap();
    let text = scraped.text().await.unwrap();
    assert!(text.contains("\npaydesk_database_up 0\n"), "{text}");
    assert!(text.contains("\npaydesk_jobs_overdue NaN\n"), "nobody knows: {text}");
    assert!(text.contains("paydesk_ready{check=\"database\"} 0\n"), "{text}");

    rows_as_text(&postgres, &allow(true)).await;
    until(&world, 200, &[]).await;
    // Why is for the log.
    let changes: Vec<(bool, bool)> = logs
        .of("event", "readiness.changed")
        .iter()
        .filter(|line| line["check"] == "database")
        .map(|line| (line["ok"].as_bool().unwrap(), line["why"].is_string()))
        .collect();
    assert!(changes.contains(&(false, true)) && changes.contains(&(true, false)), "{changes:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_is_not_ours_is_no_place_for_money() {
    let world = World::new().await;
    until(&world, 200, &[]).await;
    let client = world.database.client().await;
    client.batch_execute("DELETE FROM __diesel_schema_migrations").await.unwrap();
    until(&world, 503, &["schema"]).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_stops_it_is_not_ready() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let (buyer, number) = world.open_order("stopping", "tea").await;
    until(&world, 200, &[]).await;
    // Somebody waits for news, so that stopping takes a while.
    let url = world.api(&format!("/api/mini/orders/{number}?wait=3"));
    let waiting = world.client.get(url).bearer_auth(&buyer.token).send();
    let waiting = tokio::spawn(waiting);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let url = format!("http://{}/readyz", world.service.ops_addr().unwrap());
    let World { service, sandbox, client, database, .. } = world;
    let stopping = tokio::spawn(service.stop());
    let mut said = Vec::new();
    while let Ok(answer) = client.get(&url).send().await {
        let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap());
        if status == 503 {
            said.push(body["checks"].to_string());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!said.is_empty(), "it went without a word");
    assert!(said[0].contains(r#"{"name":"accepting","ok":false}"#), "{said:?}");
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200, "who waited was answered");
    stopping.await.unwrap();
    sandbox.stop().await;
    database.drop_now().await;
}
