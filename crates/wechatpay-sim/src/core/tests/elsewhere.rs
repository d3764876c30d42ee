//! What should not happen and does: orders of other systems, and payments of another amount.

use super::*;

fn order(world: &mut World, form: Value) -> Result<Value, ControlRefusal> {
    let form = serde_json::from_value(form).unwrap();
    world.visit(|pay, ports| pay.order_elsewhere(form, ports))
}

fn form(number: &str) -> Value {
    json!({"out_trade_no": number, "total_fen": 250, "notify_url": "https://pay.example.com/notify"})
}

#[test]
fn an_order_of_another_system_is_an_order_like_any() {
    for (attach, openid) in [(None, None), (Some("pd1.abc.P1"), Some("alice"))] {
        let mut world = World::new();
        let mut asked = form("ERP001");
        for (name, value) in [("attach", attach), ("openid", openid)] {
            if let Some(value) = value {
                asked[name] = json!(value);
            }
        }
        let trade = order(&mut world, asked).unwrap();
        assert_eq!(
            (&trade["ordered_by"], &trade["unfaithful"]),
            (&json!("elsewhere"), &json!(false))
        );
        assert_eq!(trade["trade_type"], if openid.is_some() { "JSAPI" } else { "NATIVE" });
        assert_eq!(body_of(&world.query("ERP001"))["trade_state"], "NOTPAY");
        world.user_pays("ERP001");
        assert_eq!(world.due()[0].url, "https://pay.example.com/notify");
        let seen = body_of(&world.query("ERP001"));
        assert_eq!((&seen["amount"]["total"], &seen["attach"]), (&json!(250), &json!(attach)));
        let kinds: Vec<Value> = world.ledger()["calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|count| count["kind"].clone())
            .collect();
        assert_eq!(json!(kinds), json!(["query"]), "no call of the service under test");
    }
}

#[test]
fn every_product_is_ordered_by_its_name() {
    let mut world = World::new();
    let mut ordered = |number: &str, product: &str, openid: Option<&str>| {
        let mut asked = form(number);
        asked["product"] = json!(product);
        if let Some(openid) = openid {
            asked["openid"] = json!(openid);
        }
        order(&mut world, asked)
    };
    for (number, product, openid, trade_type, begins) in [
        ("ERP001", "jsapi", Some("alice"), "JSAPI", "wx"),
        ("ERP002", "native", None, "NATIVE", "weixin://wxpay/bizpayurl?pr="),
        ("ERP003", "h5", None, "MWEB", "https://"),
        ("ERP004", "app", None, "APP", "wx"),
    ] {
        let trade = ordered(number, product, openid).unwrap();
        assert_eq!(trade["trade_type"], trade_type);
        assert!(trade["prepay"].as_str().unwrap().starts_with(begins), "{trade}");
    }
    let why = |refused: Result<Value, ControlRefusal>| refused.unwrap_err().message;
    assert_eq!(why(ordered("ERP005", "jsapi", None)), "/payer: is required");
    for product in ["native", "h5", "app"] {
        let said = why(ordered("ERP005", product, Some("alice")));
        assert!(said.starts_with("/payer: "), "{product} knows no payer: {said}");
    }
    for (number, trade_type) in [("ERP003", "MWEB"), ("ERP004", "APP")] {
        world.user_pays(number);
        assert_eq!(body_of(&world.query(number))["trade_type"], trade_type);
    }
}

#[test]
fn an_app_order_is_that_of_the_mobile_app_unless_another_is_named() {
    let mut world = World::new();
    let mut asked = form("ERP001");
    asked["product"] = json!("app");
    let trade = order(&mut world, asked.clone()).unwrap();
    let mobile = world.pay.account().mobile_apps.first().cloned();
    assert_eq!(trade["appid"], json!(mobile));
    asked["out_trade_no"] = json!("ERP002");
    asked["appid"] = json!(world.pay.account().app_secrets.keys().next());
    assert_eq!(order(&mut world, asked).unwrap_err().status, 400, "a mini program is no app");
}

#[test]
fn it_is_as_strict_as_a_prepay() {
    let mut world = World::new();
    let mut refused = |form: Value| order(&mut world, form).unwrap_err();
    let wrong = |name: &str, value: Value| {
        let mut form = form("ERP001");
        form[name] = value;
        form
    };
    let why = refused(wrong("total_fen", json!(0)));
    assert_eq!((why.status, why.message.as_str()), (400, "/amount/total: must not be less than 1"));
    assert!(refused(wrong("out_trade_no", json!("E1"))).message.starts_with("/out_trade_no"));
    assert_eq!(refused(wrong("appid", json!("wx0"))).status, 400);
    order(&mut world, form("ERP001")).unwrap();
    assert_eq!(order(&mut world, form("ERP001")).unwrap_err().code, "number_used");
    world.close("ERP002");
    assert_eq!(order(&mut world, form("ERP002")).unwrap_err().code, "number_used", "burned");
}

#[test]
fn an_unfaithful_payment_has_the_amount_that_was_paid_everywhere() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    let pay = json!({"unfaithful": true, "amount_fen": 90, "coupon_fen": 20});
    let trade = world.user_tries("T00001", pay).unwrap();
    let amounts = ["total_fen", "paid_fen", "payer_total_fen", "unfaithful"]
        .map(|member| trade[member].clone());
    assert_eq!(json!(amounts), json!([100, 90, 70, true]));
    let seen = body_of(&world.query("T00001"));
    let amount =
        json!({"total": 90, "payer_total": 70, "currency": "CNY", "payer_currency": "CNY"});
    assert_eq!(seen["amount"], amount);
    let notice: Value = serde_json::from_slice(&world.due()[0].body).unwrap();
    let told: Value = serde_json::from_str(&opened(&notice["resource"]).unwrap()).unwrap();
    assert_eq!(told, seen, "signed, and told alike");
    let refused = said(&world.refund(&refund_body("T00001", "R1", 90)));
    assert_eq!(refused, "400 INVALID_REQUEST 请求参数与订单信息不一致", "of 100 there are none");
    let mut body = refund_body("T00001", "R1", 90);
    body["amount"]["total"] = json!(90);
    assert_eq!(body_of(&world.refund(&body))["amount"]["payer_refund"], 70);
}

#[test]
fn another_amount_is_never_paid_by_accident() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    for form in [
        json!({"amount_fen": 90}),
        json!({"amount_fen": 0, "unfaithful": true}),
        json!({"amount_fen": 90, "coupon_fen": 90, "unfaithful": true}),
    ] {
        assert_eq!(world.user_tries("T00001", form.clone()).unwrap_err().status, 400, "{form}");
    }
    let trade = world.user_tries("T00001", json!({"amount_fen": 110, "unfaithful": true})).unwrap();
    assert_eq!(trade["paid_fen"], 110, "more than was ordered");
}

fn refund(world: &mut World, form: Value) -> Result<Value, ControlRefusal> {
    let form = serde_json::from_value(form).unwrap();
    world.visit(|pay, ports| pay.refund_elsewhere(form, ports))
}

#[test]
fn a_refund_of_the_console_is_a_refund_like_any() {
    let mut world = World::new();
    world.paid("T00001");
    let url = "https://pay.example.com/refund-notify";
    let form = json!({
        "out_trade_no": "T00001", "out_refund_no": "CONSOLE1", "refund_fen": 30,
        "notify_url": url
    });
    let made = refund(&mut world, form.clone()).unwrap();
    assert_eq!(
        (&made["made_by"], &made["refund_fen"], &made["status"]),
        (&json!("elsewhere"), &json!(30), &json!("PROCESSING"))
    );
    assert_eq!(refund(&mut world, form).unwrap_err().code, "number_used");
    assert_eq!(body_of(&world.query("T00001"))["trade_state"], "REFUND");
    world.due();
    world.later(Duration::seconds(5));
    assert_eq!(body_of(&world.query_refund("CONSOLE1"))["status"], "SUCCESS");
    assert_eq!(world.due()[0].url, url);
    world.later(Duration::seconds(60));
    // What is left of it, without a word to anybody.
    let rest = json!({"out_trade_no": "T00001", "out_refund_no": "CONSOLE2"});
    assert_eq!(refund(&mut world, rest).unwrap()["refund_fen"], 70);
    world.later(Duration::seconds(10));
    assert!(world.due().is_empty());
    let calls = world.ledger()["calls"].to_string();
    assert!(!calls.contains("\"refund\""), "no call of the service under test: {calls}");
}

#[test]
fn a_refund_of_the_console_keeps_the_rules() {
    let mut world = World::new();
    let form = |number: &str, fen: i64| json!({"out_trade_no": "T00001", "out_refund_no": number, "refund_fen": fen});
    world.prepay(NATIVE, &native_body("T00001"));
    assert_eq!(refund(&mut world, form("C1", 1)).unwrap_err().code, "not_paid");
    world.user_pays("T00001");
    let wrong = refund(&mut world, form("C1", 0)).unwrap_err();
    assert_eq!(
        (wrong.status, wrong.message.as_str()),
        (400, "/amount/refund: must not be less than 1")
    );
    assert_eq!(refund(&mut world, form("C1", 101)).unwrap_err().code, "refund_refused");
    refund(&mut world, form("C1", 99)).unwrap();
    assert_eq!(refund(&mut world, form("C2", 1)).unwrap_err().code, "refund_refused", "too soon");
    let ours = body_of(&world.refund(&refund_body("T00001", "R1", 2)));
    assert_eq!(ours["code"], "INVALID_REQUEST", "no more than is left");
}
