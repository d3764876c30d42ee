//! Each rule of a request's members, with values that are taken and values that are not.

use super::*;
use crate::core::prepay_form::PrepayForm;
use crate::core::refund::form::RefundForm;
use crate::core::refusal::Refusal;
use crate::core::route::TradeType;

type Judge = Box<dyn Fn(&Value) -> Result<(), Refusal>>;

/// A full body, and who reads it.
struct Form {
    body: Value,
    parse: Judge,
}

impl Form {
    fn answer(&self, body: &Value) -> String {
        match (self.parse)(body) {
            Ok(()) => "accepted".to_owned(),
            Err(refusal) => {
                let detail = refusal.body.unwrap().detail.unwrap();
                detail["field"].as_str().unwrap().to_owned()
            }
        }
    }

    /// What is said of the body with this value at the member.
    fn with(&self, pointer: &str, value: &Value) -> String {
        let mut body = self.body.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match body.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
            Value::Object(members) => {
                members.insert(name.to_owned(), value.clone());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                panic!("nothing lies in the parent of {pointer}")
            }
        }
        self.answer(&body)
    }

    /// What is said of the body without the member.
    fn without(&self, pointer: &str) -> String {
        let mut body = self.body.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(parent).unwrap();
        if let Value::Object(members) = parent {
            assert!(members.remove(name).is_some(), "{pointer}");
        }
        self.answer(&body)
    }

    /// Plays one rule.
    fn keeps(&self, rule: Rule) {
        let pointer = rule.pointer();
        let (accepted, refused) = rule.values();
        for value in accepted {
            assert_eq!(self.with(&pointer, &value), "accepted", "{rule:?} {value}");
        }
        for value in refused {
            assert_eq!(self.with(&pointer, &value), pointer, "{rule:?} {value}");
        }
        let expected = if rule.when == "no" { "accepted" } else { &pointer };
        assert_eq!(self.without(&pointer), expected, "{rule:?} left out");
        let (parent, _) = pointer.rsplit_once('/').unwrap();
        if !rule.member.ends_with("[]") {
            let unknown = format!("{parent}/nobody_knows");
            assert_eq!(self.with(&unknown, &json!(1)), unknown, "beside {rule:?}");
        }
    }
}

fn prepay_form() -> Value {
    json!({
        "appid": APPID, "mchid": MCHID, "description": "测试商品🍌",
        "out_trade_no": "T20261121000001", "notify_url": "https://pay.example.com/notify",
        "time_expire": TIME, "attach": "pd1.x", "goods_tag": "WXG",
        "limit_pay": ["no_credit"], "support_fapiao": false,
        "amount": {"total": 100, "currency": "CNY"}, "payer": {"openid": "oUpF8uMuAJO"},
        "detail": {"cost_price": 1, "invoice_id": "i", "goods_detail": [{
            "merchant_goods_id": "sku-1", "wechatpay_goods_id": "1001", "goods_name": "苹果",
            "quantity": 1, "unit_price": 100}]},
        "scene_info": {"payer_client_ip": "14.23.150.211", "device_id": "013467007045764",
            "store_info": {"id": "0001", "name": "店", "area_code": "440305", "address": "一号"}},
        "settle_info": {"profit_sharing": false}
    })
}

fn h5_form() -> Value {
    let mut body = prepay_form();
    body.as_object_mut().unwrap().remove("payer");
    body["scene_info"]["h5_info"] = json!({
        "type": "iOS", "app_name": "店", "app_url": "https://shop.example.com",
        "bundle_id": "com.example.shop", "package_name": "com.example.shop"
    });
    body
}

fn refund_form() -> Value {
    json!({
        "out_trade_no": "T00001", "out_refund_no": "R00001", "reason": "坏了",
        "notify_url": "https://pay.example.com/refund-notify", "funds_account": "AVAILABLE",
        "amount": {"refund": 50, "total": 100, "currency": "CNY",
            "from": [{"account": "AVAILABLE", "amount": 50}]},
        "goods_detail": [{"merchant_goods_id": "sku-1", "wechatpay_goods_id": "1001",
            "goods_name": "苹果", "unit_price": 100, "refund_amount": 50, "refund_quantity": 1}]
    })
}

fn prepay(body: Value, trade_type: TradeType) -> Form {
    let parse =
        move |body: &Value| PrepayForm::parse(body.as_object().unwrap(), trade_type).map(|_| ());
    let form = Form { body, parse: Box::new(parse) };
    assert_eq!(form.answer(&form.body), "accepted");
    form
}

fn refund(body: Value) -> Form {
    let parse = |body: &Value| RefundForm::parse(body.as_object().unwrap()).map(|_| ());
    let form = Form { body, parse: Box::new(parse) };
    assert_eq!(form.answer(&form.body), "accepted");
    form
}

/// Both bodies together have every documented member and no other.
fn have_all(forms: [&Form; 2], rules: &[Rule]) {
    let members = forms.iter().flat_map(|form| leaves(&form.body)).map(|(member, _)| member);
    assert_eq!(members.collect::<BTreeSet<_>>(), documented(rules));
}

#[test]
fn a_request_keeps_every_documented_rule_of_its_members() {
    prepays_keep_them();
    refunds_keep_them();
    closes_keep_them();
}

fn prepays_keep_them() {
    let jsapi = prepay(prepay_form(), TradeType::Jsapi);
    let h5 = prepay(h5_form(), TradeType::H5);
    let rules = rules("prepay request");
    for rule in &rules {
        let form = if rule.member.starts_with("scene_info") { &h5 } else { &jsapi };
        form.keeps(*rule);
    }
    have_all([&jsapi, &h5], &rules);
}

fn refunds_keep_them() {
    let by_number = refund(refund_form());
    let mut body = refund_form();
    body.as_object_mut().unwrap().remove("out_trade_no");
    body["transaction_id"] = json!("4200001");
    let by_id = refund(body);
    let rules = rules("refund request");
    for rule in &rules {
        let form = match rule.member {
            "transaction_id" => &by_id,
            "out_trade_no" => &by_number,
            _other => {
                by_number.keeps(*rule);
                continue;
            }
        };
        for value in rule.values().1 {
            assert_eq!(form.with(&rule.pointer(), &value), rule.pointer(), "{value}");
        }
        // That one of the two is missing is always said at the same place.
        assert_eq!(form.without(&rule.pointer()), "/out_trade_no");
    }
    have_all([&by_number, &by_id], &rules);
}

fn closes_keep_them() {
    assert_eq!(documented(&rules("close request")), BTreeSet::from(["mchid".to_owned()]));
    let target = "/v3/pay/transactions/out-trade-no/T00001/close";
    let closed = |body: &Value| {
        let request = signed("POST", target, &body.to_string());
        World::new().answer(&request).status
    };
    assert_eq!(closed(&json!({"mchid": MCHID})), 204);
    for body in [
        json!({}),
        json!({"mchid": "1"}),
        json!({"mchid": 1}),
        json!({"mchid": MCHID, "nobody_knows": 1}),
    ] {
        assert_eq!(closed(&body), 400, "{body}");
    }
}

#[test]
fn certificates_are_asked_for_by_their_algorithm() {
    let mut world = World::new();
    let mut status = |query: &str| {
        let target = format!("/v3/certificates{query}");
        said(&world.answer(&signed("GET", &target, "")))
    };
    for query in ["", "?algorithm_type=RSA", "?algorithm_type=ALL"] {
        assert_eq!(status(query), "200", "{query}");
    }
    assert!(status("?algorithm_type=SM2").starts_with("404 RESOURCE_NOT_EXISTS"));
    assert!(status("?algorithm_type=rsa").starts_with("400 PARAM_ERROR"));
}
