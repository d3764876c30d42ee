//! The table of field rules: one good body, and one change per line.

use serde_json::{Value, json};

use super::*;

fn good() -> Value {
    json!({
        "transaction_id": "1217752501201407033233368018", "out_refund_no": "R|1*2@3_4-5",
        "reason": "商品已售完", "notify_url": "https://pay.example.com/refund-notify",
        "funds_account": "AVAILABLE",
        "amount": {"refund": 50, "total": 100, "currency": "CNY",
            "from": [{"account": "AVAILABLE", "amount": 50}]},
        "goods_detail": [{"merchant_goods_id": "sku-1", "goods_name": "苹果", "unit_price": 100,
            "refund_amount": 50, "refund_quantity": 1}]
    })
}

fn parse(body: &Value) -> Result<RefundForm, Refusal> {
    RefundForm::parse(body.as_object().unwrap())
}

fn pointer_of(refusal: Refusal) -> String {
    let detail = refusal.body.unwrap().detail.unwrap();
    assert_eq!(detail["location"], "body");
    detail["field"].as_str().unwrap().to_owned()
}

/// Sets (or with `Null` removes) the member at `pointer` and gives back the pointer that is refused.
fn refused_at(pointer: &str, value: Value) -> String {
    let mut body = good();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let object = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), value);
    }
    parse(&body).map_or_else(pointer_of, |_| "accepted".to_owned())
}

#[test]
fn a_full_body_is_accepted() {
    let form = parse(&good()).unwrap();
    assert_eq!((form.refund_fen, form.total_fen), (50, 100));
    assert_eq!(form.out_refund_no, "R|1*2@3_4-5");
    assert_eq!(form.from, Some(json!([{"account": "AVAILABLE", "amount": 50}])));
}

#[test]
fn the_least_is_accepted() {
    let amount = json!({"refund": 1, "total": 1, "currency": "CNY"});
    let body = json!({"out_trade_no": "T00001", "out_refund_no": "R", "amount": amount});
    let form = parse(&body).unwrap();
    assert_eq!(form.of, PaymentNumber::OutTradeNo("T00001".to_owned()));
    assert_eq!((form.reason, form.notify_url, form.from), (None, None, None));
}

#[test]
fn each_broken_rule_is_refused_at_its_member() {
    for (pointer, value) in [
        ("/transaction_id", json!("4".repeat(33))),
        ("/out_trade_no", json!("T".repeat(33))),
        ("/out_refund_no", Value::Null),
        ("/out_refund_no", json!("")),
        ("/out_refund_no", json!("R".repeat(65))),
        ("/out_refund_no", json!("R/1")),
        ("/out_refund_no", json!("退1")),
        ("/reason", json!("字".repeat(27))),
        ("/reason", json!(1)),
        ("/notify_url", json!("https://pay.example.com/notify?x=1")),
        ("/notify_url", json!(format!("https://pay.example.com/{}", "n".repeat(240)))),
        ("/funds_account", json!("UNAVAILABLE")),
        ("/amount", Value::Null),
        ("/amount/refund", Value::Null),
        ("/amount/refund", json!(0)),
        ("/amount/refund", json!("50")),
        ("/amount/refund", json!(0.5)),
        ("/amount/total", Value::Null),
        ("/amount/total", json!(0)),
        ("/amount/currency", Value::Null),
        ("/amount/currency", json!("USD")),
        ("/amount/payer_refund", json!(1)),
        ("/mchid", json!("1900000109")),
        ("/sub_mchid", json!("1900000109")),
        ("/attach", json!("x")),
    ] {
        assert_eq!(refused_at(pointer, value.clone()), pointer, "{value}");
    }
    let from = json!([{"account": "UNSETTLED", "amount": 50}]);
    assert_eq!(refused_at("/amount/from", from), "/amount/from/0/account");
    let goods = json!([{"merchant_goods_id": "a", "unit_price": 1, "refund_amount": 1}]);
    assert_eq!(refused_at("/goods_detail", goods), "/goods_detail/0/refund_quantity");
}

#[test]
fn exactly_one_number_names_the_payment() {
    assert_eq!(refused_at("/out_trade_no", json!("T00001")), "/transaction_id", "both");
    assert_eq!(refused_at("/transaction_id", Value::Null), "/out_trade_no", "none");
    assert_eq!(refused_at("/transaction_id", json!("")), "/out_trade_no", "an empty one is none");
}

#[test]
fn a_reason_is_counted_in_bytes() {
    assert_eq!(refused_at("/reason", json!("字".repeat(26))), "accepted", "78 bytes");
    assert_eq!(refused_at("/reason", json!("x".repeat(80))), "accepted");
    assert_eq!(refused_at("/reason", json!("x".repeat(81))), "/reason");
}
