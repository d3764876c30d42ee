//! What comes late, or in another order, on the wire.

use serde_json::{Value, json};
use wechatpay_sim::Settings;

use crate::merchant::{Merchant, NATIVE, failed_once};
use crate::receiver::Receiver;
use crate::start;

const URL: &str = "https://pay.example.com/notify";

/// Asks the ledger until one of its parts is as wished.
async fn ledger_when(merchant: &Merchant, wish: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let ledger = merchant.ledger().await;
            if wish(&ledger) {
                return ledger;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::LIMIT, asking).await.expect("the ledger shows it in time")
}

fn holds_one(ledger: &Value) -> bool {
    ledger["postponed"].as_array().is_some_and(|all| all.len() == 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_payment_is_notified_first() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut receiver = Receiver::start(&[]);
    let on = json!({"event_type": "TRANSACTION.SUCCESS"});
    let value = json!({"by": 2, "within_ms": 600_000});
    merchant.faults(json!([{"match": on, "action": "reorder", "value": value}])).await;
    for number in ["T00001", "T00002", "T00003"] {
        merchant.native(number, &receiver.url).await;
        merchant.user_pays(number).await;
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        let resource = merchant.open(&receiver.next().await.json()["resource"]);
        seen.push(resource["out_trade_no"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen[2], "T00001", "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_whose_answer_is_lost_comes_again() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut receiver = Receiver::start(&[]);
    let on = json!({"event_type": "TRANSACTION.SUCCESS"});
    merchant.faults(json!([{"match": on, "times": 1, "action": "answer_lost"}])).await;
    merchant.native("T00001", &receiver.url).await;
    merchant.user_pays("T00001").await;
    let first = receiver.next().await;
    let unseen = merchant.notification_when(failed_once).await;
    let attempt = &unseen["attempts"][0];
    assert_eq!(
        (&attempt["outcome"], &attempt["status"]),
        (&json!("answer_lost"), &json!(204)),
        "the ledger knows what the sender does not"
    );
    merchant.advance(15).await;
    assert_eq!(receiver.next().await.json()["id"], first.json()["id"]);
    merchant.notification_when(|notice| notice["state"] == "delivered").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_calls_at_once_are_answered_in_the_other_order() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let value = json!({"within_ms": 600_000});
    let rule = json!({"match": {"path": NATIVE}, "times": 1, "action": "reorder", "value": value});
    merchant.faults(json!([rule])).await;
    let second = async {
        ledger_when(&merchant, holds_one).await;
        let answer = merchant.native("T00002", URL).await;
        assert_eq!(answer.code(), "200 -");
    };
    let (first, ()) = tokio::join!(merchant.native("T00001", URL), second);
    assert_eq!(first.code(), "200 -");
    assert!(first.signed_by.is_some());
    let log = merchant.ledger().await["log"].clone();
    assert_eq!(
        (&log[0]["out_trade_no"], &log[0]["fault"], &log[1]["effect_at"]),
        (&json!("T00001"), &json!("reorder"), &Value::Null)
    );
    assert!(log[0]["effect_at"].is_string(), "carried out after the other: {log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_call_ends_when_its_time_or_its_rule_or_its_world_does() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let value = json!({"within_ms": 600_000});
    let rules = json!([{"match": {"path": NATIVE}, "action": "reorder", "value": value}]);
    for (number, end) in [("T00001", "clock"), ("T00002", "faults"), ("T00003", "reset")] {
        merchant.faults(rules.clone()).await;
        let body = merchant.native_body(number, URL).to_string();
        let ending = async {
            ledger_when(&merchant, holds_one).await;
            match end {
                "clock" => merchant.advance(600).await,
                "faults" => merchant.faults(json!([])).await,
                _ => assert_eq!(merchant.control("POST", "reset", Value::Null).await.0, 204),
            }
        };
        let held = merchant.call("POST", NATIVE, &body);
        let (answer, ()) =
            tokio::time::timeout(crate::LIMIT, async { tokio::join!(held, ending) }).await.unwrap();
        let status = answer.ok().map(|answer| answer.status.as_u16());
        assert_eq!(status, (end != "reset").then_some(200), "{end}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_prepay_arrives_after_a_close_said_204() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut receiver = Receiver::start(&[]);
    let (status, _) = merchant.control("PUT", "faults", json!({"script": "late-prepays"})).await;
    assert_eq!(status, 200);
    let body = merchant.native_body("T00001", &receiver.url).to_string();
    merchant.call("POST", NATIVE, &body).await.unwrap_err();
    assert_eq!(merchant.query("T00001").await.code(), "404 ORDER_NOT_EXIST");
    assert_eq!(merchant.close("T00001").await.code(), "204 -");
    assert_eq!(merchant.query("T00001").await.json()["trade_state"], "NOTPAY");
    let trade = merchant.user_pays("T00001").await;
    assert_eq!((&trade["trade_state"], &trade["unfaithful"]), (&json!("SUCCESS"), &json!(true)));
    let resource = merchant.open(&receiver.next().await.json()["resource"]);
    assert_eq!(resource["out_trade_no"], "T00001");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_prepay_arrives_when_the_clock_says_so() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let value = json!(600_000);
    merchant
        .faults(json!([{"match": {"path": NATIVE}, "times": 1, "action": "late", "value": value}]))
        .await;
    let body = merchant.native_body("T00001", URL).to_string();
    merchant.call("POST", NATIVE, &body).await.unwrap_err();
    assert_eq!(merchant.query("T00001").await.code(), "404 ORDER_NOT_EXIST");
    merchant.advance(600).await;
    let seen = ledger_when(&merchant, |ledger| ledger["calls"][0]["effective"] == 1).await;
    assert_eq!(seen["calls"][0]["kind"], "prepay");
    assert_eq!(seen["trades"][0]["trade_state"], "NOTPAY");
    assert_eq!(merchant.native("T00001", URL).await.code(), "200 -", "the same order again");
}
