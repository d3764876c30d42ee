//! What Prometheus gets.

use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Series (name and labels) → value.
type Samples = BTreeMap<String, f64>;

async fn scrape(world: &World) -> String {
    let url = format!("http://{}/metrics", world.service.ops_addr().unwrap());
    let answer = world.client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    answer.text().await.unwrap()
}

/// Reads the text format strictly: every sample has a type that was said before it, no series
/// comes twice, every label is quoted.
fn parse(text: &str) -> Samples {
    assert!(text.ends_with('\n'));
    let (mut types, mut samples) = (BTreeMap::new(), Samples::new());
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(about) = line.strip_prefix("# TYPE ") {
            let (name, kind) = about.split_once(' ').expect(line);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(types.insert(name.to_owned(), kind).is_none(), "typed twice: {line}");
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').expect(line);
            let name = series.split('{').next().unwrap();
            let labels = &series[name.len()..];
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{line}");
            check_labels(labels, line);
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|part| name.strip_suffix(part))
                .filter(|base| types.get(*base) == Some(&"histogram"));
            assert!(types.contains_key(base.unwrap_or(name)), "no type before {line}");
            let value: f64 = value.parse().expect(line);
            assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    samples
}

fn check_labels(labels: &str, line: &str) {
    let Some(inside) = labels.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        assert_eq!(labels, "", "{line}");
        return;
    };
    // None of ours has an escaped quote or a comma in it.
    for label in inside.split("\",") {
        let (name, value) = label.split_once("=\"").expect(line);
        assert!(name.bytes().all(|b| b.is_ascii_lowercase()), "{line}");
        assert!(!value.trim_end_matches('"').contains('"'), "{line}");
    }
}

fn at(samples: &Samples, series: &str) -> f64 {
    *samples.get(series).unwrap_or_else(|| panic!("no {series} in {samples:#?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_and_a_forgery_are_counted() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let before = parse(&scrape(&world).await);
    assert_eq!(at(&before, "paydesk_order_events_total{event=\"settled\"}"), 0.0);
    let (buyer, number) = world.open_order("counted", "tea").await;
    world.pay(&number).await;
    world.paid_order(&buyer, &number).await;
    let path = format!("/_sandbox/notify/{number}");
    world.sandbox(Method::POST, &path, json!({"tamper": "signature"})).await;
    world.sandbox(Method::POST, &path, json!({"tamper": "stale"})).await;
    world.call("", Method::GET, &format!("/nothing/{number}"), Value::Null).await;

    let text = scrape(&world).await;
    let samples = parse(&text);
    for (series, count) in [
        ("paydesk_order_events_total{event=\"placed\"}", 1.0),
        ("paydesk_order_events_total{event=\"settled\"}", 1.0),
        ("paydesk_order_events_total{event=\"payment_surplus\"}", 0.0),
        ("paydesk_wechat_calls_total{kind=\"login\",outcome=\"ok\"}", 1.0),
        ("paydesk_wechat_calls_total{kind=\"prepay\",outcome=\"ok\"}", 1.0),
        ("paydesk_wechat_call_duration_seconds_count{kind=\"prepay\"}", 1.0),
        ("paydesk_notifications_total{outcome=\"refused\",reason=\"the signature is wrong\"}", 1.0),
        (
            "paydesk_notifications_total{outcome=\"refused\",\
             reason=\"the timestamp is more than 300 s away\"}",
            1.0,
        ),
        (
            "paydesk_http_requests_total{route=\"/api/mini/wechat-pay/prepay-from-checkout\",\
             method=\"POST\",status=\"2xx\"}",
            1.0,
        ),
        ("paydesk_http_requests_total{route=\"none\",method=\"GET\",status=\"4xx\"}", 1.0),
        ("paydesk_sweep_found_total{kind=\"follow_payment\"}", 0.0),
        ("paydesk_commits_total{answer=\"unknown\"}", 0.0),
        ("paydesk_database_up", 1.0),
        ("paydesk_database_connections_max", 16.0),
        ("paydesk_jobs_parked", 0.0),
        ("paydesk_ready{check=\"database\"}", 1.0),
        ("paydesk_ready{check=\"accepting\"}", 1.0),
    ] {
        assert_eq!(at(&samples, series), count, "{series}");
    }
    // The followers may have asked and settled first: both doors lead to one settlement.
    assert!(at(&samples, "paydesk_commits_total{answer=\"committed\"}") >= 3.0);
    assert!(at(&samples, "paydesk_jobs_lag_seconds") >= 0.0);
    for personal in [number.as_str(), buyer.token.as_str(), "counted", "13800000000"] {
        assert!(!text.contains(personal), "{personal} is in a label");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets_only_rise_and_end_at_the_count() {
    let world = World::new().await;
    for _ in 0..5 {
        world.call("", Method::GET, "/healthz", Value::Null).await;
    }
    let samples = parse(&scrape(&world).await);
    let name = "paydesk_http_request_duration_seconds";
    let labels = "route=\"/healthz\",method=\"GET\"";
    let bounds = ["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1"];
    let bounds = bounds.iter().chain(&["2.5", "5", "+Inf"]);
    let counts: Vec<f64> = bounds
        .map(|bound| at(&samples, &format!("{name}_bucket{{{labels},le=\"{bound}\"}}")))
        .collect();
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(counts.last(), Some(&5.0));
    assert_eq!(at(&samples, &format!("{name}_count{{{labels}}}")), 5.0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_cases_are_shown_by_kind_and_fall_back_to_none() {
    let world = World::new().await;
    let series = "paydesk_cases_open{kind=\"unknown_order\"}";
    assert_eq!(parse(&scrape(&world).await).get(series), None);
    let client = world.database.client().await;
    let open = "INSERT INTO cases (kind, subject, detail, opened_at) VALUES \
                ('unknown_order', 'X1', '', now())";
    client.batch_execute(open).await.unwrap();
    assert_eq!(at(&parse(&scrape(&world).await), series), 1.0);
    client.batch_execute("UPDATE cases SET status = 'resolved'").await.unwrap();
    assert_eq!(at(&parse(&scrape(&world).await), series), 0.0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_not_on_the_public_listener_and_the_api_is_not_on_the_other() {
    let world = World::new().await;
    let (status, _) = world.call("", Method::GET, "/metrics", Value::Null).await;
    assert_eq!(status, 404);
    let operations = format!("http://{}", world.service.ops_addr().unwrap());
    let mut statuses = BTreeSet::new();
    for path in ["/api/mini/login", "/api/mini/orders", "/openapi.json", "/api/admin/skus/tea"] {
        let answer = world.client.get(format!("{operations}{path}")).send().await.unwrap();
        statuses.insert(answer.status().as_u16());
    }
    assert_eq!(statuses, BTreeSet::from([404]));
    for path in ["/healthz", "/readyz"] {
        let answer = world.client.get(format!("{operations}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    world.stop().await;
}
