//! Faults on refund calls and on notifications of refunds.

use super::*;
use crate::core::notice::AttemptEnd;

fn paid(rules: Value) -> World {
    let mut world = World::new();
    world.paid("T00001");
    let paid = world.due().remove(0);
    world.pay.record(paid.id, AttemptEnd::Answered { status: 204, body: String::new() });
    world.faults(rules);
    world
}

fn request() -> ApiRequest {
    signed("POST", REFUNDS, &refund_body("T00001", "R1", 40).to_string())
}

fn refunds(world: &mut World) -> usize {
    world.ledger()["refunds"].as_array().unwrap().len()
}

#[test]
fn a_dropped_refund_is_none_and_a_lost_answer_is_one() {
    for (action, effect) in [("drop", 0), ("answer_lost", 1)] {
        let mut world = paid(json!([{"match": {"path": REFUNDS}, "times": 1, "action": action}]));
        assert_eq!(world.exchange(&request()), Exchange::hang_up());
        assert_eq!(refunds(&mut world), effect, "{action}");
        assert_eq!(world.answer(&request()).status, 200, "the same number again");
        assert_eq!(refunds(&mut world), 1);
        let count = world.ledger()["calls"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(count["by_status"], json!({"200": 1, "lost": 1}));
        assert_eq!(count["effective"], 1 + effect);
    }
}

#[test]
fn a_status_comes_before_or_after_the_refund() {
    for (after_effect, effect) in [(false, 0), (true, 1)] {
        for code in ["FREQUENCY_LIMITED", "SYSTEM_ERROR", "NOT_ENOUGH"] {
            let value = json!({"status": 500, "code": code, "after_effect": after_effect});
            let on = json!({"path": REFUNDS, "out_trade_no": "T00001"});
            let mut world = paid(json!([{"match": on, "action": "status", "value": value}]));
            assert_eq!(body_of(&world.answer(&request()))["code"], code);
            assert_eq!(refunds(&mut world), effect);
        }
    }
}

#[test]
fn answers_about_refunds_are_badly_signed_or_late_when_asked() {
    for (action, late_ms) in [("corrupt_signature", 0), ("probe", 0), ("delay_ms", 70)] {
        let mut rule = json!({"match": {"path": "/v3/refund/*"}, "action": action});
        if late_ms > 0 {
            rule["value"] = json!(late_ms);
        }
        let mut world = paid(json!([rule]));
        for request in [request(), query_refund("R1")] {
            let exchange = world.exchange(&request);
            let answer = exchange.answer.unwrap();
            assert_eq!((answer.status, exchange.delay_ms), (200, late_ms));
            assert_eq!(verified(&answer.headers, &answer.body).is_some(), late_ms > 0, "{action}");
        }
    }
}

#[test]
fn a_stale_query_answers_the_refund_s_past() {
    let mut world = paid(json!([]));
    world.later(Duration::seconds(60));
    world.refund(&refund_body("T00001", "R1", 40));
    world.later(Duration::seconds(9));
    let on = json!({"path": "/v3/refund/domestic/refunds/*"});
    for (value, seen) in [
        (json!(3_000), "SUCCESS"),
        (json!(5_000), "PROCESSING"),
        (json!(10_000), "404"),
        (Value::Null, "PROCESSING"),
    ] {
        let mut rule = json!({"match": on, "times": 1, "action": "stale_query"});
        if !value.is_null() {
            rule["value"] = value.clone();
        }
        world.faults(json!([rule]));
        let answer = world.query_refund("R1");
        let status = body_of(&answer)["status"].as_str().unwrap_or("404").to_owned();
        assert_eq!(status, seen, "{value}");
        assert_eq!(body_of(&world.query_refund("R1"))["status"], "SUCCESS");
    }
}

#[test]
fn a_stale_query_of_the_order_does_not_know_of_the_refund() {
    let mut world = paid(json!([]));
    world.later(Duration::seconds(60));
    world.refund(&refund_body("T00001", "R1", 40));
    world.later(Duration::seconds(9));
    let on = json!({"path": "/v3/pay/transactions/out-trade-no/*"});
    for (behind_ms, seen) in [(8_000, "REFUND"), (10_000, "SUCCESS"), (69_001, "404")] {
        world.faults(json!([{"match": on, "action": "stale_query", "value": behind_ms}]));
        let answer = body_of(&world.query("T00001"));
        assert_eq!(answer["trade_state"].as_str().unwrap_or("404"), seen, "{behind_ms}");
    }
}

#[test]
fn a_rule_chooses_how_a_refund_ends() {
    for (value, after_s, status) in [
        (json!("success"), 5, "SUCCESS"),
        (json!("abnormal"), 5, "ABNORMAL"),
        (json!("closed"), 5, "CLOSED"),
        (json!({"outcome": "abnormal", "after_ms": 86_400_000}), 86_400, "ABNORMAL"),
        (json!({"outcome": "success", "after_ms": 0}), 0, "SUCCESS"),
        (json!("processing"), 7 * 86_400, "CLOSED"),
    ] {
        let on = json!({"out_refund_no": "R1"});
        let rule = json!({"match": on, "times": 1, "action": "refund_ends", "value": value});
        let mut world = paid(json!([rule]));
        let answer = body_of(&world.answer(&request()));
        if after_s > 0 {
            assert_eq!(answer["status"], "PROCESSING");
            world.later(Duration::seconds(after_s) - Duration::milliseconds(1));
            assert_eq!(body_of(&world.query_refund("R1"))["status"], "PROCESSING", "{value}");
            world.later(Duration::milliseconds(1));
        }
        assert_eq!(body_of(&world.query_refund("R1"))["status"], status, "{value}");
    }
}

#[test]
fn a_late_refund_is_judged_when_it_comes() {
    let mut world =
        paid(json!([{"match": {"path": REFUNDS}, "times": 1, "action": "late", "value": 60_000}]));
    assert_eq!(world.exchange(&request()), Exchange::hang_up());
    assert_eq!(world.query_refund("R1").status, 404);
    let postponed = world.ledger()["postponed"][0].clone();
    assert_eq!(
        (&postponed["kind"], &postponed["out_trade_no"]),
        (&json!("refund"), &json!("T00001"))
    );
    world.refund(&refund_body("T00001", "R2", 61));
    world.later(Duration::seconds(60));
    assert_eq!(world.query_refund("R1").status, 404, "39 fen were left for it");
    assert_eq!(refunds(&mut world), 1);

    let mut world =
        paid(json!([{"match": {"path": REFUNDS}, "times": 1, "action": "late", "value": 60_000}]));
    world.exchange(&request());
    world.answer(&request());
    world.later(Duration::seconds(60));
    assert_eq!(refunds(&mut world), 1, "the late one is a repeat");
    let count = world.ledger()["calls"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&count["count"], &count["effective"]), (&json!(2), &json!(2)));
}

#[test]
fn notifications_of_refunds_are_dropped_doubled_and_delayed() {
    let on = json!({"event_type": "REFUND.SUCCESS", "out_refund_no": "R1"});
    let mut world = paid(json!([
        {"match": on, "times": 1, "action": "drop"},
        {"match": on, "times": 1, "action": "duplicate", "value": 3},
        {"match": on, "times": 1, "action": "delay_ms", "value": 7_000}
    ]));
    world.refund(&refund_body("T00001", "R1", 40));
    world.later(Duration::seconds(5));
    assert!(world.due().is_empty(), "dropped");
    world.later(Duration::seconds(15));
    let copies = world.due();
    assert_eq!(copies.len(), 3);
    for copy in copies {
        world.pay.record(copy.id, AttemptEnd::Failed { why: "x".to_owned() });
    }
    world.later(Duration::seconds(15));
    assert!(world.due().is_empty(), "delayed");
    assert_eq!(world.pay.next_due(), Some(START + Duration::seconds(42)));
    world.later(Duration::seconds(7));
    assert_eq!(world.due().len(), 1);
}

#[test]
fn a_refund_s_notification_overtakes_its_payment_s() {
    let mut world = World::new();
    let on = json!({"event_type": "*.SUCCESS"});
    world.faults(json!([{"match": on, "action": "reorder", "value": {"within_ms": 600_000}}]));
    world.paid("T00001");
    assert!(world.due().is_empty());
    world.refund(&refund_body("T00001", "R1", 40));
    world.later(Duration::seconds(5));
    let refund = world.due().remove(0);
    assert_eq!(refund.url, "https://pay.example.com/refund-notify");
    world.pay.record(refund.id, AttemptEnd::Answered { status: 503, body: String::new() });
    assert_eq!(world.due().remove(0).url, "https://pay.example.com/notify");
}
