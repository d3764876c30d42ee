//! Faults as a client of the core meets them.

use super::*;
use crate::core::notice::AttemptEnd;

fn prepay_request(number: &str) -> ApiRequest {
    signed("POST", NATIVE, &native_body(number).to_string())
}

fn trades(world: &mut World) -> usize {
    world.pay.ledger(START)["trades"].as_array().unwrap().len()
}

#[test]
fn a_dropped_call_has_no_effect_and_a_lost_answer_has() {
    for (action, effect) in [("drop", 0), ("answer_lost", 1)] {
        let mut world = World::new();
        world.faults(json!([{"match": {"path": NATIVE}, "times": 1, "action": action}]));
        assert_eq!(world.exchange(&prepay_request("T00001")), Exchange::hang_up());
        assert_eq!(trades(&mut world), effect, "{action}");
        assert_eq!(world.exchange(&prepay_request("T00001")).answer.unwrap().status, 200);
        let call = &world.pay.ledger(START)["calls"][0];
        assert_eq!(call["by_status"], json!({"200": 1, "lost": 1}));
        assert_eq!(call["effective"], 1 + effect);
    }
}

#[test]
fn an_injected_status_comes_before_or_after_the_effect() {
    for (after_effect, effect) in [(false, 0), (true, 1)] {
        let mut world = World::new();
        let value = json!({"status": 500, "code": "SYSTEM_ERROR", "message": "m", "after_effect": after_effect});
        world.faults(json!([{"action": "status", "value": value}]));
        let answer = world.answer(&prepay_request("T00001"));
        assert_eq!(said(&answer), "500 SYSTEM_ERROR m");
        assert_eq!(header(&answer.headers, "Wechatpay-Signature"), None);
        assert_eq!(trades(&mut world), effect);
    }
    let mut world = World::new();
    world.faults(json!([{"action": "status", "value": 502}]));
    let answer = world.answer(&prepay_request("T00001"));
    assert_eq!((answer.status, answer.body.len()), (502, 0));
}

#[test]
fn answers_are_badly_signed_or_late_when_asked() {
    for (action, late_ms) in [("corrupt_signature", 0), ("probe", 0), ("delay_ms", 70)] {
        let mut world = World::new();
        let mut rule = json!({"action": action});
        if late_ms > 0 {
            rule["value"] = json!(late_ms);
        }
        world.faults(json!([rule]));
        let exchange = world.exchange(&prepay_request("T00001"));
        let answer = exchange.answer.unwrap();
        assert_eq!((answer.status, exchange.delay_ms), (200, late_ms));
        assert_eq!(verified(&answer.headers, &answer.body).is_some(), late_ms > 0, "{action}");
    }
}

#[test]
fn a_stale_query_answers_the_past() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    world.later(Duration::seconds(60));
    world.user_pays("T00001");
    world.later(Duration::seconds(5));
    for (value, seen) in [(Some(4_000), "SUCCESS"), (Some(6_000), "NOTPAY"), (None, "NOTPAY")] {
        let mut rule = json!({"times": 1, "action": "stale_query"});
        if let Some(value) = value {
            rule["value"] = json!(value);
        }
        world.faults(json!([rule]));
        assert_eq!(body_of(&world.query("T00001"))["trade_state"], seen, "{value:?}");
        assert_eq!(body_of(&world.query("T00001"))["trade_state"], "SUCCESS");
    }
    world.faults(json!([{"action": "stale_query", "value": 90_000}]));
    assert_eq!(world.query("T00001").status, 404, "not yet ordered then");
}

#[test]
fn every_action_on_calls_acts_on_prepay_query_and_close_and_is_counted() {
    let actions = json!([
        {"action": "drop"},
        {"action": "delay_ms", "value": 40},
        {"action": "corrupt_signature"},
        {"action": "probe"},
        {"action": "status", "value": 502},
        {"action": "status", "value": {"status": 500, "code": "SYSTEM_ERROR", "after_effect": true}},
        {"action": "answer_lost"},
        {"action": "none"}
    ]);
    for rule in actions.as_array().unwrap() {
        let requests = [prepay_request("T00001"), query("T00001"), close("T00001")];
        for (met, kind) in ["prepay", "query", "close"].into_iter().enumerate() {
            let mut world = World::new();
            for request in &requests[..met] {
                world.exchange(request);
            }
            let mut rule = rule.clone();
            rule["match"] = json!({"out_trade_no": "T00001"});
            rule["times"] = json!(1);
            let name = rule["action"].as_str().unwrap().to_owned();
            let before_effect = name == "drop" || rule["value"] == 502;
            if name != "none" {
                world.faults(json!([rule]));
            }
            let exchange = world.exchange(&requests[met]);
            let answer = exchange.answer.as_ref();
            let honest = if kind == "close" { 204 } else { 200 };
            let status = match rule["value"]["status"].as_u64().or(rule["value"].as_u64()) {
                Some(status) if status > 40 => Some(status),
                _ if name == "drop" || name == "answer_lost" => None,
                _ => Some(honest),
            };
            assert_eq!(answer.map(|one| u64::from(one.status)), status, "{name} {kind}");
            let signed = answer.is_some_and(|one| verified(&one.headers, &one.body).is_some());
            assert_eq!(signed, name == "none" || name == "delay_ms", "{name} {kind}");
            assert_eq!(exchange.delay_ms, if name == "delay_ms" { 40 } else { 0 });
            let counts = world.ledger()["calls"].clone();
            let count = counts.as_array().unwrap().iter().find(|one| one["kind"] == kind).unwrap();
            let ending = status.map_or("lost".to_owned(), |status| status.to_string());
            assert_eq!(
                count,
                &json!({
                    "kind": kind, "out_trade_no": "T00001", "out_refund_no": null, "count": 1,
                    "effective": u64::from(!before_effect), "by_status": {ending: 1}
                }),
                "{name}"
            );
        }
    }
}

#[test]
fn a_close_does_not_lag_as_queries_do() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    world.later(Duration::seconds(60));
    world.user_pays("T00001");
    let on = json!({"path": "/v3/pay/transactions/out-trade-no/*"});
    world.faults(json!([{"match": on, "action": "stale_query", "value": 10_000}]));
    assert_eq!(body_of(&world.query("T00001"))["trade_state"], "NOTPAY");
    assert_eq!(said(&world.close("T00001")), "400 ORDER_PAID 该订单已支付");
    assert_eq!(body_of(&world.query("T00001"))["trade_state"], "NOTPAY");
    world.later(Duration::seconds(10));
    assert_eq!(body_of(&world.query("T00001"))["trade_state"], "SUCCESS", "the lag is over");
}

#[test]
fn too_many_requests_are_refused_under_both_documented_names() {
    let mut world = World::new();
    let limited = |code: &str| json!({"times": 1, "action": "status", "value": {"status": 429, "code": code}});
    world.faults(json!([limited("FREQUENCY_LIMITED"), limited("RATELIMIT_EXCEEDED")]));
    for code in ["FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"] {
        let answer = world.query("T00001");
        assert_eq!((answer.status, &body_of(&answer)["code"]), (429, &json!(code)));
        let id = header(&answer.headers, "Request-ID").unwrap();
        assert!(id.ends_with("-268447840"), "{id}");
    }
}

fn paid(rules: Value) -> World {
    let mut world = World::new();
    world.faults(rules);
    world.prepay(NATIVE, &native_body("T00001"));
    world.user_pays("T00001");
    world
}

#[test]
fn a_dropped_notification_is_sent_again_by_the_ladder() {
    let mut world = paid(
        json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "times": 1, "action": "drop"}]),
    );
    assert!(world.due().is_empty());
    assert_eq!(world.pay.next_due(), Some(START + Duration::seconds(15)));
    world.later(Duration::seconds(15));
    assert_eq!(world.due().len(), 1);
    let shown = &world.pay.ledger(START)["notifications"][0]["attempts"];
    assert_eq!(
        (&shown[0]["outcome"], &shown[1]["outcome"]),
        (&json!("dropped"), &json!("in_flight"))
    );
}

#[test]
fn notifications_that_are_always_dropped_are_given_up() {
    let mut world = paid(
        json!([{"match": {"out_trade_no": "T00001", "event_type": "TRANSACTION.SUCCESS"}, "action": "drop"}]),
    );
    world.later(Duration::days(2));
    assert!(world.due().is_empty());
    let notification = &world.pay.ledger(START)["notifications"][0];
    assert_eq!(notification["state"], "given_up");
    assert_eq!(notification["attempts"].as_array().unwrap().len(), 16);
}

#[test]
fn a_duplicate_is_one_round_of_several_attempts() {
    let mut world = paid(
        json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "times": 1, "action": "duplicate", "value": 3}]),
    );
    let deliveries = world.due();
    assert_eq!(deliveries.len(), 3);
    for (index, status) in [500, 204, 500].into_iter().enumerate() {
        assert_eq!(world.pay.ledger(START)["notifications"][0]["state"], "pending");
        world
            .pay
            .record(deliveries[index].id, AttemptEnd::Answered { status, body: String::new() });
    }
    assert_eq!(world.pay.ledger(START)["notifications"][0]["state"], "delivered");
}

#[test]
fn a_late_notification_follows_the_sandbox_clock() {
    let mut world = paid(
        json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "delay_ms", "value": 60_000}]),
    );
    assert!(world.due().is_empty());
    assert_eq!(world.pay.next_due(), Some(START + Duration::minutes(1)));
    world.later(Duration::minutes(1));
    let delivery = world.due().remove(0);
    world.pay.record(delivery.id, AttemptEnd::Failed { why: "x".to_owned() });
    assert_eq!(
        world.pay.next_due(),
        Some(START + Duration::seconds(15)),
        "the ladder counts from when it should have been sent"
    );
}

#[test]
fn a_badly_signed_notification_says_so_in_the_ledger() {
    let mut world = paid(
        json!([{"times": 1, "match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "corrupt_signature"}]),
    );
    let delivery = world.due().remove(0);
    assert_eq!(verified(&delivery.headers, &delivery.body), None);
    assert_eq!(
        world.pay.ledger(START)["notifications"][0]["attempts"][0]["fault"],
        "corrupt_signature"
    );
}
