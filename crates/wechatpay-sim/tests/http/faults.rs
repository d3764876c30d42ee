//! Faults as a client meets them.

use serde_json::json;
use wechatpay_sim::Settings;

use crate::merchant::{NATIVE, failed_once};
use crate::receiver::Receiver;
use crate::start;

const URL: &str = "https://pay.example.com/notify";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_closes_without_an_answer() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    for (action, trades) in [("drop", 0), ("answer_lost", 1)] {
        merchant.faults(json!([{"match": {"path": NATIVE}, "times": 1, "action": action}])).await;
        let body = merchant.native_body("T00001", URL).to_string();
        let lost = merchant.call("POST", NATIVE, &body).await.unwrap_err();
        assert!(lost.is_request() && !lost.is_timeout(), "{lost:?}");
        let ledger = merchant.ledger().await;
        assert_eq!(ledger["trades"].as_array().unwrap().len(), trades, "{action}");
    }
    assert_eq!(merchant.native("T00001", URL).await.code(), "200 -");
    let calls = merchant.ledger().await["calls"].clone();
    assert_eq!(
        calls,
        json!([{
            "kind": "prepay", "out_trade_no": "T00001", "out_refund_no": null,
            "count": 3, "effective": 2,
            "by_status": {"200": 1, "lost": 2}
        }])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_replaced_late_stale_or_badly_signed() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    merchant.native("T00001", URL).await;
    merchant.user_pays("T00001").await;
    // Queries alone: the notification of this payment goes its own way meanwhile.
    let on = json!({"path": "/v3/pay/transactions/*"});
    merchant
        .faults(json!([
            {"match": on, "times": 1, "action": "status",
             "value": {"status": 429, "code": "FREQUENCY_LIMITED"}},
            {"match": on, "times": 1, "action": "stale_query"},
            {"match": on, "times": 1, "action": "corrupt_signature"},
            {"match": on, "times": 1, "action": "delay_ms", "value": 60}
        ]))
        .await;
    assert_eq!(merchant.query("T00001").await.code(), "429 FREQUENCY_LIMITED");
    let stale = merchant.query("T00001").await;
    assert_eq!(stale.json()["trade_state"], "NOTPAY");
    assert!(stale.signed_by.is_some(), "stale, but signed");
    let unsigned = merchant.query("T00001").await;
    assert_eq!((unsigned.status.as_u16(), unsigned.signed_by), (200, None));
    let asked = std::time::Instant::now();
    assert!(merchant.query("T00001").await.signed_by.is_some());
    assert!(asked.elapsed().as_millis() >= 60);
    let (_, rules) = merchant.control("GET", "faults/counts", json!(null)).await;
    assert_eq!(rules["rules"][0], json!({"action": "status", "matched": 4, "acted": 1}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_are_dropped_doubled_and_badly_signed() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut receiver = Receiver::start(&[]);
    let on = |number: &str| json!({"event_type": "TRANSACTION.SUCCESS", "out_trade_no": number});
    merchant
        .faults(json!([
            {"match": on("T00001"), "times": 1, "action": "drop"},
            {"match": on("T00002"), "times": 1, "action": "duplicate"},
            {"match": on("T00003"), "times": 1, "action": "corrupt_signature"},
            {"match": on("T00004"), "times": 1, "action": "probe"}
        ]))
        .await;
    merchant.native("T00001", &receiver.url).await;
    merchant.user_pays("T00001").await;
    let dropped = merchant.notification_when(failed_once).await;
    assert_eq!(dropped["attempts"][0]["outcome"], "dropped");
    assert!(receiver.nothing_more());
    merchant.advance(15).await;
    assert_eq!(merchant.open(&receiver.next().await.json()["resource"])["out_trade_no"], "T00001");

    merchant.native("T00002", &receiver.url).await;
    merchant.user_pays("T00002").await;
    let (one, two) = (receiver.next().await, receiver.next().await);
    assert_eq!(one.json()["id"], two.json()["id"]);
    assert_ne!(one.headers["wechatpay-nonce"], two.headers["wechatpay-nonce"]);

    for number in ["T00003", "T00004"] {
        merchant.native(number, &receiver.url).await;
        merchant.user_pays(number).await;
        let forged = receiver.next().await;
        assert_eq!(merchant.signed_by(&forged.headers, &forged.body), None);
        let probe = forged.headers["wechatpay-signature"].starts_with("WECHATPAY/SIGNTEST/");
        assert_eq!(probe, number == "T00004");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_action_is_a_clear_400() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let (status, said) =
        merchant.control("PUT", "faults", json!({"rules": [{"action": "explode"}]})).await;
    assert_eq!((status, &said["code"]), (400, &json!("bad_request")));
    let message = said["message"].as_str().unwrap();
    assert!(message.contains("rules[0]") && message.contains("explode"), "{message}");
}
