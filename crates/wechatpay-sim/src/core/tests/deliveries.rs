//! Notifications: their content, the re-send ladder, tampering.

use super::*;
use crate::core::notice::AttemptEnd;
use crate::core::settings::{RESEND_LADDER_S, ResendBody};
use crate::core::tamper::Tamper;

fn answered(status: u16) -> AttemptEnd {
    AttemptEnd::Answered { status, body: String::new() }
}

fn paid(settings: Settings) -> World {
    let mut world = World::with(settings);
    world.prepay(NATIVE, &native_body("T00001"));
    world.user_pays("T00001");
    world
}

fn notification(world: &mut World) -> Value {
    world.pay.ledger(START)["notifications"][0].clone()
}

#[test]
fn a_success_is_notified_signed_and_encrypted() {
    let mut world = paid(Settings::default());
    let deliveries = world.due();
    let [delivery] = deliveries.as_slice() else { panic!("one delivery") };
    assert_eq!(
        (delivery.url.as_str(), delivery.timeout_ms),
        ("https://pay.example.com/notify", 5_000)
    );
    assert!(verified(&delivery.headers, &delivery.body).is_some());
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(body["event_type"], "TRANSACTION.SUCCESS");
    assert_eq!(body["resource_type"], "encrypt-resource");
    assert_eq!(body["create_time"], "2026-11-21T10:00:00+08:00");
    assert_eq!(body["id"].as_str().unwrap().len(), 36);
    assert_eq!(body["resource"]["associated_data"], "transaction");
    assert_eq!(body["resource"]["original_type"], "transaction");
    let plain: Value = serde_json::from_str(&opened(&body["resource"]).unwrap()).unwrap();
    assert_eq!(plain, body_of(&world.query("T00001")), "the same shape as a query");
    assert!(world.due().is_empty(), "in flight");
    world.pay.record(delivery.id, answered(204));
    assert_eq!(notification(&mut world)["state"], "delivered");
    assert_eq!(world.pay.next_due(), None);
}

#[test]
fn only_200_and_204_are_success() {
    for (end, state) in [
        (answered(200), "delivered"),
        (answered(204), "delivered"),
        (answered(201), "pending"),
        (answered(302), "pending"),
        (answered(500), "pending"),
        (AttemptEnd::Failed { why: "timeout".to_owned() }, "pending"),
    ] {
        let mut world = paid(Settings::default());
        let id = world.due()[0].id;
        world.pay.record(id, end.clone());
        assert_eq!(notification(&mut world)["state"], state, "{end:?}");
    }
}

#[test]
fn the_ladder_has_fifteen_steps_of_24_hours_and_4_minutes() {
    let mut world = paid(Settings::default());
    let mut times = Vec::new();
    while let Some(due) = world.pay.next_due() {
        world.business = due;
        let deliveries = world.due();
        assert_eq!(deliveries.len(), 1);
        times.push((due - START).whole_seconds());
        world.pay.record(deliveries[0].id, answered(500));
    }
    let mut expected = vec![0];
    for step in RESEND_LADDER_S {
        expected.push(expected.last().unwrap() + i64::from(step));
    }
    assert_eq!(times, expected);
    assert_eq!((times.len(), times.last().copied()), (16, Some(86_640)));
    assert_eq!(notification(&mut world)["state"], "given_up");
}

#[test]
fn a_clock_moved_by_a_day_makes_every_resend_due() {
    let mut world = paid(Settings::default());
    world.later(Duration::days(2));
    let mut sent = 0;
    loop {
        let deliveries = world.due();
        let Some(delivery) = deliveries.first() else { break };
        world.pay.record(delivery.id, answered(500));
        sent += 1;
    }
    assert_eq!(sent, 16);
}

#[test]
fn resends_keep_the_id_and_are_encrypted_anew_unless_set_otherwise() {
    for (resend_body, same_bytes) in
        [(ResendBody::EncryptedAnew, false), (ResendBody::Identical, true)]
    {
        let mut world = paid(Settings { resend_body, ..Settings::default() });
        let first = world.due().remove(0);
        world.pay.record(first.id, answered(500));
        world.later(Duration::seconds(15));
        let second = world.due().remove(0);
        let body = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        assert_eq!(body(&first.body)["id"], body(&second.body)["id"]);
        assert_eq!(first.body == second.body, same_bytes);
        assert_ne!(
            header(&first.headers, "Wechatpay-Nonce"),
            header(&second.headers, "Wechatpay-Nonce"),
            "signed anew in any case"
        );
        assert!(verified(&second.headers, &second.body).is_some());
    }
}

#[test]
fn in_the_mixed_period_the_keys_take_turns() {
    let mut world = paid(Settings::default());
    let first = world.due().remove(0);
    world.pay.record(first.id, answered(500));
    world.later(Duration::seconds(15));
    let second = world.due().remove(0);
    let mut serials =
        [&first, &second].map(|delivery| verified(&delivery.headers, &delivery.body).unwrap());
    serials.sort();
    assert_eq!(serials, [CERTIFICATE_SERIAL, PUBLIC_KEY_ID]);
}

#[test]
fn each_tampering_breaks_exactly_what_it_says() {
    let names = [
        "signature",
        "probe",
        "body",
        "stale",
        "future",
        "serial",
        "unsigned",
        "key",
        "amount",
        "currency",
        "mchid",
        "appid",
        "out_trade_no",
        "transaction_id",
        "event_type",
    ];
    for name in names {
        let mut world = paid(Settings::default());
        let honest = world.due().remove(0);
        let tamper: Tamper = serde_json::from_value(json!(name)).unwrap();
        let sent = world.visit(|pay, ports| pay.notify_now("T00001", Some(tamper), ports)).unwrap();
        let signature_holds = verified(&sent.headers, &sent.body).is_some();
        let stamp: i64 =
            header(&sent.headers, "Wechatpay-Timestamp").map_or(0, |text| text.parse().unwrap());
        let skewed = (stamp - START.unix_timestamp()).abs() > 300;
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        let plain = opened(&body["resource"]);
        let truth: Value = notification(&mut world)["resource"].clone();
        let lies = plain
            .as_ref()
            .is_some_and(|text| serde_json::from_str::<Value>(text).unwrap() != truth);
        let unknown_event = body["event_type"] != "TRANSACTION.SUCCESS";
        let expected = match name {
            "signature" | "probe" | "serial" => (false, false, true, false, false),
            "unsigned" => (false, true, true, false, false),
            "body" => (false, false, false, false, false),
            "stale" | "future" => (true, true, true, false, false),
            "key" => (true, false, false, false, false),
            "event_type" => (true, false, true, false, true),
            _ => (true, false, true, true, false),
        };
        assert_eq!(
            (signature_holds, skewed, plain.is_some(), lies, unknown_event),
            expected,
            "{name}"
        );
        world.pay.record(sent.id, answered(401));
        world.pay.record(honest.id, answered(204));
        let shown = notification(&mut world);
        assert_eq!(shown["state"], "delivered", "a single shot leaves the ladder alone");
        assert_eq!(shown["attempts"][1]["tamper"], name);
        assert_eq!(shown["attempts"][1]["status"], 401);
    }
}

#[test]
fn a_replay_is_the_last_honest_attempt_to_the_byte() {
    let mut world = paid(Settings::default());
    let replay = |world: &mut World| {
        world.visit(|pay, ports| pay.notify_now("T00001", Some(Tamper::Replay), ports))
    };
    assert_eq!(replay(&mut world).unwrap_err().code, "nothing_to_replay");
    let honest = world.due().remove(0);
    let forged =
        world.visit(|pay, ports| pay.notify_now("T00001", Some(Tamper::Body), ports)).unwrap();
    let replayed = replay(&mut world).unwrap();
    assert_eq!((&replayed.headers, &replayed.body), (&honest.headers, &honest.body));
    assert_ne!(replayed.body, forged.body);
    let anew = world.visit(|pay, ports| pay.notify_now("T00001", None, ports)).unwrap();
    assert_ne!(anew.body, honest.body, "an honest re-send is encrypted anew");
    assert_eq!(replay(&mut world).unwrap().body, anew.body);
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let play = || {
        let mut world = paid(Settings::default());
        let delivery = world.due().remove(0);
        world.pay.record(delivery.id, answered(500));
        (delivery, world.pay.ledger(START).to_string())
    };
    assert_eq!(play(), play());
}

#[test]
fn a_delivery_from_before_a_reset_is_not_taken_for_a_new_one() {
    let mut world = paid(Settings::default());
    let old = world.due().remove(0);
    world.pay.reset();
    world.prepay(NATIVE, &native_body("T00001"));
    world.user_pays("T00001");
    world.due();
    world.pay.record(old.id, answered(204));
    assert_eq!(notification(&mut world)["state"], "pending");
}
