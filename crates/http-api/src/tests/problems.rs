//! How refusals reach a client: media type, ids, headers; and what is refused on every route.

use super::front::{Front, everything, idempotency_key, request};
use crate::json_body::BODY_MAX;
use crate::request_id::HEADERS_MAX;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::json;

#[actix_web::test]
async fn an_unknown_route_is_404_and_a_wrong_method_405_both_as_problems() {
    let front = Front::open().await;
    let said = front.ask(TestRequest::get().uri("/api/v1/payments")).await;
    assert_eq!(said.code(), (404, "not_found"));
    assert_eq!(said.header("content-type"), Some("application/problem+json"));
    let said = front.ask(TestRequest::delete().uri("/api/mini/addresses")).await;
    assert_eq!(said.code(), (405, "method_not_allowed"));
    assert_eq!(said.header("allow"), Some("GET, HEAD, POST"));
    let said = front.ask(TestRequest::get().uri("/api/mini/addresses/1")).await;
    assert_eq!((said.status, said.header("allow")), (405, Some("PUT, DELETE")));
}

/// Load balancers ask for heads; who may not see the body may not see its head.
#[actix_web::test]
async fn a_head_is_answered_like_its_get() {
    let front = Front::open().await;
    let head = |path: &'static str| TestRequest::default().method(Method::HEAD).uri(path);
    for path in ["/healthz", "/readyz", "/docs", "/api/mini/wechat-pay/health"] {
        assert_eq!(front.ask(head(path)).await.status, 200, "{path}");
    }
    assert_eq!(front.ask(head("/api/mini/orders")).await.status, 401);
}

#[actix_web::test]
async fn every_answer_has_the_request_id_that_was_sent_or_a_new_one() {
    let front = Front::open().await;
    for path in ["/healthz", "/nowhere", "/api/mini/orders"] {
        let sent = TestRequest::get().uri(path).insert_header(("X-Request-Id", "my.id_1-2"));
        let said = front.ask(sent).await;
        assert_eq!(said.header("x-request-id"), Some("my.id_1-2"));
        if said.status >= 400 {
            assert_eq!(said.body["request_id"], "my.id_1-2");
        }
        let bad = TestRequest::get().uri(path).insert_header(("X-Request-Id", "no spaces"));
        let said = front.ask(bad).await;
        let made = said.header("x-request-id").unwrap();
        assert!(uuid::Uuid::try_parse(made).is_ok(), "{made}");
        assert_eq!(said.header("cache-control"), Some("no-store"));
    }
}

#[actix_web::test]
async fn an_expired_token_is_401() {
    let front = Front::open().await;
    assert_eq!(front.get("/api/mini/orders").await.status, 200);
    front.fake.lock().now_s += 3_599;
    assert_eq!(front.get("/api/mini/orders").await.status, 200);
    front.fake.lock().now_s += 1;
    assert_eq!(front.get("/api/mini/orders").await.code(), (401, "unauthenticated"));
}

#[actix_web::test]
async fn unknown_doubled_and_wrong_fields_are_named_all_at_once() {
    let front = Front::open().await;
    let body = json!({"item_ids": [1, "2", 3.5], "address_id": 0, "rush": 1, "price_fen": 1,
        "trade_type": "MWEB", "client_ip": "1.2.3", "replace_open": "yes", "remark": "a\u{0}", "user_id": "x",
        "expected_total_fen": 1_000_000_001i64});
    let said = front.pay(&idempotency_key(1), body).await;
    assert_eq!(said.code(), (400, "validation_failed"));
    let errors = said.body["errors"].as_array().unwrap();
    let named: Vec<(&str, &str)> = errors
        .iter()
        .map(|e| (e["field"].as_str().unwrap(), e["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        named,
        [
            ("item_ids[1]", "wrong_type"),
            ("item_ids[2]", "wrong_type"),
            ("address_id", "out_of_range"),
            ("rush", "wrong_type"),
            ("remark", "control_character"),
            ("expected_total_fen", "out_of_range"),
            ("replace_open", "wrong_type"),
            ("trade_type", "invalid"),
            ("client_ip", "invalid"),
            ("price_fen", "unknown_field"),
            ("user_id", "unknown_field"),
        ]
    );
    let doubled = request(&front.buyer, Method::POST, "/api/mini/addresses")
        .insert_header(("Content-Type", "application/json"))
        .set_payload(r#"{"name":"a","name":"b"}"#);
    let said = front.ask(doubled).await;
    assert_eq!(said.body["errors"][0]["code"], "duplicate_field");
}

#[actix_web::test]
async fn bodies_and_headers_are_refused_one_byte_beyond_their_limit() {
    let front = Front::open().await;
    let body = |size: usize| {
        let mut text = r#"{"code":"x"}"#.to_owned();
        text.extend(std::iter::repeat_n(' ', size - text.len()));
        TestRequest::post().uri("/api/mini/login").set_payload(text)
    };
    assert_eq!(front.ask(body(BODY_MAX)).await.status, 200);
    assert_eq!(front.ask(body(BODY_MAX + 1)).await.code(), (413, "body_too_large"));
    let header = |size: usize| {
        let spare = size - "x-pad: \r\n".len();
        TestRequest::get().uri("/healthz").insert_header(("x-pad", "a".repeat(spare)))
    };
    assert_eq!(front.ask(header(HEADERS_MAX)).await.status, 200);
    assert_eq!(front.ask(header(HEADERS_MAX + 1)).await.code(), (431, "headers_too_large"));
}

#[actix_web::test]
async fn a_body_that_is_not_json_is_415() {
    let front = Front::open().await;
    let sent = |kind: &'static str| {
        TestRequest::post()
            .uri("/api/mini/login")
            .insert_header(("Content-Type", kind))
            .set_payload(r#"{"code":"x"}"#)
    };
    assert_eq!(front.ask(sent("application/json; charset=utf-8")).await.status, 200);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        assert_eq!(front.ask(sent(kind)).await.code(), (415, "unsupported_media_type"), "{kind}");
    }
    let gzip = sent("application/json").insert_header(("Content-Encoding", "gzip"));
    assert_eq!(front.ask(gzip).await.status, 415);
}

#[actix_web::test]
async fn a_store_that_is_down_is_503_and_says_nothing_more() {
    let front = Front::open().await;
    front.fake.lock().down = true;
    let said = front.get("/api/mini/orders").await;
    assert_eq!(said.code(), (503, "try_again"));
    assert_eq!(said.header("retry-after"), Some("1"));
    assert!(!said.text.contains("SELECT") && !said.text.contains("/var"), "{}", said.text);
    let said = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!(said.code(), (503, "try_again"));
    assert_eq!(front.ask(TestRequest::get().uri("/healthz")).await.status, 200);
    let said = front.ask(TestRequest::get().uri("/readyz")).await;
    assert_eq!(said.code(), (503, "not_ready"));
    assert_eq!(said.body["checks"], json!([{"name": "database", "ok": false}]));
    front.fake.lock().down = false;
    assert_eq!(front.ask(TestRequest::get().uri("/readyz")).await.status, 200);
}

#[actix_web::test]
async fn a_login_that_wechat_refuses_is_401_and_one_it_cannot_answer_503() {
    use domain::ports::LoginError;
    let front = Front::open().await;
    let log_in = || front.send(TestRequest::post().uri("/api/mini/login"), json!({"code": "c"}));
    front.fake.lock().login = Some(LoginError::Refused(40029));
    assert_eq!(log_in().await.code(), (401, "login_refused"));
    front.fake.lock().login = Some(LoginError::Unavailable("x".to_owned()));
    assert_eq!(log_in().await.code(), (503, "wechat_unavailable"));
}
