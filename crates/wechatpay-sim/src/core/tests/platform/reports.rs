//! What a report may say, and what is said of one that may not be.

use super::*;

#[test]
fn what_was_told_is_known() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let before = world.order(&id);
    assert_eq!((&before["order_state"], before.get("shipping")), (&json!(1), None));
    let mut report = one(&id, "Z1");
    report["shipping_list"][0]["contact"] = json!({"receiver_contact": "189****1234"});
    assert_eq!(world.call(UPLOAD, &report), json!({"errcode": 0, "errmsg": "ok"}));
    let after = world.order(&id);
    assert_eq!(
        after,
        json!({
            "transaction_id": id, "merchant_id": MCHID, "sub_merchant_id": "",
            "merchant_trade_no": "T00001", "description": "测试商品", "paid_amount": 100,
            "openid": "alice", "trade_create_time": START.unix_timestamp(),
            "pay_time": START.unix_timestamp(), "in_complaint": false, "order_state": 2,
            "shipping": {
                "delivery_mode": 1, "logistics_type": 1, "finish_shipping": true,
                "goods_desc": "茶", "finish_shipping_count": 1,
                "shipping_list": [{
                    "express_company": "ZTO", "tracking_no": "Z1", "goods_desc": "茶",
                    "upload_time": START.unix_timestamp() + 60,
                    "contact": {"receiver_contact": "189****1234"}
                }]
            }
        })
    );
    let by_number = json!({"merchant_id": MCHID, "merchant_trade_no": "T00001"});
    assert_eq!(world.call(GET_ORDER, &by_number)["order"], after);
    assert_eq!(world.ledger()["shipping"][0]["order_state"], 2);
}

#[test]
fn a_payment_is_named_by_either_number() {
    let mut world = World::new();
    world.paid_in_mini_program("T00001");
    let mut report = one("", "Z1");
    report["order_key"] = json!({"order_number_type": 1, "mchid": MCHID, "out_trade_no": "T00001"});
    assert_eq!(world.errcode(UPLOAD, &report), 0);
}

/// Reports that are wrong, and the code of each (`mini-program.md` §3.2).
#[test]
fn what_a_report_lacks_has_a_code_of_its_own() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let long = |length: usize| json!("长".repeat(length));
    let key = |key: Value| ("/order_key", key);
    let rows = [
        (key(json!({})), 268_485_194),
        (key(json!({"order_number_type": 3})), 268_485_194),
        (key(json!({"order_number_type": 2})), 268_485_195),
        (key(json!({"order_number_type": 1, "out_trade_no": "T00001"})), 268_485_196),
        (key(json!({"order_number_type": 1, "mchid": MCHID})), 268_485_197),
        (("/logistics_type", json!(5)), 10_060_005),
        (("/logistics_type", json!("1")), 10_060_005),
        (("/delivery_mode", json!(3)), 268_485_224),
        (("/delivery_mode", json!(2)), 10_060_007),
        (("/shipping_list", json!([])), 268_485_228),
        (("/shipping_list", json!([parcel("Z1"), parcel("Z2")])), 268_485_228),
        (("/shipping_list", json!("Z1")), 10_060_014),
        (("/shipping_list/0", json!(1)), 10_060_014),
        (("/shipping_list/0/tracking_no", json!("")), 268_485_226),
        (("/shipping_list/0/tracking_no", json!(1)), 268_485_226),
        (("/shipping_list/0/tracking_no", long(129)), 10_060_026),
        (("/shipping_list/0/express_company", Value::Null), 268_485_227),
        (("/shipping_list/0/express_company", long(129)), 10_060_025),
        (("/shipping_list/0/express_company", json!("SF")), 10_060_014),
        (("/shipping_list/0/item_desc", json!("")), 10_060_008),
        (("/shipping_list/0/item_desc", long(121)), 10_060_009),
        (("/upload_time", json!("2026-11-21 10:01:00")), 268_485_216),
        (("/upload_time", json!(1_795_226_407)), 268_485_216),
        (("/payer", json!({})), 10_060_014),
        (("/payer/openid", long(129)), 10_060_014),
        (("/payer/openid", json!("bob")), 10_060_031),
    ];
    for ((place, value), errcode) in rows {
        let mut report = one(&id, "Z1");
        *report.pointer_mut(place).unwrap() = value;
        assert_eq!(world.errcode(UPLOAD, &report), errcode, "{report}");
    }
    assert_eq!(world.order(&id)["order_state"], 1, "none of it was recorded");
    let mut report = one(&id, &"1".repeat(128));
    report["shipping_list"][0]["item_desc"] = long(120);
    assert_eq!(world.errcode(UPLOAD, &report), 0);
}

#[test]
fn only_express_is_told_in_parts_and_only_it_needs_a_carrier() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let mut report = parts(&id, &["Z1"], true, 1);
    for logistics_type in 2..=4 {
        report["logistics_type"] = json!(logistics_type);
        assert_eq!(world.errcode(UPLOAD, &report), 10_060_006);
    }
    let mut pickup = one(&id, "");
    pickup["logistics_type"] = json!(4);
    pickup["shipping_list"] = json!([{"item_desc": "茶"}]);
    assert_eq!(world.errcode(UPLOAD, &pickup), 0);
    let told = &world.order(&id)["shipping"]["shipping_list"][0];
    assert_eq!((told.get("tracking_no"), &told["goods_desc"]), (None, &json!("茶")));
}

#[test]
fn sf_wants_a_masked_number_of_one_of_the_two() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let mut report = one(&id, "SF1");
    report["shipping_list"][0]["express_company"] = json!("SF");
    for wrong in [
        json!({}),
        json!({"receiver_contact": "13800001234"}),
        json!({"receiver_contact": "138****123x"}),
        json!({"consignor_contact": "****"}),
        json!({"consignor_contact": 1}),
    ] {
        report["shipping_list"][0]["contact"] = wrong;
        assert_eq!(world.errcode(UPLOAD, &report), 10_060_014, "{report}");
    }
    report["shipping_list"][0]["contact"] = json!({"consignor_contact": "+86-177****1234"});
    assert_eq!(world.errcode(UPLOAD, &report), 0);
}

#[test]
fn fifteen_packages_are_told_and_not_more() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let numbers: Vec<String> = (0..16).map(|number| format!("Z{number}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &numbers, true, 1)), 10_060_024);
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &[], true, 1)), 10_060_014);
    world.set(json!({"shipping_list_max": 10}));
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &numbers[..11], true, 1)), 10_060_024);
    world.set(json!({"shipping_list_max": 15}));
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &numbers[..15], true, 1)), 0);
}

#[test]
fn a_payment_is_known_some_time_after_it_was_made() {
    let mut world = World::new();
    world.set(json!({"shipping_known_after_ms": 60_000}));
    let id = world.paid_in_mini_program("T00001");
    assert_eq!(world.errcode(UPLOAD, &one(&id, "Z1")), 10_060_001);
    assert_eq!(world.errcode(GET_ORDER, &json!({"transaction_id": id})), 10_060_001);
    world.later(Duration::seconds(57));
    assert_eq!(world.errcode(UPLOAD, &one(&id, "Z1")), 0);
}

#[test]
fn what_was_not_paid_in_the_mini_program_is_not_known() {
    let mut world = World::new();
    world.prepay(JSAPI, &jsapi_body("T00001"));
    world.prepay(NATIVE, &native_body("T00002"));
    let id = world.user_pays("T00002")["transaction_id"].as_str().unwrap().to_owned();
    world.later(Duration::days(1));
    let merchant =
        |mchid: &str, number: &str| json!({"merchant_id": mchid, "merchant_trade_no": number});
    for asked in [
        json!({"transaction_id": id}),
        json!({"transaction_id": "4200"}),
        merchant(MCHID, "T00001"),
        merchant(MCHID, "T00009"),
        merchant("1900000999", "T00002"),
    ] {
        assert_eq!(world.errcode(GET_ORDER, &asked), 10_060_001, "{asked}");
    }
    assert_eq!(world.errcode(GET_ORDER, &json!({"merchant_id": MCHID})), 10_060_014);
}
