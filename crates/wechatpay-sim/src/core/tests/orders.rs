//! Orders: prepay, pay, query, close, and what a number may be used for twice.

use super::*;
use crate::core::settings::{CloseUnknown, Spelling};

#[test]
fn an_order_is_made_paid_and_seen() {
    let mut world = World::new();
    let prepaid = world.prepay(JSAPI, &jsapi_body("T00001"));
    let prepay_id = body_of(&prepaid)["prepay_id"].as_str().unwrap().to_owned();
    assert!(prepay_id.starts_with("wx20261121100000") && prepay_id.len() == 36, "{prepay_id}");
    assert_eq!(
        body_of(&world.query("T00001")),
        json!({
            "appid": APPID, "mchid": MCHID, "out_trade_no": "T00001", "trade_state": "NOTPAY",
            "trade_state_desc": "订单未支付", "amount": {"total": 100, "payer_currency": "CNY"}
        })
    );
    world.later(Duration::seconds(5));
    let trade = world.user_tries("T00001", json!({"coupon_fen": 30})).unwrap();
    let id = trade["transaction_id"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), trade["payer_total_fen"].as_i64()), (28, Some(70)));
    let mut seen = body_of(&world.query("T00001"));
    assert_eq!(seen["promotion_detail"][0]["amount"], 30);
    seen.as_object_mut().unwrap().remove("promotion_detail");
    assert_eq!(
        seen,
        json!({
            "appid": APPID, "mchid": MCHID, "out_trade_no": "T00001", "transaction_id": id,
            "trade_type": "JSAPI", "trade_state": "SUCCESS", "trade_state_desc": "支付成功",
            "bank_type": "OTHERS", "attach": "pd1.x", "success_time": "2026-11-21T10:00:05+08:00",
            "payer": {"openid": "alice"},
            "amount": {"total": 100, "payer_total": 70, "currency": "CNY", "payer_currency": "CNY"}
        })
    );
    let by_id = format!("/v3/pay/transactions/id/{id}?mchid={MCHID}");
    assert_eq!(body_of(&world.answer(&signed("GET", &by_id, "")))["out_trade_no"], "T00001");
    assert_eq!(said(&world.query("T00002")), "404 ORDER_NOT_EXIST 订单不存在");
}

#[test]
fn a_number_is_one_order() {
    let mut world = World::new();
    let mut other = native_body("T00001");
    other["amount"]["total"] = json!(101);
    let differs = "400 INVALID_REQUEST 请求重入时，参数与首次请求时不一致";

    let first = body_of(&world.prepay(NATIVE, &native_body("T00001")));
    let again = body_of(&world.prepay(NATIVE, &native_body("T00001")));
    assert_ne!(first["code_url"], again["code_url"], "Native: a new code_url each time");
    assert_eq!(said(&world.prepay(NATIVE, &other)), differs);
    assert!(said(&world.prepay(JSAPI, &jsapi_body("T00001"))).starts_with("403 OUT_TRADE_NO_USED"));

    world.user_pays("T00001");
    for body in [native_body("T00001"), other] {
        assert_eq!(said(&world.prepay(NATIVE, &body)), "400 ORDER_PAID 该订单已支付");
    }
    assert_eq!(said(&world.close("T00001")), "400 ORDER_PAID 该订单已支付");

    world.prepay(NATIVE, &native_body("T00002"));
    assert_eq!(said(&world.close("T00002")), "204");
    assert_eq!(said(&world.close("T00002")), "204", "closing is re-entrant");
    assert!(said(&world.prepay(NATIVE, &native_body("T00002"))).starts_with("400 ORDER_CLOSED"));
    assert_eq!(body_of(&world.query("T00002"))["trade_state"], "CLOSED");

    assert_eq!(said(&world.close("T00003")), "204");
    assert_eq!(said(&world.prepay(NATIVE, &native_body("T00003"))), differs, "burned");
    assert_eq!(said(&world.query("T00003")), "404 ORDER_NOT_EXIST 订单不存在");
}

#[test]
fn a_prepay_id_stays_for_two_hours() {
    let mut world = World::new();
    let first = body_of(&world.prepay(JSAPI, &jsapi_body("T00001")));
    world.later(Duration::minutes(119));
    assert_eq!(body_of(&world.prepay(JSAPI, &jsapi_body("T00001"))), first);
    world.later(Duration::minutes(1));
    assert_ne!(body_of(&world.prepay(JSAPI, &jsapi_body("T00001"))), first);
}

#[test]
fn older_behaviour_is_a_setting() {
    let settings = Settings {
        close_unknown: CloseUnknown::NotFound,
        spelling: Spelling::Older,
        ..Settings::default()
    };
    let mut world = World::with(settings);
    assert_eq!(said(&world.close("T00001")), "404 ORDERNOTEXIST 订单不存在");
    world.prepay(NATIVE, &native_body("T00001"));
    world.user_pays("T00001");
    assert_eq!(said(&world.close("T00001")), "400 ORDERPAID 该订单已支付");
}

#[test]
fn time_expire_is_clamped_and_ends_paying_not_the_order() {
    for (asked, expires) in [
        (None, "2026-11-28T10:00:00+08:00"),
        (Some("2026-11-21T10:30:00+08:00"), "2026-11-21T10:30:00+08:00"),
        (Some("2026-11-21T09:00:00+08:00"), "2026-11-21T10:01:00+08:00"),
        (Some("2027-11-21T10:00:00+08:00"), "2026-12-06T10:00:00+08:00"),
    ] {
        let mut world = World::new();
        let mut body = native_body("T00001");
        if let Some(asked) = asked {
            body["time_expire"] = json!(asked);
        }
        world.prepay(NATIVE, &body);
        assert_eq!(world.pay.ledger(START)["trades"][0]["expires_at"], expires, "{asked:?}");
    }
    let mut world = World::new();
    let mut body = native_body("T00001");
    body["time_expire"] = json!("2026-11-21T10:30:00+08:00");
    world.prepay(NATIVE, &body);
    world.later(Duration::minutes(30) + Duration::seconds(1));
    assert_eq!(world.user_tries("T00001", json!({})).unwrap_err().code, "order_expired");
    assert_eq!(body_of(&world.query("T00001"))["trade_state"], "NOTPAY");
    assert_eq!(said(&world.prepay(NATIVE, &body)), "400 ORDER_CLOSED 该订单已失效");
    assert_eq!(said(&world.close("T00001")), "204");
}

#[test]
fn the_last_second_is_in_time() {
    let mut world = World::new();
    let mut body = native_body("T00001");
    body["time_expire"] = json!("2026-11-21T10:30:00+08:00");
    world.prepay(NATIVE, &body);
    world.later(Duration::minutes(30));
    assert_eq!(world.user_pays("T00001")["trade_state"], "SUCCESS");
}

#[test]
fn an_unpaid_order_closes_after_seven_days() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    world.later(Duration::days(8));
    assert_eq!(body_of(&world.query("T00001"))["trade_state"], "CLOSED");
    let trade = &world.pay.ledger(world.business)["trades"][0];
    assert_eq!(trade["closed_at"], "2026-11-28T10:00:00+08:00");
    assert_eq!(trade["closed_by"], "age");
}

#[test]
fn a_failed_payment_changes_and_tells_nothing() {
    let mut world = World::new();
    world.prepay(JSAPI, &jsapi_body("T00001"));
    let trade = world.user_tries("T00001", json!({"outcome": "fail"})).unwrap();
    assert_eq!(
        (trade["trade_state"].as_str(), trade["failed_payments"].as_i64()),
        (Some("NOTPAY"), Some(1))
    );
    assert!(world.due().is_empty());
}

#[test]
fn the_app_refuses_what_cannot_be_paid() {
    let mut world = World::new();
    world.prepay(JSAPI, &jsapi_body("T00001"));
    let mut code = |form: Value| world.user_tries("T00001", form).err().map(|refusal| refusal.code);
    assert_eq!(code(json!({"openid": "bob"})), Some("payer_differs"));
    assert_eq!(code(json!({"coupon_fen": 100})), Some("bad_request"));
    assert_eq!(code(json!({"coupon_fen": -1})), Some("bad_request"));
    assert_eq!(code(json!({"openid": "alice"})), None);
    assert_eq!(code(json!({})), Some("order_paid"));
    assert_eq!(world.user_tries("T00009", json!({})).unwrap_err().code, "not_found");
    world.prepay(NATIVE, &native_body("T00002"));
    world.close("T00002");
    assert_eq!(world.user_tries("T00002", json!({})).unwrap_err().code, "order_closed");
}

#[test]
fn calls_are_counted_by_kind_and_number() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    world.query("T00001");
    world.query("T00001");
    world.query("T00002");
    let ledger = world.pay.ledger(START);
    let find = |kind: &str, number: &str| {
        let calls = ledger["calls"].as_array().unwrap();
        calls.iter().find(|call| call["kind"] == kind && call["out_trade_no"] == number).cloned()
    };
    assert_eq!(
        find("query", "T00001"),
        Some(
            json!({"kind": "query", "out_trade_no": "T00001", "out_refund_no": null, "count": 2, "effective": 2, "by_status": {"200": 2}})
        )
    );
    assert_eq!(find("query", "T00002").unwrap()["effective"], 0);
    assert_eq!(find("prepay", "T00001").unwrap()["count"], 1);
    assert_eq!(ledger["log"].as_array().unwrap().len(), 4);
}

#[test]
fn only_an_unfaithful_test_pays_a_closed_order_and_the_ledger_says_so() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    world.close("T00001");
    let trade = world.user_tries("T00001", json!({"unfaithful": true})).unwrap();
    assert_eq!((&trade["trade_state"], &trade["unfaithful"]), (&json!("SUCCESS"), &json!(true)));
    assert_eq!(world.due().len(), 1, "and it is notified");
}
