//! Fault scripts: stored, listed, applied by name, and given at the start.

use serde_json::{Value, json};
use wechatpay_sim::{Sandbox, SandboxOptions, Settings, fault_script};

use crate::merchant::Merchant;
use crate::{any_port, shared_directory, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_got_can_be_put() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let (_, empty) = merchant.control("GET", "faults", Value::Null).await;
    assert_eq!(empty, json!({"rules": []}));
    let script = json!({
        "name": "mine", "description": "One query in two is refused.",
        "rules": [{"match": {"path": "/v3/pay/*", "out_trade_no": "T00001"}, "after": 1, "every": 2,
                   "action": "status", "value": 429}]
    });
    let (status, put) = merchant.control("PUT", "faults", script.clone()).await;
    assert_eq!((status, &put), (200, &script));
    merchant.query("T00001").await;
    assert_eq!(merchant.query("T00001").await.status.as_u16(), 429);
    let (_, got) = merchant.control("GET", "faults", Value::Null).await;
    assert_eq!(got, script, "what was met is counted elsewhere");
    let (_, counts) = merchant.control("GET", "faults/counts", Value::Null).await;
    assert_eq!(counts, json!({"rules": [{"action": "status", "matched": 2, "acted": 1}]}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_listed_script_is_applied_by_name() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let (_, listed) = merchant.control("GET", "faults/scripts", Value::Null).await;
    let listed = listed["scripts"].as_array().unwrap().clone();
    assert!(listed.iter().any(|script| script["name"] == "lost-notifications"), "{listed:?}");
    for one in &listed {
        let name = one["name"].as_str().unwrap();
        let (_, stored) =
            merchant.control("GET", &format!("faults/scripts/{name}"), Value::Null).await;
        let (status, put) = merchant.control("PUT", "faults", json!({"script": name})).await;
        assert_eq!((status, &put), (200, &stored), "{name}");
        let rules = put["rules"].as_array().unwrap();
        assert_eq!((&put["name"], json!(rules.len())), (&json!(name), one["rules"].clone()));
    }
    let (status, said) = merchant.control("PUT", "faults", json!({"script": "x"})).await;
    assert_eq!(status, 400);
    assert!(said["message"].as_str().unwrap().contains("known: lost-notifications"), "{said}");
    assert_eq!(merchant.control("GET", "faults/scripts/x", Value::Null).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_can_start_with_a_script() {
    drop(start(Settings::default()).await);
    let mut options = SandboxOptions::new(any_port(), shared_directory());
    options.faults = fault_script(br#"{"script": "rate-limited"}"#).unwrap();
    let sandbox = Sandbox::start(options).await.unwrap();
    let merchant = Merchant::new(&sandbox);
    assert_eq!(merchant.query("T00001").await.code(), "429 FREQUENCY_LIMITED");
    assert_eq!(merchant.query("T00001").await.code(), "429 RATELIMIT_EXCEEDED");
    assert_eq!(merchant.query("T00001").await.code(), "404 ORDER_NOT_EXIST");
    merchant.control("POST", "reset", Value::Null).await;
    assert_eq!(merchant.query("T00001").await.code(), "404 ORDER_NOT_EXIST", "a reset ends it");
}
