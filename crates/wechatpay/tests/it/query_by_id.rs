//! Asking by WeChat Pay's own number, as who reads a bill does.

use domain::fact::{Evidence, PaymentFact, Trade};
use domain::names::TransactionId;
use domain::ports::GatewayError;
use serde_json::{Value, json};

use crate::support::*;

const ID: &str = "4200002026112100000000000001";

type Answer = Result<Option<PaymentFact>, GatewayError>;

async fn query(body: &Value) -> Answer {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 200, &body.to_string()));
    let answer = world.client.query_by_transaction_id(&TransactionId::new(ID)).await;
    assert_eq!(world.wechat.targets(), [format!("/v3/pay/transactions/id/{ID}?mchid={MCHID}")]);
    assert_eq!(world.wechat.seen()[0].body, "");
    answer
}

fn paid_but(member: &str, value: Value) -> Value {
    let mut body = paid();
    body[member] = value;
    body
}

#[tokio::test]
async fn a_payment_is_found_by_wechat_pays_number() {
    let fact = query(&paid()).await.unwrap().unwrap();
    assert_eq!((fact.mchid().as_str(), fact.out_trade_no().as_str()), (MCHID, NUMBER));
    assert_eq!(*fact.evidence(), Evidence::Query { request_id: Some("REQ-1-0".to_owned()) });
    let Trade::Success(receipt) = fact.trade() else { panic!("not a success") };
    assert_eq!(receipt.transaction_id.as_str(), ID);
    let refunded = query(&paid_but("trade_state", json!("REFUND"))).await.unwrap().unwrap();
    assert!(matches!(refunded.trade(), Trade::Refunded(_)));
}

#[tokio::test]
async fn another_systems_number_is_taken_as_it_is_stated() {
    for number in ["1", "shop|7*", &"x".repeat(64)] {
        let fact = query(&paid_but("out_trade_no", json!(number))).await.unwrap().unwrap();
        assert_eq!(fact.out_trade_no().as_str(), number);
    }
    for number in ["", "a b", "店", &"x".repeat(65)] {
        let answer = query(&paid_but("out_trade_no", json!(number))).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{number}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_about_something_else_is_not_trusted() {
    for (member, other) in [
        ("mchid", json!("1900000110")),
        ("transaction_id", json!("4200002026112100000000000002")),
        ("transaction_id", json!("")),
        ("transaction_id", json!(null)),
    ] {
        let answer = query(&paid_but(member, other)).await;
        assert!(matches!(answer, Err(GatewayError::Untrusted(_))), "{member}: {answer:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_unknown() {
    for body in [paid_but("trade_state", json!("NEW")), paid_but("amount", json!(null)), json!([])]
    {
        let answer = query(&body).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn not_existing_is_none_in_either_spelling_and_other_refusals_are_not() {
    let answered = |status, code| async move {
        let world = world(&settings());
        world.wechat.answer(error(status, code, "…"));
        world.client.query_by_transaction_id(&TransactionId::new(ID)).await
    };
    for code in ["ORDER_NOT_EXIST", "ORDERNOTEXIST"] {
        assert_eq!(answered(404, code).await, Ok(None));
    }
    for (status, code) in [(404, ""), (404, "RESOURCE_NOT_EXISTS"), (500, "ORDER_NOT_EXIST")] {
        let answer = answered(status, code).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{code}: {answer:?}");
    }
    assert!(matches!(answered(429, "").await, Err(GatewayError::Retryable(_))));
}
