//! One search for one id finds everything that was done for it, and the other side's id.

use super::logs::Logs;
use crate::notifications::wechatpay_order;
use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};

fn one<'a>(lines: &'a [Value], event: &str) -> &'a Value {
    let mut found = lines.iter().filter(|line| line["event"] == event);
    let line = found.next().unwrap_or_else(|| panic!("no {event} in {lines:#?}"));
    assert!(found.next().is_none(), "{event} was said twice: {lines:#?}");
    line
}

fn has_wechats_id(line: &Value) -> bool {
    line["wechat.request_id"].as_str().is_some_and(|id| !id.is_empty())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_id_finds_the_checkout_its_calls_and_wechat_pays_own_id() {
    let logs = Logs::start();
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let buyer = world.buyer("request-ids").await;
    world.want(&buyer, "tea", 1).await;
    let id = format!("req-{}-checkout", world.service.addr().unwrap().port());
    let url = world.api("/api/mini/wechat-pay/prepay-from-checkout");
    let request = world.client.post(url).bearer_auth(&buyer.token);
    let request = request.header("X-Request-Id", &id).header("Idempotency-Key", "request-ids-0001");
    let body = json!({"item_ids": [], "address_id": buyer.address});
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.headers()["x-request-id"], id.as_str());
    let offer: Value = answer.json().await.unwrap();
    let number = offer["order_number"].as_str().unwrap();

    let lines = logs.of_request(&id).await;
    let called = one(&lines, "wechat.called");
    assert_eq!(called["wechat.kind"], "prepay");
    assert_eq!(called["wechat.status"], 200);
    assert_eq!(called["payment.out_trade_no"], number);
    assert!(called["duration_ms"].is_number() && has_wechats_id(called), "{called}");
    assert_eq!(one(&lines, "order.recorded")["order.number"], number);
    let answered = one(&lines, "http.answered");
    assert_eq!(answered["route"], "/api/mini/wechat-pay/prepay-from-checkout");
    assert_eq!(
        (answered["method"].as_str(), answered["status"].as_u64()),
        (Some("POST"), Some(201))
    );

    // Until the buyer pays, nobody says that the order is paid; then it is said once.
    assert!(logs.events("order.paid", number).is_empty());
    world.pay(number).await;
    world.paid_order(&buyer, number).await;
    let paid = logs.told("order.paid", number).await;
    assert_eq!(paid.len(), 1, "{paid:#?}");
    assert_eq!(paid[0]["payment.out_trade_no"], number);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_is_followed_from_its_receipt_to_the_paid_order() {
    let logs = Logs::start();
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    // Nothing but the notification can settle it.
    let queries = json!([{"match": {"path": "/v3/pay/transactions/out-trade-no/*"},
        "action": "drop"}]);
    let (buyer, number) = world.open_order("notified", "tea").await;
    world.faults(queries).await;
    world.pay(&number).await;
    world.paid_order(&buyer, &number).await;
    let paid = logs.told("order.paid", &number).await;
    assert_eq!(paid.len(), 1, "{paid:#?}");
    assert!(has_wechats_id(&paid[0]), "the id of WeChat Pay's sending: {}", paid[0]);
    let id = paid[0]["request_id"].as_str().expect("a request brought it");
    let lines = logs.of_request(id).await;
    for event in ["notify.received", "notify.verified", "order.paid", "notify.acknowledged"] {
        one(&lines, event);
    }
    assert_eq!(one(&lines, "http.answered")["status"], 204);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_job_does_carries_the_jobs_id() {
    let logs = Logs::start();
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let dropped = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"}]);
    world.faults(dropped).await;
    let (buyer, number) = world.open_order("followed", "tea").await;
    world.pay(&number).await;
    world.paid_order(&buyer, &number).await;
    let paid = logs.told("order.paid", &number).await;
    assert_eq!(paid.len(), 1, "{paid:#?}");
    let job = format!("follow_payment:{number}");
    assert_eq!(paid[0]["job.id"], job);
    let lines = logs.of("job.id", &job);
    let calls: Vec<_> = lines.iter().filter(|line| line["event"] == "wechat.called").collect();
    assert!(!calls.is_empty(), "{lines:#?}");
    for call in calls {
        assert_eq!(call["wechat.kind"], "query");
        assert!(has_wechats_id(call), "{call}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_notification_is_a_warning_under_its_request_id() {
    let logs = Logs::start();
    let world = World::new().await;
    let url = world.api("/api/mini/wechat-pay/notify");
    let id = format!("req-{}-forged", world.service.addr().unwrap().port());
    let forged = world.client.post(url).header("X-Request-Id", &id).body("{}");
    assert_eq!(forged.send().await.unwrap().status(), 401);
    let lines = logs.of("request_id", &id);
    assert_eq!(one(&lines, "notify.refused")["level"], "WARN");
    let (status, _) = world.call("", Method::GET, "/healthz", Value::Null).await;
    assert_eq!(status, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_for_a_number_that_nobody_knows_is_an_error() {
    let logs = Logs::start();
    let world = World::new().await;
    let foreign = format!("FOREIGN{}", world.service.addr().unwrap().port());
    wechatpay_order(&world, &foreign).await;
    world.pay(&foreign).await;
    let path = format!("/_sandbox/notify/{foreign}");
    let (_, answer) = world.sandbox(Method::POST, &path, json!({})).await;
    assert_eq!(answer["status"], 503, "{answer}");
    let orphans = logs.told("notify.orphan", &foreign).await;
    assert!(!orphans.is_empty());
    for orphan in orphans {
        assert_eq!(orphan["level"], "ERROR");
        assert!(orphan["request_id"].is_string() && has_wechats_id(&orphan), "{orphan}");
    }
    world.stop().await;
}
