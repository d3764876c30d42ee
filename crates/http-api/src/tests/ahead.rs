//! Buying ahead and paying with it, over the memory store: what is answered, again under the same key, and
//! what is refused.

use super::front::{Front, START_S, receipt, to_place};
use super::memory_store::open_over;
use crate::ApiKey;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use domain::Fen;
use domain::fact::{Receipt, Trade};
use domain::names::TransactionId;
use domain::ports::{Access as _, ApiKeyRecord, Role};
use serde_json::{Value, json};

const RECHARGES: &str = "/api/mini/recharges";
const PAID: i64 = 2_000;

/// The package `id`, which credits 2,000 fen or points and 500 besides for 2,000 fen.
async fn offered(front: &Front, id: &str, credit: &str) {
    let path = format!("/api/admin/recharge-packages/{id}");
    let package = json!({"title": "充值", "price_fen": PAID, "credit": credit, "principal": 2_000,
        "bonus": 500});
    let said = front.call(&front.operator, Method::PUT, &path, package).await;
    assert_eq!(said.status, 201, "{said:?}");
}

/// WeChat Pay says that the payment with this number was paid.
async fn pay(front: &Front, number: &str) {
    let transaction_id = TransactionId::new(format!("42-{number}"));
    let paid = Receipt { transaction_id, ..receipt(Fen::new(PAID)) };
    front.fake.lock().queried = Some(Trade::Success(paid));
    let sync = format!("/api/admin/payments/{number}/sync");
    let said = front.call(&front.operator, Method::POST, &sync, Value::Null).await;
    assert_eq!(said.body["payment_status"], "paid", "{said:?}");
}

/// The buyer bought this package: its order's number.
async fn bought(front: &Front, key: u32, id: &str) -> String {
    let said = front.post(key, RECHARGES, json!({"package_id": id})).await;
    assert_eq!(said.status, 201, "{said:?}");
    let number = said.body["order_number"].as_str().unwrap().to_owned();
    pay(front, &number).await;
    number
}

/// Who logs in with this code.
async fn user_id(front: &Front, code: &str) -> String {
    let login = TestRequest::post().uri("/api/mini/login");
    let said = front.send(login, json!({"code": code})).await;
    said.body["user_id"].as_str().unwrap().to_owned()
}

async fn held(front: &Front, what: &str, field: &str) -> i64 {
    front.get(&format!("/api/mini/{what}")).await.body[field].as_i64().unwrap()
}

#[actix_web::test]
async fn a_recharge_is_one_order_per_key_and_credits_what_was_offered() {
    let (front, _) = open_over(1).await;
    offered(&front, "plus", "wallet").await;
    offered(&front, "minus", "wallet").await;
    let asked = json!({"package_id": "plus"});
    let said = front.post(1, RECHARGES, asked.clone()).await;
    let number = said.body["order_number"].as_str().unwrap().to_owned();
    assert_eq!((said.status, said.header("idempotent-replayed")), (201, None));
    for (field, value) in [
        ("out_trade_no", json!(number)),
        ("amount_fen", json!(PAID)),
        ("payment_status", json!("unpaid")),
        ("trade_type", json!("JSAPI")),
        ("reused", json!(false)),
    ] {
        assert_eq!(said.body[field], value, "{field}");
    }
    assert!(!said.body["pay_params"].is_null());
    front.fake.lock().now_s += 5;
    let again = front.post(1, RECHARGES, asked).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body["order_number"], json!(number));
    let other = front.post(1, RECHARGES, json!({"package_id": "minus"})).await;
    assert_eq!(other.code(), (422, "idempotency_key_reused"));
    let nothing = front.post(2, RECHARGES, json!({"package_id": "nothing"})).await;
    assert_eq!(nothing.status, 404, "{nothing:?}");
    assert_eq!(held(&front, "wallet", "balance_fen").await, 0);
    pay(&front, &number).await;
    assert_eq!(held(&front, "wallet", "balance_fen").await, 2_500);
    let entries = front.get("/api/mini/wallet/entries").await.body;
    let amounts: Vec<_> =
        entries["data"].as_array().unwrap().iter().map(|e| &e["amount"]).collect();
    assert_eq!(amounts, [&json!(500), &json!(2_000)], "newest first");
}

#[actix_web::test]
async fn a_package_that_changed_since_the_buyer_saw_it_is_refused_with_what_it_costs_now() {
    let (front, _) = open_over(1).await;
    offered(&front, "plus", "wallet").await;
    let listed = async || front.get("/api/mini/recharge-packages").await.body["data"][0].clone();
    let shown = listed().await["version"].clone();
    let path = "/api/admin/recharge-packages/plus";
    // It costs what it did, and nothing comes with it any more.
    let now = json!({"title": "充值", "price_fen": PAID, "credit": "wallet", "principal": 2_000,
        "bonus": 0});
    let put = TestRequest::put()
        .uri(path)
        .insert_header(("Authorization", format!("Bearer {}", front.operator)))
        .insert_header(("If-Match", format!("\"{shown}\"")));
    assert_eq!(front.send(put, now).await.status, 200);
    let asked = json!({"package_id": "plus", "expected_version": shown});
    let said = front.post(1, RECHARGES, asked).await;
    assert_eq!(said.code(), (409, "price_changed"));
    assert_eq!(said.body["amounts"]["total_fen"], PAID);
    let now = listed().await["version"].clone();
    assert_ne!(now, shown);
    let asked = json!({"package_id": "plus", "expected_version": now});
    let said = front.post(1, RECHARGES, asked).await;
    assert_eq!((said.status, said.header("idempotent-replayed")), (201, None), "{said:?}");
    let wrong = json!({"package_id": "plus", "expected_version": 0});
    let said = front.post(2, RECHARGES, wrong).await;
    assert_eq!(
        (said.code().1, &said.body["errors"][0]["field"]),
        ("validation_failed", &json!("expected_version"))
    );
}

#[actix_web::test]
async fn a_wallet_pays_once_and_an_empty_one_does_not() {
    let (front, _) = open_over(9).await;
    offered(&front, "plus", "wallet").await;
    front.want(1).await;
    let placed = front.post(1, "/api/mini/orders", to_place()).await;
    let number = placed.body["order_number"].as_str().unwrap().to_owned();
    let path = format!("/api/mini/orders/{number}/wallet-pay");
    let refused = front.post(2, &path, Value::Null).await;
    assert_eq!(refused.code(), (409, "insufficient_balance"));
    bought(&front, 3, "plus").await;
    // A refusal is not kept: the same key pays.
    let said = front.post(2, &path, Value::Null).await;
    assert_eq!((said.status, said.header("idempotent-replayed")), (200, None), "{said:?}");
    for (field, value) in [
        ("order_number", json!(number)),
        ("payment_method", json!("wallet")),
        ("payment_status", json!("paid")),
        ("status", json!("ready")),
    ] {
        assert_eq!(said.body[field], value, "{field}");
    }
    assert_eq!(said.body["amounts"]["paid_fen"], 1_250);
    let again = front.post(2, &path, json!({})).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.body, said.body);
    let other = front.post(4, &path, Value::Null).await;
    assert_eq!((other.status, other.header("idempotent-replayed")), (200, None), "it is paid");
    assert_eq!(held(&front, "wallet", "balance_fen").await, 1_250, "once");
}

#[actix_web::test]
async fn points_are_spent_once_per_key_and_buyer() {
    let (front, store) = open_over(1).await;
    offered(&front, "points", "points").await;
    bought(&front, 1, "points").await;
    assert_eq!(held(&front, "points", "balance").await, 2_500);
    let mut bob = front.clone();
    bob.buyer = front.buyer_with_address("bob").await;
    bought(&bob, 1, "points").await;
    let minted = ApiKey::mint(&*front.fake);
    let record = ApiKeyRecord {
        id: "service".to_owned(),
        name: "service".to_owned(),
        roles: vec![Role::Service],
        client_id: None,
        person: None,
        created_at: domain::Timestamp::from_seconds(START_S),
        revoked_at: None,
    };
    store.add_api_key(minted.hash, record).await.unwrap();
    let service = minted.plain;
    let (alice_id, bob_id) = (user_id(&front, "alice").await, user_id(&front, "bob").await);
    let spend = async |of: &str, key: u32, points: i64| {
        let path = format!("/api/v1/users/{of}/points/spend");
        let body = json!({"points": points, "reason": "gift"});
        front.post_as(&service, key, &path, body).await
    };
    let said = spend(&alice_id, 1, 2_400).await;
    assert_eq!((said.status, said.header("idempotent-replayed")), (201, None), "{said:?}");
    for (field, value) in
        [("amount", json!(-2_400)), ("balance_after", json!(100)), ("kind", json!("spend"))]
    {
        assert_eq!(said.body[field], value, "{field}");
    }
    // What is left would not do: the key had them.
    let again = spend(&alice_id, 1, 2_400).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body, said.body);
    assert_eq!(spend(&alice_id, 1, 2_300).await.code(), (422, "idempotency_key_reused"));
    assert_eq!(spend(&alice_id, 2, 101).await.code(), (409, "insufficient_balance"));
    // The path names the buyer: another's key of this name is another key.
    let bobs = spend(&bob_id, 1, 2_400).await;
    assert_eq!((bobs.status, bobs.header("idempotent-replayed")), (201, None), "{bobs:?}");
    assert_eq!(held(&front, "points", "balance").await, 100);
    assert_eq!(held(&bob, "points", "balance").await, 100);
    let nobody = "/api/v1/users/00000000-0000-7000-8000-000000000099/points/spend";
    let body = json!({"points": 1, "reason": "gift"});
    let said = front.post_as(&service, 3, nobody, body).await;
    assert_eq!(said.status, 404, "{said:?}");
}
