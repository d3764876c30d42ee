//! One purchase from login to paid, and its neighbours: free, repeated, unknown.

use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};

const CHECKOUT: &str = "/api/mini/wechat-pay/prepay-from-checkout";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_ends_as_a_paid_order() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 10).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let open = world.order(&buyer, &number, 0).await;
    assert_eq!(
        (open["status"].as_str(), open["payment_status"].as_str()),
        (Some("pending_payment"), Some("unpaid"))
    );
    let trade = world.pay(&number).await;
    let order = world.paid_order(&buyer, &number).await;
    assert_eq!(order["status"], "ready");
    assert_eq!(order["amounts"]["paid_fen"], 1_250);
    assert_eq!(order["payments"][0]["transaction_id"], trade["transaction_id"]);
    let list =
        world.call(&buyer.token, Method::GET, "/api/mini/purchase-list", Value::Null).await.1;
    assert_eq!(list["items"], json!([]), "what was bought leaves the list");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pay_params_are_what_wx_request_payment_accepts() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let (_, offer) = world.check_out(&buyer).await;
    let params = offer["pay_params"].clone();
    let (status, why) =
        world.sandbox(Method::POST, "/_sandbox/verify-pay-params", params.clone()).await;
    assert_eq!(status, 204, "{why}");
    let mut forged = params;
    forged["nonceStr"] = json!("other");
    let (status, _) = world.sandbox(Method::POST, "/_sandbox/verify-pay-params", forged).await;
    assert_eq!(status, 400);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_to_order_takes_an_address_that_is_not_there_and_none_is_booked_that_is_not_whole() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let whole = json!({"name": "a", "phone": "13800000000", "region": "b", "detail": "c"});
    for field in ["name", "phone", "region", "detail"] {
        for wrong in [json!(""), json!(7), Value::Null] {
            let mut address = whole.clone();
            address[field] = wrong;
            let path = "/api/mini/addresses";
            let (status, said) = world.call(&buyer.token, Method::POST, path, address).await;
            assert_eq!((status.as_u16(), &said["errors"][0]["field"]), (400, &json!(field)));
        }
    }
    let (_, second) = world.call(&buyer.token, Method::POST, "/api/mini/addresses", whole).await;
    let gone = second["id"].as_i64().unwrap();
    let path = format!("/api/mini/addresses/{gone}");
    let (status, _) = world.call(&buyer.token, Method::DELETE, &path, Value::Null).await;
    assert_eq!(status, 204);
    let wish = |address: i64| json!({"item_ids": [], "address_id": address});
    for address in [gone, gone + 1_000] {
        for (path, method) in [
            ("/api/mini/checkout/quote", None),
            (CHECKOUT, None),
            ("/api/mini/orders", Some("wechat")),
            ("/api/mini/orders", Some("cod")),
            ("/api/mini/orders", Some("wallet")),
        ] {
            let mut wish = wish(address);
            if let Some(method) = method {
                wish["payment_method"] = json!(method);
            }
            let (status, said) = world.call(&buyer.token, Method::POST, path, wish).await;
            assert_eq!(
                (status.as_u16(), &said["code"]),
                (422, &json!("address_invalid")),
                "{path} {method:?}: {said}"
            );
        }
    }
    let (status, _) = world.call(&buyer.token, Method::POST, CHECKOUT, wish(buyer.address)).await;
    assert_eq!(status, 201);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_native_payment_offers_a_qr_code_and_is_paid() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let body = json!({"item_ids": [], "address_id": buyer.address, "trade_type": "NATIVE"});
    let (status, offer) = world.call(&buyer.token, Method::POST, CHECKOUT, body).await;
    assert_eq!(status, 201, "{offer}");
    assert!(offer["pay_params"]["code_url"].as_str().unwrap().starts_with("weixin://"));
    let number = offer["order_number"].as_str().unwrap().to_owned();
    world.pay(&number).await;
    world.paid_order(&buyer, &number).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_one_order_however_often_it_is_sent() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let body = json!({"item_ids": [], "address_id": buyer.address});
    let key = "one-key-0123456789";
    let clicks = (0..8)
        .map(|_| world.call_with_key(&buyer.token, Method::POST, CHECKOUT, body.clone(), key));
    let answers = futures_util::future::join_all(clicks).await;
    let mut numbers: Vec<String> = answers
        .iter()
        .filter(|(status, _)| status.is_success())
        .map(|(_, offer)| offer["order_number"].as_str().unwrap().to_owned())
        .collect();
    numbers.dedup();
    assert_eq!(numbers.len(), 1, "{answers:?}");
    for (status, answer) in answers.iter().filter(|(status, _)| !status.is_success()) {
        assert_eq!((status.as_u16(), answer["code"].as_str()), (409, Some("request_in_progress")));
    }
    let other = json!({"item_ids": [], "address_id": buyer.address, "remark": "other"});
    let (status, answer) =
        world.call_with_key(&buyer.token, Method::POST, CHECKOUT, other, key).await;
    assert_eq!((status.as_u16(), answer["code"].as_str()), (422, Some("idempotency_key_reused")));
    let orders = world.call(&buyer.token, Method::GET, "/api/mini/orders", Value::Null).await.1;
    assert_eq!(orders["data"].as_array().unwrap().len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_equal_checkout_under_another_key_is_the_same_order() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let (status, again) = world.check_out(&buyer).await;
    assert_eq!((status.as_u16(), again["reused"].as_bool()), (200, Some(true)));
    assert_eq!(again["order_number"], number);
    let other = json!({"item_ids": [], "address_id": buyer.address, "remark": "gift"});
    let (status, open) = world.call(&buyer.token, Method::POST, CHECKOUT, other).await;
    assert_eq!((status.as_u16(), open["code"].as_str()), (409, Some("checkout_open")));
    assert_eq!(open["order_number"], number);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_to_pay_is_paid_at_once_without_wechat_pay() {
    let world = World::new().await;
    world.put_sku("gift", 0, 10).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "gift", 2).await;
    let (status, offer) = world.check_out(&buyer).await;
    assert_eq!((status.as_u16(), offer["payment_status"].as_str()), (201, Some("paid")));
    assert_eq!(offer["pay_params"], Value::Null);
    let sku = world.sku("gift").await;
    assert_eq!(world.ledger().await["trades"], json!([]));
    assert_eq!(sku["available"], 8, "{sku}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_prepay_answer_is_202_and_the_same_key_ends_201() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let lost = json!([{"match": {"path": "/v3/pay/transactions/jsapi"}, "times": 1, "action": "answer_lost"}]);
    world.faults(lost).await;
    let body = json!({"item_ids": [], "address_id": buyer.address});
    let key = "lost-answer-0123456789";
    let (status, first) =
        world.call_with_key(&buyer.token, Method::POST, CHECKOUT, body.clone(), key).await;
    assert_eq!(status, 202, "{first}");
    assert!(first.get("pay_params").is_none_or(Value::is_null));
    let (status, second) =
        world.call_with_key(&buyer.token, Method::POST, CHECKOUT, body, key).await;
    assert_eq!(status, 201, "{second}");
    assert_eq!(first["out_trade_no"], second["out_trade_no"], "the same number, the same bytes");
    let number = second["order_number"].as_str().unwrap().to_owned();
    world.pay(&number).await;
    world.paid_order(&buyer, &number).await;
    world.stop().await;
}
