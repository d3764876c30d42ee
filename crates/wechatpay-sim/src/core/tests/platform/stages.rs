//! What can be told after something was told, and where a payment goes from there.

use super::*;

#[test]
fn parts_are_told_until_there_are_no_more() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1"], false, 1)), 0);
    let first = world.order(&id);
    assert_eq!(
        (&first["order_state"], &first["shipping"]["finish_shipping_count"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1", "Z2"], false, 2)), 0);
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1", "Z2", "Z3"], true, 3)), 0);
    let last = world.order(&id);
    assert_eq!(
        (&last["order_state"], &last["shipping"]["finish_shipping_count"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(last["shipping"]["shipping_list"].as_array().unwrap().len(), 3);
}

#[test]
fn the_same_again_is_nothing_new_whatever_its_time() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    assert_eq!(world.errcode(UPLOAD, &one(&id, "Z1")), 0);
    assert_eq!(world.errcode(UPLOAD, &one(&id, "Z1")), 10_060_023);
    let mut later = one(&id, "Z1");
    later["upload_time"] = json!("2026-11-21T10:09:00.120+08:00");
    assert_eq!(world.errcode(UPLOAD, &later), 10_060_023);
    assert_eq!(world.order(&id)["shipping"]["finish_shipping_count"], 1, "and no correction");
}

#[test]
fn all_of_it_is_corrected_once() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1"], true, 1)), 0);
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z2"], true, 2)), 0);
    assert_eq!(world.order(&id)["shipping"]["finish_shipping_count"], 2);
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z3"], true, 3)), 10_060_003);
    assert_eq!(world.order(&id)["shipping"]["shipping_list"][0]["tracking_no"], "Z2");
}

#[test]
fn another_mode_is_the_correction_too() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1"], false, 1)), 0);
    let mut other = one(&id, "Z1");
    other["upload_time"] = json!("2026-11-21T10:02:00.120+08:00");
    assert_eq!(world.errcode(UPLOAD, &other), 0);
    let mut again = parts(&id, &["Z1", "Z2"], true, 1);
    again["upload_time"] = json!("2026-11-21T10:03:00.120+08:00");
    assert_eq!(world.errcode(UPLOAD, &again), 10_060_003);
}

#[test]
fn whether_all_of_it_can_be_corrected_is_a_setting() {
    let mut world = World::new();
    world.set(json!({"shipping_again": "refused"}));
    let id = world.paid_in_mini_program("T00001");
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1"], true, 1)), 0);
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1", "Z2"], true, 2)), 10_060_002);
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1"], true, 3)), 10_060_023);
}

#[test]
fn the_time_of_a_report_grows() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1"], false, 5)), 0);
    for second in [4, 5] {
        let report = parts(&id, &["Z1", "Z2"], true, second);
        assert_eq!(world.errcode(UPLOAD, &report), 268_485_216, "{second}");
    }
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1", "Z2"], true, 6)), 0);
}

#[test]
fn what_arrived_is_not_shipped_any_more_and_goes_one_way() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let not_yet = world.receive("T00001", "received").unwrap_err();
    assert_eq!((not_yet.status, not_yet.code), (409, "not_from_here"), "it was not shipped");
    world.call(UPLOAD, &one(&id, "Z1"));
    for (state, number) in [("received", 3), ("to_be_settled", 6), ("complete", 4)] {
        assert_eq!(world.receive("T00001", state).unwrap()["order_state"], number);
        assert_eq!(world.order(&id)["order_state"], number);
        assert_eq!(world.errcode(UPLOAD, &one(&id, "Z2")), 10_060_004, "{state}");
        assert_eq!(world.receive("T00001", "received").unwrap_err().code, "not_from_here");
    }
    for state in ["to_be_shipped", "shipped", "refunded"] {
        assert_eq!(world.receive("T00001", state).unwrap_err().status, 400, "{state}");
    }
    assert_eq!(world.receive("T00009", "received").unwrap_err().status, 404);
}

#[test]
fn what_went_back_is_not_shipped() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    world.refund(&refund_body("T00001", "R1", 40));
    world.later(Duration::seconds(60));
    assert_eq!(world.order(&id)["order_state"], 1, "a part of it");
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1"], false, 1)), 0);
    world.refund(&refund_body("T00001", "R2", 60));
    world.later(Duration::seconds(5));
    assert_eq!(world.order(&id)["order_state"], 5);
    assert_eq!(world.errcode(UPLOAD, &parts(&id, &["Z1", "Z2"], true, 2)), 10_060_004);
    assert_eq!(world.receive("T00001", "received").unwrap_err().code, "not_from_here");
}

#[test]
fn a_reset_forgets_what_was_told_and_its_tokens() {
    let mut world = World::new();
    let id = world.paid_in_mini_program("T00001");
    let token = world.token();
    world.call(UPLOAD, &one(&id, "Z1"));
    world.pay.reset();
    assert_eq!(world.ledger()["shipping"], json!([]));
    let said = world.platform(&format!("{MANAGED}?access_token={token}"), &json!({"appid": APPID}));
    assert_eq!(said["errcode"], 40_014);
}
