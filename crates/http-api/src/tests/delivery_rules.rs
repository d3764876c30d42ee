//! What delivery costs: set by operators, read by everybody who prices.

use super::front::{Front, Said, everything, request};
use actix_web::http::Method;
use serde_json::{Value, json};

const PATH: &str = "/api/admin/delivery-rules";

async fn put(front: &Front, tag: Option<&str>, body: Value) -> Said {
    let mut asked = request(&front.operator, Method::PUT, PATH);
    if let Some(tag) = tag {
        asked = asked.insert_header(("If-Match", tag.to_owned()));
    }
    front.send(asked, body).await
}

fn rules(base: i64) -> Value {
    json!({"base_fen": base, "free_above_fen": 9_900, "rush_fen": 300,
        "regions": [{"region": "新疆", "fee_fen": 2_500}]})
}

#[actix_web::test]
async fn rules_are_set_once_without_a_version_and_then_at_theirs() {
    let front = Front::open().await;
    let said = front.call(&front.operator, Method::GET, PATH, Value::Null).await;
    assert_eq!((said.status, said.header("etag")), (200, Some("\"0\"")));
    let none = json!({"base_fen": 0, "free_above_fen": null, "regions": [], "rush_fen": 0,
        "version": 0});
    assert_eq!(said.body, none);
    // What was shown as version 0 may be named, too.
    let said = put(&front, Some("\"0\""), rules(800)).await;
    assert_eq!((said.status, said.header("etag")), (201, Some("\"1\"")));
    assert_eq!(said.body["regions"][0]["fee_fen"], 2_500);
    assert_eq!(said.body["regions"][0]["free_above_fen"], Value::Null);
    assert_eq!(put(&front, None, rules(1)).await.code(), (428, "precondition_required"));
    assert_eq!(put(&front, Some("\"7\""), rules(1)).await.code(), (412, "version_conflict"));
    let said = put(&front, Some("\"1\""), rules(900)).await;
    assert_eq!((said.status, &said.body["base_fen"]), (200, &json!(900)));
}

#[actix_web::test]
async fn what_makes_no_rules_is_named() {
    let front = Front::open().await;
    let twice = json!([{"region": "新疆", "fee_fen": 1}, {"region": "新疆", "fee_fen": 2}]);
    for (member, value, field) in [
        ("base_fen", json!(-1), "base_fen"),
        ("base_fen", json!(1_000_000_001), "base_fen"),
        ("rush_fen", Value::Null, "rush_fen"),
        ("free_above_fen", json!("99"), "free_above_fen"),
        ("regions", json!({}), "regions"),
        ("regions", json!([{"region": " ", "fee_fen": 1}]), "regions[0].region"),
        ("regions", json!([{"region": "新疆"}]), "regions[0].fee_fen"),
        ("regions", twice, "regions[1].region"),
        ("surcharge_fen", json!(1), "surcharge_fen"),
    ] {
        let mut body = rules(800);
        body[member] = value;
        let said = put(&front, None, body).await;
        assert_eq!(said.code(), (400, "validation_failed"), "{member}");
        assert_eq!(said.body["errors"][0]["field"], field, "{}", said.text);
    }
    assert_eq!(front.fake.lock().rules.version, 0);
}

#[actix_web::test]
async fn a_quote_and_a_checkout_charge_what_the_rules_say() {
    let front = Front::open().await;
    front.want(1).await;
    assert_eq!(put(&front, None, rules(800)).await.status, 201);
    let quote = |body| front.call(&front.buyer, Method::POST, "/api/mini/checkout/quote", body);
    let calm = quote(everything()).await.body["amounts"].clone();
    assert_eq!((&calm["items_fen"], &calm["total_fen"]), (&json!(1_250), &json!(2_050)));
    let mut hurry = everything();
    hurry["rush"] = json!(true);
    let amounts = quote(hurry.clone()).await.body["amounts"].clone();
    assert_eq!((&amounts["delivery_fen"], &amounts["rush_fen"]), (&json!(800), &json!(300)));
    assert_eq!(amounts["total_fen"], 2_350);
    let said = front.pay(&super::front::idempotency_key(1), hurry).await;
    assert_eq!((said.status, &said.body["amount_fen"]), (201, &json!(2_350)));
}
