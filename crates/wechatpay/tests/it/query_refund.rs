//! Asking what became of a refund.

use domain::OutRefundNo;
use domain::fact::{Evidence, RefundAtWechat, RefundFact};
use domain::ports::{GatewayError, PaymentGateway as _};
use serde_json::{Value, json};
use wechatpay::{Method, WireResponse};

use crate::support::*;

async fn answered(response: WireResponse) -> Result<RefundFact, GatewayError> {
    let world = world(&settings());
    world.wechat.answer(response);
    let answer = world.client.query_refund(&OutRefundNo::stored(REFUND.to_owned())).await;
    let request = world.wechat.seen().remove(0);
    assert_eq!(request.method, Method::Get);
    assert_eq!(request.target, format!("/v3/refund/domestic/refunds/{REFUND}"));
    assert_eq!(request.body, "");
    answer
}

async fn said(body: &Value) -> Result<RefundFact, GatewayError> {
    answered(signed(PUBLIC_KEY, 200, &body.to_string())).await
}

#[tokio::test]
async fn it_says_what_the_request_would_say() {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 200, &refunded().to_string()));
    let asked_for = world.client.refund(&refund_request()).await;
    assert!(asked_for.is_ok());
    assert_eq!(said(&refunded()).await, asked_for);
}

#[tokio::test]
async fn a_refund_of_any_payment_and_amount_is_a_statement_about_its_number() {
    let mut other = refunded();
    other["out_trade_no"] = json!("shop|2026*7");
    other["amount"]["refund"] = json!(7);
    let fact = said(&other).await.unwrap();
    assert_eq!(fact.statement().unwrap().out_trade_no.as_str(), "shop|2026*7");
    assert_eq!(fact.statement().unwrap().amount.get(), 7);
}

#[tokio::test]
async fn an_answer_about_another_refund_is_not_trusted() {
    let mut other = refunded();
    other["out_refund_no"] = json!("R20261121000002");
    let answer = said(&other).await;
    assert!(matches!(answer, Err(GatewayError::Untrusted(_))), "{answer:?}");
}

#[tokio::test]
async fn another_currency_is_not_counted_as_fen() {
    let mut other = refunded();
    other["amount"]["currency"] = json!("HKD");
    let answer = said(&other).await;
    assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{answer:?}");
}

#[tokio::test]
async fn an_unknown_status_is_unknown() {
    let mut other = refunded();
    other["status"] = json!("REFUNDED");
    let answer = said(&other).await;
    let why = "an unknown refund status (Request-ID REQ-1-0)".to_owned();
    assert_eq!(answer, Err(GatewayError::OutcomeUnknown(why)));
}

#[tokio::test]
async fn not_existing_is_a_fact_when_it_comes_as_documented() {
    let mut response = error(404, "RESOURCE_NOT_EXISTS", "退款单不存在");
    response.headers.insert("request-id".to_owned(), "REQ-2-0".to_owned());
    let fact = answered(response).await.unwrap();
    assert_eq!((fact.refund(), fact.out_refund_no().as_str()), (&RefundAtWechat::NotExist, REFUND));
    assert_eq!(*fact.evidence(), Evidence::Query { request_id: Some("REQ-2-0".to_owned()) });
    assert_eq!(fact.mchid().as_str(), MCHID);
}

#[tokio::test]
async fn no_other_answer_says_that_there_is_no_refund() {
    let bare = WireResponse { status: 404, ..Default::default() };
    for response in [
        bare,
        error(404, "", ""),
        error(404, "ORDER_NOT_EXIST", "订单不存在"),
        error(400, "RESOURCE_NOT_EXISTS", "…"),
        error(500, "RESOURCE_NOT_EXISTS", "…"),
    ] {
        let answer = answered(response).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{answer:?}");
    }
    let unsigned = WireResponse {
        status: 200,
        body: refunded().to_string().into_bytes(),
        ..Default::default()
    };
    assert!(matches!(answered(unsigned).await, Err(GatewayError::Untrusted(_))));
}
