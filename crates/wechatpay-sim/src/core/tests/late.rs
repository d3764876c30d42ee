//! Calls that have their effect later than they came: `late`, and `reorder` on API calls.

use super::*;
use crate::core::exchange::Collected;
use crate::core::faults::Faults;

fn prepay_request(number: &str) -> ApiRequest {
    signed("POST", NATIVE, &native_body(number).to_string())
}

fn trade(world: &mut World, number: &str) -> Value {
    let ledger = world.ledger();
    let trades = ledger["trades"].as_array().unwrap();
    trades.iter().find(|trade| trade["out_trade_no"] == number).cloned().unwrap_or(Value::Null)
}

fn count(world: &mut World, kind: &str, number: &str) -> (u64, u64) {
    let ledger = world.ledger();
    let counts = ledger["calls"].as_array().unwrap();
    let of = |count: &&Value| count["kind"] == kind && count["out_trade_no"] == number;
    let count = counts.iter().find(of).unwrap();
    (count["count"].as_u64().unwrap(), count["effective"].as_u64().unwrap())
}

fn collected(world: &mut World, exchange: &Exchange) -> Option<Answer> {
    let held = exchange.held.unwrap();
    match world.visit(|pay, ports| pay.collect(held, ports)) {
        Collected::Ended(exchange) => exchange.answer,
        Collected::Waiting => None,
        Collected::Forgotten => panic!("the call is known"),
    }
}

#[test]
fn a_late_prepay_is_lost_to_its_caller_and_ordered_later() {
    let mut world = World::new();
    world.faults(
        json!([{"match": {"path": NATIVE}, "times": 1, "action": "late", "value": 60_000}]),
    );
    assert_eq!(world.exchange(&prepay_request("T00001")), Exchange::hang_up());
    assert_eq!(count(&mut world, "prepay", "T00001"), (1, 0));
    assert_eq!(said(&world.query("T00001")), "404 ORDER_NOT_EXIST 订单不存在");
    let postponed = world.ledger()["postponed"].clone();
    let due = json!("2026-11-21T10:01:00+08:00");
    assert_eq!(
        postponed,
        json!([{"kind": "prepay", "out_trade_no": "T00001", "fault": "late", "due_at": due}])
    );
    assert_eq!(world.pay.next_due(), Some(START + Duration::minutes(1)));
    world.later(Duration::hours(1));
    assert_eq!(body_of(&world.query("T00001"))["trade_state"], "NOTPAY");
    let ordered = trade(&mut world, "T00001");
    assert_eq!(ordered["created_at"], due, "then, not when somebody looked");
    assert_eq!(ordered["unfaithful"], false);
    assert_eq!(count(&mut world, "prepay", "T00001"), (1, 1));
    assert_eq!(world.ledger()["log"][0]["effect_at"], due);
    assert_eq!(world.ledger()["postponed"], json!([]));
    world.user_pays("T00001");
}

#[test]
fn a_late_prepay_finds_its_number_burned_by_a_close() {
    let mut world = World::new();
    world.faults(json!([{"match": {"path": NATIVE}, "action": "late", "value": 60_000}]));
    world.exchange(&prepay_request("T00001"));
    assert_eq!(world.close("T00001").status, 204);
    world.later(Duration::minutes(2));
    assert_eq!(trade(&mut world, "T00001"), Value::Null);
    assert_eq!(count(&mut world, "prepay", "T00001"), (1, 0));
    assert_eq!(world.ledger()["burned"], json!(["T00001"]));
}

#[test]
fn an_unfaithful_late_prepay_is_ordered_after_the_close_and_can_be_paid() {
    let mut world = World::new();
    let value = json!({"ms": 86_400_000, "until_close": true, "unfaithful": true});
    world.faults(json!([{"match": {"path": NATIVE}, "action": "late", "value": value}]));
    for _ in 0..2 {
        assert_eq!(world.exchange(&prepay_request("T00001")), Exchange::hang_up());
    }
    assert_eq!(world.query("T00001").status, 404);
    assert_eq!(world.close("T00002").status, 204);
    assert_eq!(trade(&mut world, "T00001"), Value::Null, "a close of another number");
    world.later(Duration::minutes(30));
    assert_eq!(world.close("T00001").status, 204, "WeChat Pay does not know it yet");
    assert_eq!(trade(&mut world, "T00001")["unfaithful"], true);
    assert_eq!(world.ledger()["burned"], json!(["T00002"]));
    assert_eq!(count(&mut world, "prepay", "T00001"), (2, 2), "the second is a repeat");
    world.user_pays("T00001");
    assert_eq!(world.due().len(), 1, "and the merchant is told");
}

#[test]
fn an_unfaithful_late_prepay_that_is_refused_leaves_the_number_burned() {
    let mut world = World::new();
    let value = json!({"ms": 1_000, "unfaithful": true});
    world.faults(json!([{"match": {"path": NATIVE}, "action": "late", "value": value}]));
    let mut body = native_body("T00001");
    body["amount"]["total"] = json!(0);
    world.exchange(&signed("POST", NATIVE, &body.to_string()));
    world.close("T00001");
    world.later(Duration::minutes(1));
    assert_eq!(world.ledger()["burned"], json!(["T00001"]));
    assert_eq!(trade(&mut world, "T00001"), Value::Null);
}

#[test]
fn a_late_close_closes_what_is_unpaid_by_then() {
    for pays in [false, true] {
        let mut world = World::new();
        let closes = json!({"path": "/v3/pay/transactions/out-trade-no/*/close"});
        world.faults(json!([{"match": closes, "action": "late", "value": 5_000}]));
        world.prepay(NATIVE, &native_body("T00001"));
        assert_eq!(world.exchange(&close("T00001")), Exchange::hang_up());
        if pays {
            world.user_pays("T00001");
        }
        world.later(Duration::seconds(6));
        let state = if pays { "SUCCESS" } else { "CLOSED" };
        assert_eq!(trade(&mut world, "T00001")["trade_state"], state);
        assert_eq!(count(&mut world, "close", "T00001"), (1, u64::from(!pays)));
    }
}

#[test]
fn a_call_that_is_not_let_in_is_refused_at_once() {
    for action in ["late", "reorder"] {
        let mut world = World::new();
        world.faults(json!([{"match": {"path": NATIVE}, "action": action, "value": 3}]));
        let mut request = prepay_request("T00001");
        request.body.push(b' ');
        assert_eq!(world.answer(&request).status, 401, "{action}");
        world.later(Duration::days(1));
        assert_eq!(count(&mut world, "prepay", "T00001"), (1, 0));
        let next = world.exchange(&prepay_request("T00002"));
        assert_eq!(next.held.is_some(), action == "reorder", "the rule is free for the next");
    }
}

#[test]
fn what_does_not_reach_wechat_pay_overtakes_nothing() {
    let mut world = World::new();
    let on = json!({"path": NATIVE});
    world.faults(json!([
        {"match": on, "action": "reorder"},
        {"match": on, "times": 1, "action": "drop"},
        {"match": on, "times": 1, "action": "status", "value": 502},
        {"match": on, "times": 1, "action": "late", "value": 1_000}
    ]));
    let held = world.exchange(&prepay_request("T00001"));
    for number in ["T00002", "T00003", "T00004"] {
        world.exchange(&prepay_request(number));
        assert_eq!(collected(&mut world, &held), None, "{number}");
    }
    world.exchange(&prepay_request("T00005"));
    assert!(collected(&mut world, &held).is_some());
}

#[test]
fn a_late_close_brings_the_prepay_that_waited_for_it() {
    let mut world = World::new();
    let closes = json!({"path": "/v3/pay/transactions/out-trade-no/*/close"});
    let until_close = json!({"ms": 86_400_000, "until_close": true, "unfaithful": true});
    world.faults(json!([
        {"match": {"path": NATIVE}, "action": "late", "value": until_close},
        {"match": closes, "action": "late", "value": 5_000}
    ]));
    world.exchange(&prepay_request("T00001"));
    world.exchange(&close("T00001"));
    assert_eq!(trade(&mut world, "T00001"), Value::Null);
    world.later(Duration::seconds(5));
    assert_eq!(trade(&mut world, "T00001")["created_at"], "2026-11-21T10:00:05+08:00");
}

#[test]
fn two_calls_are_carried_out_and_answered_in_the_other_order() {
    let mut world = World::new();
    world.faults(json!([{"match": {"path": NATIVE}, "times": 1, "action": "reorder"}]));
    let first = world.exchange(&prepay_request("T00001"));
    assert_eq!((first.answer.as_ref(), collected(&mut world, &first)), (None, None));
    assert_eq!(trade(&mut world, "T00001"), Value::Null, "no effect yet");
    world.query("T00001");
    assert_eq!(collected(&mut world, &first), None, "a call of another path overtakes nothing");
    let before = world.pay.held_calls_answered();
    let mut other = native_body("T00001");
    other["amount"]["total"] = json!(200);
    assert_eq!(world.prepay(NATIVE, &other).status, 200);
    assert_eq!(world.pay.held_calls_answered(), before + 1);
    let answer = collected(&mut world, &first).unwrap();
    assert_eq!(said(&answer), "400 INVALID_REQUEST 请求重入时，参数与首次请求时不一致");
    assert_eq!(trade(&mut world, "T00001")["total_fen"], 200, "the second came first");
    let counted = world.ledger()["calls"][0].clone();
    assert_eq!(
        (&counted["count"], &counted["by_status"]),
        (&json!(2), &json!({"200": 1, "400": 1}))
    );
}

#[test]
fn a_held_call_waits_for_as_many_as_asked_but_not_for_ever() {
    let mut world = World::new();
    let value = json!({"by": 2, "within_ms": 3_000});
    world.faults(json!([{"match": {"path": NATIVE}, "action": "reorder", "value": value}]));
    let first = world.exchange(&prepay_request("T00001"));
    world.prepay(NATIVE, &native_body("T00002"));
    assert_eq!(collected(&mut world, &first), None);
    world.prepay(NATIVE, &native_body("T00003"));
    let answer = collected(&mut world, &first).unwrap();
    assert_eq!(answer.status, 200);
    assert!(verified(&answer.headers, &answer.body).is_some());

    let next = world.exchange(&prepay_request("T00004"));
    assert_eq!(collected(&mut world, &next), None, "the rule holds the next one");
    assert_eq!(world.pay.next_due(), Some(START + Duration::seconds(3)));
    world.later(Duration::seconds(3));
    assert_eq!(collected(&mut world, &next).unwrap().status, 200);
    let held = next.held.unwrap();
    let again = world.visit(|pay, ports| pay.collect(held, ports));
    assert_eq!(again, Collected::Forgotten, "an answer is given once");
}

#[test]
fn other_rules_let_go_of_what_is_held_and_a_reset_forgets_it() {
    let mut world = World::new();
    let hold = json!([{"match": {"path": NATIVE}, "action": "reorder"}]);
    world.faults(hold.clone());
    let first = world.exchange(&prepay_request("T00001"));
    world.pay.set_faults(Faults::default());
    assert!(world.pay.next_due().unwrap() <= START, "to be carried out now");
    assert_eq!(collected(&mut world, &first).unwrap().status, 200);
    world.faults(hold);
    let second = world.exchange(&prepay_request("T00002"));
    world.pay.reset();
    let held = second.held.unwrap();
    assert_eq!(world.visit(|pay, ports| pay.collect(held, ports)), Collected::Forgotten);
    assert_eq!(trade(&mut world, "T00002"), Value::Null);
}
