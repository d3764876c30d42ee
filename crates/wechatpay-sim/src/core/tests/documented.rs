//! The tables of members in `docs/wechat-pay-rules.txt`, played: what a request may hold, and what is answered and notified.

use std::collections::BTreeSet;

use super::*;
use crate::core::prepay_form::PrepayForm;
use crate::core::refund::form::RefundForm;
use crate::core::refusal::Refusal;
use crate::core::route::TradeType;
use crate::core::wire_time::parse_beijing;

const RULES: &str = include_str!("../../../../../docs/wechat-pay-rules.txt");
const TIME: &str = "2026-11-21T10:30:00+08:00";

/// `amount.total | int from 1 | yes`.
#[derive(Debug, Clone, Copy)]
struct Rule {
    member: &'static str,
    kind: &'static str,
    when: &'static str,
}

/// The table of this name.
fn rules(name: &str) -> Vec<Rule> {
    let begins = |line: &&str| {
        let rest = line.strip_prefix("members ").unwrap_or_default();
        rest.split(" | ").next().is_some_and(|title| title == name)
    };
    let mut lines = RULES.lines().skip_while(|line| !begins(line)).skip(1);
    let rule = |line: &'static str| {
        let mut cells = line.trim().split(" | ");
        let mut cell = || cells.next().unwrap();
        Rule { member: cell(), kind: cell(), when: cell() }
    };
    let found: Vec<Rule> =
        lines.by_ref().take_while(|line| line.starts_with("  ")).map(rule).collect();
    assert!(!found.is_empty(), "no table of {name}");
    found
}

impl Rule {
    /// `/detail/goods_detail/0/quantity`.
    fn pointer(self) -> String {
        format!("/{}", self.member.replace("[]", ".0").replace('.', "/"))
    }

    /// 32 of `string(32)`.
    fn length(self) -> Option<usize> {
        self.kind.strip_prefix("string(")?.split(')').next()?.parse().ok()
    }

    /// Values that are taken, and values that are not.
    fn values(self) -> (Vec<Value>, Vec<Value>) {
        let Some(length) = self.length() else { return self.values_of_no_text() };
        let (_, more) = self.kind.split_once(')').unwrap();
        let long = |of: &str, length: usize| json!(of.repeat(length));
        let mut refused = vec![Value::Null, json!(7), json!(["x"])];
        let accepted = match more.trim() {
            "" => {
                refused.push(long("字", length + 1));
                vec![long("字", length), json!("x")]
            }
            "of any length" => vec![json!("x")],
            "in bytes" => {
                refused.extend([long("x", length + 1), long("字", length / 3 + 1)]);
                vec![long("x", length), long("字", length / 3)]
            }
            "with a URL" => {
                let url = |length: usize| format!("{:n<length$}", "https://pay.example.com/");
                refused.extend([
                    json!(url(length + 1)),
                    json!("https://pay.example.com/n?x=1"),
                    json!("x"),
                ]);
                vec![json!(url(length))]
            }
            "with an address" => {
                refused.extend([json!("127.0.0.1"), json!("x"), long("1", length + 1)]);
                vec![json!("2001:0db8:0000:0000:0000:0000:255.255.255.255"), json!("14.23.150.211")]
            }
            set if set.contains('[') => {
                refused.extend([long("A", length + 1), json!("订单20261121"), json!("A B-1234")]);
                if set.contains("6 to 32") {
                    refused.push(long("A", 5));
                }
                vec![long("A", length), json!("az_-AZ09")]
            }
            words => {
                let words = words.strip_prefix("of ").unwrap();
                refused.push(json!("NOBODYS"));
                words.split(", ").map(|word| json!(word)).collect()
            }
        };
        (accepted, refused)
    }

    fn values_of_no_text(self) -> (Vec<Value>, Vec<Value>) {
        match self.kind {
            "bool" => (vec![json!(true), json!(false)], vec![Value::Null, json!(1), json!("true")]),
            "time" => {
                (vec![json!(TIME)], vec![Value::Null, json!("2026-11-21T10:30:00Z"), json!(7)])
            }
            kind => {
                let least: i64 = kind.strip_prefix("int from ").unwrap().parse().unwrap();
                let refused = vec![Value::Null, json!(least - 1), json!("1"), json!(1.5)];
                (vec![json!(least), json!(i64::from(u32::MAX))], refused)
            }
        }
    }

    /// Whether it is what the rule says.
    fn is_kept_by(self, value: &Value) -> bool {
        match (self.length(), self.kind) {
            (Some(length), _) => {
                value.as_str().is_some_and(|text| (1..=length).contains(&text.chars().count()))
            }
            (None, "int") => value.is_i64(),
            (None, "time") => value.as_str().is_some_and(|text| parse_beijing(text).is_some()),
            (None, kind) => panic!("{kind}"),
        }
    }
}

/// A full body, and who reads it.
struct Form {
    body: Value,
    parse: fn(&Value) -> Result<(), Refusal>,
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
            other => panic!("{pointer} in {other}"),
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

fn form(body: Value, parse: fn(&Value) -> Result<(), Refusal>) -> Form {
    let form = Form { body, parse };
    assert_eq!(form.answer(&form.body), "accepted");
    form
}

#[test]
fn a_request_keeps_every_documented_rule_of_its_members() {
    let jsapi = form(prepay_form(), |body| {
        PrepayForm::parse(body.as_object().unwrap(), TradeType::Jsapi).map(|_| ())
    });
    let h5 = form(h5_form(), |body| {
        PrepayForm::parse(body.as_object().unwrap(), TradeType::H5).map(|_| ())
    });
    let prepay = rules("prepay request");
    for rule in &prepay {
        if rule.member.starts_with("scene_info") {
            h5.keeps(*rule);
        } else {
            jsapi.keeps(*rule);
        }
    }
    let both = leaves(&jsapi.body).into_iter().chain(leaves(&h5.body)).map(|(member, _)| member);
    assert_eq!(both.collect::<BTreeSet<_>>(), documented(&prepay));

    let by_number =
        form(refund_form(), |body| RefundForm::parse(body.as_object().unwrap()).map(|_| ()));
    let mut body = refund_form();
    body.as_object_mut().unwrap().remove("out_trade_no");
    body["transaction_id"] = json!("4200001");
    let by_id = form(body, by_number.parse);
    let refund = rules("refund request");
    for rule in &refund {
        match rule.member {
            // Which of the two is missing is told by the other's name, so only values are played.
            "transaction_id" | "out_trade_no" => {
                let form = if rule.member == "out_trade_no" { &by_number } else { &by_id };
                for value in rule.values().1 {
                    assert_eq!(form.with(&rule.pointer(), &value), rule.pointer(), "{value}");
                }
                assert_eq!(form.without(&rule.pointer()), "/out_trade_no");
            }
            _other => by_number.keeps(*rule),
        }
    }
    let both =
        leaves(&by_number.body).into_iter().chain(leaves(&by_id.body)).map(|(member, _)| member);
    assert_eq!(both.collect::<BTreeSet<_>>(), documented(&refund));

    assert_eq!(documented(&rules("close request")), BTreeSet::from(["mchid".to_owned()]));
    let target = "/v3/pay/transactions/out-trade-no/T00001/close";
    let closed = |body: Value| {
        let request = signed("POST", target, &body.to_string());
        World::new().answer(&request).status
    };
    assert_eq!(closed(json!({"mchid": MCHID})), 204);
    for body in
        [json!({}), json!({"mchid": "1"}), json!({"mchid": 1}), json!({"mchid": MCHID, "x": 1})]
    {
        assert_eq!(closed(body.clone()), 400, "{body}");
    }
}

fn documented(rules: &[Rule]) -> BTreeSet<String> {
    rules.iter().map(|rule| rule.member.to_owned()).collect()
}

/// Everything in a body that has nothing in it, by its member as the rules name it.
fn leaves(body: &Value) -> Vec<(String, &Value)> {
    match body {
        Value::Object(members) => {
            let below = |(name, value)| {
                let named = move |(rest, leaf): (String, _)| match rest.as_str() {
                    "" => (String::clone(name), leaf),
                    _ if rest.starts_with('[') => (format!("{name}{rest}"), leaf),
                    _ => (format!("{name}.{rest}"), leaf),
                };
                leaves(value).into_iter().map(named)
            };
            members.iter().flat_map(below).collect()
        }
        Value::Array(items) => {
            let named = |(rest, leaf): (String, _)| match rest.as_str() {
                "" => ("[]".to_owned(), leaf),
                _ => (format!("[].{rest}"), leaf),
            };
            items.iter().flat_map(leaves).map(named).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            vec![(String::new(), body)]
        }
    }
}

/// Looks at what was said, and remembers which members were.
#[derive(Default)]
struct Listener(BTreeSet<(&'static str, String)>);

impl Listener {
    fn hear(&mut self, table: &'static str, body: &Value) {
        let rules = rules(table);
        for (member, value) in leaves(body) {
            let rule = rules.iter().find(|rule| rule.member == member);
            let rule = rule.unwrap_or_else(|| panic!("{table}: {member} is not documented"));
            assert!(rule.is_kept_by(value), "{table}: {rule:?} is said as {value}");
            self.0.insert((table, member));
        }
        let status = body["status"].as_str().or(body["refund_status"].as_str());
        for rule in rules {
            let is_there = !body.pointer(&rule.pointer()).unwrap_or(&Value::Null).is_null();
            match rule.when {
                "no" => {}
                "yes" => assert!(is_there, "{table}: {} is missing in {body}", rule.member),
                when => assert_eq!(is_there, status == Some(when), "{table}: {rule:?} in {body}"),
            }
        }
    }

    fn hear_answer(&mut self, table: &'static str, answer: &Answer) -> Value {
        assert_eq!(answer.status, 200, "{}", said(answer));
        let body = body_of(answer);
        self.hear(table, &body);
        body
    }

    fn hear_deliveries(&mut self, world: &mut World, table: &'static str) {
        let deliveries = world.due();
        assert!(!deliveries.is_empty(), "{table}");
        for delivery in deliveries {
            let body: Value = serde_json::from_slice(&delivery.body).unwrap();
            self.hear("§6.1 notification", &body);
            let plain = serde_json::from_str(&opened(&body["resource"]).unwrap()).unwrap();
            self.hear(table, &plain);
            let end =
                crate::core::notice::AttemptEnd::Answered { status: 204, body: String::new() };
            world.pay.record(delivery.id, end);
        }
    }

    /// The documented members of these tables that nobody has heard.
    fn unheard(&self, tables: &[&'static str]) -> Vec<String> {
        let all = tables
            .iter()
            .flat_map(|table| rules(table).into_iter().map(move |rule| (*table, rule)));
        let missing =
            all.filter(|(table, rule)| !self.0.contains(&(*table, rule.member.to_owned())));
        missing.map(|(table, rule)| format!("{table}: {}", rule.member)).collect()
    }
}

#[test]
fn what_is_answered_and_notified_has_exactly_the_documented_members() {
    const UNPAID: &str = "answer of an order that is not paid";
    const PAID: &str = "answer of a paid order";
    const REFUNDED: &str = "refund answer";
    let mut world = World::new();
    let mut listener = Listener::default();
    let mut body = jsapi_body("T00001");
    body["scene_info"] = json!({"payer_client_ip": "14.23.150.211", "device_id": "0134670"});
    listener.hear_answer("prepay answer JSAPI and App", &world.prepay(JSAPI, &body));
    listener.hear_answer(UNPAID, &world.query("T00001"));
    world.user_tries("T00001", json!({"coupon_fen": 30})).unwrap();
    listener.hear_answer(PAID, &world.query("T00001"));
    listener.hear_deliveries(&mut world, "§6.2 payment resource");

    let mut body = refund_body("T00001", "R00001", 50);
    body["amount"]["from"] = json!([{"account": "AVAILABLE", "amount": 50}]);
    listener.hear_answer(REFUNDED, &world.refund(&body));
    world.settle("R00001", "success").unwrap();
    listener.hear_answer(REFUNDED, &world.query_refund("R00001"));
    listener.hear_deliveries(&mut world, "§6.2b refund resource");
    listener.hear_answer(PAID, &world.query("T00001"));
    world.later(Duration::minutes(2));
    world.refund(&refund_body("T00001", "R00002", 50));
    world.settle("R00002", "closed").unwrap();
    listener.hear_answer(REFUNDED, &world.query_refund("R00002"));
    listener.hear_deliveries(&mut world, "§6.2b refund resource");

    listener.hear_answer("prepay answer Native", &world.prepay(NATIVE, &native_body("T00002")));
    world.close("T00002");
    listener.hear_answer(UNPAID, &world.query("T00002"));
    let mut body = native_body("T00003");
    body["scene_info"] = json!({"payer_client_ip": "14.23.150.211", "h5_info": {"type": "Wap"}});
    listener.hear_answer("prepay answer H5", &world.prepay(H5, &body));
    let mut body = native_body("T00004");
    body["appid"] = json!(MOBILE_APPID);
    listener.hear_answer("prepay answer JSAPI and App", &world.prepay(APP, &body));
    listener
        .hear_answer("§4.1 certificates", &world.answer(&signed("GET", "/v3/certificates", "")));
    world.later(Duration::days(1));
    listener.hear_answer("bill announced", &world.bill("trade", "bill_date=2026-11-21"));

    let goods = ["goods_id", "quantity", "unit_price", "discount_amount", "goods_remark"];
    let tables = [
        "prepay answer JSAPI and App",
        "prepay answer Native",
        "prepay answer H5",
        UNPAID,
        PAID,
        "§6.2 payment resource",
        "§6.2b refund resource",
        REFUNDED,
        "§6.1 notification",
        "§4.1 certificates",
        "bill announced",
    ];
    // The sandbox's coupons are for the whole order, and give no fee back.
    let mut expected: Vec<String> = [PAID, "§6.2 payment resource"]
        .iter()
        .flat_map(|table| {
            goods.map(|name| format!("{table}: promotion_detail[].goods_detail[].{name}"))
        })
        .collect();
    expected.push(format!("{REFUNDED}: amount.refund_fee"));
    let returned = [
        "merchant_goods_id",
        "wechatpay_goods_id",
        "goods_name",
        "unit_price",
        "refund_amount",
        "refund_quantity",
    ];
    expected.extend(
        returned.map(|name| format!("{REFUNDED}: promotion_detail[].goods_detail[].{name}")),
    );
    assert_eq!(listener.unheard(&tables), expected);
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
