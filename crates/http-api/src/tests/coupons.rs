//! Coupons: defined and given away by operators, shown to buyers, taken off at the checkout.

use super::front::{Front, Said, everything, idempotency_key, request};
use actix_web::http::Method;
use domain::coupon::CouponId;
use serde_json::{Value, json};

const PATH: &str = "/api/admin/coupons/ten-off";

async fn put(front: &Front, tag: Option<&str>, body: Value) -> Said {
    let mut asked = request(&front.operator, Method::PUT, PATH);
    if let Some(tag) = tag {
        asked = asked.insert_header(("If-Match", tag.to_owned()));
    }
    front.send(asked, body).await
}

/// Valid in every test's time.
pub(super) fn ten_off() -> Value {
    json!({"title": "满 10 减 1", "kind": "amount", "amount_fen": 100, "threshold_fen": 1_000,
        "valid_from": "2000-01-01T00:00:00Z", "valid_to": "2100-01-01T00:00:00+08:00",
        "per_user_limit": 2})
}

async fn issue(front: &Front, key: u32, body: Value) -> Said {
    let asked = request(&front.operator, Method::POST, &format!("{PATH}/issue"));
    front.send(asked.insert_header(("Idempotency-Key", idempotency_key(key))), body).await
}

#[actix_web::test]
async fn a_coupon_is_made_once_without_a_version_and_then_changed_at_its_version() {
    let front = Front::open().await;
    let shown = async || front.call(&front.operator, Method::GET, PATH, Value::Null).await;
    assert_eq!(shown().await.code(), (404, "not_found"));
    let said = put(&front, None, ten_off()).await;
    assert_eq!((said.status, said.header("etag")), (201, Some("\"1\"")));
    let seen = json!({"id": "ten-off", "title": "满 10 减 1", "kind": "amount",
        "amount_fen": 100, "percent": null, "cap_fen": null, "threshold_fen": 1_000,
        "valid_from": "2000-01-01T00:00:00Z", "valid_to": "2099-12-31T16:00:00Z",
        "per_user_limit": 2, "version": 1});
    assert_eq!((shown().await.body, said.body), (seen.clone(), seen));
    assert_eq!(put(&front, None, ten_off()).await.code(), (428, "precondition_required"));
    assert_eq!(put(&front, Some("\"7\""), ten_off()).await.code(), (412, "version_conflict"));
    let part = json!({"title": "八五折", "kind": "percent", "percent": 15, "cap_fen": 500,
        "valid_from": "2000-01-01T00:00:00Z", "valid_to": "2100-01-01T00:00:00Z",
        "per_user_limit": 2});
    let said = put(&front, Some("\"1\""), part).await;
    assert_eq!(
        (said.status, &said.body["percent"], &said.body["amount_fen"]),
        (200, &json!(15), &Value::Null)
    );
}

#[actix_web::test]
async fn what_makes_no_coupon_is_named() {
    let front = Front::open().await;
    for (member, value, field) in [
        ("kind", json!("gift"), "kind"),
        ("amount_fen", json!(0), "amount_fen"),
        ("amount_fen", json!(1_000_000_001), "amount_fen"),
        ("percent", json!(5), "percent"),
        ("threshold_fen", json!(-1), "threshold_fen"),
        ("valid_from", json!("yesterday"), "valid_from"),
        ("valid_to", json!("2000-01-01T00:00:00Z"), "valid_to"),
        ("per_user_limit", json!(0), "per_user_limit"),
        ("title", json!(" "), "title"),
    ] {
        let mut body = ten_off();
        body[member] = value;
        let said = put(&front, None, body).await;
        assert_eq!(said.code(), (400, "validation_failed"), "{member}");
        assert_eq!(said.body["errors"][0]["field"], field, "{}", said.text);
    }
    assert!(front.fake.lock().coupons.is_empty());
}

#[actix_web::test]
async fn coupons_are_given_once_per_key_and_never_more_than_one_buyer_may_get() {
    let front = Front::open().await;
    let user = front.buyer_id().to_string();
    let to_them = |n: u32| json!({"user_id": user, "quantity": n});
    assert_eq!(issue(&front, 1, to_them(1)).await.code(), (404, "not_found"));
    put(&front, None, ten_off()).await;
    let said = issue(&front, 1, to_them(1)).await;
    let given = json!({"coupon_id": "ten-off", "user_id": user, "quantity": 1, "total": 1});
    assert_eq!((said.status, &said.body), (200, &given));
    let said = issue(&front, 1, to_them(1)).await;
    assert_eq!((said.header("idempotent-replayed"), &said.body), (Some("true"), &given));
    assert_eq!(issue(&front, 1, to_them(2)).await.code(), (422, "idempotency_key_reused"));
    assert_eq!(issue(&front, 2, to_them(2)).await.code(), (409, "coupon_limit_reached"));
    let nobody = json!({"user_id": "00000000-0000-0000-0000-00000000dead"});
    assert_eq!(issue(&front, 3, nobody).await.code(), (422, "buyer_unknown"));
    assert_eq!(issue(&front, 4, json!({"user_id": user})).await.body["total"], 2);
    let said = issue(&front, 5, json!({"user_id": "alice", "quantity": 0})).await;
    assert_eq!(said.code(), (400, "validation_failed"));
}

#[actix_web::test]
async fn a_buyer_sees_their_coupons_and_what_they_take_off() {
    let front = Front::open().await;
    put(&front, None, ten_off()).await;
    issue(&front, 1, json!({"user_id": front.buyer_id().to_string()})).await;
    let mine = front.call(&front.buyer, Method::GET, "/api/mini/coupons", Value::Null).await;
    assert_eq!(mine.body["next_cursor"], Value::Null);
    let [coupon] = mine.body["data"].as_array().unwrap().as_slice() else {
        panic!("{}", mine.text)
    };
    assert_eq!((&coupon["id"], &coupon["status"]), (&json!("ten-off"), &json!("usable")));
    assert_eq!(coupon["order_number"], Value::Null);
    assert!(coupon.get("per_user_limit").is_none(), "the merchant's own");
    front.want(1).await;
    let mut body = everything();
    body["coupon_id"] = json!("ten-off");
    let quote = front.call(&front.buyer, Method::POST, "/api/mini/checkout/quote", body.clone());
    let quote = quote.await.body;
    assert_eq!(quote["amounts"]["discount_fen"], 100);
    assert_eq!(
        (&quote["lines"][0]["discount_fen"], &quote["amounts"]["total_fen"]),
        (&json!(100), &json!(1_150))
    );
    let said = front.pay(&idempotency_key(7), body).await;
    assert_eq!((said.status, &said.body["amount_fen"]), (201, &json!(1_150)));
    let order = front.fake.lock().orders.values().next().unwrap().clone();
    let held = order.coupon.expect("its coupon");
    assert_eq!(held.grant.coupon_id, CouponId::parse("ten-off").unwrap());
}

#[actix_web::test]
async fn a_coupon_that_does_not_apply_is_not_usable() {
    let front = Front::open().await;
    let mut dear = ten_off();
    dear["threshold_fen"] = json!(1_251);
    put(&front, None, dear).await;
    issue(&front, 1, json!({"user_id": front.buyer_id().to_string()})).await;
    front.want(1).await;
    let mut body = everything();
    body["coupon_id"] = json!("ten-off");
    assert_eq!(front.pay(&idempotency_key(2), body).await.code(), (409, "coupon_not_usable"));
    assert!(front.fake.lock().orders.is_empty());
}
