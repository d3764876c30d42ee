//! Merchants' backends refund payments.

use super::{of, paid};
use crate::tests::front::{Front, idempotency_key, request};
use actix_web::http::Method;
use domain::ports::Role;
use serde_json::{Value, json};

#[actix_web::test]
async fn a_backend_names_its_refund_and_the_name_is_that_refund_for_ever() {
    let (front, number) = paid().await;
    let service = front.key("shop", vec![Role::Service]);
    let path = format!("/api/v1/payments/{number}/refunds");
    let named = |amount_fen: i64| json!({"amount_fen": amount_fen, "reason": "坏了", "out_refund_no": "R-1"});
    let said = front.post_as(&service, 1, &path, named(100)).await;
    assert_eq!((said.status, &said.body["status"]), (201, &json!("requested")), "{said:?}");
    assert_eq!(
        (&said.body["out_refund_no"], &said.body["asked_by"]),
        (&json!("R-1"), &json!("service"))
    );
    assert_eq!(said.header("location"), Some("/api/v1/refunds/R-1"));
    let same = front.post_as(&service, 2, &path, named(100)).await;
    assert_eq!((same.status, &same.body), (201, &said.body), "under another key it is the same");
    let other = front.post_as(&service, 3, &path, named(101)).await;
    assert_eq!(other.code(), (409, "order_state_conflict"));
    let shown = front.call(&service, Method::GET, "/api/v1/refunds/R-1", Value::Null).await;
    assert_eq!((shown.status, &shown.body), (200, &said.body));
    let missing = front.call(&service, Method::GET, "/api/v1/refunds/R-2", Value::Null).await;
    assert_eq!(missing.code(), (404, "not_found"));
    let actor = front.fake.lock().orders.values().next().unwrap().refunds[0].actor.clone();
    assert_eq!(actor, "service:shop");
    for bad in [format!("{number}-S"), "a|b".to_owned(), "x".repeat(65)] {
        let body = json!({"amount_fen": 1, "reason": "x", "out_refund_no": bad});
        let said = front.post_as(&service, 4, &path, body).await;
        assert_eq!(said.body["errors"][0]["field"], "out_refund_no", "{bad}");
    }
}

#[actix_web::test]
async fn a_backend_refunds_the_payment_that_it_names_and_no_other() {
    let front = Front::open().await;
    let number = front.checked_out().await;
    let another = format!("/api/mini/orders/{number}/wechat-pay/prepay");
    front.post(1, &another, json!({"trade_type": "NATIVE"})).await;
    front.settle(&number);
    let service = front.key("shop", vec![Role::Service]);
    let path = |payment: &str| format!("/api/v1/payments/{payment}/refunds");
    let second = path(&format!("{number}-2"));
    let said = front.post_as(&service, 2, &second, of(1)).await;
    assert_eq!(said.code(), (409, "order_not_refundable"), "its first payment paid for it");
    let stale = request(&service, Method::POST, &second)
        .insert_header(("Idempotency-Key", idempotency_key(3)))
        .insert_header(("If-Match", "\"1\""));
    assert_eq!(front.send(stale, of(1)).await.code(), (412, "version_conflict"));
    assert_eq!(front.post_as(&service, 4, &path("nothing-1"), of(1)).await.status, 404);
    assert_eq!(front.post_as(&service, 5, &path(&number), of(1)).await.status, 201);
}

#[actix_web::test]
async fn nobody_sends_more_with_a_service_key_that_they_made_than_they_may_alone() {
    let (front, number) = paid().await;
    let approver = front.key("approver", vec![Role::Approver, Role::Operator]);
    for (key, roles) in [(1, json!(["service"])), (2, json!(["service", "viewer"]))] {
        let body = json!({"name": "till", "roles": roles});
        let made = front.post_as(&approver, key, "/api/admin/api-keys", body).await;
        let service = made.body["key"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/payments/{number}/refunds");
        let small = front.post_as(&service, 10, &path, of(1)).await;
        assert_eq!((small.status, &small.body["status"]), (201, &json!("requested")), "{small:?}");
        let large = front.post_as(&service, 11, &path, of(1_001)).await;
        assert_eq!((large.status, &large.body["status"]), (201, &json!("awaiting_approval")));
        assert_eq!(large.body["asked_by"], "operator");
        let refund = large.body["out_refund_no"].as_str().unwrap();
        let say = async |by: &str, word: &str| {
            front
                .post_as(by, 20 + key, &format!("/api/admin/refunds/{refund}/{word}"), Value::Null)
                .await
        };
        assert_eq!(say(&approver, "approve").await.code(), (403, "forbidden"), "their own");
        let another = front.key("another", vec![Role::Approver]);
        assert_eq!(say(&another, "decline").await.status, 200);
    }
}

#[actix_web::test]
async fn no_service_key_refunds_a_recharge_whoever_made_it() {
    let (front, number) = paid().await;
    front.bend(&number, |order| order.purpose = domain::order::Purpose::Recharge);
    let approver = front.key("approver", vec![Role::Approver]);
    let body = json!({"name": "till", "roles": ["service"]});
    let made = front.post_as(&approver, 1, "/api/admin/api-keys", body).await;
    let theirs = made.body["key"].as_str().unwrap().to_owned();
    for service in [theirs, front.key("shop", vec![Role::Service])] {
        let path = format!("/api/v1/payments/{number}/refunds");
        let said = front.post_as(&service, 2, &path, of(1)).await;
        assert_eq!(said.code(), (409, "order_not_refundable"), "{said:?}");
    }
}
