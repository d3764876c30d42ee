//! How refunds end: by time, by a test's word, for want of balance; and that the core says exactly when.

use super::*;

fn requested(settings: Settings) -> World {
    let mut world = World::with(settings);
    world.paid("T00001");
    let paid = world.due().remove(0);
    let end = crate::core::notice::AttemptEnd::Answered { status: 204, body: String::new() };
    world.pay.record(paid.id, end);
    world.refund(&refund_body("T00001", "R1", 40));
    world
}

fn status(world: &mut World) -> String {
    body_of(&world.query_refund("R1"))["status"].as_str().unwrap().to_owned()
}

#[test]
fn the_core_says_when_a_refund_ends_and_not_before() {
    let mut world = requested(Settings::default());
    assert_eq!(world.pay.next_due(), Some(START + Duration::seconds(5)));
    world.later(Duration::milliseconds(4_999));
    assert!(world.due().is_empty());
    assert_eq!(status(&mut world), "PROCESSING");
    world.later(Duration::milliseconds(1));
    assert_eq!(world.due().len(), 1, "its notification");
    assert_eq!(status(&mut world), "SUCCESS");
    let refund = world.ledger()["refunds"][0].clone();
    assert_eq!(refund["changed_at"], "2026-11-21T10:00:05+08:00");
    assert_eq!(refund["planned"], Value::Null);
    assert_eq!(world.ledger()["trades"][0]["refunded_fen"], 40);
}

#[test]
fn everything_ends_as_of_its_own_time_however_late_one_looks() {
    let settings = Settings { refund_spacing_s: 0, ..Settings::default() };
    let mut world = requested(settings);
    let on = json!({"path": REFUNDS});
    let quick = json!({"outcome": "success", "after_ms": 1_000});
    world.faults(json!([
        {"match": on, "times": 1, "action": "refund_ends", "value": quick},
        {"match": on, "times": 1, "action": "late", "value": 3_000}
    ]));
    world.refund(&refund_body("T00001", "R2", 1));
    assert_eq!(
        world.exchange(&signed("POST", REFUNDS, &refund_body("T00001", "R3", 1).to_string())),
        Exchange::hang_up()
    );
    assert_eq!(world.pay.next_due(), Some(START + Duration::seconds(1)));
    world.later(Duration::days(1));
    let ended: Vec<Value> = world.ledger()["refunds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refund| json!([refund["created_at"], refund["changed_at"]]))
        .collect();
    let at = |second: i64| beijing_second(second);
    assert_eq!(
        json!(ended),
        json!([[at(0), at(5)], [at(0), at(1)], [at(3), at(8)]]),
        "the late one came at 3 s, and ended 5 s after that"
    );
    let notices = world.ledger()["notifications"].clone();
    let order: Vec<&Value> =
        notices.as_array().unwrap()[1..].iter().map(|notice| &notice["out_refund_no"]).collect();
    assert_eq!(json!(order), json!(["R2", "R1", "R3"]), "in the order of their ends");
}

fn beijing_second(second: i64) -> String {
    crate::core::wire_time::beijing(START + Duration::seconds(second))
}

#[test]
fn with_no_time_to_take_the_answer_says_success_already() {
    let settings = Settings { refund_takes_ms: 0, ..Settings::default() };
    let mut world = World::with(settings);
    world.paid("T00001");
    let answer = body_of(&world.refund(&refund_body("T00001", "R1", 40)));
    assert_eq!(
        (&answer["status"], &answer["success_time"]),
        (&json!("SUCCESS"), &json!("2026-11-21T10:00:00+08:00"))
    );
}

#[test]
fn a_test_ends_a_refund_as_it_likes() {
    for (outcome, name, requested_fen, refunded_fen) in [
        ("success", "SUCCESS", 40, 40),
        ("abnormal", "ABNORMAL", 40, 0),
        ("closed", "CLOSED", 0, 0),
    ] {
        let mut world = requested(Settings::default());
        world.later(Duration::seconds(2));
        let refund = world.settle("R1", outcome).unwrap();
        assert_eq!((&refund["status"], &refund["planned"]), (&json!(name), &Value::Null));
        assert_eq!(refund["changes"], json!([{"at": beijing_second(2), "status": name}]));
        world.later(Duration::days(8));
        assert_eq!(status(&mut world), name, "the plan is gone");
        let trade = world.ledger()["trades"][0].clone();
        assert_eq!(trade["refund_requested_fen"], requested_fen, "{outcome}");
        assert_eq!(trade["refunded_fen"], refunded_fen, "{outcome}");
    }
}

#[test]
fn an_abnormal_refund_waits_for_somebody_and_then_succeeds() {
    let mut world = requested(Settings::default());
    world.settle("R1", "abnormal").unwrap();
    world.later(Duration::days(30));
    assert_eq!(status(&mut world), "ABNORMAL");
    assert_eq!(world.settle("R1", "closed").unwrap_err().code, "refund_abnormal");
    assert_eq!(world.settle("R1", "abnormal").unwrap_err().code, "refund_abnormal");
    let refund = world.settle("R1", "success").unwrap();
    assert_eq!(refund["changes"].as_array().unwrap().len(), 2);
    assert_eq!(world.ledger()["trades"][0]["refunded_fen"], 40);
}

#[test]
fn what_has_ended_has_ended() {
    for end in ["success", "closed"] {
        for outcome in ["success", "abnormal", "closed"] {
            let mut world = requested(Settings::default());
            world.settle("R1", end).unwrap();
            assert_eq!(world.settle("R1", outcome).unwrap_err().code, "refund_final");
        }
    }
    let mut world = requested(Settings::default());
    world.later(Duration::seconds(5));
    assert_eq!(world.settle("R1", "abnormal").unwrap_err().code, "refund_final", "by then");
    assert_eq!(world.settle("R2", "success").unwrap_err().code, "not_found");
}

#[test]
fn a_refund_without_balance_is_closed_after_seven_days() {
    let mut world = requested(Settings::default());
    world.set(json!({"merchant_balance": "short_waits"}));
    world.later(Duration::minutes(1));
    assert_eq!(world.refund(&refund_body("T00001", "R2", 1)).status, 200, "accepted all the same");
    world.later(Duration::minutes(1));
    let planned = world.ledger()["refunds"][0]["planned"].clone();
    assert_eq!(
        planned,
        json!({"at": "2026-11-28T10:00:00+08:00", "status": "CLOSED", "waits_for_balance": true})
    );
    assert_eq!(world.pay.next_due(), Some(START + Duration::days(7)));
    world.business = START + Duration::days(7) - Duration::seconds(1);
    assert_eq!(status(&mut world), "PROCESSING");
    world.later(Duration::seconds(1));
    assert_eq!(status(&mut world), "CLOSED");
    let second = &world.ledger()["refunds"][1];
    assert_eq!(second["status"], "PROCESSING", "a minute younger");
    assert_eq!(world.ledger()["trades"][0]["refund_requested_fen"], 1);
}

#[test]
fn balance_that_comes_back_ends_what_waited_for_it() {
    let mut world = requested(Settings::default());
    world.set(json!({"merchant_balance": "short_refuses"}));
    world.later(Duration::days(1));
    assert_eq!(status(&mut world), "PROCESSING", "accepted before, and not to be paid for now");
    world.set(json!({"refund_takes_ms": 1}));
    assert_eq!(status(&mut world), "PROCESSING", "another setting");
    world.set(json!({"merchant_balance": "enough"}));
    let refund = world.ledger()["refunds"][0].clone();
    assert_eq!(refund["changes"], json!([{"at": beijing_second(86_400), "status": "SUCCESS"}]));
    assert_eq!(world.pay.next_due(), Some(START + Duration::days(1)), "and it is notified");
}

#[test]
fn a_refund_that_fails_needs_no_balance() {
    let mut world = requested(Settings::default());
    let on = json!({"path": REFUNDS});
    world.faults(json!([{"match": on, "action": "refund_ends", "value": "closed"}]));
    world.set(json!({"merchant_balance": "short_waits"}));
    world.later(Duration::minutes(1));
    world.refund(&refund_body("T00001", "R2", 1));
    world.later(Duration::seconds(5));
    assert_eq!(world.ledger()["refunds"][1]["status"], "CLOSED");
}

#[test]
fn a_reset_forgets_refunds_and_changed_settings() {
    let mut world = requested(Settings::default());
    world.set(json!({"refund_takes_ms": 1}));
    world.pay.reset();
    assert_eq!(world.ledger()["refunds"], json!([]));
    assert_eq!(world.pay.next_due(), None);
    assert_eq!(*world.pay.settings(), Settings::default());
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let play = || {
        let mut world = requested(Settings::default());
        world.later(Duration::seconds(5));
        let deliveries = world.due();
        (deliveries, world.ledger().to_string())
    };
    assert_eq!(play(), play());
}
