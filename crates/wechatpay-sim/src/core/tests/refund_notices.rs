//! Notifications of refunds: their content, their ladder, tampering.

use super::*;
use crate::core::notice::AttemptEnd;
use crate::core::settings::RESEND_LADDER_S;
use crate::core::tamper::Tamper;

fn answered(status: u16) -> AttemptEnd {
    AttemptEnd::Answered { status, body: String::new() }
}

/// Paid and told so, a refund requested.
fn requested() -> World {
    let mut world = World::new();
    world.paid("T00001");
    let paid = world.due().remove(0);
    world.pay.record(paid.id, answered(204));
    world.refund(&refund_body("T00001", "R1", 40));
    world
}

fn plain(delivery: &Delivery) -> Value {
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    serde_json::from_str(&opened(&body["resource"]).unwrap()).unwrap()
}

fn again(world: &mut World, tamper: Option<Tamper>) -> Result<Delivery, ControlRefusal> {
    world.visit(|pay, ports| pay.notify_refund_now("R1", tamper, ports))
}

#[test]
fn each_end_is_notified_to_the_refunds_own_url() {
    for (outcome, status, summary) in [
        ("success", "SUCCESS", "退款成功"),
        ("abnormal", "ABNORMAL", "退款异常"),
        ("closed", "CLOSED", "退款关闭"),
    ] {
        let mut world = requested();
        world.later(Duration::seconds(2));
        world.settle("R1", outcome).unwrap();
        let deliveries = world.due();
        let [delivery] = deliveries.as_slice() else { panic!("one delivery") };
        assert_eq!(delivery.url, "https://pay.example.com/refund-notify");
        assert!(verified(&delivery.headers, &delivery.body).is_some());
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(body["event_type"], format!("REFUND.{status}"));
        assert_eq!(body["summary"], summary);
        assert_eq!(body["resource"]["original_type"], "refund");
        assert_eq!(body["resource"]["associated_data"], "refund");
        let seen = body_of(&world.query_refund("R1"));
        let mut expected = json!({
            "mchid": MCHID, "out_trade_no": "T00001", "transaction_id": seen["transaction_id"],
            "out_refund_no": "R1", "refund_id": seen["refund_id"], "refund_status": status,
            "user_received_account": "支付用户零钱",
            "amount": {"total": 100, "refund": 40, "payer_total": 100, "payer_refund": 40}
        });
        if outcome == "success" {
            expected["success_time"] = json!("2026-11-21T10:00:02+08:00");
        }
        assert_eq!(plain(delivery), expected, "not named status, and less than a query says");
    }
}

#[test]
fn a_refund_without_a_url_ends_without_a_word() {
    let mut world = requested();
    world.later(Duration::minutes(1));
    let mut body = refund_body("T00001", "R2", 1);
    body.as_object_mut().unwrap().remove("notify_url");
    world.due();
    world.refund(&body);
    world.later(Duration::seconds(5));
    assert!(world.due().is_empty());
    assert_eq!(body_of(&world.query_refund("R2"))["status"], "SUCCESS");
}

#[test]
fn the_ladder_begins_when_the_refund_ended() {
    let mut world = requested();
    world.later(Duration::seconds(5));
    let ended = world.business;
    let mut times = Vec::new();
    while let Some(due) = world.pay.next_due() {
        world.business = due;
        let deliveries = world.due();
        assert_eq!(deliveries.len(), 1);
        assert!(verified(&deliveries[0].headers, &deliveries[0].body).is_some(), "signed anew");
        times.push((due - ended).whole_seconds());
        world.pay.record(deliveries[0].id, answered(500));
    }
    let mut expected = vec![0];
    for step in RESEND_LADDER_S {
        expected.push(expected.last().unwrap() + i64::from(step));
    }
    assert_eq!(times, expected);
    assert_eq!(world.ledger()["notifications"][1]["state"], "given_up");
}

#[test]
fn an_abnormal_refund_that_succeeds_later_is_notified_twice() {
    let mut world = requested();
    world.settle("R1", "abnormal").unwrap();
    let abnormal = world.due().remove(0);
    world.pay.record(abnormal.id, answered(204));
    world.settle("R1", "success").unwrap();
    let success = world.due().remove(0);
    assert_eq!(plain(&abnormal)["refund_status"], "ABNORMAL");
    assert_eq!(plain(&success)["refund_status"], "SUCCESS");
    let id = |delivery: &Delivery| {
        serde_json::from_slice::<Value>(&delivery.body).unwrap()["id"].clone()
    };
    assert_ne!(id(&abnormal), id(&success), "another event");
}

#[test]
fn one_can_be_sent_again_apart_from_the_orders() {
    let mut world = requested();
    assert_eq!(again(&mut world, None).unwrap_err().status, 404, "nothing to tell yet");
    world.later(Duration::seconds(5));
    assert_eq!(plain(&again(&mut world, None).unwrap())["refund_status"], "SUCCESS");
    let of_order = world.visit(|pay, ports| pay.notify_now("T00001", None, ports)).unwrap();
    assert_eq!(plain(&of_order)["trade_state"], "SUCCESS", "the payment's, as it was then");
    assert_eq!(of_order.url, "https://pay.example.com/notify");
}

#[test]
fn lies_about_a_refund_lie_about_one_thing() {
    for (name, pointer, said) in [
        ("amount", "/amount/refund", json!(41)),
        ("mchid", "/mchid", json!("1900000999")),
        ("out_trade_no", "/out_trade_no", json!("NOBODY-ORDERED-THIS")),
        ("transaction_id", "/transaction_id", json!("4200009999209901010000000001")),
        ("out_refund_no", "/out_refund_no", json!("NOBODY-ASKED-FOR-THIS")),
        ("refund_status", "/refund_status", json!("CLOSED")),
    ] {
        let mut world = requested();
        world.later(Duration::seconds(5));
        let honest = world.due().remove(0);
        let tamper: Tamper = serde_json::from_value(json!(name)).unwrap();
        let lie = again(&mut world, Some(tamper)).unwrap();
        assert!(verified(&lie.headers, &lie.body).is_some(), "{name} is signed well");
        let mut expected = plain(&honest);
        *expected.pointer_mut(pointer).unwrap() = said;
        assert_eq!(plain(&lie), expected, "{name}");
        assert_eq!(world.ledger()["refunds"][0]["status"], "SUCCESS", "the truth stays");
    }
    let mut world = requested();
    world.settle("R1", "abnormal").unwrap();
    let lie = again(&mut world, Some(Tamper::RefundStatus)).unwrap();
    assert_eq!(plain(&lie)["refund_status"], "SUCCESS");
    let lie = again(&mut world, Some(Tamper::EventType)).unwrap();
    let body: Value = serde_json::from_slice(&lie.body).unwrap();
    assert_eq!(body["event_type"], "REFUND.NOBODY_KNOWS");
}

#[test]
fn what_is_not_said_cannot_be_falsified() {
    let mut world = requested();
    world.later(Duration::seconds(5));
    for tamper in [Tamper::Appid, Tamper::Currency] {
        assert_eq!(again(&mut world, Some(tamper)).unwrap_err().status, 400);
    }
    for tamper in [Tamper::OutRefundNo, Tamper::RefundStatus] {
        let refused =
            world.visit(|pay, ports| pay.notify_now("T00001", Some(tamper), ports)).unwrap_err();
        assert_eq!(refused.status, 400);
    }
    let attempts = world.ledger()["notifications"][1]["attempts"].clone();
    assert_eq!(attempts, json!([]), "nothing was sent");
}
