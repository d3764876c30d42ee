//! What is refused, on the wire.

use serde_json::json;
use wechatpay_sim::Settings;

use crate::merchant::NATIVE;
use crate::start;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_refuses_before_it_looks() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    for (method, path, status) in [
        ("GET", "/", 404),
        ("POST", "/v3/pay/transactions/miniapp", 404),
        ("GET", NATIVE, 405),
        ("DELETE", "/v3/certificates", 405),
        ("GET", "/_sandbox/nothing", 404),
        ("GET", "/_sandbox/reset", 405),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = merchant.client.request(method, format!("{}{path}", merchant.base_url));
        let answer = merchant.finish(request).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.body.len()), (status, 0), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_good_signature_is_let_in() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let body = merchant.native_body("T00001", "https://pay.example.com/notify").to_string();
    let good = merchant.authorization("POST", NATIVE, &body);
    let send = |authorization: Option<String>, body: String| {
        let request = merchant.client.post(format!("{}{NATIVE}", merchant.base_url));
        let request = request.header("Content-Type", "application/json").body(body);
        let request = match authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        };
        merchant.finish(request)
    };
    for (authorization, body) in [
        (None, body.clone()),
        (Some("Bearer x".to_owned()), body.clone()),
        (Some(good.replace(",nonce_str", ", nonce_str")), body.clone()),
        (Some(good.replace("2048 ", "2048  ")), body.clone()),
        (Some(good.clone()), body.replace("100", "1")),
    ] {
        let answer = send(authorization, body).await.unwrap();
        assert_eq!(answer.code(), "401 SIGN_ERROR");
        assert!(answer.headers.contains_key("request-id"));
        assert!(!answer.headers.contains_key("wechatpay-signature"));
    }
    assert_eq!(send(Some(good), body).await.unwrap().code(), "200 -");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_path_is_verified_as_it_was_sent() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    assert_eq!(merchant.native("A|B*C_1-2", "https://pay.example.com/n").await.code(), "200 -");
    let seen = merchant.query("A%7CB*C_1-2").await;
    assert_eq!(seen.json()["out_trade_no"], "A|B*C_1-2");
    assert_eq!(merchant.close("A%7CB*C_1-2").await.code(), "204 -");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_have_a_limit_and_forms_are_strict() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut body = merchant.native_body("T00001", "https://pay.example.com/notify");
    body["sub_mchid"] = json!("1");
    let refused = merchant.call("POST", NATIVE, &body.to_string()).await.unwrap();
    assert_eq!(refused.code(), "400 PARAM_ERROR");
    assert_eq!(refused.json()["detail"]["field"], "/sub_mchid");
    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(merchant.call("POST", NATIVE, &huge).await.unwrap().status, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_want_a_user_agent_and_open_with_the_key() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let bare = merchant.client.get(format!("{}/v3/certificates", merchant.base_url));
    assert_eq!(merchant.finish(bare).await.unwrap().code(), "400 INVALID_REQUEST");
    let list = merchant.call("GET", "/v3/certificates", "").await.unwrap();
    assert!(list.signed_by.is_some());
    let listed = list.json()["data"][0].clone();
    assert_eq!(listed["serial_no"], merchant.credentials.platform_serial);
    let pem = merchant.open(&listed["encrypt_certificate"]);
    assert_eq!(pem, merchant.credentials.platform_certificate_pem);
}
