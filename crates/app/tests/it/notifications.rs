//! Notifications that never come, come a hundred times, or are not what they claim to be.

use crate::world::World;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_notification_the_query_ladder_finds_the_payment_within_ten_seconds() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let dropped = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"}]);
    world.faults(dropped).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    world.pay(&number).await;
    let paid = Instant::now();
    // Looked at in the table: nobody asks WeChat Pay but the ladder.
    loop {
        let status = world.database.query_text("SELECT payment_status FROM orders").await;
        if status == ["paid"] {
            break;
        }
        assert!(paid.elapsed() < Duration::from_secs(10), "not found in time");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!(order["status"], "ready");
    let ledger = world.ledger().await;
    assert!(!ledger.to_string().contains("\"status\":204"), "no notification arrived");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_equal_notifications_are_one_change_and_a_hundred_204() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let dropped = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"}]);
    world.faults(dropped).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let before = world.order(&buyer, &number, 0).await["version"].as_i64().unwrap();
    world.pay(&number).await;
    world.faults(json!([])).await;
    let path = format!("/_sandbox/notify/{number}");
    let sent = (0..100).map(|_| world.sandbox(Method::POST, &path, json!({})));
    let answers = join_all(sent).await;
    for (status, answer) in &answers {
        assert_eq!(*status, StatusCode::OK, "{answer}");
        assert_eq!(answer["status"], 204, "{answer}");
    }
    let after = world.order(&buyer, &number, 0).await;
    assert_eq!(after["payment_status"], "paid");
    assert_eq!(after["version"].as_i64().unwrap(), before + 1, "one change");
    let counted = "SELECT (SELECT count(*) FROM settlements) || ' ' || \
        (SELECT count(*) FROM stock_moves WHERE kind = 'commit') || ' ' || \
        (SELECT count(*) FROM outbox WHERE type = 'order.paid') || ' ' || \
        (SELECT count(*) FROM inbox) || ' ' || (SELECT sold FROM skus)";
    assert_eq!(world.database.query_text(counted).await, ["1 1 1 1 1"], "one of everything");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_stale_and_tampered_notifications_are_401_and_change_nothing() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let dropped = json!([
        {"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"},
        {"match": {"path": "/v3/pay/transactions/out-trade-no/*"}, "action": "drop"},
    ]);
    let (buyer, number) = world.open_order("alice", "tea").await;
    world.faults(dropped).await;
    world.pay(&number).await;
    world
        .faults(
            json!([{"match": {"path": "/v3/pay/transactions/out-trade-no/*"}, "action": "drop"}]),
        )
        .await;
    let before = world.order(&buyer, &number, 0).await;
    let path = format!("/_sandbox/notify/{number}");
    for tamper in ["signature", "body", "stale", "serial"] {
        let (_, answer) = world.sandbox(Method::POST, &path, json!({"tamper": tamper})).await;
        assert_eq!(answer["status"], 401, "{tamper}: {answer}");
    }
    let forged = json!({"id": "EV-1", "event_type": "TRANSACTION.SUCCESS"});
    let url = world.api("/api/mini/wechat-pay/notify");
    let bare = world.client.post(&url).json(&forged).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!(bare.json::<Value>().await.unwrap()["code"], "FAIL");
    let after = world.order(&buyer, &number, 0).await;
    assert_eq!(before["version"], after["version"]);
    assert_eq!(after["payment_status"], "unpaid");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_for_an_unknown_number_is_503_stored_and_has_a_case() {
    let world = World::new().await;
    // Another system of the same merchant orders a payment and names our notify URL.
    let foreign = wechatpay_order(&world, "FOREIGN0001").await;
    world.pay(&foreign).await;
    let path = format!("/_sandbox/notify/{foreign}");
    let (_, answer) = world.sandbox(Method::POST, &path, json!({})).await;
    assert_eq!(answer["status"], 503, "{answer}");
    let cases = world
        .database
        .query_text("SELECT kind || ' ' || subject || ' ' || status FROM cases")
        .await;
    assert_eq!(cases, ["unknown_order FOREIGN0001 open"]);
    let inbox = world.database.query_text("SELECT status FROM inbox").await;
    assert_eq!(inbox, ["orphan"]);
    world.stop().await;
}

/// Systems that guess found the payer, the amount and the minute enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_the_same_payer_amount_and_minute_is_no_orders_but_by_its_number() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let foreign = wechatpay_order(&world, "FOREIGN0001").await;
    let openid = world.database.query_text("SELECT openid FROM openids").await.remove(0);
    let pay = format!("/_sandbox/pay/{foreign}");
    let (status, trade) = world.sandbox(Method::POST, &pay, json!({"openid": openid})).await;
    assert_eq!((status.as_u16(), &trade["total_fen"]), (200, &json!(100)), "{trade}");
    let notify = format!("/_sandbox/notify/{foreign}");
    let (_, answer) = world.sandbox(Method::POST, &notify, json!({})).await;
    assert_eq!(answer["status"], 503, "{answer}");
    // After a moment the orphan is looked into, and found to be somebody else's: not hers.
    let clock = json!({"advance_s": 120});
    assert_eq!(world.sandbox(Method::PUT, "/_sandbox/clock", clock).await.0, 200);
    for tried in 0.. {
        let kinds = world.database.query_text("SELECT kind FROM cases ORDER BY kind").await;
        if kinds.iter().any(|kind| kind == "foreign") {
            break;
        }
        assert!(tried < 600, "nobody looked into it: {kinds:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!(
        (&order["status"], &order["payment_status"], &order["amounts"]["paid_fen"]),
        (&json!("pending_payment"), &json!("unpaid"), &json!(0))
    );
    let matched = "SELECT (SELECT count(*) FROM settlements) || ' ' || (SELECT count(*) FROM refunds) \
        || ' ' || (SELECT count(*) FROM payments WHERE transaction_id IS NOT NULL)";
    assert_eq!(world.database.query_text(matched).await, ["0 0 0"]);
    // Hers is matched by its own number.
    world.pay(&number).await;
    assert_eq!(world.paid_order(&buyer, &number).await["status"], "ready");
    world.stop().await;
}

/// What merchants have configured at WeChat Pay stays good: the path is part of the contract.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_notify_url_that_wechat_pay_is_given_is_served_with_its_health_beside_it() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    world.open_order("alice", "tea").await;
    let ledger = world.ledger().await;
    let notify_url = ledger["trades"][0]["notify_url"].as_str().unwrap().to_owned();
    assert_eq!(notify_url, world.api("/api/mini/wechat-pay/notify"));
    let unsigned = world.client.post(&notify_url).body("{}").send().await.unwrap();
    assert_eq!(unsigned.status(), 401, "it is there, and believes nobody");
    let beside = notify_url.replace("/notify", "/health");
    let health = world.client.get(beside).send().await.unwrap();
    assert_eq!(health.status(), 200);
    assert_eq!(health.json::<Value>().await.unwrap(), json!({"status": "ok"}));
    world.stop().await;
}

/// Orders a Native payment with the merchant's key, outside Paydesk.
pub async fn wechatpay_order(world: &World, out_trade_no: &str) -> String {
    let now = world.service.desk().clock.now();
    let terms = domain::payment::Terms {
        out_trade_no: domain::OutTradeNo::parse(out_trade_no).unwrap(),
        channel: domain::payment::Channel::Wechat(domain::payment::TradeType::Native),
        mchid: world.service.desk().settings.mchid.clone(),
        appid: world.service.desk().settings.appid.clone(),
        payer: None,
        client_ip: None,
        amount: domain::Fen::new(100),
        description: "foreign".to_owned(),
        attach: "somebody-else".to_owned(),
        time_expire: now.plus_seconds(600),
    };
    let gateway = &world.service.desk().gateway;
    let payment = domain::payment::Payment {
        no: 1,
        prepay_body: gateway.compose_prepay(&terms),
        terms,
        state: domain::payment::PaymentState::Created,
        created_at: now,
    };
    gateway.prepay(&payment).await.unwrap();
    out_trade_no.to_owned()
}
