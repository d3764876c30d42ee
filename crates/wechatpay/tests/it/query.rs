//! Asking what became of a payment.

use domain::fact::{Evidence, PaymentFact, Trade};
use domain::payment::TradeType;
use domain::ports::{GatewayError, PaymentGateway as _};
use domain::{Fen, OutTradeNo, Timestamp};
use serde_json::{Value, json};

use crate::support::*;

async fn query(body: &Value) -> Result<PaymentFact, GatewayError> {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 200, &body.to_string()));
    let answer = world.client.query(&OutTradeNo::parse(NUMBER).unwrap()).await;
    let target = format!("/v3/pay/transactions/out-trade-no/{NUMBER}?mchid={MCHID}");
    assert_eq!(world.wechat.targets(), [target]);
    assert_eq!(world.wechat.seen()[0].body, "");
    assert!(!world.wechat.seen()[0].headers.contains_key("Content-Type"));
    answer
}

fn paid_but(member: &str, value: Value) -> Value {
    let mut body = paid();
    body[member] = value;
    body
}

#[tokio::test]
async fn a_success_comes_with_its_receipt() {
    let fact = query(&paid()).await.unwrap();
    assert_eq!(fact.mchid().as_str(), MCHID);
    assert_eq!(fact.out_trade_no().as_str(), NUMBER);
    assert_eq!(fact.attach(), Some("pd1.d1.P20261121100000ABCDEFGHJKLMNP"));
    assert_eq!(*fact.evidence(), Evidence::Query { request_id: Some("REQ-1-0".to_owned()) });
    let Trade::Success(receipt) = fact.trade() else { panic!("not a success") };
    assert_eq!(receipt.transaction_id.as_str(), "4200002026112100000000000001");
    assert_eq!(receipt.appid.as_str(), "wxd678efh567hg6787");
    assert_eq!((receipt.amount, receipt.payer_total), (Fen::new(100), Some(Fen::new(90))));
    assert_eq!(receipt.currency, "CNY");
    assert_eq!(receipt.payer.as_ref().unwrap().as_str(), "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    assert_eq!(Some(receipt.success_at), Timestamp::parse_rfc3339("2026-11-21T02:00:04Z"));
}

#[tokio::test]
async fn how_it_was_paid_is_known_for_the_ways_that_we_offer() {
    let cases = [
        (json!("JSAPI"), Some(TradeType::Jsapi)),
        (json!("NATIVE"), Some(TradeType::Native)),
        (json!("MWEB"), Some(TradeType::H5)),
        (json!("APP"), Some(TradeType::App)),
        (json!("MICROPAY"), None),
        (json!("NEW"), None),
        (json!(""), None),
        (json!(null), None),
    ];
    for (said, known) in cases {
        assert_eq!(query(&paid_but("trade_type", said)).await.unwrap().trade_type(), known);
    }
}

#[tokio::test]
async fn each_state_means_what_it_says() {
    let cases =
        [("NOTPAY", Trade::NotPaid), ("USERPAYING", Trade::NotPaid), ("CLOSED", Trade::Closed)];
    for (state, trade) in cases {
        // An unpaid payment says little else.
        let body = json!({ "mchid": MCHID, "out_trade_no": NUMBER, "trade_state": state,
            "trade_state_desc": "…", "amount": { "total": 100 }, "something_new": [1] });
        assert_eq!(query(&body).await.unwrap().trade(), &trade);
    }
}

#[tokio::test]
async fn a_refunded_payment_is_no_success_and_says_what_was_paid() {
    let fact = query(&paid_but("trade_state", json!("REFUND"))).await.unwrap();
    let Trade::Refunded(receipt) = fact.trade() else { panic!("{:?}", fact.trade()) };
    assert_eq!(receipt.transaction_id.as_str(), "4200002026112100000000000001");
    assert_eq!(receipt.amount, Fen::new(100));
}

#[tokio::test]
async fn an_unknown_state_is_never_unpaid() {
    for state in ["REVOKED", "PAYERROR", "", "success", "NOT_PAY", "SUCCESS "] {
        let answer = query(&paid_but("trade_state", json!(state))).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{state}: {answer:?}");
    }
}

#[tokio::test]
async fn a_success_without_its_proof_is_unknown() {
    let mut cases: Vec<Value> = ["transaction_id", "appid", "amount", "success_time"]
        .iter()
        .map(|member| paid_but(member, Value::Null))
        .collect();
    cases.push(paid_but("transaction_id", json!("")));
    cases.push(paid_but("success_time", json!("2026-11-21 10:00:04")));
    for total in [json!(null), json!(0), json!(-1), json!(1.0), json!("100"), json!(true)] {
        cases.push(paid_but("amount", json!({ "total": total, "currency": "CNY" })));
    }
    cases.push(paid_but("amount", json!({ "total": 100 })));
    for case in cases {
        let answer = query(&case).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{case}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_about_something_else_is_not_trusted() {
    for (member, other) in [("mchid", "1900000110"), ("out_trade_no", "T20261121000002")] {
        let answer = query(&paid_but(member, json!(other))).await;
        assert!(matches!(answer, Err(GatewayError::Untrusted(_))), "{member}: {answer:?}");
    }
}

#[tokio::test]
async fn not_existing_is_a_fact_in_either_spelling() {
    for code in ["ORDER_NOT_EXIST", "ORDERNOTEXIST"] {
        let world = world(&settings());
        world.wechat.answer(error(404, code, "订单不存在"));
        let fact = world.client.query(&OutTradeNo::parse(NUMBER).unwrap()).await.unwrap();
        assert_eq!((fact.trade(), fact.out_trade_no().as_str()), (&Trade::NotExist, NUMBER));
    }
}

#[tokio::test]
async fn a_404_without_that_code_says_nothing_about_the_payment() {
    let bare = wechatpay::WireResponse { status: 404, ..Default::default() };
    for response in [bare, error(404, "", ""), error(404, "RESOURCE_NOT_EXISTS", "…")] {
        let world = world(&settings());
        world.wechat.answer(response);
        let answer = world.client.query(&OutTradeNo::parse(NUMBER).unwrap()).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{answer:?}");
    }
}
