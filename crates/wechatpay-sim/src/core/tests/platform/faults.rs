//! Any call of the platform can be made to fail, before its effect or after.

use super::*;

/// So the counts of the ledger say of a kind of call.
fn counted(world: &mut World, kind: &str) -> (Value, Value, Value) {
    let ledger = world.ledger();
    let of_kind = |count: &&Value| count["kind"] == kind;
    let count = ledger["calls"].as_array().unwrap().iter().find(of_kind).unwrap().clone();
    (count["out_trade_no"].clone(), count["count"].clone(), count["effective"].clone())
}

#[test]
fn an_errcode_is_answered_instead_or_after_the_effect() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let token = world.token();
    let target = format!("{UPLOAD}?access_token={token}");
    world.faults(json!([
        {"match": {"path": UPLOAD, "out_trade_no": "T00001"}, "times": 1, "action": "errcode", "value": 10_060_012},
        {"match": {"path": UPLOAD}, "times": 1, "action": "errcode",
         "value": {"errcode": -1, "errmsg": "system error", "after_effect": true}}
    ]));
    assert_eq!(world.platform(&target, &one(&id, "Z1"))["errcode"], 10_060_012);
    assert_eq!(world.order(&id)["order_state"], 1);
    let busy = json!({"errcode": -1, "errmsg": "system error"});
    assert_eq!(world.platform(&target, &one(&id, "Z1")), busy);
    assert_eq!(world.order(&id)["order_state"], 2, "it was recorded all the same");
    let expected = (json!("T00001"), json!(2), json!(1));
    assert_eq!(counted(&mut world, "upload_shipping_info"), expected);
}

#[test]
fn an_answer_is_lost_or_the_call_is() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let token = world.token();
    let request = unsigned("POST", &format!("{UPLOAD}?access_token={token}"), &one(&id, "Z1"));
    world.faults(json!([
        {"match": {"path": "/wxa/*"}, "times": 1, "action": "drop"},
        {"match": {"path": "/wxa/*"}, "times": 1, "action": "answer_lost"},
        {"match": {"path": "/cgi-bin/stable_token"}, "times": 1, "action": "status", "value": 502}
    ]));
    assert_eq!(world.exchange(&request).answer, None);
    assert_eq!(world.exchange(&request).answer, None);
    assert_eq!(world.answer(&unsigned("POST", TOKEN, &token_body())).status, 502);
    assert_eq!(world.order(&id)["order_state"], 2);
    assert_eq!(counted(&mut world, "upload_shipping_info").2, json!(1));
}

#[test]
fn a_refusal_has_no_effect_in_the_ledger() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let mut report = one(&id, "Z1");
    report["payer"] = json!({"openid": "bob"});
    world.call(UPLOAD, &report);
    assert_eq!(counted(&mut world, "upload_shipping_info"), (json!("T00001"), json!(1), json!(0)));
    assert_eq!(counted(&mut world, "stable_token").2, json!(1));
}

#[test]
fn a_call_that_others_overtake_is_carried_out_after_them() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let token = world.token();
    let target = format!("{UPLOAD}?access_token={token}");
    world.faults(json!([{"match": {"path": UPLOAD}, "times": 1, "action": "reorder"}]));
    let first = unsigned("POST", &target, &parts(&id, &["Z1"], false, 1));
    let held = world.exchange(&first).held.unwrap();
    assert_eq!(world.platform(&target, &parts(&id, &["Z1", "Z2"], true, 2))["errcode"], 0);
    let ended = world.visit(|pay, ports| pay.collect(held, ports));
    let crate::core::exchange::Collected::Ended(exchange) = ended else { panic!("{ended:?}") };
    // Overtaken, it comes to what was all told, and its time is of before.
    assert_eq!(body_of(&exchange.answer.unwrap())["errcode"], 268_485_216);
}
