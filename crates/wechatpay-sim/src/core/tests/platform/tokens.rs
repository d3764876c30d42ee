//! Stable tokens on the sandbox clock.

use super::*;

fn with(name: &str, value: Value) -> Value {
    let mut body = token_body();
    body[name] = value;
    body
}

impl World {
    fn said_of(&mut self, token: &str) -> i64 {
        let target = format!("{MANAGED}?access_token={token}");
        self.platform(&target, &json!({"appid": APPID}))["errcode"].as_i64().unwrap()
    }
}

#[test]
fn the_token_of_now_is_given_again_and_says_how_long_it_is_good() {
    let mut world = World::new();
    let first = world.platform(TOKEN, &token_body());
    assert_eq!(first["expires_in"], 7200);
    world.later(Duration::seconds(6_000));
    let again = world.platform(TOKEN, &token_body());
    assert_eq!(
        (&again["access_token"], &again["expires_in"]),
        (&first["access_token"], &json!(1200))
    );
}

#[test]
fn in_its_last_five_minutes_there_is_another_and_both_are_good() {
    let mut world = World::new();
    let old = world.token();
    world.later(Duration::seconds(6_899));
    assert_eq!(world.token(), old);
    world.later(Duration::seconds(1));
    let new = world.token();
    assert_ne!(new, old);
    world.later(Duration::seconds(299));
    assert_eq!((world.said_of(&old), world.said_of(&new)), (0, 0));
    world.later(Duration::seconds(1));
    assert_eq!(
        (world.said_of(&old), world.said_of(&new)),
        (42_001, 0),
        "expired by the sandbox clock"
    );
}

#[test]
fn force_ends_the_older_one_but_not_again_within_thirty_seconds() {
    let mut world = World::new();
    let old = world.token();
    let forced = with("force_refresh", json!(true));
    let new = world.platform(TOKEN, &forced)["access_token"].clone();
    assert_ne!(new, json!(old));
    assert_eq!(world.said_of(&old), 40_001, "not the latest");
    world.later(Duration::seconds(29));
    assert_eq!(world.platform(TOKEN, &forced)["access_token"], new, "does nothing");
    world.later(Duration::seconds(1));
    assert_ne!(world.platform(TOKEN, &forced)["access_token"], new);
}

#[test]
fn what_is_no_token_is_not_taken() {
    let mut world = World::new();
    assert_eq!(world.said_of("nobodys"), 40_014);
    assert_eq!(world.platform(MANAGED, &json!({"appid": APPID}))["errcode"], 41_001);
}

#[test]
fn who_asks_for_a_token_says_who_it_is() {
    let mut world = World::new();
    for (name, value, errcode) in [
        ("grant_type", json!("password"), 40_002),
        ("appid", json!(""), 41_002),
        ("appid", json!("wx0"), 40_013),
        ("secret", json!(""), 41_004),
        ("secret", json!("guessed"), 40_125),
    ] {
        assert_eq!(world.platform(TOKEN, &with(name, value))["errcode"], errcode, "{name}");
    }
    let got = world.answer(&unsigned("GET", TOKEN, &json!({})));
    assert_eq!((got.status, &body_of(&got)["errcode"]), (200, &json!(43_002)));
    let mut garbled = unsigned("POST", TOKEN, &json!({}));
    garbled.body = b"{".to_vec();
    assert_eq!(body_of(&world.answer(&garbled))["errcode"], 40_002);
}

#[test]
fn whether_it_is_managed_is_a_setting() {
    let mut world = World::new();
    let asked = json!({"appid": APPID});
    assert_eq!(world.call(MANAGED, &asked)["is_trade_managed"], true);
    world.set(json!({"shipping_management": "unmanaged"}));
    assert_eq!(world.call(MANAGED, &asked)["is_trade_managed"], false);
    assert_eq!(world.errcode(MANAGED, &json!({"appid": "wx0"})), 40_013);
    assert_eq!(world.errcode(MANAGED, &json!({})), 40_097);
    let confirmed = "/wxa/sec/order/is_trade_management_confirmation_completed";
    assert_eq!(world.call(confirmed, &asked)["completed"], true);
    assert_eq!(world.answer(&unsigned("POST", "/wxa/sec/order/nothing", &asked)).status, 404);
}
