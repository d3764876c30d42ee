//! What is shipped is told to WeChat, whatever gets lost on the way, and a person sees what could not be told.

use crate::world::World;
use app::settings::SecretText;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const TOKEN: &str = "/cgi-bin/stable_token";
const UPLOAD: &str = "/wxa/sec/order/upload_shipping_info";

impl World {
    async fn ship_part(&self, number: &str, tracking_no: &str, is_all_delivered: bool) {
        let package =
            json!({"express_company": "ZTO", "tracking_no": tracking_no, "item_desc": "tea"});
        let body = json!({"logistics_type": 1, "packages": [package],
            "is_all_delivered": is_all_delivered});
        let path = format!("/api/admin/orders/{number}/ship");
        let (status, order) = self.call(&self.admin_key, Method::POST, &path, body).await;
        assert_eq!(status, 200, "{order}");
    }

    /// What shipping management knows once it says so; a minute is long.
    async fn until_shipping(&self, number: &str, says: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/_sandbox/shipping/{number}");
        let mut known = Value::Null;
        for _ in 0..600 {
            known = self.sandbox(Method::GET, &path, Value::Null).await.1;
            if says(&known) {
                return known;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("shipping management never said so: {known}");
    }

    /// The newest case about an order's shipment, once it has this status.
    async fn until_shipping_case(&self, number: &str, status: &str) -> Value {
        let path = format!("/api/admin/cases?kind=shipping_info&subject={number}");
        let mut found = Value::Null;
        for _ in 0..600 {
            found = self.call(&self.admin_key, Method::GET, &path, Value::Null).await.1;
            if found["data"][0]["status"] == status {
                return found["data"][0].clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no {status} case: {found}");
    }

    /// How many calls of a kind had an effect, and how many there were.
    async fn calls_of(&self, kind: &str) -> (i64, i64) {
        let ledger = self.ledger().await;
        let counts = ledger["calls"].as_array().unwrap().clone();
        let sum = |member: &str| {
            let of_kind = counts.iter().filter(|count| count["kind"] == kind);
            of_kind.map(|count| count[member].as_i64().unwrap()).sum()
        };
        (sum("effective"), sum("count"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shipped_in_parts_is_told_to_wechat() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (_, number) = world.paid_for("alice", "tea").await;
    world.ship_part(&number, "Z-1", false).await;
    let known = world.until_shipping(&number, |known| !known["shipping"].is_null()).await;
    assert_eq!(
        (&known["order_state"], &known["shipping"]["delivery_mode"]),
        (&json!(1), &json!(2))
    );
    world.ship_part(&number, "Z-2", true).await;
    let known = world.until_shipping(&number, |known| known["order_state"] == 2).await;
    let told = known["shipping"]["shipping_list"].as_array().unwrap();
    let numbers: Vec<&Value> = told.iter().map(|package| &package["tracking_no"]).collect();
    assert_eq!(numbers, [&json!("Z-1"), &json!("Z-2")]);
    assert_eq!(known["shipping"]["finish_shipping_count"], 1, "no correction was used");
    assert_eq!(world.calls_of("stable_token").await.1, 1, "one token serves them all");
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_whose_answer_is_lost_and_a_token_that_has_ended_do_no_harm() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (_, first) = world.paid_for("alice", "tea").await;
    world.faults(json!([{"match": {"path": UPLOAD}, "times": 1, "action": "answer_lost"}])).await;
    world.ship_part(&first, "Z-1", true).await;
    world.until_shipping(&first, |known| known["order_state"] == 2).await;
    // Its token ends, unknown to us: somebody has forced another one.
    let credentials = world.sandbox.credentials();
    let forced = json!({"grant_type": "client_credential", "appid": credentials.appid,
        "secret": credentials.app_secret, "force_refresh": true});
    let (status, _) = world.sandbox(Method::POST, TOKEN, forced).await;
    assert_eq!(status, 200);
    let (_, second) = world.paid_for("bob", "tea").await;
    world.ship_part(&second, "Z-2", true).await;
    world.until_shipping(&second, |known| known["order_state"] == 2).await;
    let known = world.until_shipping(&first, |known| known["order_state"] == 2).await;
    assert_eq!(known["shipping"]["finish_shipping_count"], 1, "told once, whatever was lost");
    assert_eq!(world.calls_of("upload_shipping_info").await.0, 2, "once each");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_app_secret_is_used_for_the_next_token_without_a_restart() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (_, number) = world.paid_for("alice", "tea").await;
    let secret = world.sandbox.credentials().app_secret.clone();
    let use_secret = |secret: &str| {
        let secret = SecretText(secret.into());
        world.reconfigure(|settings| settings.wechat_pay.app_secret = Some(secret));
    };
    use_secret("not-the-secret-of-this-mini-program");
    world.ship_part(&number, "Z-1", true).await;
    for _ in 0..600 {
        if world.calls_of("stable_token").await.1 > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (tokens, asked) = world.calls_of("stable_token").await;
    assert!(tokens == 0 && asked > 0, "{tokens} tokens of {asked}");
    use_secret(&secret);
    world.until_shipping(&number, |known| known["order_state"] == 2).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_told_is_a_case_and_is_tried_again_by_a_person() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (_, number) = world.paid_for("alice", "tea").await;
    let refused = json!([{"match": {"path": UPLOAD}, "action": "errcode", "value": 10_060_031}]);
    world.faults(refused).await;
    world.ship_part(&number, "Z-1", true).await;
    let case = world.until_shipping_case(&number, "open").await;
    assert!(case["detail"].as_str().unwrap().contains("10060031"), "{case}");
    world.faults(json!([])).await;
    let retry = format!("/api/admin/cases/{}/retry", case["id"].as_str().unwrap());
    let (status, said) = world.call(&world.admin_key, Method::POST, &retry, json!({})).await;
    assert_eq!(status, 200, "{said}");
    world.until_shipping(&number, |known| known["order_state"] == 2).await;
    world.until_shipping_case(&number, "resolved").await;
    world.check_invariants().await;
    world.stop().await;
}
