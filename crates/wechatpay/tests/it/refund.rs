//! Asking for a refund.

use domain::fact::{Evidence, RefundFact, RefundProgress};
use domain::names::TransactionId;
use domain::ports::{GatewayError, PaymentGateway as _, RefundRequest};
use domain::{Fen, Timestamp};
use expect_test::expect;
use serde_json::{Value, json};
use wechatpay::{Settings, WireResponse};

use crate::support::*;

async fn answered(response: WireResponse) -> Result<RefundFact, GatewayError> {
    let world = world(&settings());
    world.wechat.answer(response);
    let answer = world.client.refund(&refund_request()).await;
    assert_eq!(world.wechat.targets(), ["/v3/refund/domestic/refunds"]);
    answer
}

async fn said(body: &Value) -> Result<RefundFact, GatewayError> {
    answered(signed(PUBLIC_KEY, 200, &body.to_string())).await
}

/// The body that is sent for `request`.
async fn body(settings: &Settings, request: &RefundRequest) -> String {
    let world = world(settings);
    world.wechat.lose();
    assert!(world.client.refund(request).await.is_err());
    world.wechat.seen().remove(0).body
}

fn refunded_but(member: &str, value: Value) -> Value {
    let mut body = refunded();
    body[member] = value;
    body
}

#[tokio::test]
async fn the_request_is_signed_and_sent_to_the_byte() {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 200, &refunded().to_string()));
    assert!(world.client.refund(&refund_request()).await.is_ok());
    let request = world.wechat.seen().remove(0);
    let mut bytes = format!("{} {}\n", request.method.as_str(), request.target);
    for (name, value) in &request.headers {
        bytes += &format!("{name}: {value}\n");
    }
    bytes += &format!("\n{}", request.body);
    expect![[r#"
        POST /v3/refund/domestic/refunds
        Accept: application/json
        Authorization: WECHATPAY2-SHA256-RSA2048 mchid="1900000109",nonce_str="00000000000000000000000000000001",signature="Er/981FEuMo3Ew5/lgl+RApvmzY8iTcWkUmtnyCDAN/OyEzS9GEt3QoLxPBtCMXdDk2cBulSFQL0JDRuAQ4yWejg0vMjyidwnAMuJHFqQKxpFRtz7ubsU7//036ht1eywdi4kUJlRgaVTm1dvn6XO+rlrUe2ig/PJlVGBN1SWg1IZgfYPSnwOFVgvigC+t6UUWpxjBPYKJWdXLEY2mS/ijgN7hipu71lSwi140VxVcA4M32TbcSc4e3y5uItuxZgZ3KmnwwBVQDaqxnttbefpYBuRnWmyqKuLsN1geFnLJC8Kg3a3xEeaXgH+xZrL9ZIZi0mRJZQVyjsYY0Mc97yNQ==",timestamp="1795226407",serial_no="4F7A1C9E0B5D2A6838E7C41D90F2B3A655001122"
        Content-Type: application/json
        User-Agent: Paydesk/0.1.0
        Wechatpay-Serial: PUB_KEY_ID_0119000001092026010100000000000001

        {"transaction_id":"4200002026112100000000000001","out_refund_no":"R20261121000001","reason":"香蕉坏了","notify_url":"https://pay.example.com/wechatpay/refund-notify","amount":{"refund":50,"total":100,"currency":"CNY"}}"#]].assert_eq(&bytes);
}

#[tokio::test]
async fn where_wechat_pays_number_is_not_known_ours_names_the_payment() {
    let file = vectors(include_str!("../vectors/v3_request_signature.json"));
    let all = file["vectors"].as_array().unwrap();
    let vector = all.iter().find(|v| v["name"] == "refund_create").unwrap();
    let settings = Settings {
        refund_notify_url: Some("https://pay.example.com/refund-notify".to_owned()),
        ..settings()
    };
    let request = RefundRequest {
        transaction_id: TransactionId::new(""),
        reason: String::new(),
        ..refund_request()
    };
    assert_eq!(body(&settings, &request).await, text(vector, "body"));
}

#[tokio::test]
async fn whatever_named_the_payment_the_answer_brings_wechat_pays_number() {
    let world = world(&settings());
    let request = RefundRequest { transaction_id: TransactionId::new(""), ..refund_request() };
    world.wechat.answer(signed(PUBLIC_KEY, 200, &refunded().to_string()));
    let fact = world.client.refund(&request).await.unwrap();
    let transaction_id = fact.statement().unwrap().transaction_id.as_str();
    assert_eq!(transaction_id, "4200002026112100000000000001");
}

#[tokio::test]
async fn equal_requests_give_equal_bytes_whenever_they_are_sent() {
    let (request, settings) = (refund_request(), settings());
    let world = world(&settings);
    for seconds in [NOW, NOW + 100_000] {
        world.clock.set(seconds);
        world.wechat.lose();
        assert!(world.client.refund(&request).await.is_err());
    }
    let seen = world.wechat.seen();
    assert_eq!(seen[0].body, seen[1].body);
    assert_ne!(seen[0].headers, seen[1].headers);
}

#[tokio::test]
async fn a_reason_is_cut_to_eighty_bytes_and_an_empty_one_not_sent() {
    let reason = |reason: String| async move {
        let sent = body(&settings(), &RefundRequest { reason, ..refund_request() }).await;
        serde_json::from_str::<Value>(&sent).unwrap()["reason"].clone()
    };
    assert_eq!(reason("退".repeat(40)).await, json!("退".repeat(26)));
    assert_eq!(reason("\"\n\\".to_owned()).await, json!("\"\n\\"));
    assert_eq!(reason(String::new()).await, Value::Null);
}

#[tokio::test]
async fn each_status_means_what_it_says() {
    let at = Timestamp::parse_rfc3339("2026-11-21T02:05:00Z").unwrap();
    for (status, progress) in [
        ("PROCESSING", RefundProgress::Processing),
        ("SUCCESS", RefundProgress::Succeeded { at }),
        ("ABNORMAL", RefundProgress::Abnormal),
        ("CLOSED", RefundProgress::Closed),
    ] {
        let fact = said(&refunded_but("status", json!(status))).await.unwrap();
        assert_eq!(fact.refund().name(), status);
        assert_eq!(fact.mchid().as_str(), MCHID);
        assert_eq!(fact.out_refund_no().as_str(), REFUND);
        assert_eq!(*fact.evidence(), Evidence::Query { request_id: Some("REQ-1-0".to_owned()) });
        let statement = fact.statement().unwrap();
        assert_eq!(statement.progress, progress);
        assert_eq!(statement.refund_id.as_str(), "50000002026112100000000000001");
        assert_eq!(statement.transaction_id.as_str(), "4200002026112100000000000001");
        assert_eq!((statement.out_trade_no.as_str(), statement.amount), (NUMBER, Fen::new(50)));
    }
    // While it is on its way there is no time of arrival, and an optional member may be new.
    let mut processing = refunded_but("status", json!("PROCESSING"));
    processing.as_object_mut().unwrap().remove("success_time");
    processing["something_new"] = json!([1, { "a": null }]);
    assert_eq!(said(&processing).await.unwrap().refund().name(), "PROCESSING");
}

#[tokio::test]
async fn an_answer_about_something_else_is_not_trusted() {
    let amount = |member: &str, value: Value| {
        let mut body = refunded();
        body["amount"][member] = value;
        body
    };
    for other in [
        refunded_but("out_refund_no", json!("R20261121000002")),
        refunded_but("out_trade_no", json!("T20261121000002")),
        refunded_but("transaction_id", json!("4200002026112100000000000002")),
        amount("refund", json!(51)),
        amount("total", json!(101)),
        amount("currency", json!("HKD")),
        amount("currency", json!(null)),
    ] {
        let answer = said(&other).await;
        assert!(matches!(answer, Err(GatewayError::Untrusted(_))), "{other}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_is_unknown() {
    let mut bodies: Vec<String> = vec![String::new(), "{}".to_owned(), "[]".to_owned()];
    let members =
        ["refund_id", "out_refund_no", "transaction_id", "out_trade_no", "status", "amount"];
    bodies.extend(members.iter().map(|member| refunded_but(member, Value::Null).to_string()));
    for (member, value) in [
        ("status", json!("REFUNDED")),
        ("status", json!("success")),
        ("status", json!("")),
        ("success_time", json!(null)),
        ("success_time", json!("2026-11-21 10:05:00")),
        ("refund_id", json!("")),
        ("transaction_id", json!("")),
        ("amount", json!({ "total": 100, "refund": 0, "currency": "CNY" })),
        ("amount", json!({ "total": 100, "refund": -50, "currency": "CNY" })),
        ("amount", json!({ "total": 100, "refund": 50.0, "currency": "CNY" })),
        ("amount", json!({ "total": 100, "refund": "50", "currency": "CNY" })),
        ("amount", json!({ "total": 49, "refund": 50, "currency": "CNY" })),
        ("amount", json!({ "refund": 50, "currency": "CNY" })),
    ] {
        bodies.push(refunded_but(member, value).to_string());
    }
    // The member of notifications is not the member of answers, and twice is not once.
    let status = refunded().to_string();
    bodies.push(status.replace("\"status\"", "\"refund_status\""));
    bodies.push(status.replacen('{', r#"{"status":"CLOSED","#, 1));
    bodies.push(status.replacen('{', r#"{"out_refund_no":"R20261121000001","#, 1));
    bodies.push(status[..status.len() - 1].to_owned());
    for body in bodies {
        let answer = answered(signed(PUBLIC_KEY, 200, &body)).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{body}: {answer:?}");
    }
    for status in [201, 202, 204] {
        let answer = answered(signed(PUBLIC_KEY, status, &refunded().to_string())).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{status}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_signed_by_wechat_pay_is_not_trusted() {
    let body = refunded().to_string();
    let mut altered = signed(PUBLIC_KEY, 200, &body);
    altered.body = body.replace("SUCCESS", "CLOSED").into_bytes();
    let unsigned =
        WireResponse { status: 200, body: body.clone().into_bytes(), ..Default::default() };
    for forged in [altered, unsigned, signed("merchant", 200, &body), signed(CERT_1, 200, &body)] {
        let answer = answered(forged).await;
        assert!(matches!(answer, Err(GatewayError::Untrusted(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_not_sent_again_by_us() {
    let world = world(&settings());
    world.wechat.lose();
    let answer = world.client.refund(&refund_request()).await;
    assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{answer:?}");
    assert_eq!(world.wechat.seen().len(), 1);
}

#[tokio::test]
async fn where_the_payer_received_it_is_shown_nowhere() {
    let fact = said(&refunded()).await.unwrap();
    assert!(!format!("{fact:?}").contains("支付用户零钱"));
}
