//! Refusals of requests that no use case sees, and of a service that is not well.

use super::Refused;
use crate::json_body::BODY_MAX;
use crate::request_id::HEADERS_MAX;
use crate::tests::cases::case;
use crate::tests::front::{Front, everything, idempotency_key, request};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use domain::case::{CaseKind, CaseStatus};
use domain::ports::{LoginError, Role};
use serde_json::{Value, json};

pub(super) async fn all() -> Vec<Refused> {
    let mut met = of_callers().await;
    met.extend(of_forms().await);
    met.extend(of_versions().await);
    met.extend(of_cases().await);
    met.extend(of_an_unwell_service().await);
    met
}

async fn of_cases() -> Vec<Refused> {
    let front = Front::open().await;
    let over = case(1, CaseKind::Surplus, CaseStatus::Resolved);
    let path = format!("/api/admin/cases/{}", over.id);
    front.fake.lock().cases = vec![over];
    let note = json!({"note": "x"});
    let closed = front.post_as(&front.operator, 1, &format!("{path}/accept"), note).await;
    front.fake.lock().cases[0].status = CaseStatus::Open;
    let retried = front.post_as(&front.operator, 2, &format!("{path}/retry"), Value::Null).await;
    vec![("a case that is over", closed), ("a case that no work belongs to", retried)]
}

async fn of_callers() -> Vec<Refused> {
    let front = Front::open().await;
    let orders = "/api/mini/orders";
    let anonymous = front.ask(TestRequest::get().uri(orders)).await;
    let key = front.call(&front.operator, Method::GET, orders, Value::Null).await;
    let unknown = format!("pt_{}", "A".repeat(43));
    let unknown = front.call(&unknown, Method::GET, orders, Value::Null).await;
    let service = front.key("service", vec![Role::Service]);
    let forbidden = front.call(&service, Method::GET, "/api/admin/orders", Value::Null).await;
    front.fake.lock().login = Some(LoginError::Refused(40029));
    let log_in = || front.send(TestRequest::post().uri("/api/mini/login"), json!({"code": "c"}));
    let refused = log_in().await;
    front.fake.lock().login = Some(LoginError::Unavailable("x".to_owned()));
    let unavailable = log_in().await;
    front.fake.lock().now_s += 3_600;
    let expired = front.get(orders).await;
    vec![
        ("no credential", anonymous),
        ("an API key where buyers are asked for", key),
        ("a token that is not known", unknown),
        ("a token that has expired", expired),
        ("a key without the role", forbidden),
        ("a login code that WeChat refuses", refused),
        ("a login while WeChat does not answer", unavailable),
    ]
}

async fn of_forms() -> Vec<Refused> {
    let front = Front::open().await;
    let login = || TestRequest::post().uri("/api/mini/login");
    let nowhere = front.ask(TestRequest::get().uri("/api/v9")).await;
    let method = front.ask(TestRequest::delete().uri("/api/mini/orders")).await;
    let media = login().insert_header(("Content-Type", "text/plain")).set_payload("{}");
    let media = front.ask(media).await;
    let coded = login().insert_header(("Content-Encoding", "gzip")).set_payload("{}");
    let coded = front.ask(coded).await;
    let large = front.ask(login().set_payload(" ".repeat(BODY_MAX + 1))).await;
    let headers = login().insert_header(("x-pad", "a".repeat(HEADERS_MAX)));
    let headers = front.ask(headers).await;
    tokio::time::pause();
    let slow = front.ask_without_end(login()).await;
    tokio::time::resume();
    let broken = front.ask(login().set_payload("{\"code\":")).await;
    let fields = front.pay(&idempotency_key(1), json!({"item_ids": 1, "price_fen": 1})).await;
    let checkout = "/api/mini/wechat-pay/prepay-from-checkout";
    let keyless = front.call(&front.buyer, Method::POST, checkout, everything()).await;
    let short = front.pay("short", everything()).await;
    let query = front.get("/api/mini/orders?limit=0&page=1").await;
    vec![
        ("a path that is not there", nowhere),
        ("a method that the path does not have", method),
        ("a body of another media type", media),
        ("a body with a content coding", coded),
        ("a body above the limit", large),
        ("headers above the limit", headers),
        ("a body that does not come within ten seconds", slow),
        ("a body that is not JSON", broken),
        ("fields that are wrong, missing and unknown", fields),
        ("no idempotency key", keyless),
        ("an idempotency key that is too short", short),
        ("parameters that are wrong and unknown", query),
    ]
}

async fn of_versions() -> Vec<Refused> {
    let front = Front::open().await;
    let address = json!({"name": "b", "phone": "13900000000", "region": "c", "detail": "d"});
    let path = "/api/mini/addresses/1";
    let missing = front.call(&front.buyer, Method::PUT, path, address.clone()).await;
    let stale = request(&front.buyer, Method::PUT, path).insert_header(("If-Match", "\"7\""));
    let stale = front.send(stale, address.clone()).await;
    let none = front.call(&front.buyer, Method::DELETE, "/api/mini/addresses/7", Value::Null).await;
    for _ in 1..crate::addresses::ADDRESSES_MAX {
        front.call(&front.buyer, Method::POST, "/api/mini/addresses", address.clone()).await;
    }
    let full = front.call(&front.buyer, Method::POST, "/api/mini/addresses", address).await;
    vec![
        ("a change without If-Match", missing),
        ("a change of another version", stale),
        ("an address that is not there", none),
        ("an address too many", full),
    ]
}

async fn of_an_unwell_service() -> Vec<Refused> {
    let front = Front::open().await;
    front.fake.lock().corrupt = true;
    let corrupt = front.get("/api/mini/orders").await;
    front.fake.lock().corrupt = false;
    front.fake.lock().down = true;
    let down = front.get("/api/mini/orders").await;
    let ready = front.ask(TestRequest::get().uri("/readyz")).await;
    vec![
        ("a store that holds something impossible", corrupt),
        ("a store that does not answer", down),
        ("readiness without a store", ready),
    ]
}
