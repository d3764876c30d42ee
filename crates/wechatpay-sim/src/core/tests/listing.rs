//! The newest orders, as the page reads them.

use super::*;

fn list(world: &mut World, form: Value) -> Result<Value, ControlRefusal> {
    let form = serde_json::from_value(form).unwrap();
    world.visit(|pay, ports| {
        pay.catch_up(ports);
        pay.newest_trades(&form, ports.at.business)
    })
}

fn numbers(listed: &Value) -> Vec<&str> {
    let trades = listed["trades"].as_array().unwrap();
    trades.iter().map(|trade| trade["out_trade_no"].as_str().unwrap()).collect()
}

/// Three orders, a minute between them, whose numbers are in another order.
fn three() -> World {
    let mut world = World::new();
    for number in ["T00002", "T00003", "T00001"] {
        world.prepay(NATIVE, &native_body(number));
        world.later(Duration::minutes(1));
    }
    world
}

#[test]
fn the_newest_come_first_and_no_more_than_were_asked_for() {
    let mut world = three();
    let all = list(&mut world, json!({})).unwrap();
    assert_eq!(numbers(&all), ["T00001", "T00003", "T00002"]);
    let two = list(&mut world, json!({"newest": 2})).unwrap();
    assert_eq!(numbers(&two), ["T00001", "T00003"]);
    assert_eq!((&two["count"], &two["found"]), (&json!(3), &json!(3)));
    for newest in [0, 501] {
        let why = list(&mut world, json!({ "newest": newest })).unwrap_err();
        assert_eq!((why.status, why.message.as_str()), (400, "newest is 1 to 500"));
    }
}

#[test]
fn they_are_found_by_number_description_and_wechat_pays_number() {
    let mut world = three();
    let mut tea = native_body("T00009");
    tea["description"] = json!("Longjing 龙井");
    world.prepay(NATIVE, &tea);
    let paid = world.user_pays("T00003")["transaction_id"].clone();
    for (find, wanted) in [
        (json!("t00003"), "T00003"),
        (json!("LONGJING"), "T00009"),
        (json!("龙井"), "T00009"),
        (paid, "T00003"),
    ] {
        let listed = list(&mut world, json!({ "find": find })).unwrap();
        assert_eq!(numbers(&listed), [wanted], "{find}");
        assert_eq!((&listed["count"], &listed["found"]), (&json!(4), &json!(1)));
    }
    assert!(numbers(&list(&mut world, json!({"find": "nothing"})).unwrap()).is_empty());
}

#[test]
fn each_has_its_own_refunds_and_notifications() {
    let mut world = three();
    for number in ["T00002", "T00003"] {
        world.user_pays(number);
    }
    // Accepted in this order; by number they would be in another.
    for refund in ["R2", "R1"] {
        let answer = world.refund(&refund_body("T00003", refund, 10));
        assert_eq!(answer.status, 200, "{}", said(&answer));
        world.later(Duration::minutes(2));
    }
    let listed = list(&mut world, json!({})).unwrap();
    let of = |number: &str| {
        let mut trades = listed["trades"].as_array().unwrap().iter();
        trades.find(|trade| trade["out_trade_no"] == number).unwrap()
    };
    let each = |trade: &Value, list: &str, member: &str| -> Vec<String> {
        let all = trade[list].as_array().unwrap().iter();
        all.map(|one| one[member].as_str().unwrap().to_owned()).collect()
    };
    let refunded = of("T00003");
    assert_eq!(each(refunded, "refunds", "out_refund_no"), ["R2", "R1"]);
    assert_eq!(
        each(refunded, "notifications", "event_type"),
        ["TRANSACTION.SUCCESS", "REFUND.SUCCESS", "REFUND.SUCCESS"]
    );
    assert_eq!(each(of("T00002"), "notifications", "out_trade_no"), ["T00002"]);
    assert_eq!(of("T00001")["notifications"], json!([]));
    // What the ledger says of the order is said here, too.
    let ledger = world.ledger();
    let mut shown = refunded.clone();
    let own = ["payable", "prepay_good", "prepay_ends_at", "refunds", "notifications"];
    for member in own {
        assert!(shown.as_object_mut().unwrap().remove(member).is_some(), "{member}");
    }
    assert_eq!(shown, ledger["trades"][2]);
}

#[test]
fn it_says_how_long_a_code_is_good_and_an_order_payable() {
    let mut world = World::new();
    let mut body = native_body("T00001");
    body["time_expire"] = json!("2026-11-21T13:00:00+08:00");
    world.prepay(NATIVE, &body);
    let mut seen = |later: Duration| {
        world.later(later);
        let trade = list(&mut world, json!({})).unwrap()["trades"][0].clone();
        let state = trade["trade_state"].as_str().unwrap().to_owned();
        (
            state,
            trade["payable"] == true,
            trade["prepay_good"] == true,
            trade["prepay_ends_at"].clone(),
        )
    };
    let ends = json!("2026-11-21T12:00:00+08:00");
    let unpaid = || "NOTPAY".to_owned();
    assert_eq!(seen(Duration::ZERO), (unpaid(), true, true, ends.clone()));
    assert_eq!(seen(Duration::minutes(119)), (unpaid(), true, true, ends.clone()));
    assert_eq!(seen(Duration::minutes(1)), (unpaid(), true, false, ends.clone()));
    assert_eq!(seen(Duration::minutes(61)), (unpaid(), false, false, ends.clone()));
    assert_eq!(seen(Duration::days(7)), ("CLOSED".to_owned(), false, false, ends));
}

#[test]
fn only_a_native_order_has_a_code() {
    let mut world = World::new();
    let asked = |world: &World, number: &str| {
        world.pay.code_url(number).map(str::to_owned).map_err(|why| (why.status, why.code))
    };
    let told = body_of(&world.prepay(NATIVE, &native_body("T00001")))["code_url"].clone();
    assert_eq!(json!(asked(&world, "T00001").unwrap()), told);
    world.prepay(JSAPI, &jsapi_body("T00002"));
    assert_eq!(asked(&world, "T00002"), Err((409, "not_native")));
    assert_eq!(asked(&world, "T00003"), Err((404, "not_found")));
    let anew = body_of(&world.prepay(NATIVE, &native_body("T00001")))["code_url"].clone();
    assert_ne!(told, anew);
    assert_eq!(json!(asked(&world, "T00001").unwrap()), anew, "the newest one");
}
