//! Notifications in another order than their payments, and notifications whose answers are lost.

use super::*;
use crate::core::faults::Faults;
use crate::core::notice::AttemptEnd;

fn answered(status: u16) -> AttemptEnd {
    AttemptEnd::Answered { status, body: String::new() }
}

/// Orders and pays these numbers, all at once.
fn paid(rules: Value, numbers: &[&str]) -> World {
    let mut world = World::new();
    world.faults(rules);
    for number in numbers {
        world.prepay(NATIVE, &native_body(number));
        world.user_pays(number);
    }
    world
}

fn reorder(value: &Value) -> Value {
    let on = json!({"event_type": "TRANSACTION.SUCCESS"});
    json!([{"match": on, "action": "reorder", "value": value}])
}

/// Sends what is due now and lets the receiver take it; the numbers in the order of sending.
fn deliver(world: &mut World) -> Vec<String> {
    let deliveries = world.due();
    let number = |delivery: &Delivery| {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        let plain: Value = serde_json::from_str(&opened(&body["resource"]).unwrap()).unwrap();
        plain["out_trade_no"].as_str().unwrap().to_owned()
    };
    for delivery in &deliveries {
        world.pay.record(delivery.id, answered(204));
    }
    deliveries.iter().map(number).collect()
}

#[test]
fn a_notification_is_sent_after_the_next_one_has_arrived() {
    let mut world = paid(reorder(&json!(1)), &["T00001", "T00002", "T00003"]);
    let deliveries = world.due();
    assert_eq!(deliveries.len(), 2, "the first is held, and one at a time");
    assert!(world.due().is_empty(), "the others are on their way, not yet there");
    world.pay.record(deliveries[1].id, answered(500));
    assert_eq!(deliver(&mut world), ["T00001"], "sent and answered is enough, whatever the answer");
    let attempts = world.ledger()["notifications"][0]["attempts"].clone();
    assert_eq!((&attempts[0]["fault"], &attempts[1]), (&json!("reorder"), &Value::Null));
}

#[test]
fn as_many_overtake_it_as_asked() {
    let mut world = paid(reorder(&json!(2)), &["T00001", "T00002"]);
    assert_eq!(deliver(&mut world), ["T00002"]);
    assert!(deliver(&mut world).is_empty(), "one has overtaken it, two are asked for");
    world.prepay(NATIVE, &native_body("T00003"));
    world.user_pays("T00003");
    assert_eq!(deliver(&mut world), ["T00003"]);
    assert_eq!(deliver(&mut world), ["T00001"]);
}

#[test]
fn what_is_already_on_its_way_overtakes_nothing() {
    let mut world = paid(json!([]), &["T00001"]);
    let early = world.due().remove(0);
    world.faults(reorder(&json!(1)));
    world.prepay(NATIVE, &native_body("T00002"));
    world.user_pays("T00002");
    assert!(world.due().is_empty());
    world.pay.record(early.id, answered(204));
    assert!(world.due().is_empty(), "it was sent before");
}

#[test]
fn a_notification_does_not_overtake_itself() {
    let mut world = paid(reorder(&json!(1)), &["T00001"]);
    assert!(world.due().is_empty());
    let manual = world.visit(|pay, ports| pay.notify_now("T00001", None, ports)).unwrap();
    world.pay.record(manual.id, answered(500));
    assert!(world.due().is_empty());
}

#[test]
fn when_one_has_gone_the_next_one_is_held() {
    let mut world = paid(reorder(&json!(1)), &["T00001", "T00002"]);
    assert_eq!(deliver(&mut world), ["T00002"]);
    assert_eq!(deliver(&mut world), ["T00001"]);
    world.prepay(NATIVE, &native_body("T00003"));
    world.user_pays("T00003");
    assert!(deliver(&mut world).is_empty());
}

#[test]
fn a_notification_that_nothing_overtakes_is_not_held_for_ever() {
    let mut world = paid(reorder(&json!({"within_ms": 4_000})), &["T00001"]);
    assert!(world.due().is_empty());
    assert_eq!(world.pay.next_due(), Some(START + Duration::seconds(4)));
    world.later(Duration::seconds(4));
    assert_eq!(deliver(&mut world), ["T00001"]);
    assert_eq!(world.ledger()["notifications"][0]["state"], "delivered");
    assert_eq!(world.pay.next_due(), None);
}

#[test]
fn other_rules_let_go_of_a_held_notification() {
    let mut world = paid(reorder(&json!(1)), &["T00001"]);
    assert!(world.due().is_empty());
    world.pay.set_faults(Faults::default());
    assert_eq!(deliver(&mut world), ["T00001"]);
}

#[test]
fn a_held_notification_keeps_its_ladder() {
    let mut world = paid(reorder(&json!({"within_ms": 4_000})), &["T00001"]);
    world.due();
    world.later(Duration::seconds(4));
    let delivery = world.due().remove(0);
    world.pay.record(delivery.id, answered(500));
    assert_eq!(world.pay.next_due(), Some(START + Duration::seconds(15)));
}

#[test]
fn a_dropped_notification_overtakes_nothing() {
    let on = |number: &str| json!({"event_type": "TRANSACTION.SUCCESS", "out_trade_no": number});
    let rules = json!([
        {"match": on("T00001"), "action": "reorder"},
        {"match": on("T00002"), "times": 1, "action": "drop"}
    ]);
    let mut world = paid(rules, &["T00001", "T00002"]);
    assert!(deliver(&mut world).is_empty());
    world.later(Duration::seconds(9));
    assert!(deliver(&mut world).is_empty());
    world.later(Duration::seconds(1));
    assert_eq!(deliver(&mut world), ["T00001"]);
}

#[test]
fn an_answer_that_is_not_seen_is_a_failure_and_the_ladder_goes_on() {
    let on = json!({"event_type": "TRANSACTION.SUCCESS"});
    let mut world = paid(json!([{"match": on, "times": 1, "action": "answer_lost"}]), &["T00001"]);
    assert_eq!(deliver(&mut world), ["T00001"]);
    let shown = world.ledger()["notifications"][0].clone();
    assert_eq!(shown["state"], "pending");
    let attempt = &shown["attempts"][0];
    assert_eq!(
        (&attempt["outcome"], &attempt["status"], &attempt["fault"]),
        (&json!("answer_lost"), &json!(204), &json!("answer_lost"))
    );
    world.later(Duration::seconds(15));
    assert_eq!(deliver(&mut world), ["T00001"], "the receiver meets it a second time");
    assert_eq!(world.ledger()["notifications"][0]["state"], "delivered");
}

#[test]
fn the_same_calls_in_the_same_order_give_the_same_bytes() {
    let play = || {
        let mut world = paid(reorder(&json!(1)), &["T00001", "T00002", "T00003", "T00004"]);
        let mut sent = Vec::new();
        for _ in 0..5 {
            sent.push(deliver(&mut world));
        }
        (sent, world.ledger().to_string())
    };
    assert_eq!(play(), play());
}
