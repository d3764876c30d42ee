//! Refusals come in one order: who you are, the key, the body's form, a known key, existence,
//! If-Match, content, state.

use super::front::{Front, PREPAY, everything, idempotency_key, request};
use actix_web::http::Method;
use domain::catalogue::SkuId;
use domain::ports::Role;
use serde_json::json;

#[actix_web::test]
async fn a_checkout_that_is_wrong_in_every_way_is_refused_step_by_step() {
    let front = Front::open().await;
    let malformed = json!({"item_ids": 1});
    let ask = |token: &str, key: Option<&str>, body: serde_json::Value| {
        let mut asked = request(token, Method::POST, PREPAY);
        if let Some(key) = key {
            asked = asked.insert_header(("Idempotency-Key", key));
        }
        front.send(asked, body)
    };
    let key = idempotency_key(1);
    let said = ask("pt_x", None, malformed.clone()).await;
    assert_eq!(said.code(), (401, "unauthenticated"));
    let said = ask(&front.buyer, None, malformed.clone()).await;
    assert_eq!(said.code(), (400, "idempotency_key_missing"));
    let said = ask(&front.buyer, Some("short"), malformed.clone()).await;
    assert_eq!(said.body["errors"][0]["field"], "Idempotency-Key");
    let said = ask(&front.buyer, Some(&key), malformed).await;
    assert_eq!(said.body["errors"][0]["field"], "item_ids");
    // 422 of the content before 409 of the state: the SKU is both below its cost and sold out.
    front.want(1).await;
    let tea = SkuId::parse("tea").unwrap();
    front.fake.lock().skus.get_mut(&tea).unwrap().cost_price = domain::Fen::new(9_999);
    front.fake.lock().guard = Some(domain::changeset::Refusal::Stock(tea.clone()));
    let said = ask(&front.buyer, Some(&key), everything()).await;
    assert_eq!(said.code(), (422, "price_below_cost"));
    front.fake.lock().skus.get_mut(&tea).unwrap().cost_price = domain::Fen::new(0);
    let said = ask(&front.buyer, Some(&key), everything()).await;
    assert_eq!(said.code(), (409, "out_of_stock"));
    // Refusals are not stored: the same key goes on. Once known, it is answered before content.
    front.fake.lock().guard = None;
    assert_eq!(ask(&front.buyer, Some(&key), everything()).await.status, 201);
    let nowhere = json!({"item_ids": [77], "address_id": 99});
    let said = ask(&front.buyer, Some(&key), nowhere).await;
    assert_eq!(said.code(), (422, "idempotency_key_reused"));
}

#[actix_web::test]
async fn an_address_is_404_before_428_before_412() {
    let front = Front::open().await;
    let address = json!({"name": "b", "phone": "13900000000", "region": "c", "detail": "d"});
    let put = |path: &str, tag: Option<&str>, body: serde_json::Value| {
        let mut asked = request(&front.buyer, Method::PUT, path);
        if let Some(tag) = tag {
            asked = asked.insert_header(("If-Match", tag));
        }
        front.send(asked, body)
    };
    let path = "/api/mini/addresses/1";
    assert_eq!(put("/api/mini/addresses/9", None, json!({})).await.status, 400);
    assert_eq!(put("/api/mini/addresses/9", None, address.clone()).await.status, 404);
    let said = put(path, None, address.clone()).await;
    assert_eq!(said.code(), (428, "precondition_required"));
    for tag in ["\"2\"", "*", "W/\"1\""] {
        let said = put(path, Some(tag), address.clone()).await;
        assert_eq!(said.code(), (412, "version_conflict"), "{tag}");
    }
    let said = put(path, Some("\"1\""), address.clone()).await;
    assert_eq!((said.status, said.header("etag")), (200, Some("\"2\"")));
    assert_eq!(
        said.body,
        json!({"id": 1, "name": "b", "phone": "13900000000", "region": "c", "detail": "d",
            "version": 2})
    );
    for id in ["0", "-1", "+1", "x", "99999999999999999999"] {
        let path = format!("/api/mini/addresses/{id}");
        assert_eq!(put(&path, None, address.clone()).await.status, 404, "{id}");
    }
}

#[actix_web::test]
async fn a_sku_is_created_without_a_version_and_changed_only_with_it() {
    let front = Front::open().await;
    let body = json!({"title": "咖啡", "price_fen": 300, "cost_price_fen": 100});
    let put = |tag: Option<&str>, body: serde_json::Value| {
        let mut asked = request(&front.operator, Method::PUT, "/api/admin/skus/coffee");
        if let Some(tag) = tag {
            asked = asked.insert_header(("If-Match", tag));
        }
        front.send(asked, body)
    };
    assert_eq!(put(Some("\"1\""), body.clone()).await.code(), (412, "version_conflict"));
    let said = put(None, body.clone()).await;
    assert_eq!((said.status, said.header("etag")), (201, Some("\"1\"")));
    assert_eq!(said.body["status"], "on_sale");
    assert_eq!(put(None, body.clone()).await.code(), (428, "precondition_required"));
    assert_eq!(put(Some("\"7\""), body.clone()).await.code(), (412, "version_conflict"));
    let off = json!({"title": "x", "price_fen": 0, "cost_price_fen": 0, "status": "off_sale"});
    let said = put(Some("\"1\""), off).await;
    assert_eq!((said.status, said.body["status"].as_str()), (200, Some("off_sale")));
    // What is off sale is shown to operators and viewers, not to buyers.
    let viewer = front.key("v", vec![Role::Viewer]);
    let null = serde_json::Value::Null;
    let path = "/api/admin/skus/coffee";
    assert_eq!(front.call(&viewer, Method::GET, path, null).await.status, 200);
    assert_eq!(front.get("/api/mini/skus/coffee").await.status, 404);
    let bad = request(&front.operator, Method::PUT, "/api/admin/skus/no.dots");
    let said = front.send(bad, body).await;
    assert_eq!(said.body["errors"][0]["field"], "id");
}

#[actix_web::test]
async fn a_stock_move_happens_once_per_key() {
    let front = Front::open().await;
    let post = |key: &str, body: serde_json::Value| {
        let asked = request(&front.operator, Method::POST, "/api/admin/skus/tea/stock");
        front.send(asked.insert_header(("Idempotency-Key", key.to_owned())), body)
    };
    let (one, two) = (idempotency_key(1), idempotency_key(2));
    let body = json!({"delta": 5, "reason": "delivery"});
    let said = post(&one, body.clone()).await;
    assert_eq!(said.status, 200);
    assert_eq!(
        said.body,
        json!({"sku_id": "tea", "stocked": 15, "available": 15, "held": 0, "sold": 0})
    );
    assert_eq!(said.header("idempotent-replayed"), None);
    let said = post(&one, body).await;
    assert_eq!((said.status, said.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(said.body["available"], 15);
    let other = json!({"delta": 6, "reason": "delivery"});
    assert_eq!(post(&one, other).await.code(), (422, "idempotency_key_reused"));
    let all = json!({"delta": -16, "reason": "lost"});
    assert_eq!(post(&two, all).await.code(), (409, "out_of_stock"));
    let none = json!({"delta": 0, "reason": "nothing"});
    assert_eq!(post(&two, none).await.body["errors"][0]["field"], "delta");
}

#[actix_web::test]
async fn a_shipment_that_is_wrong_in_every_way_is_refused_step_by_step() {
    let front = Front::open().await;
    let number = front.checked_out().await;
    let viewer = front.key("v", vec![Role::Viewer]);
    let path = |reference: &str| format!("/api/admin/orders/{reference}/ship");
    let nowhere = path("P2026112110000000000000000000");
    let ask = |token: &str, key: Option<u32>, path: &str, body: serde_json::Value| {
        let mut asked = request(token, Method::POST, path).insert_header(("If-Match", "\"9\""));
        if let Some(key) = key {
            asked = asked.insert_header(("Idempotency-Key", idempotency_key(key)));
        }
        front.send(asked, body)
    };
    let wrong = json!({"logistics_type": 9});
    let right = json!({"logistics_type": 3, "packages": [{"item_desc": "x"}]});
    let operator = &front.operator;
    let said = ask("pk_x", None, &nowhere, wrong.clone()).await;
    assert_eq!(said.code(), (401, "unauthenticated"));
    let said = ask(&viewer, None, &nowhere, wrong.clone()).await;
    assert_eq!(said.code(), (403, "forbidden"));
    let said = ask(operator, None, &nowhere, wrong.clone()).await;
    assert_eq!(said.code(), (400, "idempotency_key_missing"));
    let said = ask(operator, Some(1), &nowhere, wrong).await;
    assert_eq!(said.body["errors"][0]["field"], "logistics_type");
    let said = ask(operator, Some(1), &nowhere, right.clone()).await;
    assert_eq!(said.code(), (404, "not_found"));
    let said = ask(operator, Some(1), &path(&number), right.clone()).await;
    assert_eq!(said.code(), (412, "version_conflict"));
    let said = front.post_as(operator, 1, &path(&number), right.clone()).await;
    assert_eq!(said.code(), (409, "order_state_conflict"));
    // None of these was stored under the key; once it had its effect, it is answered first.
    front.settle(&number);
    assert_eq!(front.post_as(operator, 1, &path(&number), right.clone()).await.status, 200);
    let said = ask(operator, Some(1), &path(&number), right).await;
    assert_eq!((said.status, said.header("idempotent-replayed")), (200, Some("true")));
    let other = json!({"logistics_type": 4, "packages": [{"item_desc": "x"}]});
    let said = ask(operator, Some(1), &path(&number), other).await;
    assert_eq!(said.code(), (422, "idempotency_key_reused"));
}
