//! Refunds on the wire: asked for, notified, settled by hand, and made trouble with.

use serde_json::{Value, json};
use wechatpay_sim::Settings;

use crate::merchant::{Merchant, REFUNDS};
use crate::receiver::{Receiver, Reply};
use crate::start;

const URL: &str = "https://pay.example.com/notify";

/// Asks the ledger until its refund is as wished.
async fn refund_when(merchant: &Merchant, wish: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let refund = merchant.ledger().await["refunds"][0].clone();
            if wish(&refund) {
                return refund;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::LIMIT, asking).await.expect("the ledger shows it in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_ends_on_the_sandbox_clock_and_is_notified_until_it_is_taken() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut receiver = Receiver::start(&[Reply::Status(503)]);
    merchant.native("T00001", URL).await;
    merchant.user_pays("T00001").await;
    let accepted = merchant.refund("T00001", "R|1", 40, &receiver.url).await;
    assert_eq!(
        (accepted.code().as_str(), &accepted.json()["status"]),
        ("200 -", &json!("PROCESSING"))
    );
    assert!(accepted.signed_by.is_some());
    assert_eq!(merchant.query("T00001").await.json()["trade_state"], "REFUND");
    merchant.advance(5).await;
    let first = receiver.next().await;
    assert!(merchant.signed_by(&first.headers, &first.body).is_some());
    let fact = merchant.open(&first.json()["resource"]);
    assert_eq!(
        (&fact["refund_status"], &fact["out_refund_no"]),
        (&json!("SUCCESS"), &json!("R|1"))
    );
    assert_eq!(merchant.query_refund("R%7C1").await.json()["status"], "SUCCESS");
    let notice = |ledger: &Value| {
        let all = ledger["notifications"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["out_refund_no"] == "R|1").unwrap()
    };
    let failed = async {
        while notice(&merchant.ledger().await)["next_at"].is_null() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::LIMIT, failed).await.expect("the answer 503 is recorded");
    merchant.advance(15).await;
    let again = receiver.next().await;
    assert_eq!(again.json()["id"], first.json()["id"]);
    assert_eq!(again.json()["event_type"], "REFUND.SUCCESS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_settled_by_hand() {
    let settings = Settings { refund_takes_ms: 86_400_000, ..Settings::default() };
    let (_sandbox, merchant) = start(settings).await;
    let mut receiver = Receiver::start(&[]);
    merchant.native("T00001", URL).await;
    merchant.user_pays("T00001").await;
    merchant.refund("T00001", "R1", 40, &receiver.url).await;
    let settle = |body: Value| merchant.control("POST", "refund/R1", body);
    assert_eq!(settle(json!({"outcome": "lost"})).await.0, 400);
    assert_eq!(settle(json!({})).await.0, 400);
    let (status, refund) = settle(json!({"outcome": "abnormal"})).await;
    assert_eq!((status, &refund["status"]), (200, &json!("ABNORMAL")));
    assert_eq!(receiver.next().await.json()["event_type"], "REFUND.ABNORMAL");
    let (status, said) = settle(json!({"outcome": "closed"})).await;
    assert_eq!((status, &said["code"]), (409, &json!("refund_abnormal")));
    assert_eq!(settle(json!({"outcome": "success"})).await.0, 200);
    assert_eq!(receiver.next().await.json()["event_type"], "REFUND.SUCCESS");
    assert_eq!(merchant.control("POST", "refund/R2", json!({"outcome": "success"})).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_s_notification_is_sent_again_tampered_with() {
    let settings = Settings { refund_takes_ms: 0, ..Settings::default() };
    let (_sandbox, merchant) = start(settings).await;
    let mut receiver = Receiver::start(&[Reply::Status(204), Reply::Status(401)]);
    merchant.native("T00001", URL).await;
    merchant.user_pays("T00001").await;
    assert_eq!(merchant.control("POST", "refund/R1/notify", json!({})).await.0, 404);
    merchant.refund("T00001", "R1", 40, &receiver.url).await;
    receiver.next().await;
    let (_, attempt) =
        merchant.control("POST", "refund/R1/notify", json!({"tamper": "signature"})).await;
    assert_eq!(attempt["status"], 401);
    let forged = receiver.next().await;
    assert_eq!(merchant.signed_by(&forged.headers, &forged.body), None);
    merchant.control("POST", "refund/R1/notify", json!({"tamper": "refund_status"})).await;
    let lie = receiver.next().await;
    assert_eq!(merchant.open(&lie.json()["resource"])["refund_status"], "CLOSED");
    let (status, _) =
        merchant.control("POST", "refund/R1/notify", json!({"tamper": "appid"})).await;
    assert_eq!(status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_one_refund() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    merchant.native("T00001", URL).await;
    merchant.user_pays("T00001").await;
    merchant
        .faults(json!([{"match": {"path": REFUNDS}, "times": 1, "action": "answer_lost"}]))
        .await;
    let body = json!({"out_trade_no": "T00001", "out_refund_no": "R1",
        "amount": {"refund": 40, "total": 100, "currency": "CNY"}});
    merchant.call("POST", REFUNDS, &body.to_string()).await.unwrap_err();
    let again = merchant.call("POST", REFUNDS, &body.to_string()).await.unwrap();
    assert_eq!(again.code(), "200 -");
    let refund = refund_when(&merchant, |refund| refund["refund_fen"] == 40).await;
    assert_eq!(refund["refund_id"], again.json()["refund_id"]);
    let more = merchant.refund("T00001", "R2", 61, URL).await;
    assert_eq!(more.code(), "400 INVALID_REQUEST");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_changed_while_it_runs_and_a_reset_takes_them_back() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let (_, before) = merchant.control("GET", "settings", Value::Null).await;
    assert_eq!(before, serde_json::to_value(Settings::default()).unwrap());
    let (status, after) =
        merchant.control("PUT", "settings", json!({"merchant_balance": "short_waits"})).await;
    assert_eq!((status, &after["merchant_balance"]), (200, &json!("short_waits")));
    merchant.native("T00001", URL).await;
    merchant.user_pays("T00001").await;
    merchant.refund("T00001", "R1", 40, URL).await;
    merchant.advance(60).await;
    let waits =
        refund_when(&merchant, |refund| refund["planned"]["waits_for_balance"] == true).await;
    assert_eq!(waits["status"], "PROCESSING");
    merchant.control("PUT", "settings", json!({"merchant_balance": "enough"})).await;
    assert_eq!(merchant.query_refund("R1").await.json()["status"], "SUCCESS");
    for bad in [json!({"refunds": 1}), json!({"notify_timeout_ms": 0}), json!([1])] {
        assert_eq!(merchant.control("PUT", "settings", bad.clone()).await.0, 400, "{bad}");
    }
    merchant.control("PUT", "settings", json!({"spelling": "older"})).await;
    merchant.control("POST", "reset", Value::Null).await;
    assert_eq!(merchant.control("GET", "settings", Value::Null).await.1, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_system_orders_and_is_notified() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut receiver = Receiver::start(&[]);
    let form = json!({"out_trade_no": "ERP001", "total_fen": 250, "attach": "erp",
        "notify_url": receiver.url});
    let (status, trade) = merchant.control("POST", "trades", form.clone()).await;
    assert_eq!((status, &trade["ordered_by"]), (200, &json!("elsewhere")));
    assert_eq!(merchant.control("POST", "trades", form).await.0, 409);
    let unfaithful = json!({"unfaithful": true, "amount_fen": 249});
    let (status, _) = merchant.control("POST", "pay/ERP001", unfaithful).await;
    assert_eq!(status, 200);
    let fact = merchant.open(&receiver.next().await.json()["resource"]);
    assert_eq!(fact, merchant.query("ERP001").await.json());
    assert_eq!((&fact["amount"]["total"], &fact["attach"]), (&json!(249), &json!("erp")));
}
