//! The same over the memory store, which keeps every guard that Postgres keeps.

use super::fake::Fake;
use super::front::{
    Front, PREPAY, START_S, everything, idempotency_key, receipt, request, state_over, to_place,
};
use crate::{ApiKey, ChangeBell};
use actix_web::http::Method;
use domain::Fen;
use domain::fact::Trade;
use domain::ports::{Access, ApiKeyRecord, Role};
use serde_json::{Value, json};
use std::sync::Arc;
use store_memory::MemoryStore;

const ORDERS: &str = "/api/mini/orders";

/// Alice, and `stock` pieces of tea that were put and brought in through the API.
async fn open(stock: i64) -> Front {
    open_over(stock).await.0
}

/// The same, and the store.
pub(super) async fn open_over(stock: i64) -> (Front, Arc<MemoryStore>) {
    let fake = Arc::new(Fake::default());
    fake.lock().now_s = START_S;
    let store = Arc::new(MemoryStore::new(fake.clone()));
    let bell = Arc::new(ChangeBell::new());
    let operator = ApiKey::mint(&*fake);
    let record = ApiKeyRecord {
        id: "op".to_owned(),
        name: "op".to_owned(),
        roles: vec![Role::Operator],
        client_id: None,
        person: None,
        created_at: domain::Timestamp::from_seconds(START_S),
        revoked_at: None,
    };
    store.add_api_key(operator.hash, record).await.unwrap();
    let state = state_over(&fake, &store, &bell);
    let mut front = Front::over(fake, bell, state).await;
    front.operator = operator.plain;
    let tea = json!({"title": "茶", "price_fen": 1_250, "cost_price_fen": 1});
    let said = front.call(&front.operator, Method::PUT, "/api/admin/skus/tea", tea).await;
    assert_eq!(said.status, 201, "{said:?}");
    let asked = request(&front.operator, Method::POST, "/api/admin/skus/tea/stock");
    let asked = asked.insert_header(("Idempotency-Key", idempotency_key(0)));
    let said = front.send(asked, json!({"delta": stock, "reason": "delivery"})).await;
    assert_eq!(said.status, 200, "{said:?}");
    front.buyer = front.buyer_with_address("alice").await;
    (front, store)
}

async fn stock(front: &Front) -> (i64, i64) {
    let path = "/api/admin/skus/tea";
    let sku = front.call(&front.operator, Method::GET, path, Value::Null).await.body;
    (sku["available"].as_i64().unwrap(), sku["held"].as_i64().unwrap())
}

#[actix_web::test]
async fn one_key_is_one_order_however_often_it_is_sent_at_once() {
    let front = open(10).await;
    front.want(1).await;
    let clicks: Vec<_> = (0..8)
        .map(|_| {
            let front = front.clone();
            actix_web::rt::spawn(async move { front.pay(&idempotency_key(1), everything()).await })
        })
        .collect();
    let mut numbers = Vec::new();
    for click in clicks {
        let said = click.await.unwrap();
        if said.status == 201 {
            numbers.push(said.body["order_number"].as_str().unwrap().to_owned());
        } else {
            assert_eq!(said.code(), (409, "request_in_progress"));
            assert_eq!(said.header("retry-after"), Some("2"));
        }
    }
    numbers.dedup();
    assert_eq!(numbers.len(), 1, "{numbers:?}");
    assert_eq!(stock(&front).await, (9, 1));
}

#[actix_web::test]
async fn a_key_of_an_equal_checkout_stays_a_reused_one() {
    let front = open(10).await;
    front.want(1).await;
    assert_eq!(front.pay(&idempotency_key(1), everything()).await.status, 201);
    front.fake.lock().now_s += 40;
    assert_eq!(front.pay(&idempotency_key(2), everything()).await.status, 200);
    front.fake.lock().now_s += 40;
    for (key, status) in [(1, 201), (2, 200)] {
        let again = front.pay(&idempotency_key(key), everything()).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (status, Some("true")));
    }
}

#[actix_web::test]
async fn the_last_piece_is_sold_once_and_another_buyers_key_gives_nothing() {
    let front = open(1).await;
    front.want(1).await;
    let mut bob = front.clone();
    bob.buyer = front.buyer_with_address("bob").await;
    bob.want(1).await;
    let alices = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!(alices.status, 201);
    let said = bob.pay(&idempotency_key(1), everything()).await;
    assert_eq!(said.code(), (409, "out_of_stock"), "the same key is another's");
    assert_eq!(said.body["sku_id"], "tea");
    assert_eq!(stock(&front).await, (0, 1));
}

#[actix_web::test]
async fn fifty_addresses_are_enough() {
    let front = open(1).await;
    let add = || {
        let address = json!({"name": "a", "phone": "13800000000", "region": "b", "detail": "c"});
        front.call(&front.buyer, Method::POST, "/api/mini/addresses", address)
    };
    for _ in 1..crate::addresses::ADDRESSES_MAX {
        assert_eq!(add().await.status, 201);
    }
    assert_eq!(add().await.code(), (409, "too_many_addresses"));
}

#[actix_web::test]
async fn a_late_key_is_answered_that_the_order_cannot_be_paid() {
    let front = open(1).await;
    front.want(1).await;
    assert_eq!(front.pay(&idempotency_key(1), everything()).await.status, 201);
    front.fake.lock().now_s += 1_790;
    let asked = request(&front.buyer, Method::POST, PREPAY);
    let asked = asked.insert_header(("Idempotency-Key", idempotency_key(1)));
    let said = front.send(asked, everything()).await;
    assert_eq!(said.code(), (409, "order_not_payable"));
}

#[actix_web::test]
async fn a_placed_order_makes_way_with_its_stock_and_its_lines() {
    let front = open(1).await;
    front.want(1).await;
    let first = front.post(1, ORDERS, to_place()).await;
    assert_eq!((first.status, stock(&front).await), (201, (0, 1)), "{first:?}");
    let mut gift = to_place();
    gift["remark"] = json!("gift");
    assert_eq!(front.post(2, ORDERS, gift.clone()).await.code(), (409, "checkout_open"));
    gift["replace_open"] = json!(true);
    let second = front.post(2, ORDERS, gift.clone()).await;
    assert_eq!((second.status, stock(&front).await), (201, (0, 1)), "{second:?}");
    let again = front.post(2, ORDERS, gift).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body["order_number"], second.body["order_number"]);
    let number = first.body["order_number"].as_str().unwrap();
    let first = front.get(&format!("{ORDERS}/{number}")).await;
    assert_eq!(first.body["status"], "cancelled");
}

#[actix_web::test]
async fn a_payment_is_asked_for_and_its_order_cancelled_once_per_key() {
    let front = open(1).await;
    front.want(1).await;
    let placed = front.post(1, ORDERS, to_place()).await;
    let number = placed.body["order_number"].as_str().unwrap().to_owned();
    let prepay = format!("{ORDERS}/{number}/wechat-pay/prepay");
    let offered = front.post(2, &prepay, Value::Null).await;
    assert_eq!((offered.status, &offered.body["out_trade_no"]), (201, &json!(number)));
    let again = front.post(2, &prepay, json!({})).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body, offered.body);
    let other = front.post(3, &prepay, json!({"trade_type": "NATIVE"})).await;
    assert_eq!((other.status, &other.body["trade_type"]), (201, &json!("NATIVE")));
    let report = format!("{ORDERS}/{number}/payment-result");
    let said = front.call(&front.buyer, Method::POST, &report, json!({"result": "ok"})).await;
    assert_eq!(said.body["presentation"]["status"], "confirming");
    let cancel = format!("{ORDERS}/{number}/cancel");
    let said = front.post(5, &cancel, Value::Null).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("cancelling")), "{said:?}");
    let again = front.post(5, &cancel, Value::Null).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.body, said.body);
    // Nothing is released before WeChat Pay says that nobody can pay.
    assert_eq!(stock(&front).await, (0, 1));
    // Operators find it by either payment's number.
    let path = format!("/api/admin/orders?q={number}-2&status=cancelling");
    let found = front.call(&front.operator, Method::GET, &path, Value::Null).await;
    assert_eq!(found.body["data"][0]["order_number"], json!(number), "{found:?}");
}

#[actix_web::test]
async fn eight_clicks_on_pay_are_one_payment_and_eight_on_cancel_one_cancellation() {
    let front = open(1).await;
    front.want(1).await;
    let placed = front.post(1, ORDERS, to_place()).await;
    let number = placed.body["order_number"].as_str().unwrap().to_owned();
    let clicks = |action: &'static str, keys: [u32; 8]| {
        let path = format!("{ORDERS}/{number}/{action}");
        let clicks = keys.map(|key| {
            let (front, path) = (front.clone(), path.clone());
            actix_web::rt::spawn(async move { front.post(key, &path, Value::Null).await })
        });
        async move {
            let mut said = Vec::new();
            for click in clicks {
                said.push(click.await.unwrap());
            }
            said
        }
    };
    // Another key each: they find the one payment.
    let paid = clicks("wechat-pay/prepay", [2, 3, 4, 5, 6, 7, 8, 9]).await;
    assert!(paid.iter().all(|said| matches!(said.status, 200 | 201)), "{paid:?}");
    assert_eq!(paid.iter().filter(|said| said.status == 201).count(), 1);
    assert!(paid.iter().all(|said| said.body["out_trade_no"] == json!(number)));
    // One key: one of them had the effect, the others are told of it.
    let cancelled = clicks("cancel", [10; 8]).await;
    assert!(cancelled.iter().all(|said| said.status == 200), "{cancelled:?}");
    assert!(cancelled.iter().all(|said| said.body["status"] == "cancelling"));
    let first = |said: &&super::front::Said| said.header("idempotent-replayed").is_none();
    assert_eq!(cancelled.iter().filter(first).count(), 1);
}

#[actix_web::test]
async fn eight_clicks_on_refund_are_one_refund_under_one_key_and_never_too_much_under_eight() {
    let front = open(1).await;
    front.want(1).await;
    let placed = front.pay(&idempotency_key(1), everything()).await;
    let number = placed.body["order_number"].as_str().unwrap().to_owned();
    let paid = Trade::Success(receipt(Fen::new(1_250)));
    front.fake.lock().queried = Some(paid);
    let sync = format!("/api/admin/payments/{number}/sync");
    let said = front.call(&front.operator, Method::POST, &sync, Value::Null).await;
    assert_eq!(said.body["payment_status"], "paid", "{said:?}");
    let clicks = |keys: [u32; 8], amount_fen: i64| {
        let path = format!("{ORDERS}/{number}/refunds");
        let clicks = keys.map(|key| {
            let (front, path) = (front.clone(), path.clone());
            let body = json!({"amount_fen": amount_fen, "reason": "坏了"});
            actix_web::rt::spawn(async move { front.post(key, &path, body).await })
        });
        async move {
            let mut said = Vec::new();
            for click in clicks {
                said.push(click.await.unwrap());
            }
            said
        }
    };
    let one = clicks([2; 8], 400).await;
    assert!(one.iter().all(|said| said.status == 201), "{one:?}");
    assert!(one.iter().all(|said| said.body["out_refund_no"] == one[0].body["out_refund_no"]));
    let first = |said: &&super::front::Said| said.header("idempotent-replayed").is_none();
    assert_eq!(one.iter().filter(first).count(), 1);
    let eight = clicks([3, 4, 5, 6, 7, 8, 9, 10], 400).await;
    assert_eq!(eight.iter().filter(|said| said.status == 201).count(), 2, "{eight:?}");
    let refused = eight.iter().filter(|said| said.code() == (409, "refund_exceeds_paid"));
    assert_eq!(refused.count(), 6);
    // Nothing comes back into stock before all of the money is accepted back.
    assert_eq!(stock(&front).await, (0, 0));
}
