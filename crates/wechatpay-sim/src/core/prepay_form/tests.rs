//! The table of field rules: one good body, and one change per line.

use serde_json::{Value, json};

use super::*;

fn good() -> Value {
    json!({
        "appid": "wxd678efh567hg6787", "mchid": "1900000109", "description": "测试商品🍌",
        "out_trade_no": "T20261121000001", "notify_url": "https://pay.example.com/notify",
        "time_expire": "2026-11-21T10:30:00+08:00", "attach": "pd1.x", "goods_tag": "WXG",
        "limit_pay": ["no_credit"], "support_fapiao": false,
        "amount": {"total": 100, "currency": "CNY"}, "payer": {"openid": "oUpF8uMuAJO"},
        "detail": {"cost_price": 1, "invoice_id": "i", "goods_detail": [
            {"merchant_goods_id": "sku-1", "goods_name": "苹果", "quantity": 1, "unit_price": 100}]},
        "scene_info": {"payer_client_ip": "14.23.150.211", "device_id": "013467007045764",
            "store_info": {"id": "0001", "name": "腾讯大厦"}},
        "settle_info": {"profit_sharing": false}
    })
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
    match PrepayForm::parse(body.as_object().unwrap(), TradeType::Jsapi) {
        Ok(_) => "accepted".to_owned(),
        Err(refusal) => {
            let detail = refusal.body.unwrap().detail.unwrap();
            assert_eq!(detail["location"], "body");
            detail["field"].as_str().unwrap().to_owned()
        }
    }
}

#[test]
fn a_full_body_is_accepted() {
    let body = good();
    let form = PrepayForm::parse(body.as_object().unwrap(), TradeType::Jsapi).unwrap();
    assert_eq!(form.total_fen, 100);
    assert_eq!(form.openid.as_deref(), Some("oUpF8uMuAJO"));
    assert_eq!(form.device_id.as_deref(), Some("013467007045764"));
}

#[test]
fn each_broken_rule_is_refused_at_its_member() {
    let long = |count: usize| Value::from("字".repeat(count));
    for (pointer, value) in [
        ("/appid", Value::Null),
        ("/mchid", json!(1_900_000_109)),
        ("/description", json!("")),
        ("/description", long(128)),
        ("/out_trade_no", json!("T1234")),
        ("/out_trade_no", json!("T".repeat(33))),
        ("/out_trade_no", json!("T2026112100/01")),
        ("/out_trade_no", json!("订单20261121")),
        ("/time_expire", json!("2026-11-21T10:30:00Z")),
        ("/attach", long(129)),
        ("/notify_url", Value::Null),
        ("/notify_url", json!("https://pay.example.com/notify?x=1")),
        ("/notify_url", json!(format!("https://pay.example.com/{}", "n".repeat(240)))),
        ("/goods_tag", long(33)),
        ("/support_fapiao", json!("true")),
        ("/amount", Value::Null),
        ("/amount/total", json!(0)),
        ("/amount/total", json!(-1)),
        ("/amount/total", json!("100")),
        ("/amount/total", json!(1.5)),
        ("/amount/currency", json!("USD")),
        ("/amount/payer_total", json!(1)),
        ("/payer", Value::Null),
        ("/payer/openid", json!("")),
        ("/payer/openid", long(129)),
        ("/payer/name", json!("x")),
        ("/detail/goods_detail", json!([])),
        ("/detail/extra", json!(1)),
        ("/scene_info/payer_client_ip", json!("127.0.0.1")),
        ("/scene_info/payer_client_ip", Value::Null),
        ("/scene_info/h5_info", json!({"type": "Wap"})),
        ("/scene_info/store_info/id", Value::Null),
        ("/settle_info/profit_sharing", json!(1)),
        ("/sub_mchid", json!("1")),
    ] {
        assert_eq!(refused_at(pointer, value.clone()), pointer, "{value}");
    }
    assert_eq!(refused_at("/limit_pay", json!([1])), "/limit_pay/0");
    assert_eq!(
        refused_at("/detail/goods_detail", json!([{"merchant_goods_id": "a b"}])),
        "/detail/goods_detail/0/merchant_goods_id"
    );
}

#[test]
fn lengths_are_counted_in_characters() {
    assert_eq!(refused_at("/description", Value::from("字".repeat(127))), "accepted");
    assert_eq!(refused_at("/out_trade_no", json!("A|B*C_1-2")), "accepted");
}

#[test]
fn an_explicit_null_is_not_an_absent_member() {
    let mut body = good();
    body["attach"] = Value::Null;
    assert!(PrepayForm::parse(body.as_object().unwrap(), TradeType::Jsapi).is_err());
}

#[test]
fn only_jsapi_knows_a_payer() {
    for trade_type in [TradeType::Native, TradeType::H5, TradeType::App] {
        let refusal = PrepayForm::parse(good().as_object().unwrap(), trade_type).unwrap_err();
        assert_eq!(refusal.body.unwrap().detail.unwrap()["field"], "/payer", "{trade_type:?}");
    }
}

#[test]
fn an_app_order_has_the_members_that_all_have() {
    let mut body = good();
    body.as_object_mut().unwrap().remove("payer");
    let form = PrepayForm::parse(body.as_object().unwrap(), TradeType::App).unwrap();
    assert_eq!((form.total_fen, form.openid), (100, None));
    body["scene_info"]["h5_info"] = json!({"type": "Wap"});
    let refusal = PrepayForm::parse(body.as_object().unwrap(), TradeType::App).unwrap_err();
    assert_eq!(refusal.body.unwrap().detail.unwrap()["field"], "/scene_info/h5_info");
}

fn good_h5() -> Value {
    let mut body = good();
    body.as_object_mut().unwrap().remove("payer");
    body["scene_info"]["h5_info"] = json!({
        "type": "iOS", "app_name": "王者荣耀", "app_url": "https://pvp.qq.com",
        "bundle_id": "com.tencent.wzryiOS", "package_name": "com.tencent.tmgp.sgame"
    });
    body
}

/// `good_h5` with the member at `pointer` replaced (or with `Null` removed): the pointer that is refused.
fn h5_refused_at(pointer: &str, value: Value) -> String {
    let mut body = good_h5();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let object = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), value);
    }
    match PrepayForm::parse(body.as_object().unwrap(), TradeType::H5) {
        Ok(_) => "accepted".to_owned(),
        Err(refusal) => refusal.body.unwrap().detail.unwrap()["field"].as_str().unwrap().to_owned(),
    }
}

#[test]
fn h5_has_to_say_where_the_payer_is_and_in_what() {
    let long = |count: usize| Value::from("x".repeat(count));
    assert_eq!(h5_refused_at("/attach", Value::Null), "accepted");
    assert_eq!(
        h5_refused_at(
            "/scene_info",
            json!({"payer_client_ip": "::ffff:14.23.150.211", "h5_info": {"type": "Wap"}})
        ),
        "accepted"
    );
    for (pointer, value) in [
        ("/scene_info", Value::Null),
        ("/scene_info", json!("14.23.150.211")),
        ("/scene_info/payer_client_ip", Value::Null),
        ("/scene_info/payer_client_ip", json!("")),
        ("/scene_info/payer_client_ip", json!("::1")),
        ("/scene_info/payer_client_ip", json!("::ffff:127.0.0.1")),
        ("/scene_info/payer_client_ip", json!("shop.example.com")),
        ("/scene_info/h5_info", Value::Null),
        ("/scene_info/h5_info", json!("Wap")),
        ("/scene_info/h5_info/type", Value::Null),
        ("/scene_info/h5_info/type", json!("")),
        ("/scene_info/h5_info/type", json!(1)),
        ("/scene_info/h5_info/type", long(33)),
        ("/scene_info/h5_info/app_name", long(65)),
        ("/scene_info/h5_info/app_url", long(129)),
        ("/scene_info/h5_info/bundle_id", long(129)),
        ("/scene_info/h5_info/package_name", json!(7)),
        ("/scene_info/h5_info/wap_url", json!("https://pvp.qq.com")),
        ("/scene_info/wap_info", json!({})),
    ] {
        assert_eq!(h5_refused_at(pointer, value.clone()), pointer, "{value}");
    }
}
