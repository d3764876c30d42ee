//! H5 and App beside JSAPI and Native: what each asks for, answers, and lets pay.

use super::*;

fn h5_body(number: &str) -> Value {
    let mut body = native_body(number);
    body["scene_info"] = json!({"payer_client_ip": "14.23.150.211", "h5_info": {"type": "Wap"}});
    body
}

fn app_body(number: &str) -> Value {
    let mut body = native_body(number);
    body["appid"] = json!(MOBILE_APPID);
    body
}

fn opens(world: &mut World, params: Value) -> Result<String, String> {
    let params = serde_json::from_value(params).map_err(|why| format!("not read: {why}"))?;
    world.visit(|pay, ports| pay.verify_pay_params(&params, ports.at, ports.keyring))
}

#[test]
fn what_is_paid_says_how() {
    for (path, body, name) in [
        (JSAPI, jsapi_body("T00001"), "JSAPI"),
        (NATIVE, native_body("T00001"), "NATIVE"),
        (H5, h5_body("T00001"), "MWEB"),
        (APP, app_body("T00001"), "APP"),
    ] {
        let mut world = World::new();
        assert_eq!(said(&world.prepay(path, &body)), "200", "{name}");
        assert_eq!(body_of(&world.query("T00001"))["trade_type"], Value::Null, "{name}");
        assert_eq!(world.user_pays("T00001")["trade_type"], name);
        assert_eq!(body_of(&world.query("T00001"))["trade_type"], name);
        let ledger = world.pay.ledger(START);
        assert_eq!(ledger["notifications"][0]["resource"]["trade_type"], name);
        assert_eq!(ledger["notifications"][0]["resource"]["appid"], body["appid"]);
    }
}

#[test]
fn another_product_is_another_order() {
    let all = [
        (JSAPI, jsapi_body("T00001")),
        (NATIVE, native_body("T00001")),
        (H5, h5_body("T00001")),
        (APP, app_body("T00001")),
    ];
    for (first, body) in &all {
        let mut world = World::new();
        world.prepay(first, body);
        for (path, body) in &all {
            let answer = said(&world.prepay(path, body));
            let expected = if path == first { "200" } else { "403 OUT_TRADE_NO_USED" };
            assert!(answer.starts_with(expected), "{first} then {path}: {answer}");
        }
    }
}

#[test]
fn each_product_asks_for_its_kind_of_appid() {
    let not_bound = "400 APPID_MCHID_NOT_MATCH";
    for (path, mut body, taken) in [
        (JSAPI, jsapi_body("T00001"), [true, false]),
        (NATIVE, native_body("T00001"), [true, true]),
        (H5, h5_body("T00001"), [true, true]),
        (APP, native_body("T00001"), [false, true]),
    ] {
        for (appid, taken) in [APPID, MOBILE_APPID].into_iter().zip(taken) {
            body["appid"] = json!(appid);
            let answer = said(&World::new().prepay(path, &body));
            assert!(answer.starts_with(if taken { "200" } else { not_bound }), "{path}: {answer}");
        }
        body["appid"] = json!("wx0000000000000000");
        assert!(said(&World::new().prepay(path, &body)).starts_with(not_bound), "{path}");
    }
}

#[test]
fn an_h5_url_stays_for_five_minutes_and_then_opens_nothing() {
    let mut world = World::new();
    let url = |world: &mut World| {
        body_of(&world.prepay(H5, &h5_body("T00001")))["h5_url"].as_str().unwrap().to_owned()
    };
    let first = url(&mut world);
    assert!(first.starts_with("https://") && first.contains('?'), "{first}");
    world.later(Duration::seconds(299));
    assert_eq!(url(&mut world), first);
    assert_eq!(opens(&mut world, json!({"h5_url": first})), Ok("T00001".to_owned()));
    let returning = format!("{first}&redirect_url=https%3A%2F%2Fshop.example.com");
    assert_eq!(opens(&mut world, json!({"h5_url": returning})), Ok("T00001".to_owned()));
    world.later(Duration::seconds(1));
    let expired = Err("h5_url has expired".to_owned());
    assert_eq!(opens(&mut world, json!({"h5_url": first})), expired);
    let second = url(&mut world);
    assert_ne!(second, first);
    assert_eq!(opens(&mut world, json!({"h5_url": second})), Ok("T00001".to_owned()));
    assert_eq!(opens(&mut world, json!({"h5_url": first})), expired, "replaced");
    world.close("T00001");
    assert!(opens(&mut world, json!({"h5_url": second})).unwrap_err().contains("CLOSED"));
}

#[test]
fn a_code_url_dies_with_the_next_and_after_two_hours() {
    let mut world = World::new();
    let code = |world: &mut World| {
        body_of(&world.prepay(NATIVE, &native_body("T00001")))["code_url"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (first, second) = (code(&mut world), code(&mut world));
    assert_eq!(
        opens(&mut world, json!({"code_url": first})),
        Err("code_url has expired".to_owned())
    );
    world.later(Duration::seconds(7_199));
    assert_eq!(opens(&mut world, json!({"code_url": second})), Ok("T00001".to_owned()));
    assert_eq!(
        opens(&mut world, json!({"h5_url": second})),
        Err("h5_url belongs to another product".to_owned())
    );
    world.later(Duration::seconds(1));
    assert_eq!(
        opens(&mut world, json!({"code_url": second})),
        Err("code_url has expired".to_owned())
    );
}

#[test]
fn an_app_opens_for_the_bare_id_signed_over_four_lines() {
    let mut world = World::new();
    let prepaid = body_of(&world.prepay(APP, &app_body("T00001")));
    let id = prepaid["prepay_id"].as_str().unwrap().to_owned();
    let sign = |line_4: &str| {
        let message = format!("{MOBILE_APPID}\n1795226400\nN1\n{line_4}\n");
        tag(MERCHANT_SERIAL, message.as_bytes())
    };
    let good = json!({
        "appid": MOBILE_APPID, "partnerid": MCHID, "prepayid": id, "package": "Sign=WXPay",
        "noncestr": "N1", "timestamp": "1795226400", "sign": sign(&id),
    });
    assert_eq!(opens(&mut world, good.clone()), Ok("T00001".to_owned()));
    for (name, value, why) in [
        ("partnerid", json!("1900000999"), "partnerid"),
        ("package", json!(format!("prepay_id={id}")), "package"),
        ("timestamp", json!("1795226400000"), "timestamp"),
        ("timestamp", json!(1_795_226_400), "not read"),
        ("noncestr", json!(""), "noncestr"),
        ("sign", json!(sign(&format!("prepay_id={id}"))), "sign"),
        ("appid", json!(APPID), "sign"),
        ("prepayid", json!("wx1"), "sign"),
        ("signType", json!("RSA"), "not read"),
    ] {
        let mut params = good.clone();
        params[name] = value.clone();
        let refused = opens(&mut world, params).unwrap_err();
        assert!(refused.contains(why), "{name} {value}: {refused}");
    }
    world.prepay(JSAPI, &jsapi_body("T00002"));
    let ledger = world.pay.ledger(START);
    let other = ledger["trades"][1]["prepay"].as_str().unwrap();
    let mut params = good.clone();
    (params["prepayid"], params["sign"]) = (json!(other), json!(sign(other)));
    assert_eq!(opens(&mut world, params), Err("prepayid belongs to another product".to_owned()));
    world.later(Duration::hours(2));
    assert_eq!(opens(&mut world, good), Err("prepayid has expired".to_owned()));
}
